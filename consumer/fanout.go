package consumer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer/wire"
)

const (
	// renewSubscriptionAfter is when a subscription is given up for a new one. Kinesis
	// ends each after five minutes, wherever it is then:
	// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
	// It is brought forward by up to renewSubscriptionJitter, so that shards that
	// were taken together do not subscribe together for ever.
	renewSubscriptionAfter  = 4*time.Minute + 45*time.Second
	renewSubscriptionJitter = 45 * time.Second
	// subscribeGap is the least time between two subscriptions of one shard: one a
	// second is allowed.
	subscribeGap = 1100 * time.Millisecond
	// silence is how long a subscription may say nothing before its connection is
	// taken for dead. Kinesis sends an event every five seconds, if only to say that
	// there are no records.
	silence = 35 * time.Second
)

// Why a subscription is left that did not fail.
var (
	errRenew  = errors.New("the subscription is renewed")
	errSilent = errors.New("the subscription said nothing for 35 s: its connection is half open")
	// errNoAnswer is the cause with which a call ends that was not answered in time.
	errNoAnswer = errors.New("SubscribeToShard was not answered in time")
)

// subscribe reads with SubscribeToShard, one subscription after another. What one
// has not delivered the next begins with.
func (s *source) subscribe(ctx context.Context, out chan<- *wire.Page) error {
	p := newPatience(s.log, "SubscribeToShard")
	p.backoff.InitialInterval = subscribeGap
	for {
		began := time.Now()
		err := s.subscription(ctx, p, out)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil, errors.Is(err, errSwitch):
			return err
		case errors.Is(err, wire.ErrOver), errors.Is(err, errRenew):
			err = wait(ctx, subscribeGap-time.Since(began))
		default:
			_, err = s.recover(ctx, p, err)
		}
		if err != nil {
			return err
		}
	}
}

// subscription delivers what one subscription brings. It returns nil at the
// shard's end.
func (s *source) subscription(ctx context.Context, p *patience, out chan<- *wire.Page) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sub, err := s.open(ctx, cancel)
	if err != nil {
		return err
	}
	defer sub.Close()
	renewAt := time.Now().Add(renewSubscriptionAfter - rand.N(renewSubscriptionJitter))
	for {
		// While it waits for room, TCP makes Kinesis wait.
		if err := s.budget.admit(ctx, func() { s.note(StateFull, "") }); err != nil {
			return err
		}
		if !time.Now().Before(renewAt) {
			return errRenew
		}
		s.tried(time.Now())
		page, err := s.receive(ctx, sub)
		if err != nil {
			return err
		}
		p.succeeded()
		behind, ended := time.Duration(max(page.MillisBehindLatest, 0))*time.Millisecond, page.Ended
		s.fetched(behind)
		if err := s.deliver(ctx, out, page); err != nil || ended {
			return err
		}
		if s.advice.leaveFanOut(behind, time.Now()) {
			return errSwitch
		}
	}
}

// open subscribes at the shard's next record.
func (s *source) open(ctx context.Context, cancel context.CancelCauseFunc) (*wire.Subscription, error) {
	s.tried(time.Now())
	at := s.next
	timeout := time.AfterFunc(s.cfg.CallTimeout, func() { cancel(errNoAnswer) })
	defer timeout.Stop()
	sub, err := wire.Subscribe(ctx, s.kc, &kinesis.SubscribeToShardInput{
		ConsumerARN: aws.String(s.consumerARN), ShardId: aws.String(s.shard), StartingPosition: &at,
	}, s.pages.pool)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sub, err
}

// receive waits for one event of a subscription.
func (s *source) receive(ctx context.Context, sub *wire.Subscription) (*wire.Page, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, silence, errSilent)
	defer cancel()
	page := s.pages.get()
	if err := sub.Next(ctx, page); err != nil {
		s.pages.put(page)
		return nil, err
	}
	return page, nil
}
