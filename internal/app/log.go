package app

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// The log formats.
const (
	FormatJSON    = "json"
	FormatConsole = "console"
)

// NewLogger returns a logger of the given level and format that writes to w.
// Repeated lines are not sampled: a line that is too frequent is a defect of
// ours, and one that is missing at night is worse.
func NewLogger(w io.Writer, level, format string) (*zap.Logger, error) {
	log, _, err := NewLevelLogger(w, level, format)
	return log, err
}

// NewLevelLogger is NewLogger with the level, which can be changed.
func NewLevelLogger(w io.Writer, level, format string) (*zap.Logger, zap.AtomicLevel, error) {
	lvl, err := zap.ParseAtomicLevel(level)
	if err != nil {
		return nil, lvl, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	cfg := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", NameKey: "logger", MessageKey: "message", StacktraceKey: "stack",
		LineEnding:     zapcore.DefaultLineEnding,
		EncodeLevel:    zapcore.LowercaseLevelEncoder,
		EncodeTime:     zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00"),
		EncodeDuration: zapcore.StringDurationEncoder,
	}
	var enc zapcore.Encoder
	switch format {
	case FormatJSON:
		enc = zapcore.NewJSONEncoder(cfg)
	case FormatConsole:
		cfg.EncodeTime = zapcore.TimeEncoderOfLayout(time.TimeOnly)
		cfg.EncodeLevel = zapcore.CapitalLevelEncoder
		enc = zapcore.NewConsoleEncoder(cfg)
	default:
		return nil, lvl, fmt.Errorf("log format %q: want %s or %s", format, FormatJSON, FormatConsole)
	}
	return zap.New(zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(w)), lvl)), lvl, nil
}
