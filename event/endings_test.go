package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"korestream/event"
	"korestream/event/fleet"
)

// usualEnd is how events end: with what is the same in many of them.
const usualEnd = `,"type":"com.kore.iot.supersim.connection.attachment.accepted","source":"kore-events","specversion":"1.0"}`

// endsKnown returns a Decoder that knows the end of an event.
func endsKnown(t *testing.T, learnt []byte) *event.Decoder {
	t.Helper()
	var d event.Decoder
	for range 3 { // it is learnt, then its end is kept, and then it is used
		compare(t, &d, learnt)
	}
	if !event.Ended(&d) {
		t.Fatalf("the end of %.300q is not known", learnt)
	}
	return &d
}

func TestDecoder_NoByteOfAKnownEndMayDiffer(t *testing.T) {
	t.Parallel()
	learnt := []byte(`{"data":{"sim_sid":"HS1"},"id":"1","time":"2025-11-26T09:11:44.4550373+00:00"` + usualEnd)
	begin := len(learnt) - len(usualEnd)
	for i := begin - 3; i < len(learnt); i++ {
		d := endsKnown(t, learnt)
		for _, c := range []byte("\x00\x1f\"\\{}[],: 0ex\x80\xc3\xff") {
			spoilt := bytes.Clone(learnt)
			spoilt[i] = c
			compare(t, d, spoilt)
			compare(t, d, append(append(bytes.Clone(learnt[:i]), c), learnt[i:]...))
			compare(t, d, learnt)
		}
		compare(t, d, learnt[:i])
		compare(t, d, append(bytes.Clone(learnt[:i]), learnt[i+1:]...))
	}
}

func TestDecoder_KnowsAnEndOnlyBehindWhatItWasFoundBehind(t *testing.T) {
	t.Parallel()
	for _, before := range []string{
		`{"id":"1","source":"x"`, `{"type":"x","id":"1"`, `{"id":"1","specversion":2,"time":3`, `{"id":"1","data":{"a":1`, `{"id":"1","data":{"a":1},"x":[1`, `[{"id":"1"`,
		`{"x":{"id":"1"`, `{"id":"1","id":"1"`, `{"id":""`, `{"id":null`, `{"id":"1`, `{"id":1`, `{"a":{"b":1},"id":"1"`, `{"id":"\u0031"`, `{"id":"` + "\xff" + `"`,
	} {
		d := endsKnown(t, []byte(`{"id":"1"`+usualEnd))
		for _, behind := range []string{"", " ", "}", "]", `,"x":1}`, `x`, "]}", `,{"id":"2"` + usualEnd + `]`} {
			for range 3 {
				compare(t, d, []byte(before+usualEnd+behind))
				compare(t, d, []byte(`{"id":"1"`+usualEnd+behind))
			}
		}
	}
}

func TestDecoder_KeepsNoEndWithWhatIsAnEventsOwn(t *testing.T) {
	t.Parallel()
	for _, end := range []string{
		`,"type":"com.kore.\u0069ot.supersim.connection.attachment.accepted","source":"kore-events","specversion":"1.0"}`,
		strings.Replace(usualEnd, `"source"`, `"subject"`, 1), `,"data":{"sim_sid":"HS1"}` + usualEnd, strings.Replace(usualEnd, `"1.0"`, `"`+strings.Repeat("1", 512)+`"`, 1),
	} {
		var d event.Decoder
		for i := range 6 {
			compare(t, &d, []byte(`{"id":"1","time":1`+end))
			compare(t, &d, fmt.Appendf(nil, `{"id":"%d","time":%d,"type":"t","source":"s"}`, i, i))
		}
		compare(t, &d, []byte(`{"id":"1","time":1`+end))
	}
}

func TestDecoder_TakesTheValuesOfTheEndThatItHas(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for i := range 400 {
		end := strings.Replace(usualEnd, "1.0", fmt.Sprint(i*i%7), 1)
		end = strings.Replace(end, "kore-events", fmt.Sprint(i*i%5), 1)
		compare(t, &d, fmt.Appendf(nil, `{"id":"%d","data":{"sim_sid":"%d"}%s`, i, i, end))
	}
}

func TestDecoder_KnowsTheEndsOfAMixedStream(t *testing.T) {
	t.Parallel()
	const learning, events = 2000, 6000
	var d event.Decoder
	f, ended := fleet.New(fleet.DefaultConfig()), 0
	for i := range events {
		compare(t, &d, f.Next().Data)
		if i >= learning && event.Ended(&d) {
			ended++
		}
	}
	if least := (events - learning) * 3 / 4; ended < least {
		t.Errorf("%d of %d events had a known end, want %d at least", ended, events-learning, least)
	}
}
