package handlers

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"korestream/consumer"
)

// The keys of log fields that only exec writes.
const (
	keyPID  = "pid"
	keyText = "text"
)

const (
	// execBrokenGrace is how long a program that has closed a pipe may take to
	// end, which it mostly is about to.
	execBrokenGrace = time.Second
	// execTermGrace is how long it has from SIGTERM to SIGKILL.
	execTermGrace = time.Second
	// execDrainGrace is how long its pipes are read once it has ended: what it
	// wrote is there, and only somebody whom it has left behind in a session of
	// their own can keep them open.
	execDrainGrace = time.Second
)

// execChild is one life of the program.
//
//	start → running ─ exits ────────────────────────────┐
//	           ├ broken → 1 s ────────┐                 ├→ group killed → pipes read
//	           └ stop → StopTimeout ──┴→ TERM → 1 s → KILL ┘   to their ends → in flight
//	                                                            are failed → gone
type execChild struct {
	x     *Exec
	cmd   *exec.Cmd
	began time.Time
	// These are our ends of its pipes. stdin is closed by the writer.
	stdin, stdout, stderr *os.File

	// lines takes calls to the writer. It has no room: the callers are the queue,
	// and one whose context ends there is never written.
	lines chan *execCall
	// unwritable is closed when the writer has ended, exited when the process has.
	unwritable, exited chan struct{}
	// stopping is closed when Close is called, broken when a pipe is of no use or
	// the program hangs.
	stopping, broken         chan struct{}
	stopOnce, brokenOnce     sync.Once
	reading, talking, waited sync.WaitGroup

	// gone is closed when all is over; why and goneAt are set before that.
	gone   chan struct{}
	why    error
	goneAt time.Time

	// answered counts the answers to events in flight.
	answered atomic.Int64

	mu sync.Mutex // guards calls
	// calls are those that have no answer yet, by id. It is nil when no call can
	// get one any more.
	calls map[string]*execCall
}

// startExec starts the program and what goes with it. All of that has ended when
// gone is closed.
func startExec(x *Exec) (*execChild, error) {
	c := &execChild{
		x: x, began: time.Now(), calls: make(map[string]*execCall), lines: make(chan *execCall),
		unwritable: make(chan struct{}), exited: make(chan struct{}), gone: make(chan struct{}),
		stopping: make(chan struct{}), broken: make(chan struct{}),
	}
	c.cmd = exec.Command(x.cfg.Command[0], x.cfg.Command[1:]...)
	c.cmd.Dir, c.cmd.SysProcAttr = x.cfg.Dir, execAttributes()
	c.cmd.Env = append(os.Environ(), x.cfg.Env...)
	theirs, err := c.pipes()
	if err == nil {
		err = c.launch()
	}
	closeAll(theirs)
	if err != nil {
		closeAll([]*os.File{c.stdin, c.stdout, c.stderr})
		return nil, fmt.Errorf("start program: %w", err)
	}
	x.logger.Info("program started", zap.Int(keyPID, c.cmd.Process.Pid))
	c.talking.Go(c.write)
	c.reading.Go(c.readAnswers)
	c.reading.Go(c.readErrors)
	go c.supervise()
	return c, nil
}

// pipes connects the program. Files in place of the pipes of os/exec, because
// those are closed by Wait, which would lose answers.
func (c *execChild) pipes() (theirs []*os.File, err error) {
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.stdin, theirs = stdin, append(theirs, in)
	stdout, out, err := os.Pipe()
	if err != nil {
		return theirs, err
	}
	c.stdout, theirs = stdout, append(theirs, out)
	stderr, errs, err := os.Pipe()
	if err != nil {
		return theirs, err
	}
	c.stderr, theirs = stderr, append(theirs, errs)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = in, out, errs
	return theirs, nil
}

// launch starts the process, and awaits its end on the same thread: on Linux the
// process gets its parent-death signal when the thread ends that started it.
func (c *execChild) launch() error {
	started := make(chan error)
	c.waited.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = c.cmd.Wait() // the process's state has what it says
		close(c.exited)
	})
	return <-started
}

// supervise sees the program to its end, and clears up behind it.
func (c *execChild) supervise() {
	select {
	case <-c.exited:
	case <-c.stopping:
		c.end(c.x.cfg.StopTimeout)
	case <-c.broken:
		c.end(execBrokenGrace)
	}
	c.waited.Wait()
	// Whoever is left of its group. Its number is not given away while it has
	// members; if it has none, nobody has got the number in the instant since.
	signalGroup(c.cmd.Process, syscall.SIGKILL)
	late := time.AfterFunc(execDrainGrace, func() {
		_ = c.stdout.SetReadDeadline(time.Now())
		_ = c.stderr.SetReadDeadline(time.Now())
	})
	c.reading.Wait()
	late.Stop()
	c.breakOff()
	_ = c.stdin.SetWriteDeadline(time.Now()) // somebody may have it open whom we do not know
	c.talking.Wait()
	closeAll([]*os.File{c.stdout, c.stderr})
	c.over()
}

// end makes the program end, in three steps.
func (c *execChild) end(patience time.Duration) {
	c.breakOff() // the writer closes stdin when it has written what it has
	if c.exitsIn(patience) {
		return
	}
	signalGroup(c.cmd.Process, syscall.SIGTERM)
	if c.exitsIn(execTermGrace) {
		return
	}
	signalGroup(c.cmd.Process, syscall.SIGKILL)
}

func (c *execChild) exitsIn(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.exited:
		return true
	case <-t.C:
		return false
	}
}

// over fails what is in flight.
func (c *execChild) over() {
	c.why = fmt.Errorf("%w: %s", errExecEnded, c.cmd.ProcessState)
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	c.mu.Unlock()
	fields := []zap.Field{zap.Int(keyPID, c.cmd.Process.Pid), zap.Int(consumer.KeyCount, len(calls))}
	select {
	case <-c.stopping:
		c.x.logger.Info("program ended", append(fields, zap.Stringer(consumer.KeyReason, c.cmd.ProcessState))...)
	default:
		c.x.ended.failed(c.why, fields...)
	}
	for _, call := range calls {
		call.answer <- c.blame(call, c.why)
	}
	c.goneAt = time.Now()
	close(c.gone)
}

// blame is the error of an event for which the program ended or was silent: its own
// if nothing else can be to blame.
func (c *execChild) blame(call *execCall, why error) error {
	if call.alone && c.answered.Load() > 0 {
		return why
	}
	return Unavailable(why)
}

// stop ends the program, and returns when it is gone.
func (c *execChild) stop() {
	c.stopOnce.Do(func() { close(c.stopping) })
	<-c.gone
}

// breakOff lets no call be written any more.
func (c *execChild) breakOff() { c.brokenOnce.Do(func() { close(c.broken) }) }

func (c *execChild) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close() // a pipe holds nothing back
		}
	}
}
