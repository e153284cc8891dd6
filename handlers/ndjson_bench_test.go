package handlers

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkNDJSON_Handle is one event a lane at a time, on as many lanes; with
// rotation a file is finished every 4 MiB.
func BenchmarkNDJSON_Handle(b *testing.B) {
	for _, policy := range []SyncPolicy{SyncAlways, SyncNever} {
		for _, lanes := range []int{1, 64} {
			for _, rotate := range []struct {
				name string
				cfg  RotateConfig
			}{
				{"off", RotateConfig{}},
				{"plain", RotateConfig{MaxBytes: 4 << 20}},
				{"zstd", RotateConfig{MaxBytes: 4 << 20, Compression: Zstd}},
			} {
				b.Run(fmt.Sprintf("sync=%s/lanes=%d/rotate=%s", policy, lanes, rotate.name), func(b *testing.B) {
					benchArchive(b, lanes, NDJSONConfig{Sync: policy, Rotate: rotate.cfg})
				})
			}
		}
	}
}

func benchArchive(b *testing.B, lanes int, cfg NDJSONConfig) {
	cfg.Path = filepath.Join(b.TempDir(), "events.ndjson")
	n, err := OpenNDJSON(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	d := deliveryOf(b, `{"id": "EZ1", "type": "`+sessionUpdated+`", "data": {"sim_sid": "`+aSIM+`", "pad": "`+strings.Repeat("x", 700)+`"}}`)
	b.SetBytes(int64(len(d.Event.Raw)))
	b.ReportAllocs()
	b.ResetTimer()
	var begun atomic.Int64
	var wg sync.WaitGroup
	for range lanes {
		wg.Go(func() {
			for begun.Add(1) <= int64(b.N) {
				if err := n.Handle(b.Context(), d); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCompressor is a file of made-up events.
func BenchmarkCompressor(b *testing.B) {
	var text strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&text, `{"id":"EZ%032x","type":%q,"data":{"sim_sid":"HS%032x","bytes":%d}}`+"\n", i*7919, sessionUpdated, i%50, i*i)
	}
	for _, kind := range []Compression{Gzip, Zstd} {
		b.Run(string(kind), func(b *testing.B) {
			c := newCompressor(kind)
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			var size counter
			for b.Loop() {
				size = 0
				if err := c.compress(&size, strings.NewReader(text.String())); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(text.Len())/float64(size), "ratio")
		})
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
