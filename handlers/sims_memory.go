package handlers

import (
	"container/list"
	"context"
	"maps"
	"slices"
	"sync"

	"korestream/consumer"
	"korestream/handlers/simstate"
)

// DefaultMaxSIMs is how many states a [MemorySIMs] keeps that is not told. One of
// a SIM of package fleet takes 1.6 KB after ten events and 3.8 KB after a hundred,
// that of a SIM in an attach storm 25 KB.
const DefaultMaxSIMs = 100_000

// MemorySIMs is the handler that keeps the last known states of SIMs in this
// process: of those whose events came here, since it started. They are lost when
// it ends, and another process that takes over a shard begins with none. A state
// of a shard that was lost stays until it has to make room.
//
// When there is no room, the SIM goes that has longest had nothing new. An event
// whose data cannot be read is a permanent error. It is safe for concurrent use.
type MemorySIMs struct {
	max int

	mu        sync.Mutex // guards everything below, states included
	sims      map[string]*list.Element
	recent    *list.List // of *memorySIM, the one with the latest news first
	forgotten int64
}

var _ Handler = (*MemorySIMs)(nil)

type memorySIM struct {
	key   string
	state *simstate.State
}

// NewMemorySIMs returns a handler that keeps up to maxSIMs states; what is not
// above 0 is DefaultMaxSIMs.
func NewMemorySIMs(maxSIMs int) *MemorySIMs {
	if maxSIMs <= 0 {
		maxSIMs = DefaultMaxSIMs
	}
	return &MemorySIMs{max: maxSIMs, sims: make(map[string]*list.Element), recent: list.New()}
}

// Handle implements [Handler].
func (m *MemorySIMs) Handle(_ context.Context, d *consumer.Delivery) error {
	key := storeKey(d.Event.SIM())
	if key == "" {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.sims[key]
	sim := &memorySIM{key, new(simstate.State)}
	if at != nil {
		sim = at.Value.(*memorySIM)
	}
	changed, err := sim.state.Apply(d.Event)
	switch {
	case err != nil:
		return Permanent(err)
	case !changed:
		return nil
	case at != nil:
		m.recent.MoveToFront(at)
		return nil
	}
	m.sims[key] = m.recent.PushFront(sim)
	if len(m.sims) > m.max {
		oldest := m.recent.Remove(m.recent.Back()).(*memorySIM)
		delete(m.sims, oldest.key)
		m.forgotten++
	}
	return nil
}

// SIM returns the state of the SIM with this sid or, where there is none, with
// this ICCID. It is nil when the SIM is not known.
func (m *MemorySIMs) SIM(_ context.Context, sidOrICCID string) (*simstate.State, error) {
	if s := m.state(storeKey(sidOrICCID)); s != nil {
		return s, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var found *simstate.State
	for _, at := range m.sims {
		s := at.Value.(*memorySIM).state
		if s.ICCID.IsKnown() && s.ICCID.Value == sidOrICCID && (found == nil || s.Younger(found)) {
			found = s
		}
	}
	if found == nil {
		return nil, nil
	}
	return found.Clone(), nil
}

func (m *MemorySIMs) state(key string) *simstate.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.sims[key]
	if at == nil {
		return nil
	}
	return at.Value.(*memorySIM).state.Clone()
}

// SIMs returns up to limit states in the order of their sids, from the one
// behind after; the empty string is before all.
func (m *MemorySIMs) SIMs(_ context.Context, after string, limit int) ([]*simstate.State, error) {
	m.mu.Lock()
	keys := slices.Collect(maps.Keys(m.sims))
	m.mu.Unlock()
	keys = slices.DeleteFunc(keys, func(k string) bool { return k <= after })
	slices.Sort(keys)
	var states []*simstate.State
	for _, k := range keys {
		if len(states) == limit {
			break
		}
		// One at a time, so that events need not wait for all of them. A SIM may
		// have had to make room since.
		if s := m.state(k); s != nil {
			states = append(states, s)
		}
	}
	return states, nil
}

// SIMStats counts what a [MemorySIMs] keeps.
type SIMStats struct {
	// Kept is how many SIMs there are now, Forgotten how many had to make room
	// since the process started.
	Kept, Forgotten int64
}

// Stats returns the counts.
func (m *MemorySIMs) Stats() SIMStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return SIMStats{Kept: int64(len(m.sims)), Forgotten: m.forgotten}
}
