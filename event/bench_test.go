package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"korestream/event"
	"korestream/event/fleet"
)

// ordinary returns a fleet's event whose size is nearest to size.
func ordinary(size int) []byte {
	away := func(b []byte) int { return max(len(b)-size, size-len(b)) }
	f := fleet.New(fleet.Config{Seed: 1, SIMs: 50, Start: fleet.DefaultConfig().Start})
	best := f.Next().Data
	for range 500 {
		if b := f.Next().Data; away(b) < away(best) {
			best = b
		}
	}
	return best
}

// withCells returns an event with a list of cells in its data, about size bytes.
func withCells(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"id":"EZ1","type":"com.kore.iot.supersim.cells","source":"kore-events","time":"2025-11-26T09:11:44.0000000+00:00","data":{"sim_sid":"HS1","cells":[`)
	for i := 0; b.Len() < size-100; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"cell_id":"%09d","lac":"%05d","lat":51.%04d,"lon":-0.%04d,"name":"Telefónica"}`, i, i, i, i)
	}
	b.WriteString("]}}")
	return b.Bytes()
}

// benchPayloads are what the benchmarks read, and how many events each holds.
func benchPayloads() []struct {
	name    string
	payload []byte
	events  int
} {
	kore := ordinary(1080)
	return []struct {
		name    string
		payload []byte
		events  int
	}{
		{"size=300", ordinary(300), 1},
		{"size=1080", kore, 1},
		{"size=8000", withCells(8000), 1},
		{"array=50", append(append([]byte("["), bytes.Repeat(append(bytes.Clone(kore), ','), 49)...), append(bytes.Clone(kore), ']')...), 50},
	}
}

// BenchmarkDecode measures, on the same payloads, the tokenizer that was there
// before, Decode, a Decoder that is used again, and encoding/json into a struct,
// which checks neither duplicate names nor UTF-8 nor what follows the value.
func BenchmarkDecode(b *testing.B) {
	for _, p := range benchPayloads() {
		run := func(name string, decode func() error) {
			b.Run(p.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(p.payload)))
				b.ReportAllocs()
				for b.Loop() {
					if err := decode(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.events), "ns/event")
			})
		}
		var d event.Decoder
		var items []event.Item
		run("reference", func() error { _, err := event.ReferenceDecode(p.payload); return err })
		run("new", func() (err error) { items, err = d.Append(items[:0], p.payload); return err })
		run("decode", func() error { _, err := event.Decode(p.payload); return err })
		if p.events == 1 {
			run("encoding-json", func() error { return standard(p.payload) })
		}
	}
}

// traffic returns a fleet's records in their natural mix, or those of one kind
// of event alone.
func traffic(suffix string) [][]byte {
	const records = 2000
	var all [][]byte
	for f := fleet.New(fleet.DefaultConfig()); len(all) < records; {
		payload := f.Next().Data
		items, err := event.Decode(payload)
		if suffix == "" || err == nil && items[0].Event != nil && items[0].Event.Suffix() == suffix {
			all = append(all, payload)
		}
	}
	return all
}

// BenchmarkDecoder_Traffic measures a Decoder on records that all differ.
func BenchmarkDecoder_Traffic(b *testing.B) {
	for name, payloads := range map[string][][]byte{
		"mixed": traffic(""), "updated": traffic(event.SuffixDataSessionUpdated), "fitted": fitted(b, 1000, 1083),
	} {
		b.Run("kinds="+name, func(b *testing.B) {
			var d event.Decoder
			var items []event.Item
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				// Some records of the mix are broken, as they are meant to be.
				items, _ = d.Append(items[:0], payloads[i%len(payloads)])
			}
		})
	}
}

func standard(payload []byte) error {
	var e struct {
		ID, Type, Source, DataSchema, SpecVersion string
		Time                                      time.Time
		Data                                      json.RawMessage
	}
	return json.Unmarshal(payload, &e)
}
