package event_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"korestream/event"
	"korestream/event/fleet"
)

// seeds are payloads of every kind: the fixtures, a fleet's ordinary, odd and
// broken records, and texts at the edges of the grammar.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("found %d fixtures, %v", len(files), err)
	}
	var all [][]byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, b)
	}
	for _, c := range []fleet.Config{
		fleet.DefaultConfig(),
		{Seed: 2, SIMs: 10, Odd: 1, Start: fleet.DefaultConfig().Start},
		{Seed: 3, SIMs: 10, Broken: 1, Start: fleet.DefaultConfig().Start},
	} {
		for f, n := fleet.New(c), 0; n < 60; n++ {
			all = append(all, f.Next().Data)
		}
	}
	for i, payload := range borders() {
		if i%29 == 0 { // of each kind of place some
			all = append(all, payload)
		}
	}
	return append(all, edges()...)
}

// edgeValues are texts at the edges of the grammar.
func edgeValues() []string {
	return []string{
		``, `0`, `-0`, `-`, `01`, `1.`, `1.0`, `.5`, `1e`, `1e+`, `1E-7`, `1e5x`, `-x`, `1..2`, `+1`, `0x1`, `NaN`,
		`true`, `tru`, `trux`, `truex`, `f`, `false`, `nul`, `null`, `nullnull`,
		`""`, `"`, `"\`, `"\"`, `"\u`, `"\u12`, `"\u12g4"`, `"\x"`, `"a\/b"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ude00"`,
		`"\ud83d\u0041"`, `"\ud83d\ud83d"`, `"\ud83d\u`, `"\ud83d\ude`, `"\u0000"`, `"\u00e9"`, `"\uD83D\uDE00"`, `"\ud83d\ude0"`,
		"\"a\nb\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\x80\"", "\"12345678\xff\"", "\"\xc3\xa9\"", "\"\xc3", "\"\xe2\x82\"", "\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"", "\"\xf0\x9f\x98\x80\"", "\"\xef\xbf\xbd\"", "\xff", "\xc3\xa9", "\xef\xbb\xbf",
		`{}`, `{`, `{ `, `{,}`, `{:}`, `{]`, `{"a"`, `{"a"}`, `{"a":`, `{"a":}`, `{"a":,}`, `{"a",}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a":1]`, `{"a":1:2}`, `{"a" 1}`,
		`{"a":1:`, `{"a":1,]`, `{,`, `{1:2}`, `{nul:1}`, `{null:1}`, `{-:1}`, `{[]:1}`, `{{}:1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"a":{"a":{"a":1}}}`,
		`[]`, `[`, `[ `, `[,`, `[,]`, `[:]`, `[}`, `[1`, `[1,`, `[1,]`, `[1,}`, `[1 2]`, `[1:2]`, `[1,,2]`, `[1}`, `[[],[{}]]`,
		nested(63), nested(64), nested(65), nested(1023), nested(1024), nested(1025), strings.Repeat("[", 70), strings.Repeat(`{"a":`, 70), strings.Repeat("[", 1100),
		`"{\"sim_sid\":\"HS1\"}"`, `" {\"sim_iccid\":\"\\u0038\",\"event_sid\":\"1\"} "`, `"{\"a\":1,\"a\":2}"`, `"{\"a\":1"`, `"[1,2]"`, `"[1] 2"`, `"{\"a\":\"\ud83d\ude00\"}"`, `"{\"a\":\"\\ud83d\"}"`,
		`{"sim_sid":"HS1"}`, `{"sim_sid":"","sim_iccid":"8"}`, `{"sim_sid":"\u0048","event_sid":"1"}`, `{"x":{"sim_sid":"no"}}`, `[{"sim_sid":"no"}]`, `{"event_sid":null}`,
		`"2025-11-26T09:11:44.0000000+00:00"`, `"2025-02-29T00:00:00Z"`,
		members(63), members(64), members(65), members(200), members(64) + " ", twice(63, 10), twice(64, 63), twice(65, 64), twice(100, 3),
	}
}

// edges are texts at the edges of the grammar, each alone, as a member of an
// event, as data, as an element of an array, as a name and in a data string.
func edges() [][]byte {
	var all [][]byte
	for _, v := range edgeValues() {
		for _, form := range []string{
			"%s", " \n%s\t", "%s x", `{"id":"1","type":"t","data":%s}`, `{"id":"1","type":"t","x":%s}`, `{"id":"1","type":"t","time":%s}`,
			`{"id":%s,"type":"t"}`, `{"type":%s,"id":"i"}`, `[{"id":"1","type":"t"},%s]`, `[%s,{"id":"2","type":"t"}]`, `[{"id":"1","type":"t","data":%s}]`,
			`[{"id":"1","type":"t","x":%s},{"id":"2","type":"t"}]`, `{%s:1,"id":"1","type":"t"}`, `{"id":"1",%s`, `{"data":{"a":%s},"id":"1","type":"t"}`,
			`[{"x":"` + "\xff" + `"},%s]`, `[%s`, `[{"id":"1","type":"t"}%s]`, `{"id":"1","type":"t","data":[%s]}`,
		} {
			all = append(all, fmt.Appendf(nil, form, v))
		}
	}
	return all
}

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

// members is an object of n members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"name%d":{"name%d":%d}`, i, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// twice is an object of n members and one more, whose name is that of a member.
func twice(n, member int) string {
	return strings.TrimSuffix(members(n), "}") + fmt.Sprintf(`,"nam\u0065%d":0}`, member)
}

// compare decodes a payload with both decoders and fails if they differ.
func compare(tb testing.TB, d *event.Decoder, payload []byte) {
	tb.Helper()
	got, gotErr := d.Append(nil, payload)
	want, wantErr := event.ReferenceDecode(payload)
	if diff := event.Difference(got, gotErr, want, wantErr); diff != "" {
		tb.Errorf("%.300q: %s", payload, diff)
	}
}

func TestDecoder_MakesOfAnyPayloadWhatTheReferenceMakes(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for _, payload := range seeds(t) {
		compare(t, &d, payload)
	}
}

func TestDecoder_MakesOfEveryPrefixWhatTheReferenceMakes(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for _, file := range []string{"constructed-edge-data-is-json-string", "constructed-supersim-data-session-updated"} {
		payload, err := os.ReadFile(filepath.Join("testdata", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(payload); i += 3 { // with a step that meets every kind of place
			compare(t, &d, payload[:i])
			spoilt := bytes.Clone(payload)
			for _, c := range []byte("\x00\"\\{}[],: 0e\x80\xff") {
				spoilt[i] = c
				compare(t, &d, spoilt)
			}
		}
	}
}

func FuzzDecoder(f *testing.F) {
	for _, payload := range seeds(f) {
		f.Add(payload)
	}
	var d event.Decoder
	f.Fuzz(func(t *testing.T, payload []byte) { compare(t, &d, payload) })
}

var times = []string{
	"2025-11-26T09:11:44Z", "2025-11-26T09:11:44.0000000+00:00", "2025-11-26T09:11:44.123456789-07:30", "2025-11-26T09:11:44.1234567891Z",
	"2025-11-26T09:11:44.Z", "2025-11-26T09:11:44,5Z", "2025-11-26T9:11:44Z", "2025-11-26t09:11:44z", "2025-11-26T09:11:44", "2025-11-26 09:11:44Z",
	"2024-02-29T00:00:00Z", "2025-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2025-04-31T00:00:00Z", "2025-12-31T23:59:59.9Z",
	"0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-23:59", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-01-00T00:00:00Z",
	"2025-11-26T24:00:00Z", "2025-11-26T23:60:00Z", "2025-11-26T23:59:60Z", "2025-11-26T09:11:44+24:00", "2025-11-26T09:11:44+00:60", "2025-11-26T09:11:44+0000",
	"2025-11-26T09:11:44+00:00 ", "2025-11-26T09:11:44+", "2025-11-26T09:11:44.1", "2025-11-26T09:11:44Zx", "20x5-11-26T09:11:44Z", "-025-11-26T09:11:44Z", "", "yesterday",
}

func compareTimes(tb testing.TB, text string) {
	tb.Helper()
	if got, want := event.ParseTime(text), event.ReferenceTime(text); got != want { //nolint:staticcheck // the same representation is meant
		tb.Errorf("%q: got %v, want %v", text, got, want)
	}
}

func TestParseTime_IsWhatTheStandardLibraryMakesOfIt(t *testing.T) {
	t.Parallel()
	quick := 0
	for _, text := range times {
		compareTimes(t, text)
		for i := range text {
			compareTimes(t, text[:i])
			for _, c := range "0369:.-+TZx" {
				compareTimes(t, text[:i]+string(c)+text[i+1:])
				compareTimes(t, text[:i]+string(c)+text[i:])
			}
		}
		if _, ok := event.QuickTime(text); ok {
			quick++
		}
	}
	if quick < 9 {
		t.Errorf("only %d of the times took the fast path", quick)
	}
}

func TestParseTime_IsNotMisledByTheDayBefore(t *testing.T) {
	t.Parallel()
	read := event.NewCalendar()
	for _, day := range times {
		for _, text := range append([]string{"2025-11-26T09:11:44Z", "2025-11-26T00:00:00+23:59", "2025-11-27T09:11:44Z", "2025-12-26T09:11:44Z", "1025-11-26T09:11:44Z"}, times...) {
			for _, text := range []string{day, text, day} {
				if got, want := read(text), event.ReferenceTime(text); got != want { //nolint:staticcheck // the same representation is meant
					t.Fatalf("%q: got %v, want %v", text, got, want)
				}
			}
		}
	}
}

func TestParseTime_ReadsSevenDigitsAtOnce(t *testing.T) {
	t.Parallel()
	for i := range 1000 {
		compareTimes(t, fmt.Sprintf("2025-11-26T09:11:44.%07d+00:00", i*i*i*10%9_999_991))
	}
	const text = "2025-11-26T09:11:44.4550373+00:00"
	for i := len("2025-11-26T09:11:44"); i < len(text); i++ {
		for c := range 256 {
			compareTimes(t, text[:i]+string([]byte{byte(c)})+text[i+1:])
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, text := range times {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { compareTimes(t, text) })
}
