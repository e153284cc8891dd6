package event

import (
	"encoding/json"
	"testing"
	"time"
)

// BenchmarkDecode measures Decode beside encoding/json into a struct, which
// checks neither duplicate names nor UTF-8 nor what follows the value.
func BenchmarkDecode(b *testing.B) {
	for name, file := range map[string]string{
		"usage":      "constructed-supersim-data-session-updated",
		"attachment": "constructed-supersim-attachment-accepted",
		"string":     "constructed-edge-data-is-json-string",
	} {
		payload := fixture(b, file)
		b.Run(name+"/ours", func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				var e struct {
					ID, Type, Source, DataSchema, SpecVersion string
					Time                                      time.Time
					Data                                      json.RawMessage
				}
				if err := json.Unmarshal(payload, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
