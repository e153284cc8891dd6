package handlers

import (
	"testing"

	"korestream/consumer"
	"korestream/event"
)

func TestMux_RecognisesEventsByWhatItIsTold(t *testing.T) {
	t.Parallel()
	const copy1 = `{"data": {"event_sid": "EZ1"}, "id": "a", "type": "t"}`
	const copy2 = `{"data": {"event_sid": "EZ1"}, "id": "b", "type": "t"}`
	const legacyTest = `{"data": {}, "id": "AC0123456789abcdef0123456789abcdef", "type": "com.twilio.eventstreams.test-event"}`
	for name, c := range map[string]struct {
		opts []Option
		want int
	}{
		"event_sid": {nil, 1},
		"id":        {[]Option{WithIdentity((*event.Event).EnvelopeID)}, 2},
	} {
		h := &scripted{}
		m := newMux(t, &memoryBurier{}, attempts(1), []Route{to(t, "h", h)}, append(c.opts, WithDeduper(NewMemoryDeduper(0, 0)))...)
		for _, payload := range []string{copy1, copy2, copy1, copy2} {
			if _, err := m.Dispatch(t.Context(), deliveryOf(t, payload)); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.count(); got != c.want {
			t.Errorf("by %s: two copies were handled %d times, want %d", name, got, c.want)
		}
		for range 2 {
			wantOutcome(t, m, deliveryOf(t, legacyTest), consumer.Handled)
		}
	}
}
