package config

import (
	"fmt"

	"korestream/handlers"
)

// checkShape looks at which events of its types a handler gets, and at what it
// sees of them.
func (h *Handler) checkShape(l *loader, at, source string) {
	if h.Where != "" {
		if _, err := handlers.ParseWhere(h.Where); err != nil {
			l.add(at+".where", source, "%v", err)
		}
	}
	hashes := false
	for i, text := range h.Redact {
		r, err := handlers.ParseRedaction(text)
		if err != nil {
			l.add(fmt.Sprintf("%s.redact[%d]", at, i), source, "%v", err)
			return
		}
		hashes = hashes || r.NeedsKey()
	}
	for i, text := range h.Project {
		if _, err := handlers.ParsePath(text); err != nil {
			l.add(fmt.Sprintf("%s.project[%d]", at, i), source, "%v", err)
			return
		}
	}
	switch {
	case hashes && h.RedactKey == "":
		l.add(at+".redact_key_file", source, "not set: a hash needs a key, or who knows all ICCIDs finds the one of each hash; name a file with 16 bytes or more")
	case !hashes && h.RedactKey != "":
		l.add(at+".redact_key_file", source, "only what is redacted with =hash needs a key")
	default:
		// The key is none that is used: this is about the rest.
		if _, err := h.Shape(make([]byte, 32)); err != nil {
			l.add(at, source, "%v", err)
		}
	}
}

// Condition returns what its events must fulfil, nil for nothing.
func (h *Handler) Condition() (*handlers.Where, error) {
	if h.Where == "" {
		return nil, nil
	}
	w, err := handlers.ParseWhere(h.Where)
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	return w, nil
}

// Shape returns what it sees of an event, nil for all of it.
func (h *Handler) Shape(key []byte) (*handlers.Shape, error) {
	cfg := handlers.ShapeConfig{Key: key}
	for _, text := range h.Redact {
		r, err := handlers.ParseRedaction(text)
		if err != nil {
			return nil, fmt.Errorf("redact: %w", err)
		}
		cfg.Redact = append(cfg.Redact, r)
	}
	if h.Project != nil {
		cfg.Project = []handlers.Path{}
	}
	for _, text := range h.Project {
		p, err := handlers.ParsePath(text)
		if err != nil {
			return nil, fmt.Errorf("project: %w", err)
		}
		cfg.Project = append(cfg.Project, p)
	}
	return handlers.NewShape(cfg)
}
