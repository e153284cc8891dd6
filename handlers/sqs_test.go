package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"korestream/consumer"
)

// sqsEvent is the nth event of a SIM.
func sqsEvent(t testing.TB, sim string, n int) *consumer.Delivery {
	t.Helper()
	return deliveryOf(t, fmt.Sprintf(`{"id": "EZ-%s-%d", "type": %q, "time": "2026-03-01T12:00:00Z", "data": {"sim_sid": %q, "n": %d}}`, sim, n, sessionUpdated, sim, n))
}

func wantSQSBodies(t *testing.T, w *sqsWorld, ds []*consumer.Delivery) {
	t.Helper()
	var got, want []string
	for _, m := range w.receive() {
		got = append(got, *m.Body)
	}
	for _, d := range ds {
		want = append(want, string(d.Event.Raw))
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what the queue received (+) is not what was sent (-), once each:\n%s", d)
	}
}

func TestSQS_SendsEachEventAsReceivedWithItsAttributes(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	payload := "{ \"type\":\t\"t\",\n \"id\": \"<é&\\u0001>\", \"time\": \"then\", \"data\": {\"x\": \"\u2028\ufffd\"}, \"n\": 1.0 }"
	d := deliveryOf(t, payload)
	if err := s.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	plain := deliveryOf(t, `{"id": "EZ1", "type": "t"}`)
	if err := s.Handle(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	got := w.receive()
	if len(got) != 2 || *got[0].Body != payload || *got[1].Body != `{"id": "EZ1", "type": "t"}` {
		t.Fatalf("got %d messages, want the two events byte by byte", len(got))
	}
	// The id has a control character, which no attribute may have.
	if diff := cmp.Diff(map[string]string{"event_type": "t", "event_time": "then"}, attributesOf(got[0])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"event_type": "t", "event_id": "EZ1"}, attributesOf(got[1])); diff != "" {
		t.Error(diff)
	}
}

func TestSQS_BatchesArriveOnceEach(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	var ds []*consumer.Delivery
	for i := range 25 {
		ds = append(ds, sqsEvent(t, fmt.Sprint("HS", i), i))
	}
	if errs := s.HandleBatch(t.Context(), ds); errs != nil {
		t.Fatalf("got %v, want no errors", errs)
	}
	if n := w.front.count("SendMessageBatch"); n != 3 {
		t.Errorf("got %d requests for 25 events, want 3", n)
	}
	wantSQSBodies(t, w, ds)
}

func TestSQS_FIFOKeepsTheOrderOfEachSIMAndDropsRepeats(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, true, nil)
	s := w.open()
	const sims, events = 3, 8
	for n := range events {
		var ds []*consumer.Delivery
		for sim := range sims {
			ds = append(ds, sqsEvent(t, fmt.Sprint("HS", sim), n))
		}
		for range 2 { // the second is a replay
			if errs := s.HandleBatch(t.Context(), ds); errs != nil {
				t.Fatalf("got %v, want no errors", errs)
			}
		}
		if err := s.Handle(t.Context(), ds[0]); err != nil {
			t.Fatal(err)
		}
	}
	got := make(map[string][]string)
	for _, m := range w.receive() {
		group := m.Attributes["MessageGroupId"]
		got[group] = append(got[group], m.Attributes["MessageDeduplicationId"])
	}
	want := make(map[string][]string)
	for sim := range sims {
		for n := range events {
			group := fmt.Sprint("HS", sim)
			want[group] = append(want[group], fmt.Sprintf("EZ-%s-%d", group, n))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSQS_GroupAndDeduplicationAreAlwaysOnesThatSQSTakes(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, true, nil)
	s := w.open()
	long := strings.Repeat("é", 100)
	for _, d := range []*consumer.Delivery{
		deliveryOf(t, fmt.Sprintf(`{"id": %q, "type": "t", "data": {"sim_sid": %q}}`, long, long)),
		// A legacy test event has its account's id: each is to be sent.
		deliveryOf(t, `{"id": "AC00000000000000000000000000000000", "type": "com.twilio.eventstreams.test-event"}`),
	} {
		m, err := s.message(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if m.group == "" || len(m.group) > 128 || m.once == "" || len(m.once) > 128 || m.once == d.Event.ID {
			t.Errorf("got group %q and deduplication id %q", m.group, m.once)
		}
		if err := s.Handle(t.Context(), d); err != nil {
			t.Error(err)
		}
	}
	if n := len(w.receive()); n != 2 {
		t.Errorf("got %d messages, want 2", n)
	}
	d := deliveryOf(t, `{"id": "EZ1", "type": "t"}`)
	if m, _ := s.message(t.Context(), d); m.group != d.PartitionKey {
		t.Errorf("event of no SIM: got group %q, want its partition key %q", m.group, d.PartitionKey)
	}
}

func TestSQS_ABatchRefusedAsAWholeGoesOneByOne(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	w.front.set(func(rw http.ResponseWriter, operation string) bool {
		if operation != "SendMessageBatch" {
			return false
		}
		sqsError(rw, http.StatusBadRequest, "BatchRequestTooLong")
		return true
	})
	ds := []*consumer.Delivery{sqsEvent(t, "HS1", 1), sqsEvent(t, "HS2", 1), sqsEvent(t, "HS3", 1)}
	if errs := s.HandleBatch(t.Context(), ds); errs != nil {
		t.Errorf("got %v, want all handled", errs)
	}
	if n := w.front.count("SendMessage"); n != 3 {
		t.Errorf("got %d single requests, want 3", n)
	}
	wantSQSBodies(t, w, ds)
}

func TestSQS_PartsOfABatchFailAlone(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	const answer = `{"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": %q},
		{"Id": "5", "MessageId": "m", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e"}], "Failed": [
		{"Id": "1", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "no"},
		{"Id": "2", "SenderFault": true, "Code": "ThrottlingException", "Message": "slow"},
		{"Id": "3", "SenderFault": false, "Code": "InternalError", "Message": "oops"}]}`
	ds := make([]*consumer.Delivery, 6)
	for i := range ds {
		ds[i] = sqsEvent(t, fmt.Sprint("HS", i), 1)
	}
	w.front.set(func(rw http.ResponseWriter, _ string) bool {
		rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprintf(rw, answer, md5Hex(ds[0].Event.Raw))
		return true
	})
	errs := s.HandleBatch(t.Context(), ds)
	if len(errs) != len(ds) {
		t.Fatalf("got %d errors, want %d", len(errs), len(ds))
	}
	var got []string
	for _, err := range errs {
		got = append(got, kindOfError(err))
	}
	want := []string{"nil", "permanent", "unavailable", "unavailable", "plain", "plain"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(the last two: not mentioned, and stored with another checksum)\n%s\n%v", d, errs)
	}
}

func kindOfError(err error) string {
	switch {
	case err == nil:
		return "nil"
	case IsPermanent(err):
		return "permanent"
	case IsUnavailable(err):
		return "unavailable"
	}
	return "plain"
}
