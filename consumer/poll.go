package consumer

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer/wire"
)

// poll reads with GetRecords.
func (s *source) poll(ctx context.Context, out chan<- *wire.Page) error {
	p := newPatience(s.log, "GetRecords")
	pace := newPacer(s.cfg, s.pages.ticks)
	iterator := ""
	for {
		if err := s.budget.admit(ctx, func() { s.note(StateFull, "") }); err != nil {
			return err
		}
		limit := pace.limit(s.budget)
		fetched, err := s.pages.reserve(ctx, pace.expected(limit))
		if err != nil {
			return err
		}
		called := time.Now()
		s.tried(called)
		page, err := s.fetch(ctx, &iterator, limit)
		fetched()
		if err != nil {
			refused := troubleOf(err) == troubleThrottled
			fresh, err := s.recover(ctx, p, err)
			if err != nil {
				return err
			}
			if refused && s.advice.leavePolling(0, refused, time.Now()) {
				return errSwitch
			}
			if fresh {
				iterator = ""
			}
			continue
		}
		p.succeeded()
		pause, ended := pace.answered(page, called), page.Ended
		behind := time.Duration(max(page.MillisBehindLatest, 0)) * time.Millisecond
		if err := s.deliver(ctx, out, page); err != nil || ended {
			return err
		}
		if s.advice.leavePolling(behind, false, time.Now()) {
			return errSwitch
		}
		if err := wait(ctx, pause-time.Since(called)); err != nil {
			return err
		}
	}
}

// fetch makes one GetRecords call, and one GetShardIterator call before it
// where there is no iterator, and leaves the next iterator.
func (s *source) fetch(ctx context.Context, iterator *string, limit int32) (*wire.Page, error) {
	if *iterator == "" {
		var err error
		if *iterator, err = s.locate(ctx); err != nil {
			return nil, err
		}
	}
	call, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	page := s.pages.get()
	now, err := s.reader.Read(call, wire.Ask{Iterator: *iterator, StreamARN: s.target.arn, Limit: limit}, page)
	if err != nil {
		s.pages.put(page)
		return nil, err
	}
	*iterator = page.NextShardIterator
	if now.IsZero() {
		now = time.Now()
	}
	page.Ended = page.Ended || s.window.passed(page, now)
	s.fetched(time.Duration(max(page.MillisBehindLatest, 0)) * time.Millisecond)
	return page, nil
}

// locate returns an iterator at next.
func (s *source) locate(ctx context.Context) (string, error) {
	call, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	in := &kinesis.GetShardIteratorInput{
		ShardId: aws.String(s.shard), ShardIteratorType: s.next.Type,
		StartingSequenceNumber: s.next.SequenceNumber, Timestamp: s.next.Timestamp,
	}
	in.StreamName, in.StreamARN = s.target.split()
	out, err := s.kc.GetShardIterator(call, in, once)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ShardIterator), nil
}
