package consumer

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
)

func TestBudget_CountsWhatWaitsBehindSlowHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error { return wait(ctx, 2*time.Second) }}
		const shardBytes, events = 256 << 10, 300
		for i := range events {
			sim := testSIMs[i%len(testSIMs)]
			id := fmt.Sprintf("%s/%04d", sim, i)
			w.putRaw(sim, strings.Replace(eventJSON(id, sim), `{"data":{`, `{"pad":"`+strings.Repeat("x", 10<<10)+`","data":{`, 1))
			w.put = append(w.put, id)
		}
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.ShardBytes, c.ProcessBytes = shardBytes, 1<<20 })
		w.await("the first events", func() bool { return len(s.ids()) > 0 })
		for len(s.ids()) < events/2 {
			time.Sleep(500 * time.Millisecond)
			st := p.c.Status().Shards[0]
			// A page may come on top, and what each handler has pins its chunk.
			if held, most := int64(st.InFlight)*10<<10, int64(shardBytes+shardBytes/2+64<<10); held > most {
				t.Fatalf("%d events of 10 KiB in flight, want about %d KiB at most", st.InFlight, most>>10)
			}
		}
		w.awaitEvents(s)
		if st := p.c.Status().Shards[0]; st.InFlightBytes != 0 {
			t.Errorf("nothing is in flight and %d bytes are counted", st.InFlightBytes)
		}
		w.must(p.stop())
		w.complete(s)
	})
}

// Pieces and events share blocks with others, so one that stays long would keep the
// data of those around it, which no budget counts any more.
func TestShard_ASlowEventKeepsNoDataOfOthersThatAreDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		_, err := w.kc.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{
			StreamARN: aws.String(w.ep.StreamARN(testStream)), MaxRecordSizeInKiB: aws.Int32(10 << 10),
		})
		w.must(err)
		w.awaitActive()
		free := make(chan struct{})
		var mu sync.Mutex
		var large []weak.Pointer[byte]
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			if len(d.Event.Raw) < 1<<20 {
				select {
				case <-free:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			large = append(large, weak.Make(&d.Event.Raw[0]))
			return nil
		}}
		w.putEvents(1, testSIMs[0])
		for i := range 8 {
			id := fmt.Sprintf("%s/large-%d", testSIMs[1], i)
			w.putRaw(testSIMs[1], strings.Replace(eventJSON(id, testSIMs[1]), `{"data":{`, `{"pad":"`+strings.Repeat("x", 3<<19)+`","data":{`, 1))
			w.put = append(w.put, id)
		}
		p := w.start("one", s)
		w.await("the large events", func() bool { return len(s.ids()) == 8 })
		synctest.Wait()
		runtime.GC()
		kept := 0
		for _, data := range large {
			if data.Value() != nil {
				kept++
			}
		}
		if st := p.c.Status().Shards[0]; kept > 0 || st.Running != 1 {
			t.Errorf("the data of %d of 8 large events is kept though %d bytes are counted", kept, st.InFlightBytes)
		}
		close(free)
		w.awaitEvents(s)
		w.must(p.stop())
	})
}
