package handlers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.uber.org/zap"
)

// execCall is one event on its way to the program and back.
type execCall struct {
	id   string
	line []byte
	// alone says that no other event is with the program.
	alone bool
	// answer has room for the one answer that there is, so that nobody waits for
	// a caller.
	answer chan error
}

var errExecEnding = errors.New("the program takes no more events; it is about to end")

// ask takes an event to the program and awaits its answer.
func (c *execChild) ask(ctx context.Context, call *execCall) error {
	if !c.expect(call) {
		return Unavailable(c.why)
	}
	before := c.answered.Load()
	select {
	case c.lines <- call:
	case <-c.unwritable:
		c.forget(call)
		return Unavailable(errExecEnding)
	case <-ctx.Done():
		c.forget(call)
		c.doubt(ctx, before)
		return Unavailable(context.Cause(ctx))
	}
	select {
	case err := <-call.answer:
		return err
	case <-ctx.Done():
	}
	if !c.forget(call) {
		return <-call.answer // it came at the same moment
	}
	if timedOut := c.doubt(ctx, before); timedOut {
		return c.blame(call, fmt.Errorf("%w: %w", errExecSilent, context.Cause(ctx)))
	}
	return Unavailable(context.Cause(ctx))
}

// doubt ends a program that has answered nobody while an attempt timed out, and
// says whether one did.
func (c *execChild) doubt(ctx context.Context, before int64) (timedOut bool) {
	if timedOut = errors.Is(context.Cause(ctx), ErrTimeout); timedOut && c.answered.Load() == before {
		c.breakOff()
	}
	return timedOut
}

// expect says whether there can be an answer; if not, c.why says why.
func (c *execChild) expect(call *execCall) bool {
	c.mu.Lock()
	if c.calls != nil {
		c.calls[call.id] = call
		c.mu.Unlock()
		return true
	}
	c.mu.Unlock()
	<-c.gone // at once: over has taken the calls
	return false
}

// forget says whether nobody has answered.
func (c *execChild) forget(call *execCall) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, waits := c.calls[call.id]
	delete(c.calls, call.id)
	return waits
}

// write writes calls until the program is to end, or does not read. Calls that
// come at the same time share a write.
func (c *execChild) write() {
	defer close(c.unwritable)
	defer c.breakOff()
	defer func() { _ = c.stdin.Close() }()
	w := bufio.NewWriterSize(c.stdin, 64<<10)
	for {
		select {
		case call := <-c.lines:
			if err := c.writeAll(w, call); err != nil {
				return // its end, or ours, says more than this error
			}
		case <-c.broken:
			return
		}
	}
}

// writeAll writes the call and those that wait behind it, as far as one buffer
// goes.
func (c *execChild) writeAll(w *bufio.Writer, call *execCall) error {
	for {
		if _, err := w.Write(call.line); err != nil {
			return err
		}
		if w.Buffered() == 0 {
			return nil
		}
		select {
		case call = <-c.lines:
		default:
			return w.Flush()
		}
	}
}

// readAnswers reads stdout to its end.
func (c *execChild) readAnswers() {
	defer c.breakOff()
	eachLine(c.stdout, c.x.cfg.MaxLine, func(line []byte, cut bool) {
		if cut {
			c.ignore(errAnswerLong, line)
		} else if len(bytes.TrimSpace(line)) > 0 {
			c.take(line)
		}
	})
}

func (c *execChild) take(line []byte) {
	a, err := parseExecAnswer(bytes.TrimSpace(line))
	if err != nil {
		c.ignore(err, line)
		return
	}
	c.mu.Lock()
	call := c.calls[a.ID]
	delete(c.calls, a.ID)
	c.mu.Unlock()
	if call != nil {
		c.answered.Add(1)
		call.answer <- a.failure()
		return
	}
	if n, err := strconv.ParseUint(a.ID, 10, 64); err == nil && n <= c.x.lastID.Load() {
		c.x.logger.Debug("ignored a late or second answer of the program", zap.String(keyText, a.ID))
		return
	}
	c.ignore(errUnknownID, line)
}

// ignore reports a line that is of no use, once a minute for each kind at most.
func (c *execChild) ignore(why error, line []byte) {
	c.x.odd[why].failed(why, zap.String(keyText, quotable(line)), zap.Int(keyPID, c.cmd.Process.Pid))
}

// readErrors logs stderr to its end.
func (c *execChild) readErrors() {
	eachLine(c.stderr, maxExecText, func(line []byte, _ bool) {
		if len(line) > 0 {
			c.x.logger.Info("program says", zap.String(keyText, execText(line)), zap.Int(keyPID, c.cmd.Process.Pid))
		}
	})
}

// eachLine reads to the end, or to an error, which is the end of a pipe that we
// do not want to read any longer. A line beyond limit bytes is cut.
func eachLine(r io.Reader, limit int, take func(line []byte, cut bool)) {
	b := bufio.NewReaderSize(r, limit+1)
	for {
		line, err := b.ReadSlice('\n')
		cut := errors.Is(err, bufio.ErrBufferFull)
		if len(line) > 0 {
			take(bytes.TrimRight(line, "\r\n"), cut)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = b.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}
