package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"korestream/event"
	"korestream/event/fleet"
)

const updated = "constructed-supersim-data-session-updated.json"

// replaced is the updated sample with texts in place of others, each of which it
// must have.
func replaced(t testing.TB, pairs ...string) *event.Event {
	t.Helper()
	text := string(fixture(t, updated))
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the sample has no %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return decoded(t, []byte(text))
}

func TestCheck_DriftIsFoundAndMatches(t *testing.T) {
	t.Parallel()
	const schema = `https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/2`
	newest := "SuperSim.ConnectionEvent/2 or older"
	for _, tt := range []struct {
		name  string
		pairs []string
		want  []string
	}{
		{"short form of the type", []string{`"type": "com.twilio.iot.supersim.connection.data-session.updated"`, `"type": "data-session-updated"`}, nil},
		{"another prefix", []string{`"type": "com.twilio.iot`, `"type": "org.example`}, nil},
		{"no dataschema", []string{`"dataschema": "` + schema + `",`, ``}, nil},
		{"with .json", []string{`Event/2"`, `Event/2.json"`}, nil},
		{"a relative dataschema", []string{schema, `/schemas/SuperSim.ConnectionEvent/2`}, nil},
		{"no version", []string{`Event/2"`, `Event"`}, nil},
		{"a later version", []string{`Event/2"`, `Event/3"`}, []string{"dataschema: got https://events-schemas.korewireless.com/SuperSim.ConnectionEvent/3, want " + newest}},
		{"another schema", []string{schema, `/schemas/somewhere/2`}, []string{"dataschema: got /schemas/somewhere/2, want " + newest}},
		{"another schema of an old version", []string{schema, `/schemas/somewhere/1`}, []string{
			"dataschema: got /schemas/somewhere/1, want SuperSim.ConnectionEvent/1 or older",
			"data.data_session_data_download: not in the schema, got integer",
			"data.data_session_data_total: not in the schema, got integer", "data.data_session_data_upload: not in the schema, got integer",
		}},
		{"a connection event of a new kind", []string{`"type": "com.twilio.iot.supersim.connection.data-session.updated"`, `"type": "com.kore.iot.supersim.connection.sms.sent"`}, []string{
			"type: com.kore.iot.supersim.connection.sms.sent is not in the catalogue",
		}},
		{"members of the envelope", []string{`"source"`, `"traceparent": "00-1", "subject": null, "source"`}, []string{"traceparent: not in the schema, got string"}},
		{"members of the data, the first level of them", []string{`"apn"`, `"signal": {"rsrp": -97, "deep": {"er": 1}}, "list": [1], "flag": true, "apn"`}, []string{
			"data.flag: not in the schema, got boolean", "data.list: not in the schema, got array", "data.signal: not in the schema, got object",
		}},
		{"members within the network", []string{`"mcc"`, `"band": 7.5, "gen": null, "mcc"`}, []string{
			"data.network.band: not in the schema, got number", "data.network.gen: not in the schema, got null",
		}},
		{"a member that is named for a SIM", []string{`"apn"`, `"89883070000000000001": 1, "89883070000000000002": 1, "apn"`}, []string{"data.*: not in the schema, got integer"}},
		{"a new radio", []string{"4G LTE", "5G NR"}, []string{`data.rat_type: got "5G NR", not seen before`}},
		{"a new radio that looks like a number", []string{"4G LTE", "89883070000000000001"}, []string{`data.rat_type: got "*", not seen before`}},
		{"a specversion", []string{`"specversion": "1.0"`, `"specversion": "1.1"`}, []string{`specversion: got "1.1", not seen before`}},
		{"the specversion of some samples", []string{`"specversion": "1.0"`, `"specversion": "2.0"`}, nil},
		{"an error code", []string{`"apn"`, `"error": {"code": 83799, "message": null}, "apn"`}, []string{`data.error.code: got "83799", not seen before`}},
		{"null where that may be", []string{`"location": {`, `"location": null, "x": {`, `"imei": "350000000000017"`, `"imei": null`}, []string{"data.x: not in the schema, got object"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := Check(replaced(t, tt.pairs...))
			if diff := cmp.Diff(tt.want, texts(r.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if err := r.Err(); err != nil {
				t.Errorf("got %v, want a match: drift breaks nothing", err)
			}
		})
	}
}

func TestCheck_AMismatchNamesThePlaceAndTheKindAndNoValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"a number for a text", []string{`"imei": "350000000000017"`, `"imei": 350000000000017`}, "data.imei: got number, want null or string"},
		{"a text for a number", []string{`"data_download": 2048`, `"data_download": "2048"`}, "data.data_download: got string, want null or integer"},
		{"a fraction for an integer", []string{`"data_download": 2048`, `"data_download": 2048.5`}, "data.data_download: got number, want null or integer"},
		{"an integer with a point", []string{`"data_download": 2048`, `"data_download": 2.048e3`}, ""},
		{"a number of no size", []string{`"data_download": 2048`, `"data_download": 1e999999999`}, ""},
		{"null where it must not be", []string{`"sim_iccid": "89883070000000000001"`, `"sim_iccid": null`}, "data.sim_iccid: got null, want string"},
		{"an object that is none", []string{`"network": {`, `"network": "AT&T", "x": {`}, "data.network: got string, want null or object"},
		{"a time that is none", []string{`"timestamp": "2025-11-26T09:11:44Z"`, `"timestamp": "yesterday"`}, "data.timestamp: got other text, want date-time"},
		{"a missing member", []string{`"sim_sid": "HS089c2ebe4906b715923c1ccf354f6bf7",`, ``}, "data.sim_sid: missing, want string"},
		{"no source", []string{`"source": "kore-events",`, ``}, "source: missing, want string"},
		{"a dataschema that is no text", []string{`"dataschema": "`, `"dataschema": 2, "x": "`}, "dataschema: got number, want null or string"},
		{"data that are an array", []string{`"data": {`, `"data": [1], "y": {`}, "data: got array, want object"},
		{"data that are a text without JSON", []string{`"data": {`, `"data": "hello", "y": {`}, "data: got string, want object"},
		{"data that are null", []string{`"data": {`, `"data": null, "y": {`}, "data: missing, want object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := Check(replaced(t, tt.pairs...))
			err := r.Err()
			var mismatch *MismatchError
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v, want a match", err)
			case tt.want == "":
			case !errors.As(err, &mismatch):
				t.Fatalf("got %v, want a mismatch", err)
			case len(mismatch.Findings) != 1 || mismatch.Findings[0].String() != tt.want:
				t.Errorf("got %v, want %s alone", err, tt.want)
			case !strings.HasPrefix(err.Error(), "event does not match schema SuperSim.ConnectionEvent/2: "):
				t.Errorf("got %v, want the schema named", err)
			}
			for _, secret := range []string{"350000000000017", "89883070000000000001", "yesterday", "hello", "2048"} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds a value: %v", err)
				}
			}
		})
	}
}

func TestCheck_AnErrorOfManyMismatchesStaysShort(t *testing.T) {
	t.Parallel()
	r := Check(decoded(t, []byte(`{"id":"1","type":"supersim.connection.attachment.failed","data":{"imsi":1,"imei":2,"apn":3}}`)))
	if n := len(r.Findings); n != 11 {
		t.Errorf("got %d findings, want 2 of the envelope, 6 members missing and 3 kinds: %v", n, texts(r.Findings))
	}
	if err := r.Err(); err == nil || !strings.HasSuffix(err.Error(), "; and 3 more") || len(err.Error()) > 400 {
		t.Errorf("got %v, want 8 and that there are 3 more", err)
	}
}

func texts(findings []Finding) (out []string) {
	for _, f := range findings {
		out = append(out, f.String())
	}
	return out
}

func TestCheck_MadeUpTrafficMatchesButForWhatIsOddOnPurpose(t *testing.T) {
	t.Parallel()
	expected := map[string]bool{
		"type: com.kore.someproduct.thing.happened is not in the catalogue": true,
		"traceparent: not in the schema, got string":                        true, "koreinternal: not in the schema, got object": true,
		"data.signal: not in the schema, got object": true,
	}
	cfg := fleet.DefaultConfig()
	cfg.Odd = 0.3
	f := fleet.New(cfg)
	seen := make(map[string]int)
	labels := make(map[string]int)
	for range 2_500 {
		r := f.Next()
		items, err := event.Decode(r.Data)
		if r.Kind == fleet.Broken {
			continue // none of it gets as far as this
		}
		if err != nil || len(items) != 1 || items[0].Err != nil {
			t.Fatalf("decode: %v, %v", items, err)
		}
		result := Check(items[0].Event)
		labels[result.Label]++
		for _, finding := range result.Findings {
			if text := finding.String(); !expected[text] {
				t.Fatalf("%s: got %s\n%s", finding.Type, text, r.Data)
			}
			seen[finding.String()]++
		}
	}
	if len(seen) != len(expected) {
		t.Errorf("found %v, want each of %v", seen, expected)
	}
	for _, label := range []string{event.SuffixDataSessionUpdated, event.SuffixAttachmentRejected, Test, Other} {
		if labels[label] == 0 {
			t.Errorf("no event of label %s among %v", label, labels)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, file := range map[string]string{
		"usage": updated, "attachment": "constructed-supersim-attachment-accepted.json", "string": "constructed-edge-data-is-json-string.json",
	} {
		e := decoded(b, fixture(b, file))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(e.Raw)))
			b.ReportAllocs()
			for b.Loop() {
				if r := Check(e); len(r.Findings) > 0 {
					b.Fatal(r.Findings)
				}
			}
		})
	}
	e := decoded(b, fixture(b, updated))
	b.Run("label", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if Label(e) == Other {
				b.Fatal(fmt.Sprint(e.Type))
			}
		}
	})
}
