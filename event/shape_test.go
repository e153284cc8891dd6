package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"korestream/event"
	"korestream/event/fleet"
)

// shapedEvents are events without white space, as KORE writes them: one of the
// fleet, one with everything that names can be in, one whose data is a string,
// and some at the bounds of what is learnt.
func shapedEvents() [][]byte {
	long := strings.Repeat("n", 36)
	return [][]byte{
		ordinary(1080),
		[]byte(`{"data":{"sim_sid":"HS1","a":[{"id":1,"b":{"id":2}},{"id":3,"c":[]},{}],"event_sid":"E1","sim_iccid":"89","n":-1,"z":{}},"id":"i","type":"t","time":17,"subject":null}`),
		[]byte(`{"type":"t","data":"{\"sim_sid\":\"HS1\",\"network\":{\"sid\":\"HW1\",\"mcc\":\"1\"},\"event_sid\":\"E1\"}","id":"i"}`),
		[]byte(`{"id":"i","type":"t","data":"{}","1234567":"x","12345678":1,"1234567890123":"y","1234567890123456":2,"` + long + `":"z","` + long + `n":3,"` + long + `nn":"4","e":5}`),
		[]byte(`{"id":"i","type":"t","data":` + strings.Repeat(`{"a":`, 8) + `1` + strings.Repeat(`,"b":"2"}`, 8) + `}`),
		[]byte(`{"id":"i","type":"t","data":` + members(70) + `,"x":"y"}`),
	}
}

var writtenName = regexp.MustCompile(`\\?"[a-z0-9_]+\\?":`)

// near returns payloads that differ from an event in one thing about one name:
// what it is called, how it is written, what is before it and where it ends.
func near(event []byte) [][]byte {
	var all [][]byte
	text, before := string(event), "id"
	places := writtenName.FindAllStringIndex(text, -1)
	for i, place := range places {
		if i%(1+len(places)/40) > 0 {
			continue
		}
		head, written, tail := text[:place[0]], text[place[0]:place[1]], text[place[1]:]
		quote := written[:strings.IndexByte(written, '"')+1]
		name := strings.TrimSuffix(strings.TrimPrefix(written, quote), quote+":")
		called := func(name string) string { return quote + name + quote + ":" }
		for _, member := range []string{
			called(name[1:] + "x"), called(name + "x"), called("x" + name), called(name[:len(name)-1]), called("id"), called(before),
			called(`\u00` + fmt.Sprintf("%02x", name[0]) + name[1:]), called("\u00e9" + name), called("\xff"), called("\x01"),
			" " + written, quote + name + quote + " :", written + " ", written + "\n\t", quote + name + quote, quote + name + quote + ";", quote + name + ":", written + ":",
			written + "1," + written, called(before) + "1," + written, called("x") + "1," + written, called("x") + `"y",` + called("x"), written + `"y",` + called("x"),
			called("x") + `{` + written + `1},` + written, called("x") + `[{` + written + `1},{` + written + `"2"}],` + written,
			written + `{` + written + `{` + written + `[]}},` + called("id"), `"x":{},` + written, `"x":[[[]]],` + written, `},` + written, `},"x":{` + written, `}],"x":[{` + written, ``,
		} {
			all = append(all, []byte(head+member+tail))
		}
		all = append(all, []byte(head), []byte(head+written), []byte(head+"}"), []byte(head+`"x":1}}`), []byte("["+text+","+head+called("x")+tail+"]"), []byte("["+text+","+head+written+"1,"+written+tail+"]"))
		before = name
	}
	return all
}

func TestDecoder_IsAsStrictWithWhatItExpectsAsWithWhatItDoesNot(t *testing.T) {
	t.Parallel()
	var used event.Decoder
	for _, learnt := range shapedEvents() {
		for _, payload := range near(learnt) {
			var fresh event.Decoder
			for _, p := range [][]byte{learnt, payload, learnt, payload} {
				compare(t, &fresh, p)
			}
			compare(t, &used, payload)
			if t.Failed() {
				t.FailNow() // the others would fail for the same reason
			}
		}
	}
}

func TestDecoder_FindsANameTwiceThatItExpectedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, learnt, payload string }{
		{"outside", `{"id":"1","type":"t","x":1}`, `{"id":"1","type":"t","id":2}`},
		{"outside, behind an object", `{"id":"1","data":{"id":1},"type":"t"}`, `{"id":"1","data":{"id":1},"id":"t"}`},
		{"within", `{"id":"1","type":"t","data":{"a":1,"b":"2"}}`, `{"id":"1","type":"t","data":{"a":1,"a":"2"}}`},
		{"first within, then outside", `{"id":"1","data":{"a":1},"type":"t"}`, `{"id":"1","data":{"b":1},"id":"t"}`},
		{"in an array", `{"id":"1","type":"t","x":[{"a":1,"b":2}]}`, `{"id":"1","type":"t","x":[{"a":1,"a":2}]}`},
		{"once with escapes", `{"\u0069d":"1","type":"t","x":1}`, `{"\u0069d":"1","type":"t","id":2}`},
		{"the other with escapes", `{"id":"1","type":"t","x":1}`, `{"id":"1","type":"t","\u0069d":2}`},
		{"in an object that closes earlier", `{"x":{"a":1,"b":{"c":1}},"id":"1","type":"t"}`, `{"x":{"a":1,"b":{}},"x":"1","type":"t"}`},
	}
	for _, tt := range tests {
		var d event.Decoder
		for range 2 { // the first time it is learnt, the second it is expected
			compare(t, &d, []byte(tt.learnt))
		}
		_, err := d.Append(nil, []byte(tt.payload))
		var failed *event.DecodeError
		if !errors.As(err, &failed) || failed.Reason != event.ReasonDuplicateKey {
			t.Errorf("%s: got %v, want a name that is there twice", tt.name, err)
		}
		compare(t, &d, []byte(tt.payload))
	}
}

func TestDecoder_ExpectsTheShapesOfAMixedStream(t *testing.T) {
	t.Parallel()
	const learning, events = 1000, 5000
	var d event.Decoder
	f, expected := fleet.New(fleet.DefaultConfig()), 0
	for i := range events {
		payload := f.Next().Data
		if i >= learning && event.Expects(&d, payload) {
			expected++
		}
		compare(t, &d, payload)
	}
	t.Logf("%d texts at %d places", event.KnownTexts(&d), event.KnownPlaces(&d))
	if least := (events - learning) * 95 / 100; expected < least {
		t.Errorf("%d of %d events had an expected shape, want %d at least", expected, events-learning, least)
	}
}

func TestDecoder_LearnsAgainWhatAFloodOfOtherNamesDrove(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for i := range 50 {
		var b bytes.Buffer
		for n := range 100 {
			fmt.Fprintf(&b, `,"name%d":"v"`, 100*i+n)
		}
		compare(t, &d, []byte(`{"id":"1","type":"t"`+b.String()+`}`))
	}
	usual := ordinary(1080)
	for i := 0; !event.Expects(&d, usual); i++ {
		if i == 2000 {
			t.Fatal("an event that came 2000 times is not expected")
		}
		compare(t, &d, usual)
	}
}

func TestDecoder_TakesNoKeysOfADataStringForTheNextOnes(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	object := `{"id":"1","type":"t","data":"{\"sim_sid\":\"HS1\",\"event_sid\":\"EZ1\"}"}`
	for _, payload := range []string{
		object, `{"id":"2","type":"t","data":"[1,2]"}`,
		object, `{"id":"3","type":"t","data":"[\"a long text that reaches as far as the SIM did\"]"}`,
		object, `{"id":"4","type":"t","data":"{}"}`,
	} {
		compare(t, &d, []byte(payload))
	}
}

func TestDecoder_DoesNotLearnInVainAgainAndAgain(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	emptied, places := 0, 0
	for i := range 3000 {
		var b bytes.Buffer
		for n := range 30 {
			fmt.Fprintf(&b, `,"name%d":"v"`, 30*i+n)
		}
		compare(t, &d, []byte(`{"id":"1","type":"t"`+b.String()+`}`))
		if event.KnownPlaces(&d) < places {
			emptied++
		}
		places = event.KnownPlaces(&d)
	}
	if fills := 3000 * 30 / 1024; emptied > fills/4 || emptied == 0 {
		t.Errorf("names that never come again had it learn %d times, want a few at most", emptied)
	}
}

func TestDecoder_KnowsNoMoreThanItsBounds(t *testing.T) {
	t.Parallel()
	const most = 32 << 10
	if size := event.SizeOfShapes; size > most {
		t.Errorf("shapes take %d bytes, want %d at most", size, most)
	}
	if size := event.SizeOfEndings; size > most {
		t.Errorf("ends take %d bytes, want %d at most", size, most)
	}
	if size := event.LongestEndings; size > most {
		t.Errorf("the texts of ends take %d bytes, want %d at most", size, most)
	}
	var d event.Decoder
	for i := range 100 { // each has other names behind the one that all have
		compare(t, &d, []byte(fmt.Sprintf(`{"id":"1","type":"t","data":{"a%d":1,"b%d":"2"}}`, i, i)))
	}
	if n := event.WidestBranch(&d); n != 8 {
		t.Errorf("got %d texts known to follow one, want 8", n)
	}
}

// FuzzDecoder_InARow decodes what it finds with a Decoder that has learnt from
// what came before.
func FuzzDecoder_InARow(f *testing.F) {
	for _, learnt := range shapedEvents() {
		for _, payload := range near(learnt) {
			f.Add(learnt, payload)
		}
	}
	f.Fuzz(func(t *testing.T, learnt, payload []byte) {
		var d event.Decoder
		for _, p := range [][]byte{learnt, payload, learnt, payload, append(append(append([]byte("["), learnt...), ','), append(payload, ']')...)} {
			compare(t, &d, p)
		}
	})
}
