package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"korestream/consumer"
	"korestream/handlers"
)

// slow is from when an attempt that succeeded is worth a span. A span for each would be
// ten thousand for one batch.
const slow = 100 * time.Millisecond

// attemptSpans makes spans of attempts of handlers, those that failed and those that were
// slow, below the span of their batch.
type attemptSpans struct{ tracer trace.Tracer }

var _ handlers.AttemptObserver = (*attemptSpans)(nil)

// Attempted implements [handlers.AttemptObserver].
func (a *attemptSpans) Attempted(ctx context.Context, handler string, d *consumer.Delivery, began time.Time, err error) {
	ended := time.Now()
	if a.tracer == nil || err == nil && ended.Sub(began) < slow || !trace.SpanContextFromContext(ctx).IsValid() {
		return
	}
	// The event's texts are its own, and so are the origin's that are said here.
	opts := []trace.SpanStartOption{trace.WithTimestamp(began), trace.WithAttributes(
		attribute.String("korestream.handler", handler), semconv.CloudEventsEventID(d.Event.ID), semconv.CloudEventsEventType(d.Event.Type),
	)}
	if link, ok := origin(d.Event); ok {
		opts = append(opts, trace.WithLinks(link))
	}
	_, span := a.tracer.Start(ctx, "handle "+handler, opts...)
	if err != nil {
		// Its text is in the log. It is not ours, so it might name a SIM.
		kind := failure(err)
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, kind)
	}
	span.End(trace.WithTimestamp(ended))
}

// failure is an error's kind in one word.
func failure(err error) string {
	switch {
	case errors.Is(err, handlers.ErrTimeout):
		return "timeout"
	case handlers.IsPermanent(err):
		return "permanent"
	case handlers.IsUnavailable(err):
		return "unavailable"
	}
	return "failed"
}

// propagate is a [handlers.Propagator].
func propagate(ctx context.Context) (traceparent, tracestate string) {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"], carrier["tracestate"]
}

// ConsumerOptions are what a consumer needs to be traced: nothing unless it is to be.
func (t *Telemetry) ConsumerOptions() []consumer.Option {
	if t == nil || t.batches == nil {
		return nil
	}
	return []consumer.Option{consumer.WithBatchObserver(t.batches)}
}

// MuxOptions are likewise for a mux.
func (t *Telemetry) MuxOptions() []handlers.Option {
	if t == nil || t.attempts == nil {
		return nil
	}
	return []handlers.Option{handlers.WithAttemptObserver(t.attempts)}
}

// Propagator is what handlers ask for the trace to name in what they send, nil unless
// traces are on.
func (t *Telemetry) Propagator() handlers.Propagator {
	if t == nil || t.batches == nil {
		return nil
	}
	return propagate
}
