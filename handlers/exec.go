package handlers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"korestream/consumer"
)

// ExecConfig says which program gets events, and how.
type ExecConfig struct {
	// Command is the program and its arguments. No shell reads it. A program
	// without a slash is looked for in PATH, one with a relative path in Dir.
	Command []string
	// Dir is the directory that it runs in; empty is this process's.
	Dir string
	// Env are variables, each as NAME=value, that the program has beside this
	// process's own, or in their place. Secrets belong into a file, whose name may
	// be in a variable.
	Env []string
	// StopTimeout is how long Close waits for the program to end by itself, once
	// its stdin has ended. A daemon that drains has taken its time before that.
	StopTimeout time.Duration
	// MaxLine is how long a line of the program's stdout may be, in bytes, 64 to
	// 16 MiB. A longer one is no answer.
	MaxLine int
}

// DefaultExecConfig returns a configuration with 2 s to end and lines of up to
// 64 KiB, without a Command.
func DefaultExecConfig() ExecConfig {
	return ExecConfig{StopTimeout: 2 * time.Second, MaxLine: 64 << 10}
}

// Validate names the first field that is out of bounds. It does not look for the
// program.
func (c ExecConfig) Validate() error {
	const shortestLine, longestLine = 64, 16 << 20
	switch {
	case len(c.Command) == 0 || c.Command[0] == "":
		return errors.New("field Command must name a program")
	case c.StopTimeout <= 0:
		return fmt.Errorf("field StopTimeout must be above 0 (%s)", c.StopTimeout)
	case c.MaxLine < shortestLine || c.MaxLine > longestLine:
		return fmt.Errorf("field MaxLine must be %d to %d (%d)", shortestLine, longestLine, c.MaxLine)
	}
	for i, v := range c.Env {
		if strings.IndexByte(v, '=') < 1 || strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("field Env must be of the form NAME=value (entry %d)", i) // the value may be a secret
		}
	}
	for i, v := range c.Command {
		if strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("field Command must not hold a NUL (entry %d)", i)
		}
	}
	return nil
}

// Exec is the handler that feeds events to a program of anybody's making, which
// it starts once and keeps running. The program reads one line of JSON per event
// on its stdin, the event in it as received but for the blanks:
//
//	{"id":"17","event":{…}}
//
// and writes one line per event on its stdout, in whatever order it is done with
// them:
//
//	{"id":"17"}                      or with "ok":true: it is handled
//	{"id":"17","error":"why"}        the attempt failed
//	  … ,"permanent":true            and no other will do better
//	  … ,"unavailable":true          nobody is to blame but what is behind the program;
//	  … ,"retry_after_ms":5000       it is not tried before
//
// An id is of one delivery, and is never used again. Other lines, and answers
// that nobody waits for, are logged and ignored. The program should flush each
// line, and end when its stdin does. Its stderr goes to the log. It gets as many
// events at once as there are calls of Handle, and those of one key one after
// another.
//
// When the program dies, its events in flight are [Unavailable], and the next
// call of Handle starts it again: at once if it had answered any, else after a
// while that grows to 30 s. The same goes for one that closes its stdin or
// stdout, or answers nothing while an attempt times out: it is ended, so the
// time-out must be longer than its start takes.
//
// What the program dies of is found and blamed, so that it is given up in time:
// an event that was in flight at two ends, or timed out twice, is tried with no
// other beside it. If the program ends then, or again says nothing, though it had
// answered others since its start, that is a failed attempt of the event's own.
//
// Handle returns nil when the program has said so. It returns at once when its
// context ends, and then what the program does with the event goes unseen: the
// event comes again, perhaps while the program is still at it. So a program must
// stand repeats; the event's id tells. Exec is safe for concurrent use.
//
// The program leads a process group of its own, and with it whatever it has
// started ends there. On Linux the kernel kills the program, though not what it has
// started, when this process dies; elsewhere only its stdin ends then.
type Exec struct {
	cfg    ExecConfig
	logger *zap.Logger
	// odd reports lines that are no answers, by what is wrong with them; ended
	// reports the ends of the program.
	odd      map[error]*failureLog
	ended    *failureLog
	lastID   atomic.Uint64
	suspects *execSuspects

	mu     sync.Mutex // guards the fields below
	closed bool
	child  *execChild // nil before the first start; it may have ended
	// delays are the waits between an end and the next start, which is not made
	// before notBefore; last is why there was an end.
	delays    *backoff.ExponentialBackOff
	notBefore time.Time
	last      error
}

var _ Handler = (*Exec)(nil)

// ExecOption sets something optional of an [Exec].
type ExecOption func(*Exec)

// WithExecLogger sets where the program's stderr, its ends, and its lines that are
// no answers go; the default is nowhere.
func WithExecLogger(logger *zap.Logger) ExecOption { return func(x *Exec) { x.logger = logger } }

const (
	execFirstDelay = 100 * time.Millisecond
	// execLongestDelay is also how long a program must have lived for its end to
	// count as the first, if it has answered nothing.
	execLongestDelay = 30 * time.Second
)

// OpenExec returns a handler that starts the program when the first event comes,
// or at [Exec.Start].
func OpenExec(cfg ExecConfig, opts ...ExecOption) (*Exec, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("exec: %w", err)
	}
	x := &Exec{
		cfg: cfg, logger: zap.NewNop(), odd: make(map[error]*failureLog), suspects: newExecSuspects(),
		delays: newDelays(execFirstDelay, execLongestDelay),
	}
	for _, o := range opts {
		o(x)
	}
	for _, why := range []error{errNoAnswer, errAnswerLong, errUnknownID} {
		x.odd[why] = newFailureLog(x.logger, zapcore.WarnLevel, "ignored a line of the program")
	}
	x.ended = newFailureLog(x.logger, zapcore.WarnLevel, "program ended; it is started again for the next event")
	return x, nil
}

// Start starts the program unless it runs, so that one that cannot be started is
// known of before the first event. That it runs on is not awaited.
func (x *Exec) Start(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, err := x.running()
	return err
}

// Handle implements [Handler].
func (x *Exec) Handle(ctx context.Context, d *consumer.Delivery) error {
	if ctx.Err() != nil {
		return Unavailable(context.Cause(ctx))
	}
	id := strconv.FormatUint(x.lastID.Add(1), 10)
	line, err := execLine(id, d)
	if err != nil {
		return Permanent(err)
	}
	alone, leave, err := x.suspects.enter(ctx, d.Event.ID)
	if err != nil {
		return Unavailable(context.Cause(ctx))
	}
	defer leave()
	child, err := x.running()
	if err != nil {
		return err
	}
	err = child.ask(ctx, &execCall{id: id, line: line, alone: alone, answer: make(chan error, 1)})
	x.suspects.note(d.Event.ID, err)
	return err
}

func execLine(id string, d *consumer.Delivery) ([]byte, error) {
	const around = len(`{"id":"","event":}` + "\n")
	line := make([]byte, 0, len(d.Event.Raw)+len(id)+around)
	line = append(line, `{"id":"`...)
	line = append(line, id...)
	line = append(line, `","event":`...)
	line, err := appendCompact(line, d.Event.Raw)
	if err != nil {
		return nil, fmt.Errorf("write event as a line: %w", err)
	}
	return append(line, '}', '\n'), nil
}

// errExecClosed is what events get that come after Close.
var errExecClosed = errors.New("exec: the handler is closed")

// running returns the program, started if need be. Its errors are unavailable: no
// event is to blame for a program that does not run.
func (x *Exec) running() (*execChild, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, Unavailable(errExecClosed)
	}
	if x.child != nil && !x.child.isGone() {
		return x.child, nil
	}
	if x.child != nil {
		x.ranUntil(x.child)
		x.child = nil
	}
	if wait := time.Until(x.notBefore); wait > 0 {
		return nil, UnavailableFor(x.last, wait)
	}
	child, err := startExec(x)
	if err != nil {
		x.wait(time.Now(), err)
		return nil, UnavailableFor(err, time.Until(x.notBefore))
	}
	x.child = child
	return child, nil
}

// ranUntil decides when a program that has ended is started again.
func (x *Exec) ranUntil(c *execChild) {
	if c.answered.Load() > 0 || c.goneAt.Sub(c.began) >= execLongestDelay {
		x.delays.Reset()
	}
	x.wait(c.goneAt, c.why)
}

func (x *Exec) wait(since time.Time, why error) {
	x.last, x.notBefore = why, since.Add(x.delays.NextBackOff())
}

// Close ends the program's stdin, which is to end it once it has answered, waits
// StopTimeout for that, sends it a SIGTERM, and 1 s later kills it. Whatever the
// program has started in its process group is killed with it. Close should come
// when no Handle is under way; one that is gets the program's answer, or an
// unavailable error. It returns nil.
func (x *Exec) Close() error {
	x.mu.Lock()
	x.closed = true
	child := x.child
	x.mu.Unlock()
	if child != nil {
		child.stop()
	}
	return nil
}
