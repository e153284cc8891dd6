package consumer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"korestream/event"
)

func testEventJSON(id string) string {
	return fmt.Sprintf(`{"data":{"test_id":"t"},"id":%q,"type":%q,"source":"kore-events","specversion":"1.0"}`, id, event.TypeTest)
}

func TestTrace_FollowsTheLastTestEventsAndNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.quiet = true
		var tries int
		s := &sink{handle: func(_ context.Context, d *Delivery) error {
			if d.Event.ID != "stubborn" {
				return nil
			}
			if tries++; tries > 2 {
				return nil
			}
			return errors.New("not yet")
		}}
		p := w.start("one", s)
		w.putEvents(3, testSIMs...)
		for n := range tracesKept + 5 {
			w.putRaw(fmt.Sprint(n), testEventJSON(fmt.Sprint("test-", n)))
		}
		at := w.putRaw("k", testEventJSON("stubborn"))
		w.await("the last test event", func() bool {
			all := p.c.Traced()
			return len(all) == tracesKept && !all[tracesKept-1].DoneAt.IsZero()
		})
		all := p.c.Traced()
		for i, got := range all[:tracesKept-1] {
			if want := fmt.Sprint("test-", i+6); got.EventID != want || got.Outcome != Handled || got.Failures != 0 {
				t.Errorf("trace %d: got %+v, want %s, handled", i, got, want)
			}
		}
		last := all[tracesKept-1]
		if last.EventID != "stubborn" || last.SequenceNumber != at || last.Failures != 2 || last.Problem != "not yet" || last.Handler != "" {
			t.Errorf("got %+v, want the event that was parked twice", last)
		}
		if took := last.DoneAt.Sub(last.DecodedAt); took < time.Second {
			t.Errorf("it took %s, want the time that it was parked", took)
		}
		w.must(p.stop())
	})
}
