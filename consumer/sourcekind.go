package consumer

import (
	"context"
	"errors"
	"time"

	"korestream/consumer/wire"
)

// SourceKind says how shards are read.
type SourceKind string

// The kinds of sources.
const (
	// Polling: GetRecords, which all readers of a shard share.
	Polling SourceKind = "polling"
	// FanOut: SubscribeToShard, a share of its own of each shard and less latency,
	// billed by AWS by shard and by byte.
	FanOut SourceKind = "fan_out"
	// Auto: polling while that is enough, and fan-out for a shard that is behind or
	// whose reads are refused because of other readers.
	Auto SourceKind = "auto"
)

// SourceKinds lists the kinds of sources.
func SourceKinds() []SourceKind { return []SourceKind{Polling, FanOut, Auto} }

// errSwitch is why reading in one way stops in favour of the other.
var errSwitch = errors.New("the shard is read in the other way from here on")

// read reads the shard in the way, or the ways, that were chosen. Each begins
// where the one before has delivered up to, so a switch neither leaves out a
// record nor reads one twice.
func (s *source) read(ctx context.Context, out chan<- *wire.Page) error {
	fanOut := s.cfg.Source == FanOut
	for {
		read := s.poll
		if fanOut {
			read = s.subscribe
		}
		s.advice.begin()
		if err := read(ctx, out); !errors.Is(err, errSwitch) {
			return err
		}
		fanOut = !fanOut
		if fanOut {
			s.log.Info("reading by fan-out from here on")
		} else {
			s.log.Info("polling from here on")
		}
	}
}

const (
	// switchBehind is how far behind a shard must be for fan-out, and switchAfter for
	// how long, or how long its reads must be refused.
	switchBehind = 10 * time.Second
	switchAfter  = 10 * time.Second
	// caughtUp is how near to the tip it must have been for settledAfter before it
	// is polled again.
	caughtUp     = time.Second
	settledAfter = 5 * time.Minute
)

// advisor decides when a shard is read in the other way. The zero value never
// does.
type advisor struct {
	on bool
	// poor and well are since when, in the way the shard is read now, it is behind or
	// refused, and since when it is at the tip; zero if it is not.
	poor, well time.Time
}

// begin forgets what was seen in the other way.
func (a *advisor) begin() { a.poor, a.well = time.Time{}, time.Time{} }

// leavePolling is told what each poll showed; refused says that it was throttled.
func (a *advisor) leavePolling(behind time.Duration, refused bool, now time.Time) bool {
	return a.on && lasting(&a.poor, refused || behind >= switchBehind, now) >= switchAfter
}

// leaveFanOut is told what each event showed.
func (a *advisor) leaveFanOut(behind time.Duration, now time.Time) bool {
	return a.on && lasting(&a.well, behind <= caughtUp, now) >= settledAfter
}

// lasting returns for how long something has been so.
func lasting(since *time.Time, so bool, now time.Time) time.Duration {
	switch {
	case !so:
		*since = time.Time{}
		return 0
	case since.IsZero():
		*since = now
	}
	return now.Sub(*since)
}
