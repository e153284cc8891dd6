package handlers

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"korestream/consumer"
)

// sayAgain is how long a failure that stays the same is not repeated in the log.
const sayAgain = time.Minute

// failureLog reports one kind of failure: when it changes, and once a minute
// while it lasts. A sink that is down fails for every key at once, and a line
// for each would bury the one that matters. What it withholds is at debug.
type failureLog struct {
	logger  *zap.Logger
	level   zapcore.Level
	message string

	mu sync.Mutex // guards the fields below
	// last and at are the text and time of the last line, unsaid counts the
	// failures since.
	last   string
	at     time.Time
	unsaid int
}

func newFailureLog(logger *zap.Logger, level zapcore.Level, message string) *failureLog {
	return &failureLog{logger: logger, level: level, message: message}
}

// failed reports err. The line carries the number of failures that were not
// reported since the last one.
func (l *failureLog) failed(err error, fields ...zap.Field) {
	level, unsaid := l.decide(err.Error())
	entry := l.logger.Check(level, l.message)
	if entry == nil {
		return
	}
	fields = append(fields, zap.Error(err))
	if unsaid > 0 {
		fields = append(fields, zap.Int(consumer.KeyCount, unsaid))
	}
	var p *panicError
	if errors.As(err, &p) {
		fields = append(fields, zap.ByteString(keyStack, p.stack))
	}
	entry.Write(fields...)
}

func (l *failureLog) decide(text string) (level zapcore.Level, unsaid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if text == l.last && now.Sub(l.at) < sayAgain {
		l.unsaid++
		return zapcore.DebugLevel, 0
	}
	unsaid = l.unsaid
	l.last, l.at, l.unsaid = text, now, 0
	return l.level, unsaid
}
