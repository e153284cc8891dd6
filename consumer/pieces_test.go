package consumer

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer/wire"
	"korestream/event"
)

func TestCutter_TakesBackOnlyWhatNobodyCanLookAtAnyMore(t *testing.T) {
	t.Parallel()
	done := func(p *piece) { p.finished, p.record = true, &p.own }
	for _, c := range []struct {
		name string
		made func(*piece)
		back bool
	}{
		{"done", done, true},
		{"not done, for the lease is over", func(p *piece) { p.record = &p.own }, false},
		{"one of several of its record", func(p *piece) { done(p); p.shared = true }, false},
		{"a part of another one's record", func(p *piece) { done(p); p.record = &inFlight{} }, false},
		{"a letter", func(p *piece) { done(p); p.letter = &DeadLetter{Err: errors.New("bad")} }, false},
		{"a test event that is followed", func(p *piece) { done(p); p.delivery.Trace = &Trace{} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cut := cutter{stream: "s", shard: "x"}
			r := wire.Record{SequenceNumber: "7", Data: []byte(`{"id":"1","type":"t"}`)}
			_, pieces, _ := cut.cut(&r, checkpoint.Position{})
			p := pieces[0]
			c.made(p)
			cut.takeBack(pieces)
			r.SequenceNumber = "8"
			_, pieces, _ = cut.cut(&r, checkpoint.Position{})
			if again := pieces[0] == p; again != c.back {
				t.Errorf("used again: %t, want %t", again, c.back)
			}
			if got := pieces[0]; got.finished || got.letter != nil || got.delivery.SequenceNumber != "8" || got.delivery.Event.ID != "1" {
				t.Errorf("the next piece has something of the one before: %+v", got)
			}
		})
	}
}

func TestShard_KeepsNothingOfARecordOfManyEvents(t *testing.T) {
	// Not parallel: the memory of other tests would be counted.
	s := &shard{
		cfg: DefaultConfig(), dispatcher: doneAtOnce{}, burier: doneAtOnce{}, log: zap.NewNop(), budget: newBudget(newPool(1<<30), 1<<30), pages: newPages(1 << 20),
		source: &source{resume: checkpoint.Position{SequenceNumber: checkpoint.TrimHorizon}},
		cutter: cutter{stream: "s", shard: "x"}, tracker: checkpoint.NewTracker(checkpoint.Position{}), work: t.Context(),
	}
	s.lanes = newLanes(s.cfg.Lanes, s.handle)
	const one = `{"id":"1","type":"t"}`
	accept := func(number, text string) {
		s.accept(t.Context(), &wire.Page{Records: []wire.Record{{SequenceNumber: number + "0", Data: []byte(text)}, {SequenceNumber: number + "1", Data: []byte(one)}}})
		for s.tracker.Pending() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	accept("1", one)
	before := heap()
	accept("2", "["+strings.Repeat("1,", 100_000)+"1]") // a letter each
	if kept := heap() - before; kept > 2<<20 {
		t.Errorf("%d KiB are kept when all is done", kept>>10)
	}
	runtime.KeepAlive(s)
}

func TestCutter_MakesOneLetterOfAnAggregateOfTooManyEvents(t *testing.T) {
	t.Parallel()
	const one = `{"id":"1","type":"t"}`
	many := user("k", "["+strings.Repeat("1,", event.MaxEvents/2)+"1]")
	shortest := make([]userRecord, event.MaxEvents+1)
	for i := range shortest {
		shortest[i] = user("k", "")
	}
	for name, users := range map[string][]userRecord{"in arrays": {user("k", one), many, many}, "user records": shortest} {
		cut := cutter{stream: "s", shard: "x"}
		data := aggregateOf(users...)
		pos, pieces, _ := cut.cut(&wire.Record{SequenceNumber: "7", Data: data}, checkpoint.Position{})
		if len(pieces) != 1 || pieces[0].letter == nil || pieces[0].letter.Reason != ReasonAggregate || len(pieces[0].letter.Payload) != len(data) {
			t.Fatalf("%s: got %d pieces, want one letter with all of it", name, len(pieces))
		}
		if pos.SequenceNumber != "7" {
			t.Errorf("%s: at %v", name, pos)
		}
		if _, pieces, _ = cut.cut(&wire.Record{SequenceNumber: "8", Data: []byte(one)}, checkpoint.Position{}); len(pieces) != 1 || pieces[0].letter != nil {
			t.Errorf("%s: the next record has %d pieces", name, len(pieces))
		}
	}
}
