package telemetry

import (
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// The levels of the SDK's own log.
const (
	sdkWarns = 1
	sdkInfos = 4
)

// logSink takes the SDK's own log and the errors that nobody else takes: a few lines a
// minute of them at most.
type logSink struct {
	log   *zap.Logger
	limit *rate.Limiter
}

var (
	_ logr.LogSink      = logSink{}
	_ otel.ErrorHandler = logSink{}
)

func newLogSink(log *zap.Logger) logSink {
	const burst = 5
	return logSink{log, rate.NewLimiter(rate.Every(time.Minute), burst)}
}

// Handle implements [otel.ErrorHandler].
func (s logSink) Handle(err error) { s.Error(err, "") }

// Init implements [logr.LogSink].
func (logSink) Init(logr.RuntimeInfo) {}

// Enabled implements [logr.LogSink].
func (logSink) Enabled(level int) bool { return level <= sdkInfos }

// Info implements [logr.LogSink].
func (s logSink) Info(level int, msg string, kv ...any) {
	if level > sdkWarns {
		s.log.Debug("telemetry says", zap.String(keyReason, msg))
	} else if s.limit.Allow() {
		s.log.Warn("telemetry warns", zap.String(keyReason, msg), zap.String("values", fmt.Sprint(kv...)))
	}
}

// Error implements [logr.LogSink].
func (s logSink) Error(err error, msg string, kv ...any) {
	if s.limit.Allow() {
		s.log.Warn("trouble with telemetry", zap.String(keyReason, msg), zap.NamedError(keyError, err), zap.String("values", fmt.Sprint(kv...)))
	}
}

// WithValues implements [logr.LogSink].
func (s logSink) WithValues(...any) logr.LogSink { return s }

// WithName implements [logr.LogSink].
func (s logSink) WithName(string) logr.LogSink { return s }
