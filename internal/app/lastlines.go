package app

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"korestream/consumer"
	"korestream/internal/page"
)

const (
	// maxLines bounds the lines that are kept, maxLineShards the shards of which the
	// last one is.
	maxLines      = 40
	maxLineShards = 1024
)

// lastLines keeps the last warnings and errors of the log for the status page: of
// each its constant message, the fields that cannot identify a SIM, and what kind of
// error it was. The text of an error is never kept, for it may quote a payload.
type lastLines struct {
	mu      sync.Mutex  // guards all below
	lines   []page.Line // the latest first
	byShard map[string]page.Line
}

func newLastLines() *lastLines { return &lastLines{byShard: make(map[string]page.Line)} }

// tap returns a logger whose lines are noted too.
func (l *lastLines) tap(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewTee(c, &lineCore{book: l}) }))
}

// note adds a line. One that was there already is counted.
func (l *lastLines) note(line page.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line.Count = 1
	i := slices.IndexFunc(l.lines, func(old page.Line) bool {
		old.At, old.Count = line.At, 1
		return old == line
	})
	if i >= 0 {
		line.Count = l.lines[i].Count + 1
		l.lines = slices.Delete(l.lines, i, i+1)
	}
	l.lines = slices.Insert(l.lines, 0, line)
	l.lines = l.lines[:min(len(l.lines), maxLines)]
	if line.Shard == "" {
		return
	}
	if _, known := l.byShard[line.Shard]; !known && len(l.byShard) >= maxLineShards {
		clear(l.byShard) // a thousand shards have come and gone
	}
	l.byShard[line.Shard] = line
}

// all returns the lines, the latest first.
func (l *lastLines) all() []page.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// of returns the last line of a shard, nil if there is none.
func (l *lastLines) of(shard string) *page.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line, ok := l.byShard[shard]; ok {
		return &line
	}
	return nil
}

// lineCore is the end of a log that writes into lastLines.
type lineCore struct {
	book *lastLines
	with page.Line // what the logger's own fields say
}

var _ zapcore.Core = (*lineCore)(nil)

// Enabled implements zapcore.Core.
func (*lineCore) Enabled(level zapcore.Level) bool { return level >= zapcore.WarnLevel }

// With implements zapcore.Core.
func (c *lineCore) With(fields []zapcore.Field) zapcore.Core {
	next := *c
	addFields(&next.with, fields)
	return &next
}

// Check implements zapcore.Core.
func (c *lineCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c *lineCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	line := c.with
	line.At, line.Error, line.Message = e.Time, e.Level > zapcore.WarnLevel, e.Message
	if strings.HasSuffix(e.LoggerName, "kcl") { // its lines are no constants
		line.Message = "the KCL complains: its words are in the log"
	}
	line.Message = withoutNumbers(line.Message)
	addFields(&line, fields)
	c.book.note(line)
	return nil
}

// Sync implements zapcore.Core.
func (*lineCore) Sync() error { return nil }

// What the fields that are kept may be. None of it has room for a number of a SIM
// but the names, which a configuration and AWS give.
var (
	wordsField = regexp.MustCompile(`^[A-Za-z][A-Za-z_ ]{0,48}[0-9]{0,2}$`)
	nameField  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
)

func addFields(line *page.Line, fields []zapcore.Field) {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			line.Class = classOf(err)
			continue
		}
		if f.Type != zapcore.StringType {
			continue
		}
		switch f.Key {
		case consumer.KeyShard:
			keep(&line.Shard, nameField, f.String)
		case consumer.KeyHandler:
			keep(&line.Handler, nameField, f.String)
		case consumer.KeyReason:
			keep(&line.Reason, wordsField, f.String)
		case consumer.KeyOperation:
			keep(&line.Operation, wordsField, f.String)
		}
	}
}

func keep(into *string, allowed *regexp.Regexp, text string) {
	if allowed.MatchString(text) {
		*into = text
	}
}

// run is a run of letters and digits; one with more digits may be somebody's number.
var run = regexp.MustCompile(`[A-Za-z0-9]+`)

const maxDigits = 7

// withoutNumbers takes out of a message what is as long as a number of a SIM. Our
// messages are constants; this is for the one that is not.
func withoutNumbers(message string) string {
	return run.ReplaceAllStringFunc(message, func(word string) string {
		digits := 0
		for _, r := range word {
			if r >= '0' && r <= '9' {
				digits++
			}
		}
		if digits > maxDigits {
			return "*"
		}
		return word
	})
}
