package handlers

import (
	"encoding/json"
	"strings"
	"testing"

	"korestream/event"
)

// hashed are HMAC-SHA-256 with aKey, computed with
// printf %s TEXT | openssl dgst -sha256 -hmac 0123456789abcdef.
const (
	hashedICCID = "d9a1a9a814bd2ce6dfdf24c3e3d27ec7de89f9b3957778d1f90556eb050f5165"
	hashed7     = "f69cf4852626eee19b92af564b9413e44aa526cc9e726ab9b8972af1d3b39092"
)

func TestShape_TakesOutAndLeavesTheRestByteForByte(t *testing.T) {
	t.Parallel()
	const before, after = `{"id": "1", "type": "t", `, `, "time":"2026-03-01T12:00:00.1234567+00:00" }`
	tests := []struct {
		name            string
		redact, project []string
		data, want      string
	}{
		{"a member in the middle", []string{"data.b"}, nil, `{"a": 1.50, "b": 2, "c" : 3e2}`, `{"a": 1.50, "c" : 3e2}`},
		{"the first", []string{"data.a"}, nil, `{ "a": 1, "b": 2 }`, `{ "b": 2 }`},
		{"the last", []string{"data.b"}, nil, `{ "a": 1, "b": 2 }`, `{ "a": 1 }`},
		{"the first two", []string{"data.a", "data.b"}, nil, `{"a":1,"b":2,"c":3,"d":4}`, `{"c":3,"d":4}`},
		{"all", []string{"data.a", "data.b"}, nil, `{"a":1,"b":2}`, `{}`},
		{"none", []string{"data.x", "data.a.x"}, nil, `{"a":1}`, `{"a":1}`},
		{"below", []string{"data.n.a"}, nil, `{"n":{"a":1,"b":[1, 2]},"a":3}`, `{"n":{"b":[1, 2]},"a":3}`},
		{"in each element", []string{"data.n.a"}, nil, `{"n":[{"a":1,"b":2},7,[{"a":3}]]}`, `{"n":[{"b":2},7,[{}]]}`},
		{"a name with escapes", []string{"data.a"}, nil, `{"\u0061":1,"b\/":"\u00e9"}`, `{"b\/":"\u00e9"}`},
		{"a list for data", []string{"data.a"}, nil, `[{"a":1},{"b":2}]`, `[{},{"b":2}]`},

		{"a group", []string{"iccid", "location"}, nil, `{"sim_iccid":"8","lat":1,"deep":[{"iccid":"8","x":1}],"location":{"lat":1}}`, `{"deep":[{"x":1}]}`},
		{"a mask", []string{"imsi=mask", "data.n=mask"}, nil, `{"imsi":"901430000000001","n":"1234567"}`, `{"imsi":"****0001","n":"****"}`},
		{"a mask of letters that are several bytes", []string{"data.a=mask"}, nil, `{"a":"Telefônicaé\n"}`, `{"a":"****caé\n"}`},
		{"a mask of what is no text", []string{"data.a=mask"}, nil, `{"a":{"b":[12345678.50,true,null],"c":"x"}}`, `{"a":{"b":["****8.50","****",null],"c":"****"}}`},
		{"a hash", []string{"iccid=hash"}, nil, `{"sim_iccid":"89883070000000000001"}`, `{"sim_iccid":"` + hashedICCID + `"}`},
		{"a number and its text have one hash", []string{"data.a=hash", "data.b=hash"}, nil, `{"a":7,"b":"7"}`, `{"a":"` + hashed7 + `","b":"` + hashed7 + `"}`},
		{"a path goes before a group", []string{"imsi=mask", "data.imsi"}, nil, `{"imsi":"901430000000001","n":{"imsi":"901430000000001"}}`, `{"n":{"imsi":"****0001"}}`},
		{"what is inside goes before what is around", []string{"data.n=mask", "data.n.b"}, nil, `{"n":{"a":"x","b":"y"}}`, `{"n":{"a":"****"}}`},

		{"a projection", nil, []string{"data.b", "data.n.a"}, `{"a":1,"b":{"x":[1,2]},"n":{"a":1,"b":2},"c":3}`, `{"b":{"x":[1,2]},"n":{"a":1}}`},
		{"a projection on what is absent", nil, []string{"data.n.a"}, `{"a":1,"n":{"b":2}}`, `{"n":{}}`},
		{"a projection below a value", nil, []string{"data.n.a"}, `{"n":"text","m":1}`, `{}`},
		{"a projection of elements", nil, []string{"data.n.a"}, `{"n":[7, {"a":1,"b":2}, null, {"a":3}]}`, `{"n":[ {"a":1}, {"a":3}]}`},
		{"a wider path goes before a narrower one", nil, []string{"data.n.a", "data.n"}, `{"n":{"a":1,"b":2}}`, `{"n":{"a":1,"b":2}}`},
		{"a path that is named twice", []string{"data.b"}, []string{"data.a", "data.a", "data.b"}, `{"a":1,"b":2}`, `{"a":1}`},
		{"both", []string{"imsi=mask", "data.n.a"}, []string{"data.imsi", "data.n"}, `{"n":{"a":1,"b":2},"imsi":"901430000000001","x":1}`, `{"n":{"b":2},"imsi":"****0001"}`},

		{"JSON in a string", []string{"data.b"}, nil, `"{\"a\": 1.50, \"b\": \"\\n\"}"`, `"{\"a\": 1.50}"`},
		{"JSON in a string, untouched", []string{"data.x"}, nil, `"{\"a\":\"\/\"}"`, `"{\"a\":\"\/\"}"`},
		{"a text", []string{"iccid"}, nil, `"8988"`, `"8988"`},
		{"null", []string{"iccid"}, []string{"data.a"}, `null`, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := deliveryOf(t, before+`"data": `+tt.data+after).Event
			got, err := shape(t, tt.redact, tt.project).Apply(e)
			if err != nil {
				t.Fatal(err)
			}
			if want := before + `"data": ` + tt.want + after; string(got.Raw) != want {
				t.Errorf("raw:\n got %s\nwant %s", got.Raw, want)
			}
			again := deliveryOf(t, string(got.Raw)).Event
			if string(got.Data) != string(again.Data) {
				t.Errorf("data: got %s; want what is in raw, %s", got.Data, again.Data)
			}
			if (got == e) != (tt.data == tt.want) {
				t.Errorf("got %p of %p; want the event itself if and only if nothing was to be done", got, e)
			}
		})
	}
}

func TestShape_AProjectionTakesOutDataWithoutMembers(t *testing.T) {
	t.Parallel()
	s := shape(t, nil, []string{"data.a"})
	for text, want := range map[string]string{
		`{"data": "secret", "id": "1", "type": "t"}`:  `{ "id": "1", "type": "t"}`,
		`{"id": "1", "data": 89883070, "type": "t"}`:  `{"id": "1", "type": "t"}`,
		`{"id": "1", "type": "t", "data": "{secret"}`: `{"id": "1", "type": "t"}`,
	} {
		e, err := s.Apply(deliveryOf(t, text).Event)
		if err != nil || string(e.Raw) != want || e.Data != nil {
			t.Errorf("%s: got %s, data %s, %v; want %s", text, e.Raw, e.Data, err, want)
		}
	}
}

func TestShape_OfOneOfKORE(t *testing.T) {
	t.Parallel()
	e := deliveryOf(t, sample(t)).Event
	s := shape(t, []string{"iccid=hash", "imsi=mask", "imei", "ip", "location"}, nil)
	got, err := s.Apply(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"89883070000000000001", "901430000000001", "350000000000017", "100.65.109.189", "26.2721", "40026625"} {
		if strings.Contains(string(got.Raw), secret) {
			t.Errorf("the handler sees %s:\n%s", secret, got.Raw)
		}
		if !strings.Contains(string(e.Raw), secret) {
			t.Errorf("the event itself has lost %s", secret)
		}
	}
	c, err := got.Connection()
	if err != nil || c.SIMICCID != hashedICCID || c.IMSI != "****0001" || c.IMEI != "" || c.Location != nil || *c.DataTotal != 3072 || c.Network.FriendlyName != "AT&T" {
		t.Errorf("as a connection event: got %+v, %v", c, err)
	}
	if got.ID != e.ID || got.Type != e.Type || got.SIM() != e.SIM() || got.DedupeID() != e.DedupeID() || got.TimeText != e.TimeText {
		t.Errorf("identity: got %+v of %+v", got, e)
	}
}

// An event without a sim_sid has its ICCID for a SIM, which handlers write down
// beside the event.
func TestShape_TheSIMIsNoWayAround(t *testing.T) {
	t.Parallel()
	const sid, iccid = "HS00000000000000000000000000000001", "89883070000000000001"
	tests := []struct {
		name   string
		redact []string
		data   string
		want   string
	}{
		{"a SID stays", []string{"iccid"}, `{"sim_sid": "` + sid + `", "sim_iccid": "` + iccid + `"}`, sid},
		{"an ICCID goes", []string{"iccid"}, `{"sim_iccid": "` + iccid + `"}`, ""},
		{"an ICCID is masked", []string{"iccid=mask"}, `{"sim_iccid": "` + iccid + `"}`, "****0001"},
		{"an ICCID is hashed", []string{"data.sim_iccid=hash"}, `{"sim_iccid": "` + iccid + `"}`, hashedICCID},
		{"a SID is masked", []string{"data.sim_sid=mask"}, `{"sim_sid": "` + sid + `", "sim_iccid": "` + iccid + `"}`, "****0001"},
		{"an ICCID stays", []string{"data.sim_sid"}, `{"sim_iccid": "` + iccid + `", "x": 1}`, iccid},
		{"none", []string{"iccid=mask"}, `{"x": 1}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := shape(t, tt.redact, nil).Apply(deliveryOf(t, `{"id": "1", "type": "t", "data": `+tt.data+`}`).Event)
			if err != nil || got.SIM() != tt.want {
				t.Errorf("got %q, %v; want %q", got.SIM(), err, tt.want)
			}
		})
	}
	e := deliveryOf(t, `{"id": "1", "type": "t", "data": {"sim_sid": "`+sid+`", "x": 1}}`).Event
	if got, err := shape(t, nil, []string{"data.x"}).Apply(e); err != nil || got.SIM() != sid {
		t.Errorf("a projection: got SIM %q, %v; want %q as before", got.SIM(), err, sid)
	}
}

func TestParse_SaysWhatIsWrongWithARedaction(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "neither one of iccid, imei, imsi, ip, location nor a path",
		"icid":                                 "neither one of",
		"subject.x":                            "want a member of data",
		"data.":                                "without letters",
		"data.a..b":                            "without letters",
		"data.a[*].b":                          "goes through lists by itself",
		"data.a b":                             "holds ' '",
		"iccid=encrypt":                        "none of remove, mask and hash",
		"iccid=":                               "none of remove, mask and hash",
		"location=mask":                        "can only be removed",
		"data.a=mask=hash":                     "none of remove",
		"data." + strings.Repeat("x", maxPath): "at most 256",
	} {
		if _, err := ParseRedaction(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestNewShape_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	redactions := func(texts ...string) (rs []Redaction) {
		for _, text := range texts {
			r, err := ParseRedaction(text)
			if err != nil {
				t.Fatal(err)
			}
			rs = append(rs, r)
		}
		return rs
	}
	for name, tt := range map[string]struct {
		cfg  ShapeConfig
		want string
	}{
		"no key":        {ShapeConfig{Redact: redactions("iccid=hash")}, "0 bytes; want 16 or more"},
		"a short key":   {ShapeConfig{Redact: redactions("iccid=hash"), Key: []byte("secret")}, "6 bytes; want 16"},
		"a path twice":  {ShapeConfig{Redact: redactions("data.a", "data.a=mask")}, "data.a=mask: redacted twice"},
		"a group twice": {ShapeConfig{Redact: redactions("imsi", "imsi=mask")}, "imsi=mask: redacted twice"},
		"an empty list": {ShapeConfig{Project: []Path{}}, "name what is to stay"},
	} {
		if _, err := NewShape(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
	}
	if s, err := NewShape(ShapeConfig{Key: aKey}); s != nil || err != nil {
		t.Errorf("nothing to do: got %v, %v; want neither", s, err)
	}
}

// What Decode did not make may be no JSON. It must not come through as it is.
func TestShape_ShowsNothingOfWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	s := shape(t, []string{"iccid"}, []string{"data.a"})
	for _, text := range []string{``, `{`, `7`, `{"data":`, `{"data":7`, `{"data":{"a":1,`, `{"data":{"x":`, `{"data":[{"iccid":1`, `{"data":"`} {
		e := &event.Event{Raw: []byte(text), Data: []byte(`{`)}
		if got, err := s.Apply(e); err == nil && json.Valid(got.Raw) {
			t.Errorf("%s: got %s, want an error or what nobody takes for an event", text, got.Raw)
		}
	}
}

func BenchmarkShape(b *testing.B) {
	d := deliveryOf(b, sample(b))
	for name, s := range map[string]*Shape{
		"remove":     shape(b, []string{"imei", "location"}, nil),
		"mask":       shape(b, []string{"iccid=mask", "imsi=mask", "imei=mask", "ip=mask"}, nil),
		"hash":       shape(b, []string{"iccid=hash", "imsi=hash", "imei=hash"}, nil),
		"path":       shape(b, []string{"data.sim_iccid"}, nil),
		"project":    shape(b, nil, []string{"data.sim_sid", "data.network.iso_country", "data.data_total"}),
		"no_matches": shape(b, []string{"data.none"}, nil),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(d.Event.Raw)))
			for b.Loop() {
				if _, err := s.Apply(d.Event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
