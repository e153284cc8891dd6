package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"korestream/event"
)

// one decodes a payload of one event.
func one(tb testing.TB, d *event.Decoder, payload []byte) *event.Event {
	tb.Helper()
	items, err := d.Append(nil, payload)
	if err != nil || len(items) != 1 || items[0].Event == nil {
		tb.Fatalf("got %+v, %v, want one event", items, err)
	}
	return items[0].Event
}

func TestDecoder_StringsOutliveThePayload(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	another := ordinary(300)
	for _, payload := range [][]byte{
		ordinary(1080),
		[]byte(`{"id":"\u0041","type":"t\/u","subject":"s","time":17,"data":"{\"sim_sid\":\"HS\",\"event_sid\":\"E\\u0031\"}"}`),
		[]byte(`{"id":"a","type":"t","time":"2025-11-26T09:11:44Z","data":"{}","source":"` + strings.Repeat("x", 5000) + `"}`),
	} {
		e := one(t, &d, payload)
		show := func() string {
			return fmt.Sprintf("%q", []string{
				e.ID, e.Type, e.Source, e.SpecVersion, e.DataSchema, e.DataContentType, e.Subject, e.TimeText, e.SIM(), e.DedupeID(),
			})
		}
		before := show()
		for i := range payload {
			payload[i] = '#'
		}
		for range 100 {
			one(t, &d, another) // nor may a later event write over them
		}
		if after := show(); after != before {
			t.Errorf("got %s after the payload was used again, want %s", after, before)
		}
	}
}

func TestDecoder_AppendsToWhatIsThere(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	items, err := d.Append(nil, []byte(`{"id":"1","type":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	if items, err = d.Append(items, []byte(`[{"id":"2","type":"t"},7`)); err == nil || len(items) != 1 {
		t.Fatalf("got %d items and %v for a broken array, want the one before and an error", len(items), err)
	}
	if items, err = d.Append(items, []byte(`[{"id":"2","type":"t"},7]`)); err != nil || len(items) != 3 {
		t.Fatalf("got %d items and %v, want 3", len(items), err)
	}
	if items[0].Event.ID != "1" || items[1].Event.ID != "2" || items[2].Err == nil {
		t.Errorf("got %+v, want events 1 and 2 and an error", items)
	}
}

func TestDecoder_LargePayloadsShareNoEventsWithOthers(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	small := []byte(`{"id":"1","type":"t"}`)
	first := one(t, &d, small)
	large := one(t, &d, withCells(100_000))
	second := one(t, &d, small)
	distance := func(a, b *event.Event) string { return fmt.Sprintf("%p %p", a, b) }
	if first == large || second == large || first.ID != "1" || second.ID != "1" || large.SIM() != "HS1" {
		t.Errorf("events are mixed up: %s", distance(first, large))
	}
}

func TestDecoder_ASlabFillsASizeClass(t *testing.T) {
	t.Parallel()
	const header, slabSize = 8, 6784 // see runtime/sizeclasses.go
	if got := event.SizeOfSlab + header; got > slabSize || got+slabSize/20 < slabSize {
		t.Errorf("a slab takes %d bytes, want %d or hardly less", got, slabSize)
	}
}

// The allocations of other tests would be counted too, so that this one runs alone.
func TestDecoder_AllocatesOnceInTenEventsAtMost(t *testing.T) {
	var d event.Decoder
	var items []event.Item
	payload := ordinary(1080)
	const events = 1000
	allocs := testing.AllocsPerRun(5, func() {
		for range events {
			var err error
			if items, err = d.Append(items[:0], payload); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs > events/10 {
		t.Errorf("got %.0f allocations for %d events, want %d at most", allocs, events, events/10)
	}
	e := items[0].Event
	if n := testing.AllocsPerRun(100, func() { _, _ = e.SIM(), e.DedupeID() }); n != 0 || e.SIM() == "" {
		t.Errorf("SIM and DedupeID allocate %.0f times, want none", n)
	}
}

// manyNames is an object with as many names as fit into a payload. They begin
// and end alike, which is what the decoder's own hash goes by.
func manyNames(last string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"id":"1","type":"t","data":{`)
	for i := 0; b.Len() < event.MaxSize-100; i++ {
		fmt.Fprintf(&b, `"aaaaaaaa%06daaaaaaaa":1,`, i)
	}
	b.WriteString(last + `:1}}`)
	return b.Bytes()
}

func TestDecoder_ALargeObjectIsNotQuadratic(t *testing.T) {
	t.Parallel()
	const bound = 20 * time.Second // comparing each with each takes minutes; the map a fraction of a second
	var d event.Decoder
	payload := manyNames(`"aaaaaaaa\u003000001aaaaaaaa"`)
	at := time.Now()
	_, err := d.Append(nil, payload)
	t.Logf("%d bytes took %s", len(payload), time.Since(at))
	if took := time.Since(at); took > bound {
		t.Errorf("took %s, want well under %s", took, bound)
	}
	if err == nil || !strings.Contains(err.Error(), event.ReasonDuplicateKey) {
		t.Errorf("got %v, want the name that is there twice", err)
	}
}

func TestDecoder_AReusedEventIsEmptyAndItsStringsStay(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	decode := func(id string) *event.Event {
		items, err := d.Append(nil, []byte(`{"id":"`+id+`","type":"t","data":{"sim_sid":"HS`+id+`"}}`))
		if err != nil || items[0].Err != nil {
			t.Fatal(err, items)
		}
		return items[0].Event
	}
	first, other := decode("one"), decode("other")
	id, sim := first.ID, first.SIM()
	d.Reuse(first)
	if first.ID != "" || first.Raw != nil || first.SIM() != "" {
		t.Errorf("an event that was taken back still says %+v", *first)
	}
	second := decode("two")
	if second != first {
		t.Error("an event that was taken back is not used again")
	}
	if second.ID != "two" || second.SIM() != "HStwo" || id != "one" || sim != "HSone" {
		t.Errorf("got %q of %q, and %q of %q before, want two of HStwo and one of HSone", second.ID, second.SIM(), id, sim)
	}
	if third := decode("three"); third == second || third == other {
		t.Error("an event is used that nobody has given back")
	}
}

func TestDecoder_AnEventThatIsKeptKeepsNoLargePayload(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	decode := func(payload []byte) *event.Event {
		items, err := d.Append(nil, payload)
		if err != nil || items[0].Err != nil {
			t.Fatal(err, items)
		}
		return items[0].Event
	}
	small := []byte(`{"id":"small","type":"t"}`)
	kept := decode(small)
	d.Reuse(decode(small)) // it shares a block with the one that is kept
	large := func() weak.Pointer[byte] {
		payload := []byte(`{"id":"large","type":"t","data":"` + strings.Repeat("a", 1<<20) + `"}`)
		decode(payload)
		return weak.Make(&payload[0])
	}()
	runtime.GC()
	if large.Value() != nil {
		t.Error("a large payload is kept by an event of another one")
	}
	runtime.KeepAlive(kept)
	if again := decode(small); again.ID != "small" {
		t.Errorf("got %q behind a large payload", again.ID)
	}
}

func TestDecoder_RefusesAnArrayOfMoreEventsThanTheLargestRecordHasRoomFor(t *testing.T) {
	t.Parallel()
	for _, of := range []string{`1`, `{}`, `{"id":"1","type":"t"}`} {
		var d event.Decoder
		most := of + strings.Repeat(","+of, event.MaxEvents-1)
		items, err := d.Append(nil, []byte("["+most+"]"))
		if err != nil || len(items) != event.MaxEvents {
			t.Errorf("%d of %s: got %d and %v", event.MaxEvents, of, len(items), err)
		}
		items, err = d.Append(nil, []byte("["+most+","+of+"]"))
		var refused *event.DecodeError
		if !errors.As(err, &refused) || refused.Reason != event.ReasonSize || refused.Offset != int64(len(most)+2) || len(items) != 0 {
			t.Errorf("one more of %s: got %d and %v, want all refused for %s", of, len(items), err, event.ReasonSize)
		}
	}
}
