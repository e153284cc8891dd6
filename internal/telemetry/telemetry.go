package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.uber.org/zap"
)

// Identity is what telemetry says of the process. OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES take its place and add to it.
type Identity struct {
	Version, Application, Worker string
}

// scope names us as the maker of the spans.
const scope = "korestream"

// Telemetry sends what was asked for.
type Telemetry struct {
	settings Settings
	log      *zap.Logger
	console  io.Writer

	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
	// batches and attempts are nil unless traces are on.
	batches  *batchSpans
	attempts *attemptSpans
}

// Option changes a Telemetry under construction.
type Option func(*Telemetry)

// WithConsole sets what the console exporter writes to; the default is standard output.
func WithConsole(w io.Writer) Option { return func(t *Telemetry) { t.console = w } }

// New returns what the settings ask for. It does nothing until Start.
func New(s Settings, log *zap.Logger, opts ...Option) *Telemetry {
	t := &Telemetry{settings: s, log: log, console: os.Stdout}
	for _, o := range opts {
		o(t)
	}
	if s.Traces.On() {
		t.batches, t.attempts = &batchSpans{}, &attemptSpans{}
	}
	return t
}

// Start begins to send: spans of those who were given its options, and what the
// registry gathers, which is asked for only if metrics are on. What cannot be done is
// logged: no telemetry is no reason to consume nothing.
func (t *Telemetry) Start(ctx context.Context, id Identity, registry func() prometheus.Gatherer) {
	for signal, s := range map[string]Signal{"traces": t.settings.Traces, "metrics": t.settings.Metrics} {
		if s.Err != nil {
			t.log.Error("telemetry is off: its variables make no sense", zap.String(keySignal, signal), zap.NamedError(keyError, s.Err))
		}
	}
	if !t.settings.On() {
		return
	}
	t.quiet()
	res, err := resourceOf(ctx, id)
	if err != nil {
		t.log.Warn("telemetry says less of this process than it was asked to", zap.NamedError(keyError, err))
	}
	err = errors.Join(t.startTraces(res, id), t.startMetrics(res, registry))
	if err != nil {
		t.log.Error("telemetry is off", zap.NamedError(keyError, err))
		return
	}
	t.log.Info("telemetry is exported", zap.Strings("traces", t.settings.Traces.to()), zap.Strings("metrics", t.settings.Metrics.to()))
}

// to says where a signal goes.
func (s Signal) to() (to []string) {
	if s.OTLP != nil {
		to = append(to, "otlp")
	}
	if s.Console {
		to = append(to, "console")
	}
	return to
}

// quiet sends to the log what the SDK would otherwise print. That is set for the whole
// process, as the SDK has it.
func (t *Telemetry) quiet() {
	sink := newLogSink(t.log)
	otel.SetErrorHandler(sink)
	otel.SetLogger(logr.New(sink))
}

// resourceOf describes the process. What cannot be read of the variables is left out
// and is the error.
func resourceOf(ctx context.Context, id Identity) (*resource.Resource, error) {
	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		semconv.ServiceName(scope), semconv.ServiceVersion(id.Version), semconv.ServiceInstanceID(id.Worker),
	), resource.WithFromEnv())
}

// startTraces leaves limits, queue and sampler to the SDK, which has variables for them.
func (t *Telemetry) startTraces(res *resource.Resource, id Identity) error {
	if !t.settings.Traces.On() {
		return nil
	}
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if to := t.settings.Traces.OTLP; to != nil {
		client := spanClient{newSender(to, "traces", t.log)}
		opts = append(opts, sdktrace.WithBatcher(otlptrace.NewUnstarted(client)))
	}
	if t.settings.Traces.Console {
		e, err := stdouttrace.New(stdouttrace.WithWriter(t.console))
		if err != nil {
			return fmt.Errorf("console exporter of traces: %w", err)
		}
		opts = append(opts, sdktrace.WithBatcher(e))
	}
	t.traces = sdktrace.NewTracerProvider(opts...)
	tracer := t.traces.Tracer(scope)
	t.batches.tracer, t.batches.identity, t.attempts.tracer = tracer, id, tracer
	return nil
}

// startMetrics leaves interval and time-out to the SDK, as above.
func (t *Telemetry) startMetrics(res *resource.Resource, registry func() prometheus.Gatherer) error {
	if !t.settings.Metrics.On() {
		return nil
	}
	bridged := sdkmetric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(registry())))
	opts := []sdkmetric.Option{sdkmetric.WithResource(res)}
	if to := t.settings.Metrics.OTLP; to != nil {
		e := metricExporter{newSender(to, "metrics", t.log)}
		opts = append(opts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(e, bridged)))
	}
	if t.settings.Metrics.Console {
		e, err := stdoutmetric.New(stdoutmetric.WithWriter(t.console))
		if err != nil {
			return fmt.Errorf("console exporter of metrics: %w", err)
		}
		opts = append(opts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(e, bridged)))
	}
	t.metrics = sdkmetric.NewMeterProvider(opts...)
	return nil
}

// Stop sends what was not sent yet, as long as ctx allows.
func (t *Telemetry) Stop(ctx context.Context) error {
	var errs []error
	if t.traces != nil {
		errs = append(errs, t.traces.Shutdown(ctx))
	}
	if t.metrics != nil {
		errs = append(errs, t.metrics.Shutdown(ctx))
	}
	t.traces, t.metrics = nil, nil
	return errors.Join(errs...)
}
