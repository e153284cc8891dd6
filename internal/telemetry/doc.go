// Package telemetry sends OpenTelemetry traces and metrics, if the standard OTEL_*
// variables ask for them.
//
// A signal, traces or metrics, is asked for when OTEL_TRACES_EXPORTER or
// OTEL_METRICS_EXPORTER names an exporter, or, where that is not set, when
// OTEL_EXPORTER_OTLP_ENDPOINT or the signal's own endpoint is. OTEL_SDK_DISABLED=true
// turns both off. What is not asked for costs nothing: no goroutine, no connection, and
// the consumer has no observer.
//
// A batch, what one reading of a shard has brought, is a trace of its own.
// Its span lasts from when it was accepted to when all of it is settled and links to the
// spans that made its events, which is what their traceparent says. Attempts of handlers
// that failed, or were slow, are spans below it. No span has an identifier of a SIM.
//
// The metrics are those of /metrics, as the same registry gathers them.
//
// # Why the exporter for OTLP is our own
//
// OpenTelemetry's exporters over HTTP import gRPC and its gateway for two messages of
// the collector's services: that makes a program of 32 MB one of 47 MB. What they do
// beside that is here: the request (sender.go), its variables (otlp.go), and metrics as
// messages (points.go). The messages of those two services are, on the wire, the
// TracesData and MetricsData of OTLP. OTLP over gRPC is not to be had.
//
// # Trouble
//
// Nothing here can disturb the consumer. What the variables say wrongly turns a signal off
// with an error in the log. A collector that is away is told of once, and once when it is
// back; what does not fit into the SDK's queue meanwhile is dropped by it.
package telemetry
