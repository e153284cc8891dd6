package handlers

import (
	"errors"
	"fmt"

	"korestream/event"
)

// ShapeConfig is what a handler gets to see of an event.
type ShapeConfig struct {
	// Redact is what it does not see, or sees disguised.
	Redact []Redaction
	// Project is all that it sees of data; nil is everything. The envelope is
	// always there. Objects on the way to a path stay, empty if need be.
	Project []Path
	// Key is that of the hashes, 16 bytes or more; the same one gives the same
	// hashes everywhere.
	Key []byte
}

// Shape makes the event that a handler gets to see: a copy whose Raw and Data
// lack something. What is left is left byte for byte, in its order, but that
// data given as JSON in a string are quoted anew. It is safe for concurrent use.
//
// The event keeps its identity: ID and DedupeID are what they were. Its SIM is
// too, unless the member that it was taken from is redacted: then it is the mask
// or the hash, or empty. Data that are text and not JSON have no members: a
// redaction leaves them, a projection takes them out.
type Shape struct {
	keep   *keepNode
	redact *redactNode
	groups map[string]*rule
	// sid and iccid are what is done to the members that the SIM is taken from,
	// nil for nothing.
	sid, iccid *rule
	rules      []*rule
}

// NewShape returns a Shape, or nil if there is nothing to do.
func NewShape(cfg ShapeConfig) (*Shape, error) {
	if len(cfg.Redact) == 0 && cfg.Project == nil {
		return nil, nil
	}
	s := &Shape{keep: everything, groups: make(map[string]*rule)}
	for _, r := range cfg.Redact {
		if r.NeedsKey() {
			if err := checkShapeKey(cfg.Key); err != nil {
				return nil, fmt.Errorf("%s: %w", r, err)
			}
		}
		if err := s.add(r, cfg.Key); err != nil {
			return nil, err
		}
	}
	s.sid, s.iccid = s.ruleOf("sim_sid"), s.ruleOf("sim_iccid")
	if cfg.Project == nil {
		return s, nil
	}
	if len(cfg.Project) == 0 {
		return nil, errors.New("a projection on nothing: leave it out, or name what is to stay")
	}
	s.keep = &keepNode{}
	for _, p := range cfg.Project {
		if entry := s.keep.add(p); entry != nil {
			s.rules = append(s.rules, entry)
		}
	}
	return s, nil
}

func (s *Shape) add(r Redaction, key []byte) error {
	entry := &rule{setting: "redact", text: r.text, mode: r.mode, key: key}
	s.rules = append(s.rules, entry)
	for _, name := range r.names {
		if s.groups[name] != nil {
			return fmt.Errorf("%s: redacted twice", r)
		}
		s.groups[name] = entry
	}
	if r.names != nil {
		return nil
	}
	if s.redact == nil {
		s.redact = &redactNode{}
	}
	if !s.redact.add(r.path, entry) {
		return fmt.Errorf("%s: redacted twice", r)
	}
	return nil
}

// ruleOf returns what is done to a member of data.
func (s *Shape) ruleOf(name string) *rule {
	if r := s.redact.at([]byte(name)).rule(); r != nil {
		return r
	}
	return s.groups[name]
}

// Apply returns the event as the handler is to see it: e itself if there is
// nothing to take out.
func (s *Shape) Apply(e *event.Event) (*event.Event, error) {
	w := &rewriter{shape: s, src: e.Raw, tokens: newTokens(e.Raw)}
	defer w.free()
	data, err := w.envelope(e)
	if err != nil {
		return nil, fmt.Errorf("shape event: %w", err)
	}
	if !w.changed {
		return e, nil
	}
	return e.Rewritten(w.text(), data, s.simOf(e)), nil
}

// simOf is what may be seen of the event's SIM.
func (s *Shape) simOf(e *event.Event) string {
	sim := e.SIM()
	if sim == "" || s.sid == nil && s.iccid == nil {
		return sim
	}
	from := s.iccid
	if e.Field("data.sim_sid") == sim {
		from = s.sid
	}
	if from == nil {
		return sim
	}
	return from.disguiseText(sim)
}
