package handlers

import (
	"context"
	"fmt"

	"korestream/consumer"
	"korestream/event"
)

// matching returns those of the routes of an event's type that it goes to. What
// conditions see of the event is made once, and only if one is asked.
func (m *Mux) matching(e *event.Event, routes []*route) []*route {
	matching := make([]*route, 0, len(routes))
	var seen *facts
	for _, r := range routes {
		if r.where == nil {
			matching = append(matching, r)
			continue
		}
		if seen == nil {
			seen = &facts{event: e, needs: m.needs}
		}
		switch ok, err := r.where.holds(seen); {
		case err != nil:
			m.stats.filterFailures.Add(1)
			matching = append(matching, r.refusing(consumer.ReasonFilter, fmt.Errorf("where: %w", err)))
		case ok:
			matching = append(matching, r)
		default:
			m.stats.filtered.Add(1)
		}
	}
	return matching
}

// refusing returns a route in r's place that gives up at once, without the
// handler. It always buries: to park the key would stop a lane for a mistake in
// the configuration, and to drop the event would lose it for one.
func (r *route) refusing(reason consumer.Reason, err error) *route {
	gaveUp := &gaveUpError{reason: reason, err: Permanent(err)}
	return &route{name: r.name, exhausted: DeadLetter, handler: untimed{HandlerFunc(func(context.Context, *consumer.Delivery) error {
		return gaveUp
	})}}
}
