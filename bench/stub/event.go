package stub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"korestream/event/fleet"
)

// sims is how many SIMs the events are of: enough that nearly every event of a
// page has a SIM of its own, as in a stream of many devices.
const sims = 5_000

// made is one event as KORE would send it.
type made struct {
	key, id string
	payload []byte
}

// makeEvents returns n events of exactly size bytes each.
func makeEvents(n, size int) ([]made, error) {
	cfg := fleet.Config{Seed: 1, SIMs: sims, Start: time.Date(2025, time.November, 26, 9, 0, 0, 0, time.UTC)}
	f := fleet.New(cfg)
	events := make([]made, 0, n)
	for len(events) < n {
		r := f.Next()
		m, err := fit(r.Data, size)
		if err != nil {
			return nil, err
		}
		if m.id == "" {
			continue // a test event of the portal, which has another kind of id
		}
		m.key = r.PartitionKey
		events = append(events, m)
	}
	return events, nil
}

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// droppable are members of data, the first to go first: an event is made smaller
// by leaving them out, in the way that KORE leaves out what it does not know.
var droppable = []string{
	"location", "data_session_data_download", "data_session_data_upload", "data_session_data_total", "data_session_update_start_time",
	"data_session_update_end_time", "network", "data_session_start_time", "sim_unique_name", "ip_address", "imei", "imsi", "rat_type",
	"apn", "fleet_sid", "data_download", "data_upload", "data_total", "data_session_sid", "timestamp", "account_sid", "event_type", "error",
}

// fit brings an event to size bytes: members of its data are left out, and what
// is then lacking is padded.
func fit(payload []byte, size int) (made, error) {
	envelope, err := members(payload)
	if err != nil {
		return made{}, err
	}
	var id string
	at := -1
	for i, m := range envelope {
		switch m.name {
		case "id":
			id = strings.Trim(string(m.value), `"`)
		case "data":
			at = i
		}
	}
	if !strings.HasPrefix(id, idPrefix) || len(id) != idLength || at < 0 {
		return made{}, nil
	}
	data, err := members(envelope[at].value)
	if err != nil {
		return made{}, err
	}
	out, err := shrink(envelope, at, data, size)
	return made{id: id, payload: out}, err
}

// padding is the member that fills an event up.
const padding = `"note":"",`

func shrink(envelope []member, at int, data []member, size int) ([]byte, error) {
	for i := 0; ; i++ {
		envelope[at].value = join(data)
		out := join(envelope)
		lack := size - len(out)
		if lack == 0 || lack >= len(padding) {
			return pad(out, lack), nil
		}
		if i == len(droppable) {
			return nil, fmt.Errorf("an event of %d bytes: %d is the least", size, len(out)+len(padding))
		}
		data = without(data, droppable[i])
	}
}

// pad puts n bytes into data, which is the first member.
func pad(payload []byte, n int) []byte {
	if n == 0 {
		return payload
	}
	const open = `{"data":{`
	note := `"note":"` + strings.Repeat("x", n-len(padding)) + `",`
	return []byte(open + note + string(payload[len(open):]))
}

func without(ms []member, name string) []member {
	var out []member
	for _, m := range ms {
		if m.name != name {
			out = append(out, m)
		}
	}
	return out
}

// members takes a JSON object apart, in order.
func members(object []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	var out []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		m := member{name: fmt.Sprint(name)}
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		out = append(out, m)
	}
	return out, nil
}

func join(ms []member) []byte {
	out := []byte{'{'}
	for i, m := range ms {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, "%q:%s", m.name, m.value)
	}
	return append(out, '}')
}
