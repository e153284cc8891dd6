package consumer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
