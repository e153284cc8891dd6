package fleet

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// Kind says what a correct consumer makes of a record.
type Kind uint8

// The kinds of record.
const (
	// Fresh holds an event that was not there before. It is to be handled.
	Fresh Kind = iota + 1
	// Duplicate repeats an earlier record byte by byte. It is to be recognised.
	Duplicate
	// Broken holds no event. It is to become a dead letter.
	Broken
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Fresh:
		return "fresh"
	case Duplicate:
		return "duplicate"
	case Broken:
		return "broken"
	default:
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
}

// Record is one record to put on a stream.
type Record struct {
	PartitionKey string
	// Data is the caller's to keep and to change.
	Data []byte
	Kind Kind
}

// Config says what traffic to make up. The shares are of all records; what they
// leave over is ordinary traffic.
type Config struct {
	// Seed decides everything that is random.
	Seed uint64
	// SIMs is how many SIMs there are, at least 1.
	SIMs int
	// Duplicates is the share of records that repeat a recent one.
	Duplicates float64
	// OutOfOrder is the share of records that come after a later event of their SIM.
	OutOfOrder float64
	// Odd is the share of records that are unusual and yet good: data as a
	// JSON string, an array of one event, unknown types and members, and so on.
	Odd float64
	// Broken is the share of records that hold no event.
	Broken float64
	// Start is the time of the first events.
	Start time.Time
}

// DefaultConfig returns 200 SIMs with somewhat more trouble than the field has.
func DefaultConfig() Config {
	return Config{
		Seed: 1, SIMs: 200,
		Duplicates: 0.02, OutOfOrder: 0.02, Odd: 0.05, Broken: 0.01,
		Start: time.Date(2025, time.November, 26, 9, 0, 0, 0, time.UTC),
	}
}

// Validate names the first field that is out of its bounds.
func (c Config) Validate() error {
	if c.SIMs < 1 {
		return fmt.Errorf("SIMs must be at least 1, not %d", c.SIMs)
	}
	sum := 0.0
	for _, share := range []struct {
		name string
		of   float64
	}{{"Duplicates", c.Duplicates}, {"OutOfOrder", c.OutOfOrder}, {"Odd", c.Odd}, {"Broken", c.Broken}} {
		if !(share.of >= 0 && share.of <= 1) { // so that NaN is refused too
			return fmt.Errorf("%s must be from 0 to 1, not %v", share.name, share.of)
		}
		sum += share.of
	}
	if sum > 1 {
		return fmt.Errorf("shares Duplicates, OutOfOrder, Odd and Broken must add up to 1 at most, not %v", sum)
	}
	return nil
}

// Bounds of what a Fleet remembers.
const (
	// recent is how many records back a duplicate may reach. It is far less than
	// any consumer's memory of what it has seen.
	recent = 256
	// maxLate is how many events may be held back at once.
	maxLate = 32
)

// Fleet makes up records. It is not safe for concurrent use.
type Fleet struct {
	cfg  Config
	rand *rand.Rand
	sims schedule
	// now is the time of the latest event.
	now time.Time
	// late holds events that a later event of their SIM has overtaken.
	late []Record
	// sent holds the latest fresh records, a ring with its oldest at next.
	sent []Record
	next int
}

// New returns a Fleet. A Config that is not valid is made so: no SIM counts as
// one, and the shares are taken in the order Broken, Duplicates, Odd,
// OutOfOrder until there is nothing left to take from.
func New(cfg Config) *Fleet {
	const stream = 0x6b6f7265 // any constant: the seed's second half
	f := &Fleet{
		cfg:  cfg,
		rand: rand.New(rand.NewPCG(cfg.Seed, stream)),
		now:  cfg.Start,
	}
	f.sims = newSIMs(f.rand, max(cfg.SIMs, 1), cfg.Start)
	heap.Init(&f.sims)
	return f
}

// Next returns the next record. There is always one.
func (f *Fleet) Next() Record {
	draw := f.rand.Float64()
	within := func(share float64) bool {
		draw -= max(share, 0)
		return draw < 0
	}
	switch {
	case within(f.cfg.Broken):
		return f.broken()
	case within(f.cfg.Duplicates) && len(f.sent) > 0:
		return f.duplicate()
	case within(f.cfg.Odd):
		return f.remember(f.odd())
	case within(f.cfg.OutOfOrder) && len(f.late) < maxLate:
		return f.remember(f.overtake())
	case len(f.late) > 0:
		return f.remember(f.latecomer())
	case f.rand.Float64() < testShare:
		return f.remember(f.test())
	default:
		m := f.event()
		return f.remember(m.record())
	}
}

// testShare is the share of test events in ordinary traffic.
const testShare = 0.005

// event lets the SIM whose turn it is do what it does next.
func (f *Fleet) event() message {
	s := f.sims[0]
	m := s.step(f.rand)
	if m.at.After(f.now) {
		f.now = m.at
	}
	heap.Fix(&f.sims, 0)
	return m
}

// overtake makes two events of one SIM, returns the second and holds the first
// back for a latecomer.
func (f *Fleet) overtake() Record {
	s := f.sims[0]
	first := s.step(f.rand)
	second := s.step(f.rand)
	heap.Fix(&f.sims, 0)
	f.late = append(f.late, first.record())
	return second.record()
}

// latecomer returns the event that was held back longest.
func (f *Fleet) latecomer() Record {
	r := f.late[0]
	f.late = append(f.late[:0], f.late[1:]...)
	return r
}

// duplicate repeats one of the latest records.
func (f *Fleet) duplicate() Record {
	r := f.sent[f.rand.IntN(len(f.sent))]
	r.Data = bytes.Clone(r.Data)
	r.Kind = Duplicate
	return r
}

// remember keeps a copy of a fresh record for a duplicate to repeat.
func (f *Fleet) remember(r Record) Record {
	kept := r
	kept.Data = bytes.Clone(r.Data)
	if len(f.sent) < recent {
		f.sent = append(f.sent, kept)
		return r
	}
	f.sent[f.next] = kept
	f.next = (f.next + 1) % recent
	return r
}

// test returns the event that KORE's portal sends to try a destination.
func (f *Fleet) test() Record {
	m := testMessage(f.rand, f.now)
	return m.record()
}

// anySIM returns a SIM without giving it a turn.
func (f *Fleet) anySIM() *sim { return f.sims[f.rand.IntN(len(f.sims))] }
