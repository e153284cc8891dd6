package handlers

import (
	"context"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"korestream/consumer"
)

// Log is the handler that writes one line per event at info: which event, of
// which SIM, from where. Payloads, ICCID, IMSI and IMEI are never in it. It is
// for trying things out; the line is not durable.
type Log struct{ logger *zap.Logger }

var _ Handler = (*Log)(nil)

// NewLog returns a Log on the logger.
func NewLog(logger *zap.Logger) *Log { return &Log{logger: logger} }

// Handle implements [Handler]. It never fails.
func (l *Log) Handle(_ context.Context, d *consumer.Delivery) error {
	if entry := l.logger.Check(zapcore.InfoLevel, "event"); entry != nil {
		entry.Write(eventFields(d)...)
	}
	return nil
}
