package consumer

import (
	"fmt"
	"time"
)

// Hold is one thing that keeps a shard from moving.
type Hold struct {
	// Reason is one of the constants below.
	Reason string
	// Detail is a sentence for people.
	Detail string
	// For is how long it has been so, 0 if not known.
	For time.Duration
}

// What may hold a shard that this process owns.
const (
	HoldParked     = "parked"          // an event was given up on, or can be neither handled nor buried
	HoldFails      = "handler fails"   // events are tried again
	HoldHandler    = "slow handler"    // an event is in its handlers for long
	HoldThrottled  = "throttled"       // Kinesis refuses reads
	HoldFailing    = "failing"         // Kinesis cannot be read
	HoldFull       = "full"            // too much is in flight to fetch more
	HoldCheckpoint = "no checkpoint"   // the lease table cannot be written
	HoldDraining   = "draining"        // the process stops, or hands the shard over
	HoldEnded      = "read to its end" // what was begun is being finished
	HoldIdle       = "nothing to read" // it is at the tip
	slowAfter      = 5 * time.Second   // from when on a handler counts as slow
)

// Holds returns what keeps the shard from moving, the weightiest first; none if
// it moves.
func (s ShardStatus) Holds(now time.Time) []Hold {
	var holds []Hold
	hold := func(reason string, since time.Time, format string, args ...any) {
		h := Hold{Reason: reason, Detail: fmt.Sprintf(format, args...)}
		if !since.IsZero() {
			h.For = now.Sub(since)
		}
		holds = append(holds, h)
	}
	for _, p := range s.Parked {
		hold(HoldParked, p.Since, "event %s at %s can be neither handled nor buried, its key waits: %s", p.name(), p.SequenceNumber, p.Err)
	}
	for _, w := range s.Waiting {
		hold(HoldParked, w.Since, "event %s at %s was given up on by handler %s, which is tried again after a pause, its key waits: %s",
			w.name(), w.SequenceNumber, w.Handler, w.Err)
	}
	if n := len(s.Failing); n > 0 && now.Sub(s.Failing[0].Since) >= slowAfter {
		f := s.Failing[0]
		hold(HoldFails, f.Since, "%s with handler %s, the oldest is %s at %s, tried %s, its key waits: %s",
			events(n), f.Handler, f.name(), f.SequenceNumber, times(f.Attempts), f.Err)
	}
	if len(s.Parked)+len(s.Waiting)+len(s.Failing) == 0 && s.Running > 0 && now.Sub(s.Slowest.Since) >= slowAfter {
		hold(HoldHandler, s.Slowest.Since, "event %s at %s is in its handlers, its key waits", s.Slowest.name(), s.Slowest.SequenceNumber)
	}
	switch s.State {
	case StateThrottled:
		hold(HoldThrottled, s.FetchedAt, "Kinesis refuses reads, perhaps other readers use up the shard's 5 a second: %s", s.Problem)
	case StateFailing:
		hold(HoldFailing, s.FetchedAt, "Kinesis cannot be read: %s", s.Problem)
	case StateFull:
		hold(HoldFull, s.FetchedAt, "nothing is fetched while %d events (%d bytes) are in flight", s.InFlight, s.InFlightBytes)
	case StateDraining:
		hold(HoldDraining, time.Time{}, "nothing is fetched any more, %d events are being finished", s.InFlight)
	case StateEnded:
		hold(HoldEnded, time.Time{}, "the shard was read to its end, %d events are being finished", s.InFlight)
	}
	if s.CheckpointProblem != "" {
		hold(HoldCheckpoint, s.CheckpointedAt, "the checkpoint cannot be written: %s", s.CheckpointProblem)
	}
	if len(holds) == 0 && s.Behind == 0 && s.InFlight == 0 {
		hold(HoldIdle, time.Time{}, "all that there is was read and handled")
	}
	return holds
}

// name is what people can find an event by.
func (r Running) name() string {
	if r.EventID == "" {
		return "that could not be decoded"
	}
	return fmt.Sprintf("%s (%s)", r.EventID, r.EventType)
}

func events(n int) string {
	if n == 1 {
		return "an event fails"
	}
	return fmt.Sprintf("%d events fail", n)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
