package kinesis

import (
	"context"
	"errors"
	"io"
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

type startingPosition struct {
	Type           *string
	SequenceNumber *string
	Timestamp      *float64
}

type subscribeInput struct {
	ConsumerARN      *string
	ShardID          *string `json:"ShardId"`
	StartingPosition *startingPosition
	DryRun           *bool
}

func (in *subscribeInput) check() error {
	var c checks
	required(&c, "consumerARN", in.ConsumerARN)
	c.matches("consumerARN", in.ConsumerARN, consumerARNPattern)
	c.requiredName("shardId", in.ShardID)
	if p := in.StartingPosition; required(&c, "startingPosition", p) {
		c.oneOf("startingPosition.type", p.Type, afterSequenceNumber, latest, atTimestamp, atSequenceNumber, trimHorizon)
		c.matches("startingPosition.sequenceNumber", p.SequenceNumber, sequencePattern)
	}
	return c.err()
}

// subscription is one call of SubscribeToShard. It is guarded by its stream's
// lock, but ended may be waited for without it, and cause read once it is
// closed.
type subscription struct {
	since time.Time
	ended chan struct{}
	cause error
}

// end ends the subscription with an exception. The caller holds the stream's
// lock.
func (sub *subscription) end(cause error) {
	if sub.cause == nil {
		sub.cause = cause
		close(sub.ended)
	}
}

func (s *Service) subscribeToShard(in *subscribeInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, con, err := s.consumerByARN(*in.ConsumerARN, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	if status := con.status(now); status != statusActive {
		return nil, inUse("Consumer %s is not ACTIVE, instead in state %s.", con.arn, status)
	}
	sh := st.shard(*in.ShardID, now)
	if sh == nil {
		return nil, s.shardNotFound(fullShardID(*in.ShardID), st.name)
	}
	if err := s.mayTakeOver(st, con, sh, now); err != nil {
		return nil, err
	}
	sh.mu.Lock()
	p := in.StartingPosition
	next, err := s.begin(st, sh, start{*p.Type, p.SequenceNumber, p.Timestamp}, now)
	sh.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRun()
	}
	if old := con.subs[sh]; old != nil {
		old.end(s.subscriptionExists(st, con, sh))
	}
	sub := &subscription{since: now, ended: make(chan struct{})}
	con.subs[sh] = sub
	f := &feed{service: s, stream: st, shard: sh, sub: sub, next: next}
	return &awsjson.Stream{ContentType: eventStreamType, Run: f.run}, nil
}

// mayTakeOver refuses a subscription that comes too soon after another one. The
// caller holds the stream's lock.
func (s *Service) mayTakeOver(st *stream, con *consumer, sh *shard, now time.Time) error {
	if con.calls[sh] == nil {
		con.calls[sh] = &bucket{}
	}
	if s.opts.Quotas && !con.calls[sh].take(now, 1, subscribeCalls) {
		return limitExceeded("Rate exceeded for consumer %s and shard %s.", con.arn, sh.id)
	}
	if old := con.subs[sh]; old != nil {
		// A clock that went back must not make the grace last until it is there again.
		if age := now.Sub(old.since); age >= 0 && age < subscriptionGrace {
			return s.subscriptionExists(st, con, sh)
		}
	}
	return nil
}

func (s *Service) subscriptionExists(st *stream, con *consumer, sh *shard) error {
	return inUse("Another active subscription exists for this consumer: %s:%s:%s:%s",
		s.opts.Account, st.name, sh.id, con.name)
}

// feed sends a shard's records to a subscription. Waiting is by the process's
// clock, also where the service has another one.
type feed struct {
	service *Service
	stream  *stream
	shard   *shard
	sub     *subscription
	next    uint64
	sent    time.Time // when the last event was; zero, and so due, at first
}

func (f *feed) run(ctx context.Context, w io.Writer) error {
	began := time.Now()
	wake := make(chan struct{}, 1)
	defer f.shard.watch(wake)()
	if err := writeInitialResponse(w); err != nil {
		return err
	}
	for {
		ev, err := f.poll()
		if err != nil {
			return writeException(w, err)
		}
		if ev.payload != nil {
			if err := writeEvent(w, ev.payload); err != nil {
				return err
			}
			f.sent = time.Now()
		}
		if ev.last {
			return nil
		}
		left := subscriptionLife - time.Since(began)
		if left <= 0 {
			return nil
		}
		if ev.pause == 0 {
			err = f.wait(ctx, min(keepAlive-time.Since(f.sent), ev.until, left), wake)
		} else {
			err = f.wait(ctx, min(ev.pause, left), nil)
		}
		if ended := new(endedError); errors.As(err, &ended) {
			return writeException(w, ended.cause)
		} else if err != nil {
			return err
		}
	}
}

// endedError carries the exception that ends a subscription.
type endedError struct{ cause error }

func (e *endedError) Error() string { return e.cause.Error() }

// wait returns when there may be something to do. The error is an *endedError
// if the subscription is to end, and the context's if that ended.
func (f *feed) wait(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(max(0, d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-f.sub.ended:
		return &endedError{f.sub.cause}
	case <-wake:
	case <-timer.C:
	}
	return nil
}

// event is what a poll found.
type event struct {
	payload []byte        // nil if there is nothing to say
	last    bool          // the shard is at its end
	until   time.Duration // until the stream changes by itself
	pause   time.Duration // before reading on, instead of waiting for records
}

// poll reads the next records. There is an event without any if
// the last one was long ago.
func (f *feed) poll() (event, error) {
	now := f.service.opts.Now()
	f.stream.settle(now)
	if f.stream.gone.Load() {
		f.service.forget(f.stream)
		return event{}, f.service.streamNotFound(f.stream.name)
	}
	f.stream.mu.RLock()
	defer f.stream.mu.RUnlock()
	sh := f.shard
	sh.mu.Lock()
	sh.trim(f.stream.horizon(now))
	p := sh.read(f.next, maxEventRecords, maxEventBytes)
	arrived := max(now.UnixMilli(), sh.latest)
	sh.mu.Unlock()
	f.next = p.next()
	ev := event{last: sh.ended(&p), until: keepAlive}
	if due := f.stream.due.Load(); due != 0 {
		ev.until = time.Unix(0, due).Sub(now)
	}
	if p.count > 0 || ev.last || time.Since(f.sent) >= keepAlive {
		ev.payload = f.encode(&p, arrived, now)
	}
	switch {
	case p.count > 0 && f.service.opts.Quotas:
		ev.pause = time.Duration(float64(p.bytes) / readBytes * float64(time.Second))
	case p.remaining:
		ev.pause = time.Nanosecond
	}
	return ev, nil
}

// encode returns a SubscribeToShardEvent. The caller holds the stream's lock.
func (f *feed) encode(p *page, arrived int64, now time.Time) []byte {
	b := append(make([]byte, 0, 512+p.bytes*3/2+p.count*240), `{"Records":[`...)
	b = append(p.append(b), ']')
	if f.shard.ended(p) {
		b = f.shard.appendChildren(append(b, `,"ChildShards":`...))
	} else {
		// Without records it still stands for what was read: it is the last
		// record's number, but of now, and so after that record.
		continuation := f.shard.sequence(p.next()-1, arrived)
		if p.count > 0 {
			_, continuation = p.record(p.count - 1)
		}
		b = append(b, `,"ContinuationSequenceNumber":"`...)
		b = append(continuation.append(b), '"')
	}
	return append(appendBehind(b, f.shard, p, now), '}')
}
