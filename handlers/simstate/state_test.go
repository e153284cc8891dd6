package simstate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"korestream/event"
	"korestream/handlers/simstate"
)

const theSIM = "HS00000000000000000000000000000001"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// data is the data of an event beyond what all have.
type data = map[string]any

// happening is an event of theSIM some seconds after noon.
func happening(t testing.TB, id, suffix string, seconds int, more data) *event.Event {
	t.Helper()
	d := data{"sim_sid": theSIM, "sim_iccid": "89883070000000000001", "timestamp": noon.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339)}
	maps.Copy(d, more)
	return decode(t, data{"id": id, "type": "com.kore.iot.supersim.connection." + suffix, "data": d})
}

func decode(t testing.TB, envelope data) *event.Event {
	t.Helper()
	payload, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	items, err := event.Decode(payload)
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("decode %s: got %v, %v; want one event", payload, items, err)
	}
	return items[0].Event
}

func apply(t testing.TB, s *simstate.State, e *event.Event, want bool) {
	t.Helper()
	got, err := s.Apply(e)
	if err != nil || got != want {
		t.Fatalf("apply %s: got changed %t, error %v; want changed %t", e.ID, got, err, want)
	}
}

func text(t testing.TB, s *simstate.State) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func session(sid string, start int) data {
	return data{"data_session_sid": sid, "data_session_start_time": noon.Add(time.Duration(start) * time.Second).Format(time.RFC3339)}
}

func with(base, more data) data {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

func TestState_TellsWhatASIMDoes(t *testing.T) {
	t.Parallel()
	var s simstate.State
	network := data{"network": data{"mcc": "310", "mnc": "170", "friendly_name": "AT&T", "iso_country": "US"}, "rat_type": "4G LTE"}
	apply(t, &s, happening(t, "EZ1", "attachment.rejected", 0, data{
		"error":   data{"code": 83702, "message": "Network Not Allowed"},
		"network": data{"mcc": "262", "mnc": "01"},
	}), true)
	if s.Attached.Value || !s.Attached.IsKnown() || s.Network.IsKnown() {
		t.Errorf("rejected: got attached %+v, network %+v; want not attached, and no network", s.Attached, s.Network)
	}
	apply(t, &s, happening(t, "EZ2", "attachment.accepted", 10, network), true)
	apply(t, &s, happening(t, "EZ3", "data-session.started", 20, session("PI1", 20)), true)
	apply(t, &s, happening(t, "EZ4", "data-session-updated", 380, with(session("PI1", 20), data{
		"data_total": 30, "data_session_data_download": 20, "data_session_data_upload": 10, "data_session_data_total": 30,
	})), true)
	if !s.Attached.Value || s.SIM != theSIM || s.ICCID.Value != "89883070000000000001" || s.RAT.Value != "4G LTE" {
		t.Errorf("got %+v, want an attached SIM on 4G", s)
	}
	if want := (simstate.Network{MCC: "310", MNC: "170", Name: "AT&T", Country: "US"}); s.Network.Value != want {
		t.Errorf("got network %+v, want %+v", s.Network.Value, want)
	}
	if want := (simstate.Error{Code: event.CodeRejectedNetwork, Message: "Network Not Allowed"}); s.Error.Value != want || !s.Error.By.At.Equal(noon) {
		t.Errorf("got error %+v, want %+v at noon", s.Error, want)
	}
	if c := s.Session(); c == nil || c.SID != "PI1" || !c.Start.Equal(noon.Add(20*time.Second)) || c.Usage() != (simstate.Usage{Download: 20, Upload: 10, Total: 30}) {
		t.Errorf("got session %+v, want PI1 with 30 bytes", c)
	}
	apply(t, &s, happening(t, "EZ5", "data-session.ended", 400, with(session("PI1", 20), data{"data_session_data_total": 40})), true)
	if s.Session() != nil || s.Sessions[0].Usage().Total != 40 || s.Last.By.ID != "EZ5" || s.Last.Value != event.SuffixDataSessionEnded {
		t.Errorf("got %+v, want no current session, 40 bytes, and EZ5 last", s)
	}
}

func TestState_GoesByWhenItHappened(t *testing.T) {
	t.Parallel()
	var s simstate.State
	apply(t, &s, happening(t, "EZ2", "attachment.accepted", 10, data{"rat_type": "NB-IoT"}), true)
	apply(t, &s, happening(t, "EZ1", "attachment.rejected", 0, nil), false)
	if !s.Attached.Value || s.Last.By.ID != "EZ2" {
		t.Errorf("got attached %+v, last %+v; want what happened last, not what came last", s.Attached, s.Last)
	}
	apply(t, &s, happening(t, "EZ2", "attachment.accepted", 10, data{"rat_type": "NB-IoT"}), false)
}

func TestState_GoesByTheEnvelopeWithinASecond(t *testing.T) {
	t.Parallel()
	var s simstate.State
	for i, suffix := range []string{"attachment.rejected", "attachment.accepted", "attachment.failed"} {
		e := happening(t, fmt.Sprint("EZ", 3-i), suffix, 0, nil)
		sent := *e
		sent.Time = noon.Add(time.Duration(i) * time.Millisecond)
		apply(t, &s, &sent, true)
	}
	if s.Last.By.ID != "EZ1" || s.Attached.Value {
		t.Errorf("got last %+v, attached %+v; want EZ1, which was sent last", s.Last, s.Attached)
	}
}

func TestState_TheEndOfASessionSaysNothingOfTheAttachment(t *testing.T) {
	t.Parallel()
	var s simstate.State
	apply(t, &s, happening(t, "EZ1", "data-session.started", 0, session("PI1", 0)), true)
	apply(t, &s, happening(t, "EZ2", "attachment.failed", 10, nil), true)
	apply(t, &s, happening(t, "EZ3", "data-session.ended", 20, session("PI1", 0)), true)
	apply(t, &s, happening(t, "EZ4", "data-session.failed", 30, nil), true)
	if s.Attached.Value || s.Attached.By.ID != "EZ2" {
		t.Errorf("got attached %+v, want what EZ2 told", s.Attached)
	}
}

func TestState_CountsFlapsOfTheTrailingHour(t *testing.T) {
	t.Parallel()
	var s simstate.State
	for i := range 5 {
		apply(t, &s, happening(t, fmt.Sprint("EZ", i), "attachment.accepted", i*1000, nil), true)
	}
	// 0, 1000, 2000, 3000 and 4000 seconds after noon.
	for _, tt := range []struct{ now, want int }{{4000, 4}, {4600, 3}, {6000, 2}, {7600, 0}} {
		if got := s.FlapsPerHour(noon.Add(time.Duration(tt.now) * time.Second)); got != tt.want {
			t.Errorf("after %d s: got %d, want %d", tt.now, got, tt.want)
		}
	}
	apply(t, &s, happening(t, "EZlate", "attachment.accepted", 400, nil), false)
	apply(t, &s, happening(t, "EZless", "attachment.accepted", 500, nil), true)
}

func TestState_CountsEachWindowOfASessionOnce(t *testing.T) {
	t.Parallel()
	var s simstate.State
	update := func(id string, end, down int) *event.Event {
		return happening(t, id, "data-session.updated", end, with(session("PI1", 0), data{
			"data_download": down, "data_upload": 1,
			"data_session_update_end_time": noon.Add(time.Duration(end) * time.Second).Format(time.RFC3339),
		}))
	}
	apply(t, &s, update("EZ1", 360, 100), true)
	apply(t, &s, update("EZ2", 720, 200), true)
	apply(t, &s, update("EZ1", 360, 100), false)
	apply(t, &s, update("EZ1copy", 360, 100), false)
	later := with(session("PI1", 0), data{"data_download": 100, "data_upload": 1, "data_session_update_end_time": "2026-03-01T12:06:00Z"})
	apply(t, &s, happening(t, "EZ1again", "data-session.updated", 700, later), false)
	if got, want := s.Session().Usage(), (simstate.Usage{Download: 300, Upload: 2, Total: 302}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// More windows than are kept, and then all of them again.
	for range 2 {
		for i := range 1000 {
			if _, err := s.Apply(update(fmt.Sprint("EZ", i+1), 360*(i+1), 100)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.Session().Usage(); got.Upload != 1000 || got.Download != 1000*100+100 {
		t.Errorf("after 1,000 windows, twice: got %+v, want 1000 bytes up and 100100 down", got)
	}
	if n := len(text(t, &s)); n > 20<<10 {
		t.Errorf("the state has %d bytes, want no more than 20 KiB", n)
	}
}

func TestState_IsBounded(t *testing.T) {
	t.Parallel()
	var s simstate.State
	for i := range 2000 {
		for _, e := range []*event.Event{
			happening(t, fmt.Sprint("EA", i), "attachment.accepted", i, nil),
			happening(t, fmt.Sprint("ES", i), "data-session.started", i, session(fmt.Sprint("PI", i), i)),
		} {
			if _, err := s.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(s.Sessions) != 16 || s.Session().SID != "PI1999" || s.FlapsPerHour(noon.Add(2000*time.Second)) != 256 {
		t.Errorf("got %d sessions, %+v, %d attachments; want the latest 16 and 256", len(s.Sessions), s.Session(), len(s.Attachments))
	}
}

func TestState_IgnoresWhatSaysNothing(t *testing.T) {
	t.Parallel()
	var s simstate.State
	for _, e := range []*event.Event{
		decode(t, data{"id": "1", "type": "com.kore.eventstreams.test.event", "data": data{"test_id": "x"}}),
		decode(t, data{"id": "2", "type": "com.kore.iot.supersim.command.sent", "data": data{"sim_sid": theSIM}}),
		decode(t, data{"id": "3", "type": "com.kore.iot.supersim.connection.attachment.accepted", "data": data{"imsi": "1"}}),
		happening(t, "4", "attachment.pending", 0, nil),
	} {
		apply(t, &s, e, false)
	}
	if got := text(t, &s); got != `{"sim":""}` {
		t.Errorf("got %s, want an empty state", got)
	}
}

func TestState_RefusesWhatItCannotTakeIn(t *testing.T) {
	t.Parallel()
	var s simstate.State
	apply(t, &s, happening(t, "EZ1", "attachment.accepted", 0, nil), true)
	before := text(t, &s)
	for name, e := range map[string]*event.Event{
		"a count that is none": happening(t, "EZ2", "data-session.updated", 1, data{"data_total": "many"}),
		"another SIM":          happening(t, "EZ3", "attachment.accepted", 1, data{"sim_sid": "HSother"}),
	} {
		if changed, err := s.Apply(e); err == nil || changed || !strings.Contains(err.Error(), e.ID) {
			t.Errorf("%s: got changed %t, error %v; want an error that names the event", name, changed, err)
		}
	}
	if got := text(t, &s); got != before {
		t.Errorf("got %s, want the state as it was: %s", got, before)
	}
}

func TestState_CanBeStoredWhateverAnEventSays(t *testing.T) {
	t.Parallel()
	var s simstate.State
	for i, more := range []data{
		{"timestamp": "9999-12-31T23:59:59-23:59", "rat_type": "4G\x00LTE", "network": data{"friendly_name": "A\x00B"}},
		{"timestamp": "0000-01-01T00:00:00+23:00", "error": data{"code": 1, "message": "\x00"}},
		{"timestamp": "noon", "data_session_sid": "PI\x00", "data_total": math.MaxInt64, "data_session_end_time": "9999-12-31T23:59:59-01:00"},
		{"data_session_sid": "PI\x00", "data_total": math.MaxInt64, "data_upload": -5},
	} {
		if _, err := s.Apply(happening(t, fmt.Sprint("EZ\x00", i), "data-session.ended", i, more)); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(t, &s); strings.Contains(got, `\u0000`) {
		t.Errorf("got %s, want no NUL", got)
	}
	if got := s.Sessions[0].Usage(); got.Total != math.MaxInt64 || got.Upload != 0 {
		t.Errorf("got %+v, want a total that stays at the largest number and no negative bytes", got)
	}
}
