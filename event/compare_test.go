package event_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"korestream/event"
)

// after has a Decoder learn an event, and decodes a payload with it.
func after(t *testing.T, learnt string, payload []byte) {
	t.Helper()
	var d event.Decoder
	compare(t, &d, []byte(learnt))
	compare(t, &d, payload)
	compare(t, &d, []byte(learnt))
}

func TestDecoder_ReadsScalarsOfAKnownShapeAsStrictlyAsOthers(t *testing.T) {
	t.Parallel()
	scalar := regexp.MustCompile(`:("[^"\\]*"|-?\d+|null)`)
	var d event.Decoder
	for _, learnt := range shapedEvents()[:4] {
		compare(t, &d, learnt)
		places := scalar.FindAllSubmatchIndex(learnt, -1)
		for i, place := range places {
			if i%(1+len(places)/16) > 0 {
				continue
			}
			for _, v := range edgeValues() {
				payload := append(append(bytes.Clone(learnt[:place[2]]), v...), learnt[place[3]:]...)
				compare(t, &d, payload)
			}
		}
	}
}

func TestDecoder_NoByteOfAKnownShapeMayDiffer(t *testing.T) {
	t.Parallel()
	learnt := ordinary(1080)
	for i := range learnt {
		var d event.Decoder // another one would be full of what is learnt from the spoilt ones
		compare(t, &d, learnt)
		if !event.Expects(&d, learnt) {
			t.Fatal("an event that was read is not expected again")
		}
		spoilt := bytes.Clone(learnt)
		for _, c := range []byte("\x00\x1f\"\\{}[],: 0ex\x80\xc3\xff") {
			spoilt[i] = c
			compare(t, &d, spoilt)
		}
		compare(t, &d, learnt[:i])
		compare(t, &d, append(append(bytes.Clone(learnt[:i]), 'x'), learnt[i:]...))
	}
}

func TestDecoder_ComparesTextsOfAnyLengthToTheirLastByte(t *testing.T) {
	t.Parallel()
	const most = 48
	for length := len(`,"":`); length <= most+1; length++ {
		name := strings.Repeat("n", length-len(`,"":`))
		learnt := `{"id":"1","type":"t","` + name + `":1}`
		var d event.Decoder
		compare(t, &d, []byte(learnt))
		if got := event.Expects(&d, []byte(learnt)); got != (length <= most) {
			t.Errorf("a text of %d bytes is compared: %t", length, got)
		}
		for i := range learnt {
			for _, c := range []byte("\"x,:}\\\xff") {
				spoilt := []byte(learnt)
				spoilt[i] = c
				compare(t, &d, spoilt)
			}
			compare(t, &d, []byte(learnt[:i]))
		}
	}
}

func TestDecoder_KnowsShapesThatBeginAlikeApart(t *testing.T) {
	t.Parallel()
	values := []string{
		`null`, `{}`, `[]`, `{"sim_sid":"HS2"}`, `{"sim_sid":{"sim_sid":"HS2"}}`, `[{"sim_sid":"HS2"}]`, `[[]]`, `[[1]]`, `"s"`, `""`, `0`, `true`,
		`{"sim_sid":null,"sim_iccid":"89"}`, `{"event_sid":[1]}`, `{"a":{}}`, `{"a":{"b":{}}}`, `[1,2]`, ` 1 `, ` {} `, `{ "sim_sid" : "HS3" }`, `"{\"sim_sid\":\"HS4\"}"`, `"\u0041"`,
	}
	forms := []string{
		`{"id":"1","type":"t","data":%s}`, `{"data":%s,"id":"1","type":"t"}`, `{"id":%s,"type":"t","data":{"sim_sid":"HS1"}}`, `{"id":"1","type":"t","time":%s}`,
		`{"type":%s,"id":"1"}`, `{"id":"1","type":"t","data":{"sim_sid":%s}}`, `{"id":"1","type":"t","x":%s,"data":{"event_sid":"E"}}`, `{"id":"1","subject":%s,"type":"t"}`,
	}
	for _, form := range forms {
		var d event.Decoder
		for range 2 {
			for _, a := range values {
				compare(t, &d, fmt.Appendf(nil, form, a))
				compare(t, &d, fmt.Appendf(nil, "["+form+","+form+" , "+form+"]", a, values[0], a))
				compare(t, &d, fmt.Appendf(nil, form+"}", a))
				compare(t, &d, fmt.Appendf(nil, form+","+form, a, a))
			}
		}
	}
}

func TestDecoder_ForgetsTheEscapesOfAnEventThatItDidNotKnow(t *testing.T) {
	t.Parallel()
	after(t, `{"id":"1","type":"t","x":"1","y":"2"}`, []byte(`{"id":"1","type":"t","x":"\u0031","z":"2","data":{"sim_sid":"HS1"}}`))
	after(t, `{"id":"1","type":"t","x":"1","y":"2"}`, []byte(`{"id":"1","type":"t","x":"\\","id":"2"}`))
	after(t, `{"data":{"sim_sid":"HS1"},"id":"1","type":"t"}`, []byte(`{"data":{"sim_sid":"\n"},"id":"1"}`))
}

func TestDecoder_LearnsNoLongEvents(t *testing.T) {
	t.Parallel()
	const most = 4 << 10
	padded := func(length int) []byte {
		const frame = `{"id":"1","type":"t","x":""}`
		return []byte(strings.Replace(frame, `""`, `"`+strings.Repeat("x", length-len(frame))+`"`, 1))
	}
	for _, length := range []int{most, most + 1} {
		var d event.Decoder
		compare(t, &d, padded(length))
		if got := event.Expects(&d, padded(length)); got != (length <= most) {
			t.Errorf("an event of %d bytes is learnt: %t", length, got)
		}
	}
}

func TestDecoder_ReadsStringsOfAnyLengthWithAnythingAnywhere(t *testing.T) {
	t.Parallel()
	const longest = 35 // beyond four words and what is left of a fifth
	var d event.Decoder
	for length := range longest + 1 {
		compare(t, &d, []byte(`{"id":"1","type":"t","x":""}`)) // its shape is that of them all
		for at := range length + 1 {
			for _, odd := range odd {
				text := strings.Repeat("x", at) + odd + strings.Repeat("x", length-at)
				for _, form := range []string{`{"id":"1","type":"t","x":"%s"}`, `{"id":"1","type":"t","x":"%s`} {
					compare(t, &d, fmt.Appendf(nil, form, text))
				}
			}
		}
	}
}
