package app

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/event"
	"korestream/internal/config"
	"korestream/localstack/embed"
)

// outcomes is a dispatcher that gives each event the outcome of its ID.
type outcomes map[string]consumer.Outcome

func (o outcomes) Dispatch(_ context.Context, d *consumer.Delivery) (consumer.Outcome, error) {
	if o[d.Event.ID] == 0 {
		return 0, errors.New("as the test wants it")
	}
	return o[d.Event.ID], nil
}

// letterCount is a burier that counts.
type letterCount int

func (n *letterCount) Bury(context.Context, *consumer.DeadLetter) error {
	*n++
	return nil
}

func replayed(t *testing.T, id, kind, sim, shard string, arrived time.Time) *consumer.Delivery {
	t.Helper()
	items, err := event.Decode([]byte(`{"specversion":"1.0","source":"s","id":"` + id + `","type":"` + kind + `","data":{"sim_sid":"` + sim + `"}}`))
	if err != nil || items[0].Err != nil {
		t.Fatal(err, items)
	}
	return &consumer.Delivery{Origin: consumer.Origin{Shard: shard, ArrivedAt: arrived}, Event: items[0].Event}
}

func TestSieve_CountsWhatBecomesOfEachEventOnce(t *testing.T) {
	t.Parallel()
	var buried letterCount
	next := outcomes{"a": consumer.Handled, "b": consumer.Duplicate, "c": consumer.DeadLettered, "d": consumer.Dropped}
	s, err := newSieve(replayPlan{Type: "*.sms.*", Shard: "shard-1"}, 0, next, &buried)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, d := range []*consumer.Delivery{
		replayed(t, "a", "kore.sms.sent", "HS1", "shard-1", at),
		replayed(t, "b", "kore.sms.sent", "HS1", "shard-1", at.Add(time.Minute)),
		replayed(t, "c", "kore.sms.sent", "HS2", "shard-1", at.Add(time.Second)),
		replayed(t, "d", "kore.sms.sent", "HS2", "shard-1", at),
		replayed(t, "x", "kore.data.session", "HS2", "shard-1", at),
		replayed(t, "x", "kore.sms.sent", "HS2", "shard-2", at.Add(time.Hour)),
	} {
		if _, err := s.Dispatch(t.Context(), d); err != nil {
			t.Errorf("%s: %v", d.Event.ID, err)
		}
	}
	if _, err := s.Dispatch(t.Context(), replayed(t, "e", "kore.sms.sent", "HS2", "shard-1", at.Add(time.Hour))); err == nil {
		t.Error("a handler's error was swallowed")
	}
	if err := s.Bury(t.Context(), &consumer.DeadLetter{Origin: consumer.Origin{Shard: "shard-1"}}); !errors.Is(err, consumer.ErrNotWanted) || buried != 0 {
		t.Errorf("what is no event was buried though a type was asked for: %d, %v", buried, err)
	}
	got := []int64{s.replayed.Load(), s.duplicates.Load(), s.deadLettered.Load(), s.dropped.Load(), s.skipped.Load()}
	if want := []int64{1, 1, 1, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("replayed, duplicates, dead-lettered, dropped, skipped: got %v, want %v", got, want)
	}
	if got := s.reachedAt("shard-1"); !got.Equal(at.Add(time.Minute)) {
		t.Errorf("reached: got %s, want the latest that is done", got)
	}
}

func TestSieve_RateIsOfEventsThatArePickedAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := newSieve(replayPlan{SIM: "HS1"}, 10, outcomes{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		mine, other := replayed(t, "a", "t", "HS1", "s", time.Now()), replayed(t, "a", "t", "HS2", "s", time.Now())
		begun := time.Now()
		for range 100 {
			if err := errors.Join(s.Admit(t.Context(), other), s.Admit(t.Context(), other)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("events that are not picked waited for %s", took)
		}
		for range 21 {
			if err := s.Admit(t.Context(), mine); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 2*time.Second || took > 2100*time.Millisecond {
			t.Errorf("21 events at 10 a second took %s, want 2 s", took)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Admit(over, mine); err == nil {
			t.Error("an event was let through when reading had ended")
		}
	})
}

func TestReplay_SharesNothingThatMattersWithTheLiveApplication(t *testing.T) {
	t.Parallel()
	live, err := config.Load(config.Sources{NoFiles: true, Flags: map[string]string{
		"stream": "s", "application": "crm", "worker": "one", "dedupe.store": "dynamodb", "lease.max_per_worker": "2",
		"lease.create_table": "false", "source.type": "fan_out", "admin.listen": "127.0.0.1:9090",
	}})
	if err != nil {
		t.Fatal(err)
	}
	before := *live
	cfg := replayConfig(live, "0123abcd")
	if live.Lease != before.Lease || live.Worker != "one" || live.Dedupe != before.Dedupe {
		t.Errorf("the live configuration was changed: %+v", live)
	}
	if got := cfg.LeaseTable(); got != "crm-replay-0123abcd" {
		t.Errorf("lease table: got %s", got)
	}
	if cfg.Worker == "one" || cfg.Dedupe.Store != "memory" || cfg.Admin.Listen != "" || cfg.Lease.MaxPerWorker != 0 || !cfg.Lease.CreateTable {
		t.Errorf("shared with live: worker %s, dedupe %s, admin %s, lease %+v", cfg.Worker, cfg.Dedupe.Store, cfg.Admin.Listen, cfg.Lease)
	}
	if cfg.Application != "crm" {
		t.Errorf("application: got %s: tables of handlers would be others", cfg.Application)
	}
	to := time.Now()
	r := &replay{cfg: cfg, plan: replayPlan{From: to.Add(-time.Hour), To: to}, daemon: &Daemon{cfg: cfg, memory: memoryOf(0)}}
	c := r.consumerConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if c.Source != consumer.Polling || c.PollInterval < time.Second || c.ShardBytes > 2<<20 || !c.End.Equal(to) {
		t.Errorf("reading: got %s every %s with %d bytes in flight until %s", c.Source, c.PollInterval, c.ShardBytes, c.End)
	}
}

func TestReplay_RangeMustBeOfThePast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		from, to time.Time
		want     string
	}{
		{"as it should be", now.Add(-time.Hour), now, ""},
		{"backwards", now.Add(-time.Hour), now.Add(-2 * time.Hour), "--from 2026-03-01T11:00:00Z is not before --to 2026-03-01T10:00:00Z"},
		{"nothing", now, now, "is not before"},
		{"from the future", now.Add(time.Second), now.Add(time.Hour), "--from 2026-03-01T12:00:01Z is in the future"},
		{"into the future", now.Add(-time.Hour), now.Add(time.Second), "--to 2026-03-01T12:00:01Z is in the future"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := checkRange(tt.from, tt.to, now)
			if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReplayProgress_IsTheMeanOfTheShards(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	plan := replayPlan{From: from, To: from.Add(100 * time.Minute)}
	now := from.Add(200 * time.Minute)
	st := consumer.Status{ListedShards: 4, Shards: []consumer.ShardStatus{
		{Shard: "reads", State: consumer.StateReading, Behind: 180 * time.Minute}, // 20 %
		{Shard: "busy", State: consumer.StateReading, Behind: 0, InFlight: 9},     // read to the end, 60 % done
		{Shard: "new", State: consumer.StateReading, Behind: -1},
	}}
	reached := func(shard string) time.Time {
		if shard == "busy" {
			return from.Add(60 * time.Minute)
		}
		return time.Time{}
	}
	leases := []checkpoint.LeaseRow{{Shard: "done", Checkpoint: checkpoint.Position{SequenceNumber: checkpoint.ShardEnd}}, {Shard: "reads"}}
	p := progressOf(st, leases, plan, reached, now)
	if p.done != 1 || p.shards != 4 || p.part < 0.449 || p.part > 0.451 {
		t.Errorf("got %+v, want 1 of 4 shards and 45 %%", p)
	}
}

// lockedBuffer is written to by a replay that runs.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestReplay_DrawsABarAndTakesItAway(t *testing.T) {
	t.Parallel()
	sieve, err := newSieve(replayPlan{}, 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sieve.replayed.Store(1234)
	var out lockedBuffer
	r := &replay{id: "0123abcd", log: zap.NewNop(), sieve: sieve, plan: replayPlan{From: time.Unix(0, 0).UTC(), To: time.Unix(3600, 0).UTC()}}
	done, cancel := context.WithCancel(t.Context())
	first := sync.OnceFunc(cancel)
	r.drawFrom(done, &out, func() replayProgress {
		first()
		return replayProgress{done: 1, shards: 3, part: 0.5}
	})
	text := out.b.String()
	for _, want := range []string{"replay 0123abcd: 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z\n", "1234 events, 1 of 3 shards", "50%"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
	if last := text[strings.LastIndex(strings.TrimRight(text, "\r"), "\r")+1:]; strings.TrimSpace(last) != "" {
		t.Errorf("left behind: %q", last)
	}
}

// TestReplay_RemovesItsTableThoughTheTableIsSlow: at a short failover time a look at
// the table is soon cut short, and nobody else removes what the last worker leaves.
func TestReplay_RemovesItsTableThoughTheTableIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ep := embed.New()
		settings, err := config.Load(config.Sources{NoFiles: true, Flags: map[string]string{"stream": "s", "lease.failover": "2s"}})
		if err != nil {
			t.Fatal(err)
		}
		cfg := replayConfig(settings, "0123abcd")
		core, logs := observer.New(zap.InfoLevel)
		r := &replay{cfg: cfg, log: zap.New(core), daemon: &Daemon{cfg: cfg, clients: newClients(ep.Config())}}
		leases := checkpoint.New(r.daemon.clients.dynamo, leaseConfig(cfg, ""))
		if err := leases.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		slow := ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "Scan", Kind: embed.Slow, Delay: cfg.Lease.Failover, Count: 3})
		r.drop(t.Context())
		if _, err := leases.Load(t.Context()); !tableMissing(err) {
			t.Errorf("the table: got %v, want none any more", err)
		}
		if logs.Len() > 0 || slow.Hits() != 3 {
			t.Errorf("%d slow looks, logged %v, want 3 and nothing", slow.Hits(), logs.All())
		}
	})
}
