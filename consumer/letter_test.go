package consumer

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
)

func TestConsumer_LetterThatIsNotWantedIsDroppedAndTheRecordDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putRaw("HS01", `{"id":"x"`)
		w.putEvents(1, "HS01")
		s := &sink{bury: func(context.Context, *DeadLetter) error { return fmt.Errorf("filter: %w", ErrNotWanted) }}
		p := w.start("one", s)
		w.awaitEvents(s)
		w.must(p.stop())
		if got := p.c.Status().Totals; got.Dropped != 1 || got.DeadLettered != 0 || len(s.letters) != 0 {
			t.Errorf("got %+v and letters %v, want one record dropped", got, s.letters)
		}
		w.resumesEmpty()
	})
}
