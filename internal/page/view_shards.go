package page

import (
	"cmp"
	"math"
	"time"
)

// worseFirst orders shards so that the first need somebody most. How far they are
// behind counts by powers of two: rows that change places all the time cannot be
// read.
func worseFirst(a, b shardView) int {
	return cmp.Or(
		b.Level.rank()-a.Level.rank(),
		cmp.Compare(bucket(b.lag), bucket(a.lag)),
		cmp.Compare(a.ID, b.ID),
	)
}

func bucket(d time.Duration) int {
	if d < 10*time.Second {
		return 0
	}
	return int(math.Log2(d.Seconds()))
}

func (s *scene) totals(own float64) totals {
	t := totals{Rate: own, OwnRate: own, DeadLetters: s.Letters.total(), Finished: s.Finished, EventsParked: s.Waiting}
	for _, sh := range s.Shards {
		t.Parked += int64(sh.Parked)
		switch {
		case sh.Waits:
			t.Waiting++
		case sh.Owner == "":
			t.Unowned++
		}
		if sh.Mine {
			t.Mine++
		}
		if sh.Known && (t.Behind == nil || sh.lag().Seconds() > *t.Behind) {
			t.Behind, t.BehindShard = seconds(sh.lag()), short(sh.ID)
			if s.Retention > 0 {
				t.Headroom = seconds(s.headroom(sh))
			}
		}
	}
	t.Readable = s.readable()
	for _, w := range s.Workers {
		if w.Alive {
			t.Workers++
		}
		if w.Alive && !w.Mine {
			t.Rate += w.Rate
			t.Parked += w.Parked
			t.DeadLetters += w.Letters
		}
	}
	t.Rate, t.OwnRate = round(t.Rate), round(t.OwnRate)
	return t
}

func (s *scene) shard(sh Shard, rates map[string]float64) shardView {
	level, trouble := s.trouble(sh)
	v := shardView{
		ID: sh.ID, Name: short(sh.ID), Level: level, Trouble: trouble, State: sh.State, Owner: sh.Owner, Mine: sh.Mine, Since: milli(sh.Since),
		KiB: round(sh.KiB), InFlight: sh.InFlight, Hold: sh.Hold, HoldFor: sh.HoldFor.Seconds(), Last: newLineView(sh.Last),
	}
	if sh.Known {
		v.lag, v.Behind, v.AtMost = sh.lag(), seconds(sh.Behind), sh.AtMost
		if s.Retention > 0 {
			v.Headroom = seconds(s.headroom(sh))
		}
		if sh.Catches {
			v.CatchUp = seconds(sh.CatchUp)
		}
	}
	if sh.Mine {
		v.Parked = &sh.Parked
		if rate, known := rates[sh.ID]; known {
			rate = round(rate)
			v.Rate = &rate
		}
	}
	return v
}

// troubles are the rules that a shard by itself may break, each in a word or two.
var troubles = []struct {
	word string
	rule func(*scene) []Finding
}{
	{"records expire", headroomLow},
	{"no owner", shardsUnowned},
	{"parked", keysParked},
	{"not read", notRead},
	{"no checkpoint", notSaved},
	{"behind", shardsBehind},
	{"handler fails", handlersFail},
	{"slow handler", handlersSlow},
}

// trouble says how bad a shard is by itself, and why.
func (s *scene) trouble(sh Shard) (level Level, word string) {
	alone := &scene{Moment: s.Moment, free: s.free, patience: s.patience}
	alone.Shards = []Shard{sh}
	level = OK
	for _, t := range troubles {
		for _, f := range t.rule(alone) {
			if f.Level.rank() > level.rank() {
				level, word = f.Level, t.word
			}
		}
	}
	return level, word
}

// points are what the plots get of this moment.
func (v *view) points() map[string]point {
	out := make(map[string]point, len(v.Shards)+1)
	for _, s := range v.Shards {
		p := point{behind: number32(s.Behind), rate: number32(s.Rate), mine: s.Mine}
		if s.Behind != nil {
			p.behind = float32(s.lag.Seconds())
		}
		if !s.Mine && s.Owner != "" {
			p.rate = float32(s.KiB)
		}
		out[s.ID] = p
	}
	out[""] = point{behind: number32(v.Totals.Behind), rate: float32(v.Totals.Rate), mine: true}
	return out
}
