package fleet

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"korestream/event"
)

// failure is why something was rejected or failed.
type failure struct {
	code event.ErrorCode
	text string
}

// usage is what a data-session event says of its session. There are no bytes
// and no window in the event that starts one.
type usage struct {
	session      session
	since, until time.Time
	down, up     int64
	over         bool
}

// message is one event before it is written down. An empty attribute is left out.
type message struct {
	sim     *sim
	usage   *usage
	failure *failure
	// data replaces what sim, usage and failure say.
	data []byte

	id, typ, source, schema, specversion string
	at                                   time.Time

	// nulls writes null where there would be a location or an IMEI.
	nulls bool
	// extra adds members that no schema has.
	extra bool
}

// timeFormat has seven fractional digits and a numeric offset, as KORE's times have.
const timeFormat = "2006-01-02T15:04:05.0000000-07:00"

// stampFormat is that of the times within data.
const stampFormat = "2006-01-02T15:04:05Z"

func testMessage(r *rand.Rand, at time.Time) message {
	var d object
	d.text("test_id", uuid(r))
	return message{
		data: d.close(), id: uuid(r), at: at, typ: event.TypeTest,
		source: "kore-events", schema: "/schemas/test/1", specversion: "1.0",
	}
}

// record writes the message as KORE does.
func (m *message) record() Record {
	return Record{PartitionKey: m.key(), Data: m.json(), Kind: Fresh}
}

// key is the partition key.
func (m *message) key() string {
	if m.sim == nil {
		return m.id
	}
	return m.sim.sid
}

// json writes the envelope in KORE's order, data first.
func (m *message) json() []byte {
	var o object
	o.raw("data", m.dataJSON())
	o.some("id", m.id)
	o.text("time", m.at.UTC().Format(timeFormat))
	o.some("type", m.typ)
	o.some("source", m.source)
	o.some("dataschema", m.schema)
	o.some("specversion", m.specversion)
	o.text("datacontenttype", "application/json")
	if m.extra {
		o.text("traceparent", "00-"+m.id[2:]+"-00f067aa0ba902b7-01")
		o.raw("koreinternal", []byte(`{"attempt":1,"path":["a",null,2.50]}`))
	}
	return o.close()
}

func (m *message) dataJSON() []byte {
	if m.data != nil {
		return m.data
	}
	s := m.sim
	var o object
	o.text("account_sid", s.account)
	o.text("sim_sid", s.sid)
	o.text("fleet_sid", s.fleet)
	o.text("sim_iccid", s.iccid)
	o.some("sim_unique_name", s.name)
	o.text("imsi", s.imsi)
	if m.nulls {
		o.raw("imei", null)
	} else {
		o.some("imei", s.imei)
	}
	o.raw("network", s.network.json(s.networkSID))
	o.text("event_sid", m.id)
	o.text("event_type", m.typ)
	o.text("timestamp", m.at.UTC().Format(stampFormat))
	o.text("rat_type", s.radio)
	m.writeUsage(&o)
	if m.failure != nil {
		var e object
		e.number("code", int64(m.failure.code))
		e.text("message", m.failure.text)
		o.raw("error", e.close())
	}
	if m.extra {
		o.raw("signal", []byte(`{"rsrp":-97,"rsrq":-11.5}`))
	}
	return o.close()
}

// writeUsage writes what only data-session events have.
func (m *message) writeUsage(o *object) {
	if m.nulls {
		o.raw("location", null)
	}
	u := m.usage
	if u == nil {
		return
	}
	if !m.nulls {
		o.raw("location", m.sim.location())
	}
	o.text("apn", "super")
	o.text("ip_address", u.session.ip)
	o.text("data_session_sid", u.session.sid)
	o.text("data_session_start_time", u.session.start.UTC().Format(stampFormat))
	if u.over {
		o.text("data_session_end_time", u.until.UTC().Format(stampFormat))
	}
	if u.until.IsZero() {
		return
	}
	o.text("data_session_update_start_time", u.since.UTC().Format(stampFormat))
	o.text("data_session_update_end_time", u.until.UTC().Format(stampFormat))
	o.number("data_download", u.down)
	o.number("data_upload", u.up)
	o.number("data_total", u.down+u.up)
	if m.sim.version < 2 {
		return
	}
	o.number("data_session_data_download", u.session.down)
	o.number("data_session_data_upload", u.session.up)
	o.number("data_session_data_total", u.session.down+u.session.up)
}

func (n network) json(sid string) []byte {
	var o object
	o.text("mcc", n.mcc)
	o.text("mnc", n.mnc)
	o.text("sid", sid)
	o.text("iso_country", n.country)
	o.text("friendly_name", n.name)
	return o.close()
}

func (s *sim) location() []byte {
	var o object
	o.text("lac", s.cell[:4])
	o.raw("lat", strconv.AppendFloat(nil, s.network.lat, 'f', -1, 64))
	o.raw("lon", strconv.AppendFloat(nil, s.network.lon, 'f', -1, 64))
	o.text("cell_id", s.cell)
	return o.close()
}

func ipv4(a, b, c, d int) string { return fmt.Sprintf("%d.%d.%d.%d", a, b, c, d) }

var null = []byte("null")

// object is a JSON object being written, compact, in the order of the calls.
// Nothing is escaped that need not be: AT&T stays AT&T.
type object []byte

func (o *object) name(name string) {
	if len(*o) == 0 {
		*o = append(*o, '{')
	} else {
		*o = append(*o, ',')
	}
	*o = append(*o, '"')
	*o = append(*o, name...)
	*o = append(*o, '"', ':')
}

func (o *object) raw(name string, json []byte) {
	o.name(name)
	*o = append(*o, json...)
}

func (o *object) text(name, s string) { o.raw(name, quote(s)) }

// some leaves an empty text out.
func (o *object) some(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}

func (o *object) number(name string, n int64) { o.raw(name, strconv.AppendInt(nil, n, 10)) }

// close ends the object, which has at least one member.
func (o *object) close() []byte { return append(*o, '}') }

// quote writes a JSON string. All that is written here is UTF-8, which is all
// that could fail.
func quote(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s)
	return b
}
