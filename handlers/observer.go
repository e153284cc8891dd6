package handlers

import (
	"context"
	"sync/atomic"
	"time"

	"korestream/consumer"
)

// Observer is told how long things take. It gets a sample, one in sixteen once
// a thousand were seen: that is good for how they are distributed, and costs
// next to nothing; how many there are is in [Stats]. It is called concurrently
// and must return at once.
type Observer interface {
	// Dispatched tells for how long an event had been on the stream when it came
	// to its handlers.
	Dispatched(age time.Duration)
	// Handled tells how long an attempt of a handler took, with the time that it
	// waited for its batch.
	Handled(handler string, took time.Duration)
}

// WithObserver sets who is told how long things take; the default is nobody.
func WithObserver(o Observer) Option { return func(m *Mux) { m.observer = o } }

const (
	sampleAll   = 1000 // so that a stream on which little comes is seen too
	sampleOneIn = 16
)

// sampler chooses what is measured.
type sampler struct{ taken atomic.Uint32 }

// take tells whether an event that begins now is chosen. The nanoseconds of the
// clock, well mixed, are random enough for that, also of a clock that counts in
// microseconds. Events of a burst share one time, so the end of the ID is mixed in.
func (s *sampler) take(d *consumer.Delivery, now time.Time) bool {
	if s.taken.Load() < sampleAll {
		s.taken.Add(1)
		return true
	}
	mixed := uint32(now.Nanosecond())
	for _, c := range []byte(d.Event.ID[max(len(d.Event.ID)-4, 0):]) {
		mixed = mixed*31 + uint32(c)
	}
	return mixed*0x9e3779b1>>16%sampleOneIn == 0
}

// measured tells an observer of the attempts of a handler.
type measured struct {
	next     stage
	name     string
	observer Observer
	sampler  sampler
}

func (h *measured) handle(ctx context.Context, d *consumer.Delivery, now time.Time) error {
	if !h.sampler.take(d, now) {
		return h.next.handle(ctx, d, now)
	}
	began := time.Now() // the other time may be that of a burst, and this is to be exact
	err := h.next.handle(ctx, d, now)
	h.observer.Handled(h.name, time.Since(began))
	return err
}

// observe tells the observer of an event that comes to its handlers.
func (m *Mux) observe(d *consumer.Delivery, now time.Time) {
	if m.observer != nil && !d.ArrivedAt.IsZero() && m.sampler.take(d, now) {
		m.observer.Dispatched(now.Sub(d.ArrivedAt))
	}
}

// BreakersOpen tells of each handler that has a breaker whether it is left alone
// now because it fails for everybody.
func (m *Mux) BreakersOpen() map[string]bool {
	out := make(map[string]bool, len(m.breakers))
	for name, b := range m.breakers {
		out[name] = b.open()
	}
	return out
}
