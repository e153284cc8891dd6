package event_test

import (
	"bytes"
	"strings"
	"testing"

	"korestream/event/fleet"
)

// droppable are members of data that may be left out, the first to go first.
var droppable = []string{
	"location", "data_session_data_download", "data_session_data_upload", "data_session_data_total", "data_session_update_start_time",
	"data_session_update_end_time", "network", "data_session_start_time", "sim_unique_name",
}

// fitted returns n events of exactly size bytes, of 5,000 SIMs: as the load of
// the benchmark of the whole daemon is made. What is too large lacks members
// of its data, and what is too small is padded.
func fitted(tb testing.TB, n, size int) [][]byte {
	tb.Helper()
	cfg := fleet.Config{Seed: 1, SIMs: 5000, Start: fleet.DefaultConfig().Start}
	var all [][]byte
	for f := fleet.New(cfg); len(all) < n; {
		b := f.Next().Data
		if !bytes.HasPrefix(b, []byte(`{"data":{"account_sid"`)) {
			continue // a test event of the portal
		}
		for _, name := range droppable {
			if lack := size - len(b); lack == 0 || lack >= len(`"note":"",`) {
				break
			}
			b = without(b, name)
		}
		lack := size - len(b) - len(`"note":"",`)
		if len(b) == size {
			all = append(all, b)
			continue
		}
		if lack < 0 {
			tb.Fatalf("an event of %d bytes cannot be brought to %d", len(b), size)
		}
		all = append(all, append([]byte(`{"data":{"note":"`+strings.Repeat("x", lack)+`",`), b[len(`{"data":{`):]...))
	}
	return all
}

// without cuts a member out of an event whose values hold no brackets but those
// of objects. It is never the last of its object.
func without(b []byte, name string) []byte {
	i := bytes.Index(b, []byte(`,"`+name+`":`))
	if i < 0 {
		return b
	}
	end := i + 1
	for depth := 0; b[end] != ',' || depth > 0; end++ {
		switch b[end] {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return append(b[:i:i], b[end:]...)
			}
		}
	}
	return append(b[:i:i], b[end:]...)
}
