package simstate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"korestream/event"
	"korestream/event/fleet"
	"korestream/handlers/simstate"
)

// wantAnyOrder applies a history in order, and then often shuffled, with
// repetitions, and stored and read in between. All must end in one state.
func wantAnyOrder(t *testing.T, r *rand.Rand, history []*event.Event) {
	t.Helper()
	var inOrder simstate.State
	for _, e := range history {
		if _, err := inOrder.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	want := text(t, &inOrder)
	for round := range 3 {
		s := new(simstate.State)
		mixed := append([]*event.Event(nil), history...)
		for range len(history) / 2 {
			mixed = append(mixed, history[r.IntN(len(history))])
		}
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for _, e := range mixed {
			look := r.IntN(8) == 0 // it costs more than all else
			before := ""
			if look {
				s = reread(t, s)
				before = text(t, s)
			}
			changed, err := s.Apply(e)
			if err != nil {
				t.Fatal(err)
			}
			if look && changed != (text(t, s) != before) {
				t.Fatalf("apply %s: got changed %t from %s to %s", e.ID, changed, before, text(t, s))
			}
		}
		if got := text(t, s); got != want {
			t.Fatalf("round %d of %d events: got\n%s\nwant, as in order\n%s", round, len(history), got, want)
		}
		for _, e := range history {
			apply(t, s, e, false)
		}
	}
}

func reread(t *testing.T, s *simstate.State) *simstate.State {
	t.Helper()
	again := new(simstate.State)
	if err := json.Unmarshal([]byte(text(t, s)), again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestState_IsTheSameInAnyOrder_OfAFleet(t *testing.T) {
	t.Parallel()
	cfg := fleet.DefaultConfig()
	cfg.Seed, cfg.SIMs, cfg.Broken = 7, 6, 0
	traffic := fleet.New(cfg)
	histories := map[string][]*event.Event{}
	for range 1200 {
		items, err := event.Decode(traffic.Next().Data)
		if err != nil || len(items) != 1 || items[0].Err != nil {
			t.Fatalf("got %v, %v; want one event", items, err)
		}
		e := items[0].Event
		var s simstate.State
		if _, err := s.Apply(e); err == nil && e.SIM() != "" {
			histories[e.SIM()] = append(histories[e.SIM()], e)
		}
	}
	if len(histories) < cfg.SIMs {
		t.Fatalf("got events of %d SIMs, want %d", len(histories), cfg.SIMs)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, history := range histories {
		wantAnyOrder(t, r, history)
	}
}

func TestState_IsTheSameInAnyOrder_OfOddHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 3))
		var history []*event.Event
		for i := range 30 + r.IntN(120) {
			history = append(history, anything(t, r, i))
		}
		wantAnyOrder(t, r, history)
	}
}

// anything is an event such as a fleet hardly has: many share their seconds,
// some have no time at all, and schema versions change within a session.
func anything(t *testing.T, r *rand.Rand, i int) *event.Event {
	t.Helper()
	suffixes := []string{
		"attachment.accepted", "attachment.accepted", "attachment.rejected", "attachment.failed",
		"data-session.started", "data-session.updated", "data-session.updated", "data-session.ended", "data-session.failed",
	}
	suffix := suffixes[r.IntN(len(suffixes))]
	at := 600 * r.IntN(24)
	d := data{"sim_sid": theSIM, "sim_iccid": fmt.Sprint("8988307", r.IntN(3))}
	if r.IntN(20) > 0 {
		d["timestamp"] = noon.Add(time.Duration(at) * time.Second).Format(time.RFC3339)
	}
	if r.IntN(3) > 0 {
		d["rat_type"], d["network"] = fmt.Sprint("RAT ", r.IntN(5)), data{"mcc": "310", "mnc": fmt.Sprint(r.IntN(99))}
	}
	if r.IntN(4) == 0 {
		d["error"] = data{"code": 83700 + r.IntN(6), "message": fmt.Sprint(r.IntN(1000))}
	}
	n := r.IntN(30) // more sessions than are kept
	d["data_session_sid"], d["data_session_start_time"] = fmt.Sprint("PI", n), noon.Add(time.Duration(n/2)*time.Minute).Format(time.RFC3339)
	window := r.IntN(20)
	d["data_session_update_end_time"] = noon.Add(time.Duration(window) * time.Minute).Format(time.RFC3339)
	switch r.IntN(3) {
	case 0:
		d["data_session_data_total"], d["data_total"] = r.IntN(1e6), r.IntN(1e4)
	case 1:
		d["data_download"], d["data_upload"] = window*n, r.IntN(10)
	}
	e := data{"id": fmt.Sprint("EZ", i), "type": "supersim.connection." + suffix, "data": d}
	if r.IntN(3) > 0 {
		e["time"] = noon.Add(time.Duration(at)*time.Second + time.Duration(r.IntN(3))*100*time.Millisecond).Format(time.RFC3339Nano)
	}
	return decode(t, e)
}

func TestState_IsTheSameInAnyOrder_OfAnAttachStorm(t *testing.T) {
	t.Parallel()
	var history []*event.Event
	for i := range 300 { // more than are kept
		history = append(history, happening(t, fmt.Sprint("EZ", i), "attachment.accepted", i, nil))
	}
	wantAnyOrder(t, rand.New(rand.NewPCG(5, 5)), history)
}
