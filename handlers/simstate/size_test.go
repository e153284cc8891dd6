package simstate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"korestream/handlers/simstate"
)

// grown is a state that has as much in it as events can put there.
func grown(t testing.TB) *simstate.State {
	t.Helper()
	long := func(name string, n int) string { return name + fmt.Sprint(n) + strings.Repeat("\x01", 256) }
	s := new(simstate.State)
	tell := func(id, suffix string, second int, more data) {
		if _, err := s.Apply(happening(t, id, suffix, second, more)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 257 {
		tell(long("EA", i), "attachment.accepted", i, data{
			"rat_type": long("rat", 0), "error": data{"code": math.MaxInt32, "message": long("error", 0)},
			"network": data{"mcc": long("mcc", 0), "mnc": long("mnc", 0), "friendly_name": long("name", 0), "iso_country": long("iso", 0)},
		})
	}
	for n := range 17 {
		for i := range 257 {
			more := session(long("PI", n), n)
			more["data_download"], more["data_upload"], more["data_total"] = math.MaxInt64-i, math.MaxInt64-n, math.MaxInt64-i-n
			more["data_session_update_end_time"] = noon.Add(time.Duration(n*300+i) * time.Second).Format(time.RFC3339)
			tell(long("ES", n*300+i), "data-session.updated", 300, more)
		}
	}
	return s
}

func TestState_HasALargestSize(t *testing.T) {
	t.Parallel()
	s := grown(t)
	if len(s.Sessions) != 16 || len(s.Attachments) != 256 || len(s.Sessions[0].Windows.Latest) != 256 {
		t.Fatalf("got %d sessions of %d windows and %d attachments, want 16 of 256 and 256", len(s.Sessions), len(s.Sessions[0].Windows.Latest), len(s.Attachments))
	}
	n := len(text(t, s))
	t.Logf("the largest state has %d bytes of JSON", n)
	if n < 256<<10 || n >= 1<<20 {
		t.Errorf("got %d bytes, want all that there is and less than 1 MiB", n)
	}
}

func TestState_LongTextsThatDifferStayDifferent(t *testing.T) {
	t.Parallel()
	var s simstate.State
	long := strings.Repeat("ü", 1000)
	apply(t, &s, happening(t, long+"1", "attachment.accepted", 0, data{"rat_type": long}), true)
	apply(t, &s, happening(t, long+"2", "attachment.accepted", 0, data{"rat_type": long}), true)
	apply(t, &s, happening(t, long+"1", "attachment.accepted", 0, data{"rat_type": long}), false)
	if got := s.FlapsPerHour(noon); got != 2 {
		t.Errorf("attachments whose ids differ behind the cut: got %d, want 2", got)
	}
	if n := len(s.RAT.Value); n > 256 || !strings.HasPrefix(long, s.RAT.Value[:100]) {
		t.Errorf("got %d bytes, %.20q…; want the beginning of what was told", n, s.RAT.Value)
	}
}

func TestState_ACloneSharesNothing(t *testing.T) {
	t.Parallel()
	s := grown(t)
	c := s.Clone()
	if text(t, c) != text(t, s) || c.Younger(s) || s.Younger(c) {
		t.Fatal("a clone differs")
	}
	before := text(t, c)
	more := session("PInext", 20)
	more["data_total"] = 1
	apply(t, s, happening(t, "EZ1", "data-session.updated", 4000, more), true)
	s.Attachments = append(s.Attachments[:0], simstate.Attachment{})
	s.Sessions[0].Windows.Latest[0], s.Sessions[0].SID = s.Sessions[0].Windows.Latest[1], ""
	if text(t, c) != before {
		t.Error("a clone changed with its original")
	}
	if !s.Younger(c) || c.Younger(s) {
		t.Error("the state of a younger event is not younger")
	}
}
