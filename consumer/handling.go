package consumer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"korestream/internal/episode"
)

// detachAfter is how long an event may be in its handlers before those behind it
// get memory of their own.
const detachAfter = time.Second

// parkedRetryInterval bounds the pause between two tries of a parked event.
const parkedRetryInterval = 30 * time.Second

// handle works one piece off. What cannot be finished stays: its key is parked,
// tried again and again, until it is done or the lease is over; the watermark
// stays below it.
//
// Once work has ended nothing is begun: the key's event before this one may have
// been cut off, and a handler that does not look at its context would overtake
// it.
func (s *shard) handle(p *piece) {
	if s.work.Err() != nil {
		return
	}
	outcome, err := s.attempt(p, &p.delivery)
	if err == nil {
		s.finish(p, outcome)
		return
	}
	s.insist(p, err)
}

// insist parks a piece's key and tries the piece until it is done. When the lease
// is over first it is left: whoever has the shard next begins there.
func (s *shard) insist(p *piece, err error) {
	defer s.forget(p)
	s.lanes.detach(p, s.budget)
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = time.Second, parkedRetryInterval
	for attempts := 1; s.work.Err() == nil; attempts++ {
		resume := s.park(p, attempts, err)
		waited := wait(s.work, b.NextBackOff())
		resume()
		if waited != nil {
			return
		}
		again := p.delivery // the first may have been kept by somebody
		again.BegunAt = time.Now()
		var outcome Outcome
		if outcome, err = s.attempt(p, &again); err == nil {
			s.finish(p, outcome)
			return
		}
	}
}

// attempt dispatches or buries once. A panic is an error like any other.
func (s *shard) attempt(p *piece, d *Delivery) (outcome Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	if p.letter != nil {
		err = s.burier.Bury(s.work, p.letter)
		if errors.Is(err, ErrNotWanted) {
			return Dropped, nil
		}
		return DeadLettered, err
	}
	ctx := s.work
	if p.batch != nil {
		ctx = p.batch.follower.Context(ctx)
	}
	outcome, err = s.dispatcher.Dispatch(ctx, d)
	if err == nil && (outcome < Handled || outcome > Dropped) {
		err = errors.New("dispatcher returned neither an outcome nor an error")
	}
	return outcome, err
}

// park makes a stuck key visible: in the log once, in the status until it ends.
func (s *shard) park(p *piece, attempts int, err error) (resume func()) {
	p.delivery.Trace.Failed("", err)
	if p.batch != nil {
		p.batch.settled(p, batchParked)
	}
	run := runningOf(p, time.Now())
	if attempts == 1 {
		s.log.Error("key parked: its event can be neither handled nor buried; the checkpoint stays below it",
			zap.String(KeySequenceNumber, run.SequenceNumber), zap.String(KeyEventID, run.EventID),
			zap.String(KeyEventType, run.EventType), zap.NamedError(KeyError, err))
	}
	s.failures.note(p.origin(), run.EventID, run.EventType, "", attempts, err, true)
	return s.failures.rest(p.origin(), run.EventID, one)
}

// forget says that nothing fails with the piece any more.
func (s *shard) forget(p *piece) {
	id := ""
	if p.letter == nil {
		id = p.delivery.Event.ID
	}
	s.failures.forget(p.origin(), id)
}

// finish counts a piece that is done and, with the record's last one, moves the
// watermark and frees the record's memory.
func (s *shard) finish(p *piece, outcome Outcome) {
	switch outcome {
	case Handled:
		s.handled.Add(1)
	case Duplicate:
		s.duplicates.Add(1)
	case DeadLettered:
		s.deadLettered.Add(1)
	case Dropped:
		s.dropped.Add(1)
	}
	if p.letter != nil && outcome == DeadLettered {
		s.log.Warn("record buried", zap.String(KeyReason, p.letter.Reason), zap.String(KeySequenceNumber, p.letter.SequenceNumber), zap.NamedError(KeyError, p.letter.Err))
	}
	p.delivery.Trace.done(outcome)
	if p.batch != nil {
		p.batch.settled(p, outcome)
	}
	s.forget(p)
	s.tracker.Done(p.record.ticket)
	p.done(s.budget)
	p.finished = true
}

// checkpointLoop writes the watermark at most once per interval, when it moved.
func (s *shard) checkpointLoop(ctx context.Context) {
	if wait(ctx, s.pages.ticks.next(time.Now())) != nil {
		return
	}
	tick := time.NewTicker(s.cfg.CheckpointInterval)
	defer tick.Stop()
	meter, drain := newMeter(s.lease.Throughput()), drainMeter{}
	var trouble episode.Episode
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		s.lanes.detachBehind(now.Add(-detachAfter), s.budget)
		meter.add(s.bytes.Load(), now)
		s.measureLag(&drain, now)
		err := errors.Join(s.writeCheckpoint(ctx), s.lease.ReportThroughput(ctx, meter.kib))
		s.noteCheckpoint(err)
		s.noteUnsaved(now)
		if err == nil {
			if n, over := trouble.Succeeded(); over {
				s.log.Info("checkpoints are written again", zap.Int(KeyAttempt, n))
			}
		} else if ctx.Err() == nil && trouble.Failed("") {
			s.log.Warn("checkpoint not written, trying again", zap.NamedError(KeyError, err))
		}
	}
}

func (s *shard) noteCheckpoint(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checkpointTriedAt, s.checkpointProblem = time.Now(), ""
	if err != nil {
		s.checkpointProblem = err.Error()
	}
}

// writeCheckpoint writes the watermark, and what is done above it, if there is
// more of it than was written.
func (s *shard) writeCheckpoint(ctx context.Context) error {
	p := s.tracker.Progress()
	s.mu.Lock()
	moved := !p.Equal(s.saved)
	s.mu.Unlock()
	if !moved {
		return nil
	}
	if err := s.lease.Save(ctx, p); err != nil {
		s.checkpointFailures.Add(1)
		return err
	}
	s.mu.Lock()
	s.saved, s.checkpointedAt = p, time.Now()
	s.mu.Unlock()
	s.checkpoints.Add(1)
	return nil
}

// lastCheckpoint writes the watermark once nothing is handled any more. It is
// tried until it succeeds, the lease is over, or time is: a process must stop.
func (s *shard) lastCheckpoint(abandon context.Context) error {
	ctx, cancel := context.WithTimeout(s.lease.Context(), s.cfg.CallTimeout)
	defer cancel()
	defer context.AfterFunc(abandon, func() { time.AfterFunc(abandonGrace, cancel) })()
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 50*time.Millisecond, time.Second
	for {
		err := s.writeCheckpoint(ctx)
		if err == nil {
			return nil
		}
		if wait(ctx, b.NextBackOff()) != nil {
			return err
		}
	}
}

// status describes the shard now.
func (s *shard) status() ShardStatus {
	in := s.lanes.status()
	st := ShardStatus{
		Shard: s.lease.Shard(), Since: s.since, InFlight: in.waiting + in.running, Running: in.running,
		ProgressAt: in.progressAt, Slowest: in.slowest,
		InFlightBytes: s.budget.inFlight(), Watermark: s.tracker.Watermark(),
		Counts: Counts{
			Handled: s.handled.Load(), Duplicates: s.duplicates.Load(), DeadLettered: s.deadLettered.Load(), Dropped: s.dropped.Load(),
			Records: s.records.Load(), Bytes: s.bytes.Load(), Skipped: s.skipped.Load(),
			Checkpoints: s.checkpoints.Load(), CheckpointFailures: s.checkpointFailures.Load(),
		},
	}
	s.failures.into(&st)
	if oldest, ok := s.tracker.Oldest(); ok {
		st.OldestAt = oldest.Timestamp
	}
	s.source.mu.Lock()
	st.State, st.Problem, st.Behind = s.source.state, s.source.problem, s.source.behind
	st.FetchedAt, st.TriedAt = s.source.fetchedAt, s.source.triedAt
	s.source.mu.Unlock()
	if s.draining.Load() && st.State != StateEnded {
		st.State = StateDraining
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Checkpoint, st.CheckpointedAt = s.saved.Position, s.checkpointedAt
	st.CheckpointTriedAt, st.CheckpointProblem = s.checkpointTriedAt, s.checkpointProblem
	st.UnsavedSince, st.CaughtUpAt, st.Gain = s.unsavedSince, s.caughtUpAt, s.gain
	return st
}
