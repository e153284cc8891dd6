package telemetry

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"korestream/consumer"
	"korestream/event"
)

// maxLinks bounds the links of a span, as the SDK does by default. Beyond it the SDK
// would drop the oldest for each that comes, at a cost.
const maxLinks = 128

// kinesis is the messaging.system: the conventions have no name for it, and this is
// like those that they have for AWS's others.
const kinesis = "aws_kinesis"

// batchSpans makes a span of each batch.
type batchSpans struct {
	// tracer is nil until telemetry is started, identity is that of this process. Both
	// are set before the consumer runs.
	tracer   trace.Tracer
	identity Identity
}

var _ consumer.BatchObserver = (*batchSpans)(nil)

// Begin implements [consumer.BatchObserver]. A batch that is not sampled is followed by
// nobody.
func (b *batchSpans) Begin(f consumer.Fetched) consumer.Batch {
	if b.tracer == nil {
		return nil
	}
	_, span := b.tracer.Start(context.Background(), "process "+f.Stream, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		semconv.MessagingSystemKey.String(kinesis),
		semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess,
		semconv.MessagingDestinationName(f.Stream), semconv.MessagingDestinationPartitionID(f.Shard), semconv.AWSKinesisStreamName(f.Stream),
		semconv.MessagingConsumerGroupName(b.identity.Application), semconv.MessagingClientID(b.identity.Worker),
		semconv.MessagingBatchMessageCount(f.Records), attribute.Int("korestream.record_bytes", f.Bytes),
	))
	if !span.IsRecording() {
		return nil
	}
	// Sequence numbers are parts of larger blocks, which a span must not keep.
	span.SetAttributes(
		attribute.String("korestream.first_sequence_number", strings.Clone(f.First)),
		attribute.String("korestream.last_sequence_number", strings.Clone(f.Last)),
	)
	if f.Behind >= 0 {
		span.SetAttributes(attribute.Int64("korestream.millis_behind_latest", f.Behind.Milliseconds()))
	}
	return &batch{span: span}
}

// batch is the span of one.
type batch struct {
	span trace.Span
	// links counts the events that have a trace, up to one more than may be linked to. Accepted touches it, and End, which
	// comes after the last Accepted.
	links int
}

// Accepted implements [consumer.Batch].
func (b *batch) Accepted(d *consumer.Delivery) {
	if b.links > maxLinks {
		return // the rest is not even looked for
	}
	link, ok := origin(d.Event)
	if !ok {
		return
	}
	if b.links++; b.links <= maxLinks {
		b.span.AddLink(link)
	}
}

// origin is the span in which an event was made, if it says so.
func origin(e *event.Event) (trace.Link, bool) {
	parent, state := e.TraceContext()
	if parent == "" {
		return trace.Link{}, false
	}
	carrier := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
	ctx := propagation.TraceContext{}.Extract(context.Background(), carrier)
	sc := trace.SpanContextFromContext(ctx)
	return trace.Link{SpanContext: sc}, sc.IsValid()
}

// Context implements [consumer.Batch].
func (b *batch) Context(ctx context.Context) context.Context {
	return trace.ContextWithSpan(ctx, b.span)
}

// End implements [consumer.Batch].
func (b *batch) End(r consumer.BatchResult) {
	b.span.SetAttributes(attribute.Int("korestream.events", r.Events))
	for _, c := range []struct {
		outcome string
		n       int
	}{
		{"handled", r.Handled},
		{"duplicate", r.Duplicates},
		{"dead_lettered", r.DeadLettered},
		{"dropped", r.Dropped},
		{"parked", r.Parked},
		{"unfinished", r.Unfinished},
	} {
		if c.n > 0 {
			b.span.SetAttributes(attribute.Int("korestream.events."+c.outcome, c.n))
		}
	}
	if b.links > maxLinks {
		b.span.SetAttributes(attribute.Bool("korestream.links_left_out", true))
	}
	if r.Parked+r.DeadLettered > 0 {
		kind := "dead_lettered"
		if r.Parked > 0 {
			kind = "parked"
		}
		b.span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		b.span.SetStatus(codes.Error, fmt.Sprintf("%d events buried, %d parked", r.DeadLettered, r.Parked))
	}
	b.span.End()
}
