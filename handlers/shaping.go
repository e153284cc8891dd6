package handlers

import (
	"sync/atomic"

	"go.uber.org/zap"

	"korestream/consumer"
)

// misspeltAfter is after how many events an entry of a shape that has matched
// nothing yet is named in the log.
const misspeltAfter = 1000

// shaping is a route's [Shape] at work.
type shaping struct {
	shape  *Shape
	route  string
	logger *zap.Logger
	events atomic.Int64
}

// newShaping returns nil for a route that shows all.
func newShaping(r Route, logger *zap.Logger) *shaping {
	if r.Shape == nil {
		return nil
	}
	return &shaping{shape: r.Shape, route: r.Name, logger: logger}
}

// apply returns what the route's handler is to see of a delivery.
func (s *shaping) apply(d *consumer.Delivery) (*consumer.Delivery, error) {
	e, err := s.shape.Apply(d.Event)
	if err != nil {
		return nil, err
	}
	if s.events.Add(1) == misspeltAfter {
		s.warn()
	}
	if e == d.Event {
		return d, nil
	}
	shaped := *d // with who is told of failures
	shaped.Event = e
	return &shaped, nil
}

// warn names what has matched nothing: what is not redacted for a slip of the
// pen is seen, and nothing else would say so.
func (s *shaping) warn() {
	for _, r := range s.shape.rules {
		if r.matches.Load() == 0 {
			s.logger.Warn("path matches no event", zap.String(consumer.KeyHandler, s.route),
				zap.String(keySetting, r.setting), zap.String(keyPath, r.text), zap.Int(consumer.KeyCount, misspeltAfter))
		}
	}
}

func (s *shaping) appendStats(to []PathStats) []PathStats {
	if s == nil {
		return to
	}
	for _, r := range s.shape.rules {
		to = append(to, PathStats{Route: s.route, Setting: r.setting, Entry: r.text, Matches: r.matches.Load()})
	}
	return to
}
