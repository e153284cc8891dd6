package handlers

import (
	"context"
	"strings"
	"testing"

	"korestream/consumer"
)

// panickingBurier has a defect.
type panickingBurier struct{}

func (panickingBurier) Bury(context.Context, *consumer.DeadLetter) error { panic("no such bucket") }

// A single route's panic is the shard's to catch, which parks the key. That of one of
// several is in a goroutine of its own, where it would end the process, and again
// after each restart.
func TestMux_APanicBesideAnotherRouteParksTheEventOnly(t *testing.T) {
	t.Parallel()
	var other scripted
	rs := []Route{to(t, "refuses", always(Permanent(errSinkDown))), to(t, "other", &other)}
	m := newMux(t, panickingBurier{}, attempts(1), rs)
	_, err := m.Dispatch(t.Context(), delivery(t, "EZ1", sessionUpdated))
	if err == nil || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("got %v, want the panic as an error", err)
	}
	if got := m.Stats().Panics; got != 1 {
		t.Errorf("counted %d panics, want 1", got)
	}
}
