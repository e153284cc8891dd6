package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// cumulative is how all of the registry's sums and histograms are.
const cumulative = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE

// resourceMetrics makes the message of what the registry's bridge has produced.
func resourceMetrics(rm *metricdata.ResourceMetrics) *metricspb.ResourceMetrics {
	out := &metricspb.ResourceMetrics{
		Resource: &resourcepb.Resource{Attributes: keyValues(*rm.Resource.Set())}, SchemaUrl: rm.Resource.SchemaURL(),
	}
	for _, sm := range rm.ScopeMetrics {
		scope := &metricspb.ScopeMetrics{
			Scope: &commonpb.InstrumentationScope{Name: sm.Scope.Name, Version: sm.Scope.Version}, SchemaUrl: sm.Scope.SchemaURL,
		}
		for _, m := range sm.Metrics {
			if p := metric(m); p != nil {
				scope.Metrics = append(scope.Metrics, p)
			}
		}
		out.ScopeMetrics = append(out.ScopeMetrics, scope)
	}
	return out
}

// metric returns nil for a kind of metric that the bridge makes none of.
func metric(m metricdata.Metrics) *metricspb.Metric {
	out := &metricspb.Metric{Name: m.Name, Description: m.Description, Unit: m.Unit}
	switch data := m.Data.(type) {
	case metricdata.Gauge[float64]:
		out.Data = &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: each(data.DataPoints, numberPoint)}}
	case metricdata.Sum[float64]:
		out.Data = &metricspb.Metric_Sum{Sum: &metricspb.Sum{
			AggregationTemporality: cumulative, IsMonotonic: data.IsMonotonic, DataPoints: each(data.DataPoints, numberPoint),
		}}
	case metricdata.Histogram[float64]:
		out.Data = &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
			AggregationTemporality: cumulative, DataPoints: each(data.DataPoints, histogramPoint),
		}}
	case metricdata.ExponentialHistogram[float64]:
		out.Data = &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{
			AggregationTemporality: cumulative, DataPoints: each(data.DataPoints, exponentialPoint),
		}}
	case metricdata.Summary:
		out.Data = &metricspb.Metric_Summary{Summary: &metricspb.Summary{DataPoints: each(data.DataPoints, summaryPoint)}}
	default:
		return nil
	}
	return out
}

func numberPoint(p *metricdata.DataPoint[float64]) *metricspb.NumberDataPoint {
	return &metricspb.NumberDataPoint{
		Attributes: keyValues(p.Attributes), StartTimeUnixNano: nanos(p.StartTime), TimeUnixNano: nanos(p.Time),
		Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: p.Value},
	}
}

func histogramPoint(p *metricdata.HistogramDataPoint[float64]) *metricspb.HistogramDataPoint {
	return &metricspb.HistogramDataPoint{
		Attributes: keyValues(p.Attributes), StartTimeUnixNano: nanos(p.StartTime), TimeUnixNano: nanos(p.Time),
		Count: p.Count, Sum: &p.Sum, BucketCounts: p.BucketCounts, ExplicitBounds: p.Bounds,
	}
}

func exponentialPoint(p *metricdata.ExponentialHistogramDataPoint[float64]) *metricspb.ExponentialHistogramDataPoint {
	return &metricspb.ExponentialHistogramDataPoint{
		Attributes: keyValues(p.Attributes), StartTimeUnixNano: nanos(p.StartTime), TimeUnixNano: nanos(p.Time),
		Count: p.Count, Sum: &p.Sum, Scale: p.Scale, ZeroCount: p.ZeroCount, ZeroThreshold: p.ZeroThreshold,
		Positive: buckets(p.PositiveBucket), Negative: buckets(p.NegativeBucket),
	}
}

func buckets(b metricdata.ExponentialBucket) *metricspb.ExponentialHistogramDataPoint_Buckets {
	return &metricspb.ExponentialHistogramDataPoint_Buckets{Offset: b.Offset, BucketCounts: b.Counts}
}

func summaryPoint(p *metricdata.SummaryDataPoint) *metricspb.SummaryDataPoint {
	return &metricspb.SummaryDataPoint{
		Attributes: keyValues(p.Attributes), StartTimeUnixNano: nanos(p.StartTime), TimeUnixNano: nanos(p.Time), Count: p.Count, Sum: p.Sum,
		QuantileValues: each(p.QuantileValues, func(q *metricdata.QuantileValue) *metricspb.SummaryDataPoint_ValueAtQuantile {
			return &metricspb.SummaryDataPoint_ValueAtQuantile{Quantile: q.Quantile, Value: q.Value}
		}),
	}
}

// each makes a message of each value.
func each[V, M any](all []V, message func(*V) *M) []*M {
	out := make([]*M, len(all))
	for i := range all {
		out[i] = message(&all[i])
	}
	return out
}

// keyValues are attributes: labels of the registry, which are texts, and those of the
// resource, of which the rest are given as the SDK writes them.
func keyValues(set attribute.Set) []*commonpb.KeyValue {
	out := make([]*commonpb.KeyValue, 0, set.Len())
	for it := set.Iter(); it.Next(); {
		kv := it.Attribute()
		out = append(out, &commonpb.KeyValue{
			Key: string(kv.Key), Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: kv.Value.String()}},
		})
	}
	return out
}

// nanos is 0 for no time.
func nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixNano(), 0))
}
