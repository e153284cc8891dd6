package handlers

import (
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/event"
	"korestream/event/catalogue"
)

// OnMismatch is what becomes of an event that does not match its schema.
type OnMismatch string

// The choices of SchemaConfig.OnMismatch.
const (
	// PassMismatch takes it to its handlers.
	PassMismatch OnMismatch = "pass"
	// WarnMismatch does so too and says so in the log.
	WarnMismatch OnMismatch = "warn"
	// BuryMismatch buries it; no handler gets it.
	BuryMismatch OnMismatch = "dead_letter"
)

func (o OnMismatch) valid() bool { return o == PassMismatch || o == WarnMismatch || o == BuryMismatch }

// SchemaRule is what becomes of events of some types.
type SchemaRule struct {
	Match      Pattern
	OnMismatch OnMismatch
}

// SchemaConfig says which events are compared with their schemas, and what
// follows. Events that are passed are not compared at all but for Drift.
type SchemaConfig struct {
	// OnMismatch is for the types that no rule matches.
	OnMismatch OnMismatch
	// Rules are asked in their order; the first that matches a type counts.
	Rules []SchemaRule
	// Drift looks also at events that are passed, at the first 100 of each type
	// and then at one in Sample, and keeps what is new in them: members, values,
	// types and versions of schemas.
	Drift  bool
	Sample int
}

// DefaultSchemaConfig returns a configuration that passes everything and watches
// for drift.
func DefaultSchemaConfig() SchemaConfig {
	return SchemaConfig{OnMismatch: PassMismatch, Drift: true, Sample: 10000}
}

// Validate names the first field that is out of bounds, and the bound.
func (c SchemaConfig) Validate() error {
	if !c.OnMismatch.valid() {
		return fmt.Errorf("field OnMismatch is %q; want pass, warn or dead_letter", c.OnMismatch)
	}
	for _, r := range c.Rules {
		if !r.OnMismatch.valid() {
			return fmt.Errorf("field OnMismatch of %s is %q; want pass, warn or dead_letter", r.Match, r.OnMismatch)
		}
	}
	if c.Sample < 1 {
		return fmt.Errorf("field Sample must be 1 or more (%d)", c.Sample)
	}
	return nil
}

// Idle tells whether there is nothing to compare, whatever comes.
func (c SchemaConfig) Idle() bool {
	for _, r := range c.Rules {
		if r.OnMismatch != PassMismatch {
			return false
		}
	}
	return !c.Drift && c.OnMismatch == PassMismatch
}

// SchemaCheck compares events with the catalogue and keeps what it finds. It is
// safe for concurrent use.
type SchemaCheck struct {
	cfg    SchemaConfig
	logger *zap.Logger
	found  *catalogue.Collector
}

// NewSchemaCheck returns a SchemaCheck that reports to the logger.
func NewSchemaCheck(cfg SchemaConfig, logger *zap.Logger) (*SchemaCheck, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &SchemaCheck{cfg: cfg, logger: logger, found: catalogue.NewCollector()}, nil
}

// WithSchemaCheck sets what events are compared with before their handlers get
// them; the default compares nothing.
func WithSchemaCheck(s *SchemaCheck) Option { return func(m *Mux) { m.routing.schemas = s } }

// Found returns what was found so far.
func (s *SchemaCheck) Found() *catalogue.Collector { return s.found }

// typeCheck is what a SchemaCheck does with the events of one type.
type typeCheck struct {
	of      *SchemaCheck
	label   string
	counter *catalogue.Counter
	do      OnMismatch
}

// forType returns the check of a type's events, of which it gets one.
func (s *SchemaCheck) forType(e *event.Event) *typeCheck {
	label := catalogue.Label(e)
	return &typeCheck{of: s, label: label, counter: s.found.Counter(label), do: s.onMismatch(e.Type)}
}

// inspect returns an error, a *catalogue.MismatchError, for an event that is to be
// buried.
func (t *typeCheck) inspect(d *consumer.Delivery) error {
	s := t.of
	due := t.counter.Due(int64(s.cfg.Sample), d.Shard)
	if t.do == PassMismatch && !(due && s.cfg.Drift) {
		// A type that nobody knows costs little to see and is not left to a sample.
		if t.label == catalogue.Other && s.cfg.Drift {
			if f, ok := catalogue.CheckType(d.Event); ok {
				s.note(t.label, f, d, t.do)
			}
		}
		return nil
	}
	t.counter.Checked()
	r := s.check(d.Event)
	for _, f := range r.Findings {
		if s.cfg.Drift || f.Kind.Mismatch() {
			s.note(t.label, f, d, t.do)
		}
	}
	if t.do == BuryMismatch {
		return r.Err()
	}
	return nil
}

// check finds nothing where the comparison panics: a defect of ours there must
// keep no event from its handlers.
func (s *SchemaCheck) check(e *event.Event) (r catalogue.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = catalogue.Result{}
			s.logger.Error("comparison with the schema panicked, event passed", zap.String(consumer.KeyEventID, e.ID),
				zap.Any(consumer.KeyError, p), zap.ByteString(keyStack, debug.Stack()))
		}
	}()
	return catalogue.Check(e)
}

func (s *SchemaCheck) onMismatch(eventType string) OnMismatch {
	for _, r := range s.cfg.Rules {
		if r.Match.Match(eventType) {
			return r.OnMismatch
		}
	}
	return s.cfg.OnMismatch
}

// note keeps a finding and logs it when it is new. A mismatch that is to be warned
// of is logged again at ten, a hundred and so on.
func (s *SchemaCheck) note(label string, f catalogue.Finding, d *consumer.Delivery, do OnMismatch) {
	n := s.found.Add(label, f, d.Event.ID, time.Now())
	level, message := zap.InfoLevel, "schema drift"
	switch {
	case f.Kind.Mismatch() && do == WarnMismatch && powerOfTen(n):
		level, message = zap.WarnLevel, "event does not match its schema"
	case n != 1:
		return
	}
	if entry := s.logger.Check(level, message); entry != nil {
		entry.Write(
			zap.String(consumer.KeyEventType, f.Type), zap.String(keyFinding, string(f.Kind)), zap.String(keyPath, f.Path),
			zap.String(keyGot, f.Got), zap.String(keyWant, f.Want), zap.Int64(consumer.KeyCount, n), zap.String(consumer.KeyEventID, d.Event.ID),
		)
	}
}

func powerOfTen(n int64) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}
