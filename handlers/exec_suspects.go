package handlers

import (
	"context"
	"errors"
	"math"
	"sync"

	"golang.org/x/sync/semaphore"
)

// What makes an event suspect of being what the program dies of, or hangs at.
var (
	errExecEnded  = errors.New("the program ended")
	errExecSilent = errors.New("the program gave no answer")
)

const (
	// execSuspicions is how often before an event is tried alone. Once may happen
	// to any: an end takes all events in flight with it.
	execSuspicions = 2
	// maxExecSuspects bounds what is remembered of events that went elsewhere. If
	// it is forgotten, an end or two find it again.
	maxExecSuspects = 10_000
)

// execSuspects finds the event that the program dies of among those that are in
// flight with it. Innocent ones are answered when they come again. The guilty one
// is not, and is therefore soon tried with nobody else to blame.
type execSuspects struct {
	// turns are taken one each by events that run side by side, and all by one that
	// runs alone. They are given in the order in which they were asked for.
	turns *semaphore.Weighted

	mu sync.Mutex // guards times
	// times is how often each event was suspect since it was last answered, by its
	// ID.
	times map[string]int
}

func newExecSuspects() *execSuspects {
	return &execSuspects{turns: semaphore.NewWeighted(math.MaxInt64), times: make(map[string]int)}
}

// enter waits for the event's turn, which ends with leave. It fails only when ctx
// ends.
func (s *execSuspects) enter(ctx context.Context, id string) (alone bool, leave func(), err error) {
	s.mu.Lock()
	alone = s.times[id] >= execSuspicions
	s.mu.Unlock()
	n := int64(1)
	if alone {
		n = math.MaxInt64
	}
	if err := s.turns.Acquire(ctx, n); err != nil {
		return alone, nil, err
	}
	return alone, func() { s.turns.Release(n) }, nil
}

// note learns from what became of the event.
func (s *execSuspects) note(id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, errExecEnded), errors.Is(err, errExecSilent):
		if len(s.times) >= maxExecSuspects {
			clear(s.times)
		}
		s.times[id]++
	case !IsUnavailable(err):
		delete(s.times, id)
	}
}
