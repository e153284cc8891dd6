package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spanClient sends spans for the SDK's exporter, which makes messages of them.
type spanClient struct{ *sender }

var _ otlptrace.Client = spanClient{}

// Start implements [otlptrace.Client]. It connects to nothing.
func (c spanClient) Start(context.Context) error { return nil }

// Stop implements [otlptrace.Client].
func (c spanClient) Stop(context.Context) error {
	c.close()
	return nil
}

// UploadTraces implements [otlptrace.Client]. An export that failed is no error of
// ours: the log has been told.
func (c spanClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	message, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	c.send(ctx, message)
	return nil
}

// metricExporter sends metrics. The registry's counters are cumulative, so nothing
// else can be had.
type metricExporter struct{ *sender }

var _ sdkmetric.Exporter = metricExporter{}

// Temporality implements [sdkmetric.Exporter].
func (metricExporter) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.CumulativeTemporality
}

// Aggregation implements [sdkmetric.Exporter].
func (metricExporter) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

// Export implements [sdkmetric.Exporter].
func (e metricExporter) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	message, err := proto.Marshal(&metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{resourceMetrics(rm)}})
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	e.send(ctx, message)
	return nil
}

// ForceFlush implements [sdkmetric.Exporter]. Nothing is held back here.
func (metricExporter) ForceFlush(context.Context) error { return nil }

// Shutdown implements [sdkmetric.Exporter].
func (e metricExporter) Shutdown(context.Context) error {
	e.close()
	return nil
}
