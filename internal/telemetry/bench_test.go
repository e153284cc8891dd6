package telemetry

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/zap"

	"korestream/consumer"
)

// BenchmarkBatch is what following a batch of a thousand events costs, as the consumer
// calls for it: traces on with each event of a trace of its own or of none, traces on
// and the batch not sampled, and off.
func BenchmarkBatch(b *testing.B) {
	const events = 1000
	for _, c := range []struct{ name, sampler, more string }{
		{"sampled/traced", "always_on", traceOf(1)},
		{"sampled/untraced", "always_on", ""},
		{"unsampled", "always_off", ""},
		{"off", "", ""},
	} {
		b.Run(fmt.Sprint("events=", events, "/", c.name), func(b *testing.B) {
			b.Setenv("OTEL_TRACES_SAMPLER", c.sampler)
			var s Settings
			if c.sampler != "" {
				// Spans are made and queued; what is over the queue is dropped.
				s.Traces.OTLP = &OTLP{URL: "http://127.0.0.1:1/", Timeout: otlpTimeout}
			}
			tel := New(s, zap.NewNop())
			tel.Start(b.Context(), Identity{}, nil)
			var o consumer.BatchObserver
			if tel.batches != nil {
				o = tel.batches
			}
			d, ctx := delivery(b, "1", c.more), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				var batch consumer.Batch
				if o != nil {
					batch = o.Begin(fetched)
				}
				for range events {
					if batch != nil {
						batch.Accepted(d)
						_ = batch.Context(ctx)
					}
				}
				if batch != nil {
					batch.End(consumer.BatchResult{Events: events, Handled: events})
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
			done, cancel := context.WithCancel(ctx)
			cancel()
			_ = tel.Stop(done) // there is nobody to take the spans
		})
	}
}
