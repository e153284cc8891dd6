package consumer

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

// by has the shards read in one way.
func by(kind SourceKind) func(*Config, *checkpoint.Config) {
	return func(c *Config, _ *checkpoint.Config) { c.Source = kind }
}

func TestFanOut_EveryEventOnceThroughSplitsMergesAndHandOvers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		first, second := &sink{}, &sink{}
		p := w.start("one", first, by(FanOut))
		w.putEvents(5, testSIMs...)
		w.awaitEvents(first)
		w.split(0)
		w.putEvents(5, testSIMs...)
		q := w.start("two", second, by(FanOut))
		w.await("both to have shards", func() bool { return len(q.c.Status().Shards) > 0 })
		w.merge()
		for range 10 {
			w.putEvents(1, testSIMs...)
			time.Sleep(time.Second)
		}
		w.must(p.stop())
		w.putEvents(5, testSIMs...)
		w.await("all events", func() bool { return len(first.ids())+len(second.ids()) >= len(w.put) })
		w.must(q.stop())
		w.complete(first, second)
	})
}

func TestFanOut_BringsEventsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		var mu sync.Mutex
		var slowest time.Duration
		s := &sink{handle: func(_ context.Context, d *Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(d.ArrivedAt))
			return nil
		}}
		p := w.start("one", s, by(FanOut))
		w.await("the shard", func() bool { return len(p.c.Status().Shards) == 1 })
		time.Sleep(10 * time.Second)
		for range 50 {
			w.putEvents(1, testSIMs...)
			time.Sleep(130 * time.Millisecond)
		}
		w.awaitEvents(s)
		w.must(p.stop())
		if slowest > 100*time.Millisecond {
			t.Errorf("the slowest event took %s from its arrival to its handler, want 100ms at most", slowest)
		}
		w.complete(s)
	})
}

func TestFanOut_GoesOnThoughASubscriptionLastsFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.quiet = true
		s := &sink{}
		p := w.start("one", s, by(FanOut))
		for range 8 {
			w.putEvents(1, testSIMs...)
			time.Sleep(2 * time.Minute)
		}
		w.awaitEvents(s)
		if st := p.c.Status().Shards[0]; st.State != StateReading || time.Since(st.TriedAt) > time.Minute {
			t.Errorf("got %s, last tried %s ago; want reading", st.State, time.Since(st.TriedAt))
		}
		w.must(p.stop())
		w.complete(s)
	})
}

func TestFanOut_OutlivesWhateverKinesisDoes(t *testing.T) {
	t.Parallel()
	const op = "SubscribeToShard"
	tests := map[string]embed.Fault{
		"throttles":               {Operation: op, Kind: embed.Throttle, Rate: 0.5},
		"server errors":           {Operation: op, Kind: embed.ServerError, Rate: 0.5},
		"streams that are cut":    {Operation: op, Kind: embed.CutConnection, Rate: 0.7},
		"calls that hang":         {Operation: op, Kind: embed.Hang, Count: 3},
		"a key locked for a time": {Operation: op, Kind: embed.KMSError, Count: 5},
		"access denied for a time": {
			Operation: op, Kind: embed.AccessDenied, Count: 5,
		},
	}
	for name, fault := range tests {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				t.Parallel()
				outlives(t, seed, []embed.Fault{fault}, 10*time.Second, by(FanOut))
			})
		}
	}
}

func TestFanOut_ASlowHandlerMakesKinesisWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		release := make(chan struct{})
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}}
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) {
			c.Source, c.ShardBytes, c.ProcessBytes = FanOut, 4<<10, 8<<10
		})
		w.await("the shard", func() bool { return len(p.c.Status().Shards) == 1 })
		for range 40 {
			w.putEvents(1, testSIMs...)
			time.Sleep(300 * time.Millisecond)
		}
		st := p.c.Status().Shards[0]
		if st.State != StateFull || st.InFlightBytes > 12<<10 {
			t.Errorf("got %s with %d bytes in flight, want full with the budget and a page at most", st.State, st.InFlightBytes)
		}
		time.Sleep(10 * time.Minute) // longer than a subscription lasts
		close(release)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}

func TestFanOut_RegistersItsConsumerAndSaysIfItCannot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		got, err := EnsureStreamConsumer(t.Context(), w.kc, testStream, "", "korestream")
		w.must(err)
		again, err := EnsureStreamConsumer(t.Context(), w.kc, testStream, "", got)
		if err != nil || again != got {
			t.Errorf("by its ARN: got %s, %v; want %s", again, err, got)
		}
		if _, err = EnsureStreamConsumer(t.Context(), w.kc, testStream, "", got+"9"); err == nil {
			t.Error("got a consumer that there is not")
		}
		stream, err := w.kc.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(testStream)})
		w.must(err)
		for i := range 19 { // twenty is AWS's limit
			_, err := EnsureStreamConsumer(t.Context(), w.kc, testStream, *stream.StreamDescriptionSummary.StreamARN, fmt.Sprint("other-", i))
			w.must(err)
		}
		_, err = EnsureStreamConsumer(t.Context(), w.kc, testStream, "", "one-too-many")
		if !isErr(err, ErrStreamConsumer) {
			t.Errorf("with twenty consumers: got %v, want ErrStreamConsumer", err)
		}
	})
}
