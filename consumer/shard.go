package consumer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer/wire"
)

// Why a shard stops being read or handled. They are causes of contexts.
var (
	// ErrDrainTimedOut: handlers were still busy when the drain time-out came.
	// Run returns it; what was not finished will be handled again.
	ErrDrainTimedOut = errors.New("drain timed out")

	errDraining = errors.New("draining")
	errHandOver = errors.New("handing the shard over")
)

// abandonGrace is how long a shard waits for handlers that were told to give
// up. One that ignores its context is then left behind.
const abandonGrace = time.Second

// shard is one ownership of one shard: it reads, handles and checkpoints for as
// long as the lease lasts. It is used once.
type shard struct {
	cfg        Config
	lease      *checkpoint.Lease
	dispatcher Dispatcher
	burier     Burier
	log        *zap.Logger

	source  *source
	pages   *pages
	budget  *budget
	cutter  cutter
	tracker *checkpoint.Tracker
	lanes   *lanes
	trail   *trail
	batches batches
	since   time.Time
	// order counts the records accepted, pieces are what of them is not in the
	// lanes yet; only accept touches them.
	order  uint64
	pieces []*piece
	// gate is nil if there is none; turnedAway says that it did so with a record,
	// and is of accept as well.
	gate       Gate
	turnedAway bool

	// work is what handlers run under. It ends with the lease or when the drain
	// time-out has come. Set by run before anything uses it.
	work context.Context

	draining     atomic.Bool
	handled      atomic.Int64
	duplicates   atomic.Int64
	deadLettered atomic.Int64
	dropped      atomic.Int64
	skipped      atomic.Int64
	records      atomic.Int64
	bytes        atomic.Int64
	// checkpoints were written, checkpointFailures were not.
	checkpoints, checkpointFailures atomic.Int64

	failures failures

	mu             sync.Mutex // guards all below
	saved          checkpoint.Progress
	checkpointedAt time.Time
	// checkpointTriedAt and checkpointProblem are of the last look at whether a
	// checkpoint is due.
	checkpointTriedAt time.Time
	checkpointProblem string
	// unsavedSince, caughtUpAt and gain are those of ShardStatus.
	unsavedSince, caughtUpAt time.Time
	gain                     float64
}

// run reads the shard until its end, or until stop or the lease ends, finishes
// what was begun as long as abandon allows, and checkpoints. It returns true,
// after telling the lease, when the shard was read to its end and all of it is
// done.
func (s *shard) run(stop, abandon context.Context) (ended bool) {
	fetch, stopFetching := context.WithCancelCause(s.lease.Context())
	defer stopFetching(nil)
	work, stopWork := context.WithCancelCause(s.lease.Context())
	defer stopWork(nil)
	s.work = work
	defer context.AfterFunc(stop, func() { stopFetching(errDraining) })()
	defer context.AfterFunc(abandon, func() { stopWork(ErrDrainTimedOut) })()

	var background sync.WaitGroup
	background.Go(func() { s.heedHandOver(fetch, stopFetching, stopWork) })
	background.Go(func() { s.checkpointLoop(work) })
	arriving := make(chan *wire.Page)
	background.Go(func() {
		defer close(arriving)
		if err := s.source.run(fetch, arriving); err != nil {
			s.log.Debug("stopped reading", zap.NamedError(KeyReason, err))
		}
	})

	var children []string
	for page := range arriving {
		if s.accept(fetch, page) && page.Ended {
			ended, children = true, page.ChildShards
		}
		s.pages.put(page)
	}
	s.settle(fetch, stopWork)
	s.batches.leave()
	stopWork(nil) // ends the checkpoint loop
	stopFetching(nil)
	background.Wait()
	if err := s.lastCheckpoint(abandon); err != nil {
		s.log.Warn("last checkpoint not written; what came after the one before will be handled again", zap.NamedError(KeyError, err))
		return false
	}
	if ended = ended && s.tracker.Pending() == 0 && s.lease.Context().Err() == nil; ended {
		s.lease.MarkEnded(children)
	}
	return ended
}

// heedHandOver stops the reading when the shard is wanted elsewhere. A shard
// that cannot be drained in the time a process has to stop is given up as it
// is: its heir waits.
func (s *shard) heedHandOver(fetch context.Context, stopFetching, stopWork context.CancelCauseFunc) {
	select {
	case <-s.lease.HandOver():
	case <-fetch.Done():
		return
	}
	s.log.Info("handing shard over")
	stopFetching(errHandOver)
	if wait(s.work, s.cfg.DrainTimeout) == nil {
		stopWork(ErrDrainTimedOut)
	}
}

// settle waits until everything that must still be handled is: all of it after
// the shard's end, and only what was begun once the reading was told to stop. Then
// it does not wait for what is parked either: the checkpoint stays below that, and
// whoever has the shard next tries it again.
// Only the goroutine that submits calls it, so nothing comes after the cut.
func (s *shard) settle(fetch context.Context, stopWork context.CancelCauseFunc) {
	done := s.lanes.finish()
	select {
	case <-done:
		return
	case <-fetch.Done():
	}
	s.draining.Store(true)
	s.lanes.drain()
	if s.drained(done) {
		return
	}
	stopWork(errDraining)
	grace := time.NewTimer(abandonGrace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		slow := s.status().Slowest
		s.log.Error("handler ignores its context and is left behind",
			zap.String(KeyEventID, slow.EventID), zap.String(KeyEventType, slow.EventType),
			zap.String(KeySequenceNumber, slow.SequenceNumber), zap.Duration(KeyAge, time.Since(slow.Since)))
	}
}

// parkedLook is how often a shard that drains looks whether all that is left of it
// is parked.
const parkedLook = 100 * time.Millisecond

// drained waits until done, and returns false if work has ended before, or if all
// that still runs is parked.
func (s *shard) drained(done <-chan struct{}) bool {
	look := time.NewTicker(parkedLook)
	defer look.Stop()
	for {
		select {
		case <-done:
			return true
		case <-s.work.Done():
			return false
		case <-look.C:
		}
		if n := s.failures.resting(); n > 0 && n == s.lanes.status().running {
			s.log.Warn("stop does not wait for parked events; they are tried again by whoever has the shard next", zap.Int(KeyCount, n))
			return false
		}
	}
}
