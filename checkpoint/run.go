package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/zap"

	"korestream/internal/episode"
)

// Run keeps this worker's heartbeat and this process's view of the table until
// ctx ends; then it removes the heartbeat. Leases that are still held then are
// lost: release them before. Nothing is acquired while Run does not run. It
// returns nil, for every trouble with the table is outlived; it may be called
// once.
func (s *Store) Run(ctx context.Context) error {
	var background sync.WaitGroup
	background.Go(func() { s.keepHeartbeat(ctx) })
	s.keepScanning(ctx)
	background.Wait()
	s.lose(fmt.Errorf("%w: the store was stopped", ErrLeaseLost))
	return s.removeHeartbeat(context.WithoutCancel(ctx))
}

// keepHeartbeat raises the counter of this worker's row, and ends all leases
// when it could not for too long.
func (s *Store) keepHeartbeat(ctx context.Context) {
	defer s.pulse.stop()
	var trouble episode.Episode
	for {
		sent := time.Now()
		s.came(&s.beatAt, sent)
		number := s.pulse.send(sent)
		err := s.heartbeat(ctx, number)
		pause := s.cfg.heartbeatEvery()
		switch {
		case err == nil:
			s.beatArrived(number)
			if n, over := trouble.Succeeded(); over {
				s.log.Info("heartbeat is written again", zap.Int("attempt", n))
			}
		case ctx.Err() == nil:
			pause /= 5
			if trouble.Failed("") {
				s.log.Warn("heartbeat not written, trying again", zap.NamedError("error", err))
			}
		}
		if !pauseFor(ctx, jitter(pause), s.beat) {
			return
		}
	}
}

// heartbeat writes this worker's row once. Another process with this worker's ID
// is refused as long as it lives.
func (s *Store) heartbeat(ctx context.Context, number int64) error {
	key := workerKeyPrefix + s.cfg.Worker
	update := "SET entityType = :type, instance = :instance, heartbeat = :number, adminAddress = :address, draining = :draining"
	values := item{
		":type": str(entityWorker), ":instance": str(s.instance), ":address": str(s.cfg.AdminAddress),
		":draining": boolean(s.isDraining()), ":one": num(1), ":number": num(number),
	}
	if s.cpu != nil {
		update += ", cpu = :cpu"
		values[":cpu"] = &types.AttributeValueMemberN{Value: strconv.FormatFloat(s.cpu(), 'f', 3, 64)}
	}
	if s.vitals != nil {
		update += s.vitals().set(values)
	}
	update += " ADD leaseCounter :one"
	_, err := s.rows.update(ctx, key, update, "attribute_not_exists(leaseKey) OR instance = :instance", values)
	old, failed := conditionFailed(err)
	if !failed || old == nil {
		return err
	}
	other, err := workerOf(old)
	if err != nil {
		return err
	}
	if s.otherLives(other) {
		s.lose(fmt.Errorf("%w: another process runs as worker %s", ErrLeaseLost, s.cfg.Worker))
		// For people alone, who see in the row that there are two.
		_, _ = s.rows.update(ctx, key, "ADD "+attrRefused+" :one", "instance = :other", item{":one": num(1), ":other": str(other.instance)})
		return fmt.Errorf("another process runs as worker %q; give each process its own ID", s.cfg.Worker)
	}
	// A predecessor that did not come to say goodbye.
	values[":other"], values[":seen"] = str(other.instance), num(other.counter)
	_, err = s.rows.update(ctx, key, update, "instance = :other AND leaseCounter = :seen", values)
	return err
}

// otherLives tells whether another process with our ID has moved lately.
func (s *Store) otherLives(other workerRow) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	name := "instance:" + other.instance
	s.watch.observe(name, fmt.Sprint(other.counter), now)
	return s.watch.alive(name, now)
}

// beatArrived keeps the leases for another while: the others have seen, or will
// see, the heartbeat of this number, which was sent then.
func (s *Store) beatArrived(number int64) {
	if s.pulse.arrived(number) {
		s.setAlive()
	}
}

func (s *Store) setAlive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.alive {
		s.alive = true
		s.reassign(time.Now()) // this worker counts from now on
	}
}

func (s *Store) heartbeatOverdue() {
	s.log.Error("no heartbeat written in time: giving all leases up, for others may have taken them",
		zap.Duration("deadline", s.cfg.deadline()))
	s.lose(fmt.Errorf("%w: no heartbeat written for %s", ErrLeaseLost, s.cfg.deadline()))
}

// removeHeartbeat says goodbye, so that nobody waits for this worker.
func (s *Store) removeHeartbeat(ctx context.Context) error {
	err := s.rows.remove(ctx, workerKeyPrefix+s.cfg.Worker, "instance = :instance", item{":instance": str(s.instance)})
	if _, failed := conditionFailed(err); err != nil && !failed {
		s.log.Warn("heartbeat not removed; the others will wait for it once", zap.NamedError("error", err))
	}
	return nil
}

// keepScanning reads the table again and again and acts on what it finds.
func (s *Store) keepScanning(ctx context.Context) {
	var trouble episode.Episode
	for {
		begun := time.Now()
		s.came(&s.lookedAt, begun)
		err := s.look(ctx, begun)
		if err == nil {
			if n, over := trouble.Succeeded(); over {
				s.log.Info("lease table is read again", zap.Int("attempt", n))
			}
		} else if ctx.Err() == nil && trouble.Failed("") {
			s.log.Warn("lease table not read, trying again", zap.NamedError("error", err))
		}
		if !pauseFor(ctx, jitter(s.scanPause()), s.rescan) {
			return
		}
	}
}

// look reads the table once, mends what is missing in it, and acts on what it
// found.
func (s *Store) look(ctx context.Context, begun time.Time) error {
	c, err := s.rows.scan(ctx)
	if tableGone(err) {
		return errors.Join(err, s.recreate(ctx))
	}
	if err != nil {
		return err
	}
	switch err := s.restore(ctx, c); {
	case errors.Is(err, errRestored):
		return nil
	case err != nil:
		return err
	}
	if me := c.workers[s.cfg.Worker]; me.instance == s.instance {
		s.beatArrived(me.heartbeat) // its answer may have been lost
	}
	s.apply(c, begun)
	if err := s.renew(ctx); err != nil {
		return err
	}
	s.tidy(ctx)
	return nil
}

// came notes that a loop came round.
func (s *Store) came(loop *time.Time, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*loop = at
}

// pauseFor waits until the time is over or soon asks for an end; false if ctx
// has ended.
func pauseFor(ctx context.Context, d time.Duration, soon <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-soon:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// jitter spreads a pause by a tenth, so that a fleet that started at once does
// not call at once for ever.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)+1))
}

// scanPause is how long to wait between two looks at the table.
func (s *Store) scanPause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.scanEvery(len(s.leases))
}
