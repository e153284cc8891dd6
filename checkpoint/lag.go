package checkpoint

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Lag is what the owner of a shard says of how far it is behind, for those who
// do not own it.
type Lag struct {
	// CaughtUpAt is when all that was on the shard was last known to be done,
	// zero if it never was.
	CaughtUpAt time.Time
	// Gain is by how many seconds the shard gets less behind in a second,
	// averaged; negative while it falls behind.
	Gain float64
}

// caughtUpEvery is the least time between two writes of a shard that has
// nothing else to write. Without them a shard on which nothing comes would look
// as old as its last record once its owner is gone.
const caughtUpEvery = time.Minute

// ReportLag says how far the shard is behind. It is written with the next
// checkpoint, and by ReportThroughput where none is due for long.
func (l *Lease) ReportLag(lag Lag) {
	l.write.Lock()
	defer l.write.Unlock()
	l.lag = lag
}

// set returns what an update sets of the lag, with its values put into v.
func (g Lag) set(v item) string {
	v[":gain"] = &types.AttributeValueMemberN{Value: strconv.FormatFloat(g.Gain, 'f', 3, 64)}
	e := "gain = :gain"
	if !g.CaughtUpAt.IsZero() {
		e += ", caughtUpAt = :caughtUp"
		v[":caughtUp"] = num(g.CaughtUpAt.UnixMilli())
	}
	return e
}

// lagOf reads what set wrote. It decides nothing, so what cannot be read is not
// known.
func lagOf(it item) Lag {
	g := Lag{CaughtUpAt: milliOf(it, attrCaughtUp)}
	if n, ok := it[attrGain].(*types.AttributeValueMemberN); ok {
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			g.Gain = f
		}
	}
	return g
}

func milliOf(it item, name string) time.Time {
	n, err := numberOf(it, name)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

// doneAt is when the last thing arrived that is known to be done, or later, if
// everything that had arrived then was; zero if that is not known.
func (r LeaseRow) doneAt() time.Time {
	at := r.ArrivedAt
	if r.Lag.CaughtUpAt.After(at) {
		at = r.Lag.CaughtUpAt
	}
	if r.Checkpoint.SequenceNumber == AtTimestamp && r.Checkpoint.Timestamp.After(at) {
		at = r.Checkpoint.Timestamp
	}
	return at
}

// Behind returns for how long the oldest record that is not done has been on the
// shard, at most, and whether that is known.
func (r LeaseRow) Behind(now time.Time) (behind time.Duration, known bool) {
	at := r.doneAt()
	switch {
	case r.Finished():
		return 0, true
	case at.IsZero():
		return 0, false
	}
	return max(now.Sub(at), 0), true
}

// DoneAt returns when the last record arrived that was known to be done when the
// lease was taken, or until when everything was; zero if that is not known.
func (l *Lease) DoneAt() time.Time { return l.doneAt }

// leastGain is below which nobody would wait for a shard to catch up: a day
// takes a hundred.
const leastGain = 0.01

// CatchUp returns how long it takes until what is so far behind has caught up,
// and false if it never does.
func CatchUp(behind time.Duration, gain float64) (time.Duration, bool) {
	switch {
	case behind <= 0:
		return 0, true
	case gain < leastGain:
		return 0, false
	}
	return time.Duration(float64(behind) / gain), true
}

// Standing is a shard that can be read now, as this process sees it.
type Standing struct {
	LeaseRow
	// Owned tells whether its owner is alive.
	Owned bool
}

// Standings returns the shards that are not finished and wait for no parent, by
// their ID.
func (s *Store) Standings() []Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Standing
	for id, sh := range s.shards {
		l := s.leases[id]
		if _, waits := s.waitsFor(sh); waits || l.Finished() {
			continue
		}
		l.Shard = id // one that nobody has leased yet has no row
		if l.Checkpoint.SequenceNumber == AtTimestamp {
			l.Checkpoint = s.app.complete(l.Checkpoint)
		}
		out = append(out, Standing{l, s.ownerAlive(l)})
	}
	slices.SortFunc(out, func(a, b Standing) int { return cmp.Compare(a.Shard, b.Shard) })
	return out
}
