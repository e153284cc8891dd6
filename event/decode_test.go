package event

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// text builds one event around members; what is not given is ordinary.
func text(members string) string {
	return `{"id":"e1","type":"com.kore.iot.supersim.connection.data-session.updated",` + members + `}`
}

func TestDecode_Tolerates(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 11, 26, 9, 11, 44, 0, time.UTC)
	tests := []struct {
		name, payload string
		check         func(t *testing.T, e *Event)
	}{
		{"a time with seven decimals and an offset", text(`"time":"2025-11-26T09:11:44.0000000+00:00"`), timeIs(at)},
		{"a time with milliseconds and Z", text(`"time":"2025-11-26T09:11:44.000Z"`), timeIs(at)},
		{"a time of another zone", text(`"time":"2025-11-26T10:11:44+01:00"`), timeIs(at)},
		{"a time that is none", text(`"time":"yesterday"`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "time", e.Time, time.Time{})
			equal(t, "its text", e.TimeText, "yesterday")
		}},
		{"a time that is a number", text(`"time":1764148304`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "its text", e.TimeText, "1764148304")
		}},
		{"data as a string", text(`"data":"{\"sim_sid\":\"HS1\",\"event_sid\":\"EZ1\"}"`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "data", string(e.Data), `{"sim_sid":"HS1","event_sid":"EZ1"}`)
			equal(t, "SIM", e.SIM(), "HS1")
			equal(t, "dedupe id", e.DedupeID(), "EZ1")
		}},
		{"data as a string with an array", text(`"data":"[1,2]"`), dataIs(`[1,2]`)},
		{"data as a string that is no JSON", text(`"data":"{hello"`), dataIs(`"{hello"`)},
		{"data as plain text", text(`"data":"hello"`), dataIs(`"hello"`)},
		{"data as an array", text(`"data":[1,{"a":[]}]`), dataIs(`[1,{"a":[]}]`)},
		{"data as a number", text(`"data":17`), dataIs(`17`)},
		{"null data", text(`"data":null`), dataIs(``)},
		{"no data", text(`"source":"x"`), dataIs(``)},
		{"null members", text(`"source":null,"dataschema":null,"time":null,"subject":null`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "source", e.Source+e.DataSchema+e.TimeText+e.Subject, "")
		}},
		{"members of the wrong kind", text(`"source":7,"dataschema":{},"specversion":1.0,"subject":[true]`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "source", e.Source+e.DataSchema+e.SpecVersion+e.Subject, "")
		}},
		{"every attribute", text(`"source":"s","specversion":"1.0","dataschema":"d/2","datacontenttype":"application/json","subject":"u"`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "attributes", strings.Join([]string{e.Source, e.SpecVersion, e.DataSchema, e.DataContentType, e.Subject}, " "), "s 1.0 d/2 application/json u")
		}},
		{"an unknown type, whole", `{"type":"a.b","id":"1","data":{"x":[1e3]},"ext":{"y":true}}`, func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "type", e.Type, "a.b")
			equal(t, "data", string(e.Data), `{"x":[1e3]}`)
			equal(t, "SIM", e.SIM(), "")
			equal(t, "dedupe id", e.DedupeID(), "1")
		}},
		{"white space and a byte order mark", "\xef\xbb\xbf\r\n " + text(`"source":"s"`) + " \n", func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "raw", string(e.Raw), text(`"source":"s"`))
		}},
		{"escapes in names and values", `{"\u0069d":"\u0065\/1","type":"t\u0031","data":{"sim_\u0073id":"H\u0053"}}`, func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "id, type, SIM", e.ID+" "+e.Type+" "+e.SIM(), "e/1 t1 HS")
		}},
		{"an ICCID where there is no sid", text(`"data":{"sim_sid":null,"sim_iccid":"8988"}`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "SIM", e.SIM(), "8988")
		}},
		{"a sid that is no string", text(`"data":{"sim_sid":5,"event_sid":{}}`), func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "SIM", e.SIM(), "")
			equal(t, "dedupe id", e.DedupeID(), "e1")
		}},
		{"depth up to the limit", text(`"data":` + nested(MaxDepth-1)), dataIs(nested(MaxDepth - 1))},
		{"an array of one", "[" + text(`"source":"s"`) + "]", func(t *testing.T, e *Event) {
			t.Helper()
			equal(t, "raw", string(e.Raw), text(`"source":"s"`))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			items, err := Decode([]byte(tt.payload))
			if err != nil || len(items) != 1 || items[0].Err != nil {
				t.Fatalf("got %+v, %v, want one event", items, err)
			}
			e := items[0].Event
			if !strings.Contains(tt.payload, string(e.Raw)) || string(items[0].Raw) != string(e.Raw) {
				t.Errorf("raw: got %q, want the bytes as received", e.Raw)
			}
			tt.check(t, e)
		})
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func timeIs(want time.Time) func(*testing.T, *Event) {
	return func(t *testing.T, e *Event) {
		t.Helper()
		if !e.Time.Equal(want) || e.Time.Location() != time.UTC {
			t.Errorf("time: got %s, want %s", e.Time, want)
		}
	}
}

func dataIs(want string) func(*testing.T, *Event) {
	return func(t *testing.T, e *Event) { t.Helper(); equal(t, "data", string(e.Data), want) }
}

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

func TestDecode_Refuses(t *testing.T) {
	t.Parallel()
	good := text(`"source":"s"`)
	tests := []struct {
		name, payload, reason string
		offset                int
	}{
		{"nothing", "", ReasonEmpty, 0},
		{"white space", " \n", ReasonEmpty, 2},
		{"an empty array", "[]", ReasonEmpty, 0},
		{"text", "hello", ReasonSyntax, 0},
		{"an object that ends early", good[:20], ReasonSyntax, 20},
		{"a lone letter of Latin-1", `{"id":"` + "\xe9" + `"}`, ReasonUTF8, 7},
		{"an overlong slash", "\xc0\xaf", ReasonUTF8, 0},
		{"half a surrogate pair", `{"id":"` + "\xed\xa0\x80" + `"}`, ReasonUTF8, 7},
		{"a number", "17", ReasonWrongKind, 0},
		{"a string", `"x"`, ReasonWrongKind, 0},
		{"null", " null", ReasonWrongKind, 1},
		{"true", "true", ReasonWrongKind, 0},
		{"a number and more", "17 18", ReasonTrailing, 3},
		{"bytes behind the object", good + "x", ReasonTrailing, len(good)},
		{"two objects", good + "\n" + good, ReasonTrailing, len(good) + 1},
		{"a zero byte behind", good + "\x00", ReasonTrailing, len(good)},
		{"bytes behind the array", "[" + good + "],", ReasonTrailing, len(good) + 2},
		{"an array that ends early", "[" + good, ReasonSyntax, len(good) + 1},
		{"the id twice", `{"id":"1","type":"t","id":"2"}`, ReasonDuplicateKey, 21},
		{"the id twice, once in escapes", `{"id":"1","type":"t","\u0069d":"2"}`, ReasonDuplicateKey, 21},
		{"a name twice in data", `{"id":"1","type":"t","data":{"a":1,"a":2}}`, ReasonDuplicateKey, 35},
		{"a name twice far down", `{"id":"1","type":"t","data":{"x":[{"a":1,"a":2}]}}`, ReasonDuplicateKey, 41},
		{"a name twice in the text of data", `{"id":"1","type":"t","data":"{\"a\":1,\"a\":2}"}`, ReasonDuplicateKey, 28},
		{"no id", `{"type":"t"}`, ReasonMissingID, 0},
		{"null id", `{"type":"t","id":null}`, ReasonMissingID, 17},
		{"empty id", `{"type":"t","id":""}`, ReasonMissingID, 17},
		{"an id that is a number", `{"type":"t","id":7}`, ReasonWrongKind, 17},
		{"no type", ` {"id":"1"}`, ReasonMissingType, 1},
		{"null type", `{"id":"1","type":null}`, ReasonMissingType, 17},
		{"a type that is a list", `{"id":"1","type":["t"]}`, ReasonWrongKind, 17},
		{"too deep", text(`"data":` + nested(MaxDepth)), ReasonDepth, len(text(`"data":`)) - 1 + MaxDepth - 1},
		{"too deep in the text of data", `{"id":"1","type":"t","data":"` + nested(MaxDepth+1) + `"}`, ReasonDepth, 28},
		{"an array that is absurdly deep", nested(2000), ReasonDepth, maxArrayDepth},
		{"too large", strings.Repeat(" ", MaxSize+1), ReasonSize, MaxSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			items, err := Decode([]byte(tt.payload))
			var failed *DecodeError
			switch {
			case err != nil:
				if items != nil || !errors.As(err, &failed) {
					t.Fatalf("got %v and %v, want no item and a *DecodeError", items, err)
				}
			case len(items) == 1 && items[0].Err != nil && items[0].Event == nil:
				failed = items[0].Err
			default:
				t.Fatalf("got %+v, want a refusal", items)
			}
			if failed.Reason != tt.reason || failed.Offset != int64(tt.offset) {
				t.Errorf("got %s at byte %d, want %s at byte %d", failed.Reason, failed.Offset, tt.reason, tt.offset)
			}
			if got := failed.Error(); !strings.Contains(got, tt.reason) || !strings.Contains(got, fmt.Sprint(tt.offset)) {
				t.Errorf("message: got %q", got)
			}
			if failed.Err != nil && !errors.Is(failed, failed.Err) {
				t.Errorf("the detail is not wrapped")
			}
		})
	}
}

func TestDecode_OneBadEventOfAnArrayCostsNoOther(t *testing.T) {
	t.Parallel()
	bad := []string{`{"id":"1"}`, `7`, `{"id":"1","type":"t","id":"2"}`, `{"id":"` + "\xff" + `","type":"t"}`, text(`"data":` + nested(100))}
	reasons := []string{ReasonMissingType, ReasonWrongKind, ReasonDuplicateKey, ReasonUTF8, ReasonDepth}
	var parts []string
	for i, b := range bad {
		parts = append(parts, fmt.Sprintf(`{"id":"good%d","type":"t"}`, i), b)
	}
	payload := "[" + strings.Join(parts, ", ") + "]"
	items, err := Decode([]byte(payload))
	if err != nil || len(items) != len(parts) {
		t.Fatalf("got %d items, %v, want %d", len(items), err, len(parts))
	}
	for i, it := range items {
		if string(it.Raw) != parts[i] {
			t.Errorf("item %d: raw %q, want %q", i, it.Raw, parts[i])
		}
		if i%2 == 0 {
			if it.Event == nil || it.Event.ID != fmt.Sprintf("good%d", i/2) {
				t.Errorf("item %d: got %+v, want a good event", i, it)
			}
			continue
		}
		if it.Err == nil || it.Err.Reason != reasons[i/2] {
			t.Errorf("item %d: got %v, want %s", i, it.Err, reasons[i/2])
		}
		if at := strings.Index(payload, parts[i]); it.Err != nil && (it.Err.Offset < int64(at) || it.Err.Offset > int64(at+len(parts[i]))) {
			t.Errorf("item %d: offset %d is not within the element at %d", i, it.Err.Offset, at)
		}
	}
}

func TestDecode_NamesOnlyABitOfWhatItRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	_, err := Decode([]byte(`{"` + long + `":1,"` + long + `":2}`))
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("got a message of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestEvent_KnowsItsKind(t *testing.T) {
	t.Parallel()
	const legacyID = "AC4c122831efef10ac68b5223dccd6f614"
	tests := []struct {
		typ, id, suffix string
		test            bool
		dedupe          string
	}{
		{"com.kore.iot.supersim.connection.data-session.updated", "e", SuffixDataSessionUpdated, false, "e"},
		{"com.twilio.iot.supersim.connection.attachment.rejected", "e", SuffixAttachmentRejected, false, "e"},
		{"anything.supersim.connection.data-session-ended", "e", SuffixDataSessionEnded, false, "e"},
		{"supersim.connection.attachment.accepted", "e", SuffixAttachmentAccepted, false, "e"},
		{"data-session-started", "e", SuffixDataSessionStarted, false, "e"},
		{"attachment.failed", "e", SuffixAttachmentFailed, false, "e"},
		{"com.kore.iot.supersim.connection.esim.moved", "e", "esim.moved", false, "e"},
		{"com.kore.notsupersim.connection.data-session.ended", "e", "", false, "e"},
		{"com.kore.someproduct.thing", "e", "", false, "e"},
		{TypeTest, "0b6f1d7e-6a55-4f0b-9a5b-0d7c2c1f0f10", "", true, "0b6f1d7e-6a55-4f0b-9a5b-0d7c2c1f0f10"},
		{"com.twilio.eventstreams.test-event", legacyID, "", true, ""},
		{"eventstreams.test-event", "CO4c122831efef10ac68b5223dccd6f614", "", true, ""},
		{"com.twilio.eventstreams.test-event", legacyID[:33] + "!", "", true, legacyID[:33] + "!"},
		{"xeventstreams.test.event", legacyID, "", false, legacyID},
	}
	for _, tt := range tests {
		items, err := Decode(fmt.Appendf(nil, `{"id":%q,"type":%q}`, tt.id, tt.typ))
		if err != nil {
			t.Fatal(err)
		}
		e := items[0].Event
		if diff := cmp.Diff([]any{tt.suffix, tt.test, tt.dedupe}, []any{e.Suffix(), e.IsTest(), e.DedupeID()}); diff != "" {
			t.Errorf("%s: suffix, test, dedupe id:\n%s", tt.typ, diff)
		}
	}
}
