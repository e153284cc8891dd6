package consumer

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Failing is an event in its handlers, since when one failed with it first.
type Failing struct {
	Running
	// Handler is empty where it is not known who fails.
	Handler  string
	Attempts int
	Err      string // of the last attempt
}

// failures are the events of a shard that are not done because something fails
// with them: those that are tried again, and those that were given up on and wait,
// with their key, for the next round. An event that fails nowhere costs one look
// at whether there are any.
type failures struct {
	n atomic.Int64 // len(of)

	mu sync.Mutex // guards of
	of map[failureKey]*failure
}

// failureKey finds the event again: an event of a record may come in copies.
type failureKey struct {
	sequenceNumber string
	sub            int64
	id             string
}

type failure struct {
	Failing
	// givenUp says that somebody has; it stays so until the event is done. Resting
	// counts those who wait with the event now, not in a handler, of as many as are
	// unfinished.
	givenUp    bool
	resting    int
	unfinished func() int
}

func keyOf(o *Origin, id string) failureKey {
	return failureKey{o.SequenceNumber, o.SubSequenceNumber, id}
}

// note keeps a failure. Its texts are copied, for the record's memory is used again.
func (f *failures) note(o *Origin, id, typ, handler string, attempts int, err error, givenUp bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := keyOf(o, id)
	e := f.of[key]
	if e == nil {
		e = &failure{}
		e.EventID, e.EventType = strings.Clone(id), strings.Clone(typ)
		e.SequenceNumber, e.Since = strings.Clone(o.SequenceNumber), time.Now()
		if f.of == nil {
			f.of = make(map[failureKey]*failure)
		}
		f.of[failureKey{e.SequenceNumber, o.SubSequenceNumber, e.EventID}] = e
		f.n.Store(int64(len(f.of)))
	}
	e.Handler, e.Attempts, e.Err = handler, attempts, err.Error()
	e.givenUp = e.givenUp || givenUp
}

// rest says that one more of those who are unfinished with an event that failed
// waits, and is in no handler. Resume says that it goes on.
func (f *failures) rest(o *Origin, id string, unfinished func() int) (resume func()) {
	add := func(by int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if e := f.of[keyOf(o, id)]; e != nil {
			e.resting, e.unfinished = e.resting+by, unfinished
		}
	}
	add(1)
	return func() { add(-1) }
}

func one() int { return 1 }

// forget says that an event is done, or is left.
func (f *failures) forget(o *Origin, id string) {
	if f.n.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, keyOf(o, id))
	f.n.Store(int64(len(f.of)))
}

// resting counts the events that wait, given up on, and are in no handler.
func (f *failures) resting() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.of {
		if e.givenUp && e.resting > 0 && e.resting == e.unfinished() {
			n++
		}
	}
	return n
}

// into puts the events into a shard's status, the oldest first.
func (f *failures) into(st *ShardStatus) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.of {
		list := &st.Failing
		switch {
		case e.givenUp && e.Handler == "":
			list = &st.Parked
		case e.givenUp:
			list = &st.Waiting
		}
		*list = append(*list, e.Failing)
	}
	for _, list := range [][]Failing{st.Failing, st.Waiting, st.Parked} {
		slices.SortFunc(list, func(a, b Failing) int { return a.Since.Compare(b.Since) })
	}
}

// Failed tells the consumer that a handler has failed with the event and will be
// called again. It is shown until the event is done. It may be called
// concurrently; attempts are the calls so far.
func (d *Delivery) Failed(handler string, attempts int, err error) {
	d.Trace.Failed(handler, err)
	if d.failures != nil {
		d.failures.note(&d.Origin, d.Event.ID, d.Event.Type, handler, attempts, err, false)
	}
}

// Park tells the consumer that a handler was given up on, and that the event
// waits with its key until it is called again, which is when resume is called.
// Unfinished counts the handlers that are not done with the event, in whichever
// state; when all of them are parked, the event does not hold a stop up.
func (d *Delivery) Park(handler string, attempts int, err error, unfinished func() int) (resume func()) {
	if d.failures == nil {
		return func() {}
	}
	d.failures.note(&d.Origin, d.Event.ID, d.Event.Type, handler, attempts, err, true)
	return d.failures.rest(&d.Origin, d.Event.ID, unfinished)
}
