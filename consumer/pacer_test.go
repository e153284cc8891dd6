package consumer

import (
	"testing"
	"time"

	"korestream/consumer/wire"
)

var testNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func pageOf(records, size int) *wire.Page {
	p := &wire.Page{}
	for range records {
		p.Records = append(p.Records, wire.Record{Data: make([]byte, size)})
	}
	return p
}

func TestPacer_PollsFastWhileEventsTrickleAndSlowlyWhenNothingComes(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	p := newPacer(cfg, ticks{testNow})
	last := time.Duration(0)
	for range 20 {
		pause := p.answered(pageOf(0, 0), testNow)
		if pause < last || pause > cfg.IdlePollInterval {
			t.Fatalf("got a pause of %s after one of %s, want it to grow to %s", pause, last, cfg.IdlePollInterval)
		}
		last = pause
	}
	if last != cfg.IdlePollInterval {
		t.Errorf("idle: got %s, want %s", last, cfg.IdlePollInterval)
	}
	if got := p.answered(pageOf(1, 1000), testNow); got != cfg.PollInterval {
		t.Errorf("after a record: got %s, want %s", got, cfg.PollInterval)
	}
}

func TestPacer_PollsIdleShardsTogether(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	p := newPacer(cfg, ticks{testNow})
	for i := range 100 {
		called := testNow.Add(time.Duration(i) * 1234567 * time.Microsecond)
		pause := p.answered(pageOf(0, 0), called)
		if pause < cfg.PollInterval || pause > p.pause || pause <= p.pause-tickLength && pause > cfg.PollInterval {
			t.Errorf("got a pause of %s, want one less than a tick shorter than %s", pause, p.pause)
		}
		if next := called.Add(pause).Sub(testNow); next%tickLength != 0 && pause > cfg.PollInterval {
			t.Errorf("the next poll is %s after the others'", next%tickLength)
		}
	}
	if called := testNow.Add(12 * tickLength); p.answered(pageOf(0, 0), called) != cfg.IdlePollInterval {
		t.Errorf("a shard that is polled with the others is polled at other times than every %s", cfg.IdlePollInterval)
	}
}

func TestPacer_NeverAsksForMoreThanTheShardGives(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 1000, 10_000, 250_000, 1 << 20} {
		p, b := newPacer(DefaultConfig(), ticks{testNow}), newBudget(newPool(1<<30), 1<<30)
		for i := range 20 {
			n := int(p.limit(b))
			// The first page is a guess, which must not be far off.
			if most := largestPage + size; n*size > most && (i > 0 || n > 64) {
				t.Fatalf("records of %d bytes, call %d: asked for %d of them, want %d bytes at most", size, i, n, most)
			}
			pause := p.answered(pageOf(n, size), testNow)
			if rate := float64(n*size) / pause.Seconds(); rate > shardReadRate*1.001 {
				t.Fatalf("records of %d bytes: read %.0f bytes a second, want %d at most", size, rate, shardReadRate)
			}
		}
	}
}

func TestPacer_ManyShardsShareTheMemory(t *testing.T) {
	t.Parallel()
	const limit = 64 << 20
	total := newPool(limit)
	var shards []*budget
	for range 512 {
		shards = append(shards, newBudget(total, 8<<20))
	}
	p := newPacer(DefaultConfig(), ticks{testNow})
	p.answered(pageOf(10, 1000), testNow)
	if got := int(p.limit(shards[0])) * 1000; got < 1<<20 {
		t.Errorf("while nothing is in flight, a shard asks for %d bytes, want a large page", got)
	}
	var all int64
	for _, b := range shards {
		n := int64(p.limit(b)) * 1000
		b.take(n)
		all += n
	}
	if all > limit {
		t.Errorf("512 shards whose handlers stand still have %d bytes in flight, want %d at most", all, limit)
	}
	if got := int(p.limit(shards[0])) * 1000; got < smallestPage-1000 || got > limit/512 {
		t.Errorf("then a shard asks for %d bytes, want about its share, %d", got, limit/512/2)
	}
	for _, b := range shards[1:] {
		b.close()
	}
	if got := int(p.limit(shards[0])) * 1000; got < 1<<20 {
		t.Errorf("alone, a shard asks for %d bytes, want a large page", got)
	}
}
