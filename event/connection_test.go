package event

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoded(t testing.TB, payload []byte) *Event {
	t.Helper()
	items, err := Decode(payload)
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("got %+v, %v, want one event", items, err)
	}
	return items[0].Event
}

func ptr[T any](v T) *T { return &v }

func moment(hour, minute, second int) time.Time {
	return time.Date(2025, 11, 26, hour, minute, second, 0, time.UTC)
}

// pump is what all fixtures say of their SIM.
func pump(sid, typ string, at time.Time) *Connection {
	return &Connection{
		EventSID: sid, EventType: typ, AccountSID: "AC4c122831efef10ac68b5223dccd6f614",
		SIMSID: "HS089c2ebe4906b715923c1ccf354f6bf7", FleetSID: "HF63a5d1d7e359d7354023dae4ef82d756",
		SIMICCID: "89883070000000000001", SIMUniqueName: "pump-17", IMSI: "901430000000001", IMEI: "350000000000017",
		Network:   &Network{MCC: "310", MNC: "170", SID: "HW40fa73c9d0083043c6576dd2b40511e4", ISOCountry: "US", FriendlyName: "AT&T"},
		Timestamp: at, RATType: "4G LTE", SchemaVersion: 2,
	}
}

func TestConnection_ReadsEveryMember(t *testing.T) {
	t.Parallel()
	updated := pump("EZ49d0205460c873eb48e746fb217b3124", "com.twilio.iot.supersim.connection.data-session.updated", moment(9, 11, 44))
	updated.APN, updated.IPAddress = "super", "100.65.109.189"
	updated.Location = &Location{CellID: "40026625", LAC: "602", Lat: ptr(26.2721), Lon: ptr(-81.809)}
	updated.DataSessionSID = "PI2b802e190320f588991039a3fc6ef4cd"
	updated.DataSessionStartTime, updated.DataSessionUpdateStartTime = moment(9, 5, 44), moment(9, 5, 44)
	updated.DataSessionUpdateEndTime = moment(9, 11, 44)
	updated.DataDownload, updated.DataUpload, updated.DataTotal = ptr(int64(2048)), ptr(int64(1024)), ptr(int64(3072))
	updated.DataSessionDataDownload, updated.DataSessionDataUpload, updated.DataSessionDataTotal = ptr(int64(2048)), ptr(int64(1024)), ptr(int64(3072))
	rejected := pump("EZ5650924b818a3db136ad3f1a35bc6091", "com.twilio.iot.supersim.connection.attachment.rejected", moment(9, 4, 10))
	rejected.Error = &ConnectionError{Code: CodeRejectedNetwork, Message: "Attachment Rejected Due To Network Not Allowed"}
	for name, want := range map[string]*Connection{
		"constructed-supersim-data-session-updated": updated,
		"constructed-edge-data-is-json-string":      updated,
		"constructed-supersim-attachment-rejected":  rejected,
	} {
		got, err := decoded(t, fixture(t, name)).Connection()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestConnection_ReadsEveryFixture(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/constructed-supersim-*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("found %d fixtures, %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		e := decoded(t, fixture(t, name))
		c, err := e.Connection()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.EventSID != e.ID || c.EventType != e.Type || c.SIMSID != e.SIM() || c.SIMSID == "" || c.Timestamp.IsZero() || c.Network == nil {
			t.Errorf("%s: envelope and data differ: %+v", name, c)
		}
		if strings.Contains(name, "failed") != (c.Error != nil) && !strings.Contains(name, "rejected") {
			t.Errorf("%s: got error %v", name, c.Error)
		}
		if strings.Contains(name, "schema-v1") != (c.SchemaVersion == 1) {
			t.Errorf("%s: got schema version %d", name, c.SchemaVersion)
		}
	}
}

func TestConnection_IsLenientWhereNothingIsLost(t *testing.T) {
	t.Parallel()
	e := decoded(t, []byte(text(`"dataschema":"x/ConnectionEvent/1.json","data":{
		"sim_iccid":89883070000000000001,"imsi":true,"apn":null,"data_download":"2048","data_upload":2.048e3,"data_total":null,
		"timestamp":"noon","error":{"code":"83703","message":null},"location":{"lat":"26.5","lon":null,"lac":602},"unknown":{"a":[1]}}`)))
	got, err := e.Connection()
	if err != nil {
		t.Fatal(err)
	}
	want := &Connection{
		SIMICCID: "89883070000000000001", IMSI: "true", DataDownload: ptr(int64(2048)), DataUpload: ptr(int64(2048)),
		Error: &ConnectionError{Code: CodeRejectedRate}, Location: &Location{Lat: ptr(26.5), LAC: "602"}, SchemaVersion: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConnection_SaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 200)
	tests := []struct{ name, data, want string }{
		{"an object for a string", `{"imsi":{}}`, "imsi"},
		{"a list for a number", `{"data_total":[1]}`, "data_total"},
		{"half a byte", `{"data_total":1.5}`, "1.5"},
		{"a word for a number", `{"data_total":"many"}`, "many"},
		{"a number beyond what is exact", `{"data_total":1e300}`, "1e300"},
		{"a long number", `{"data_total":"` + long + `"}`, "data_total"},
		{"infinity", `{"location":{"lat":"Inf"}}`, "Inf"},
		{"a list for a time", `{"timestamp":[]}`, "timestamp"},
		{"a list for everything", `[1]`, ""},
	}
	for _, tt := range tests {
		_, err := decoded(t, []byte(text(`"data":`+tt.data))).Connection()
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 400 {
			t.Errorf("%s: got %v, want an error that names %s", tt.name, err, tt.want)
		}
	}
	if _, err := decoded(t, []byte(text(`"data":null`))).Connection(); err == nil || errors.Is(err, ErrNotConnection) {
		t.Errorf("no data: got %v", err)
	}
	if _, err := decoded(t, fixture(t, "constructed-edge-unknown-type")).Connection(); !errors.Is(err, ErrNotConnection) {
		t.Errorf("another type: got %v, want ErrNotConnection", err)
	}
}

func TestErrorCode_HasAName(t *testing.T) {
	t.Parallel()
	if got := CodeRejectedInactive.String(); !strings.Contains(got, "inactive") {
		t.Errorf("83705: got %q", got)
	}
	if got := ErrorCode(7).String(); got != "7" {
		t.Errorf("an unknown code: got %q, want its number", got)
	}
}
