package consumer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sirupsen/logrus"
	kcllog "github.com/vmware/vmware-go-kcl-v2/logger"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// kclLogger takes the KCL's lines into our log. They keep their text, for it is
// what users will search for, under the logger's name "kcl". What it tells of its
// life is for debugging: of shards and leases our own lines tell, once.
type kclLogger struct{ log *zap.Logger }

var _ kcllog.Logger = (*kclLogger)(nil)

func newKCLLogger(log *zap.Logger) *kclLogger { return &kclLogger{log.Named("kcl")} }

func (l *kclLogger) Debugf(format string, args ...any) { l.line(zapcore.DebugLevel, format, args) }
func (l *kclLogger) Infof(format string, args ...any)  { l.line(zapcore.DebugLevel, format, args) }
func (l *kclLogger) Warnf(format string, args ...any)  { l.line(zapcore.WarnLevel, format, args) }
func (l *kclLogger) Errorf(format string, args ...any) { l.line(zapcore.ErrorLevel, format, args) }

// Fatalf and Panicf do not end the process: a library does not decide that.
func (l *kclLogger) Fatalf(format string, args ...any) { l.line(zapcore.ErrorLevel, format, args) }
func (l *kclLogger) Panicf(format string, args ...any) { l.line(zapcore.ErrorLevel, format, args) }

// WithFields returns a logger that adds the fields to each line.
func (l *kclLogger) WithFields(fields kcllog.Fields) kcllog.Logger {
	zf := make([]zap.Field, 0, len(fields))
	for k, v := range fields {
		zf = append(zf, zap.Any(k, v))
	}
	return &kclLogger{l.log.With(zf...)}
}

// line logs one line. What the KCL calls an error when a lease is over is how
// every lease that is lost or handed over ends: a debug line.
func (l *kclLogger) line(level zapcore.Level, format string, args []any) {
	for _, a := range args {
		if err, ok := a.(error); ok && errors.Is(err, errLeaseOver) {
			level = zapcore.DebugLevel
		}
	}
	if ce := l.log.Check(level, strings.TrimSpace(fmt.Sprintf(format, args...))); ce != nil {
		ce.Write()
	}
}

// logrusHook forwards the global logrus logger, which the KCL uses in its lease
// renewal whatever logger it was given.
type logrusHook struct{ log *zap.Logger }

// Levels are all levels.
func (logrusHook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire writes one line to the zap logger.
func (h logrusHook) Fire(e *logrus.Entry) error {
	level := zapcore.DebugLevel
	switch e.Level {
	case logrus.PanicLevel, logrus.FatalLevel, logrus.ErrorLevel:
		level = zapcore.ErrorLevel
	case logrus.WarnLevel:
		level = zapcore.WarnLevel
	}
	if ce := h.log.Check(level, strings.TrimSpace(e.Message)); ce != nil {
		ce.Write()
	}
	return nil
}

// RedirectLogrus sends what the process writes through the global logrus
// logger to log instead. Call it once, when the process starts.
func RedirectLogrus(log *zap.Logger) {
	logrus.SetOutput(io.Discard)
	logrus.StandardLogger().ReplaceHooks(logrus.LevelHooks{})
	logrus.AddHook(logrusHook{log.Named("kcl")})
}
