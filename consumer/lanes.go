package consumer

import (
	"sync"
)

// lanes runs tasks: those of one key one after another in the order given,
// those of different keys side by side, up to a limit. One shard has one lanes.
//
// Draining makes a cut at the latest task begun: what stands before the cut is
// still run, what stands behind it never begins. So the tasks that ran are, at
// the end, all that came before the cut, and a checkpoint there leaves nothing
// to be handled twice.
type lanes struct {
	limit int
	run   func(task)

	mu sync.Mutex // guards all below
	// byKey holds a lane for every key with a task that is waiting or running.
	byKey map[string]*lane
	// ready are the lanes with a waiting task and none running, longest first.
	ready   []*lane
	running int
	waiting int
	// begun is the highest order of any task begun; drained stops tasks above it.
	begun   uint64
	drained bool
	// finished says that no more tasks will come.
	finished bool
	// idle is closed when drained or finished and nothing runs any more. While
	// a task may run a worker does, so that is all there is to look at.
	idle chan struct{}
}

// task is one event, or one undecodable piece of a record, to be worked off.
type task struct {
	// order is the record's place in the shard: it rises from record to record,
	// and the events of one record share it.
	order uint64
	piece *piece
}

type lane struct {
	key   string
	tasks []task
	busy  bool
}

func newLanes(limit int, run func(task)) *lanes {
	return &lanes{limit: limit, run: run, byKey: make(map[string]*lane), idle: make(chan struct{})}
}

// submit appends a task to the lane of its key. Orders must not fall from call
// to call. It never blocks: the caller bounds what is in flight. After drain it
// does nothing.
func (l *lanes) submit(key string, t task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drained && t.order > l.begun {
		return
	}
	ln := l.byKey[key]
	if ln == nil {
		ln = &lane{key: key}
		l.byKey[key] = ln
	}
	ln.tasks = append(ln.tasks, t)
	l.waiting++
	if !ln.busy && len(ln.tasks) == 1 {
		l.ready = append(l.ready, ln)
	}
	if l.running < l.limit && len(l.ready) > 0 {
		l.running++
		go l.work()
	}
}

// work runs tasks until none is ready. There are never more than limit of it.
func (l *lanes) work() {
	var ln *lane
	for {
		var t task
		var ok bool
		if ln, t, ok = l.next(ln); !ok {
			return
		}
		l.run(t)
	}
}

// next gives a finished lane back and takes the next task, or signs the worker
// off.
func (l *lanes) next(done *lane) (*lane, task, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if done != nil {
		done.busy = false
		l.requeue(done)
	}
	for len(l.ready) > 0 {
		ln := l.ready[0]
		l.ready = l.ready[1:]
		t := ln.tasks[0]
		if l.drained && t.order > l.begun {
			l.drop(ln)
			continue
		}
		ln.tasks = ln.tasks[1:]
		ln.busy = true
		l.waiting--
		l.begun = max(l.begun, t.order)
		return ln, t, true
	}
	l.running--
	l.signalIdle()
	return nil, task{}, false
}

// requeue puts a lane that has become free behind the others that wait, which
// is fair to them, or forgets it when it is empty.
func (l *lanes) requeue(ln *lane) {
	if len(ln.tasks) == 0 {
		delete(l.byKey, ln.key)
		return
	}
	l.ready = append(l.ready, ln)
}

// drop forgets a lane whose next task stands behind the cut: orders rise within
// a lane, so all its tasks do.
func (l *lanes) drop(ln *lane) {
	l.waiting -= len(ln.tasks)
	delete(l.byKey, ln.key)
}

// drain makes the cut and returns a channel that is closed when all before it
// is run. Further calls return the same channel.
func (l *lanes) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.drained {
		l.drained = true
		l.signalIdle()
	}
	return l.idle
}

// finish returns a channel that is closed when everything submitted is run, or
// when drain cuts that short. Nothing may be submitted after it.
func (l *lanes) finish() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = true
	l.signalIdle()
	return l.idle
}

func (l *lanes) signalIdle() {
	if l.running > 0 || (!l.drained && !l.finished) {
		return
	}
	select {
	case <-l.idle:
	default:
		close(l.idle)
	}
}

// counts returns how many tasks wait and how many run.
func (l *lanes) counts() (waiting, running int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting, l.running
}
