package embed_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// subscription is an open SubscribeToShard.
type subscription struct {
	stub   *stub
	stream *kinesis.SubscribeToShardEventStream
	begun  time.Time
}

func (t *stub) trySubscribe(ctx context.Context, consumer, shard string, from types.StartingPosition) (*subscription, error) {
	// A client of its own: the SDK's keeps state of the last subscription (seen
	// with smithy-go v1.28.8), so that two at once race.
	client := kinesis.New(t.kinesis.Options())
	out, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: &consumer, ShardId: &shard, StartingPosition: &from,
	})
	if err != nil {
		return nil, err
	}
	return &subscription{t, out.GetStream(), time.Now()}, nil
}

func (t *stub) subscribe(consumer, shard string, from types.StartingPosition) *subscription {
	t.Helper()
	sub, err := t.trySubscribe(t.Context(), consumer, shard, from)
	return ok(t, sub, err)
}

var (
	fromHorizon = types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	fromLatest  = types.StartingPosition{Type: types.ShardIteratorTypeLatest}
)

func fromAfter(number *string) types.StartingPosition {
	return types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: number}
}

// next waits for an event; nil if the subscription is over.
func (s *subscription) next() *types.SubscribeToShardEvent {
	s.stub.Helper()
	ev, open := <-s.stream.Events()
	if !open {
		return nil
	}
	records, known := ev.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
	if !known {
		s.stub.Fatalf("got a %T, want an event of records", ev)
	}
	return &records.Value
}

// read reads n records, and whatever else is in the event of the last one.
func (s *subscription) read(n int) string {
	s.stub.Helper()
	var got []string
	for len(got) < n {
		ev := s.next()
		if ev == nil {
			s.stub.Fatalf("got the end (%v) after %q, want %d records", s.stream.Err(), got, n)
		}
		for _, r := range ev.Records {
			got = append(got, string(r.Data))
		}
	}
	return strings.Join(got, " ")
}

// ends reads to the end and checks that it is an exception of the given code;
// empty for an end without one.
func (s *subscription) ends(code string) {
	s.stub.Helper()
	for s.next() != nil {
		continue
	}
	err := s.stream.Err()
	var api smithy.APIError
	switch {
	case code == "" && err != nil:
		s.stub.Errorf("end: got %v, want no error", err)
	case code != "" && (!errors.As(err, &api) || api.ErrorCode() != code):
		s.stub.Errorf("end: got %v, want %s", err, code)
	}
}

// close ends the subscription from the client's side. It says again how the
// stream ended, if that was with an exception.
func (s *subscription) close() {
	s.stub.Helper()
	ended := s.stream.Err()
	if err := s.stream.Close(); !errors.Is(err, ended) {
		s.stub.Errorf("close: got %v, want %v", err, ended)
	}
}

func (t *stub) deregister(consumer string) {
	t.Helper()
	_, err := t.kinesis.DeregisterStreamConsumer(t.Context(), &kinesis.DeregisterStreamConsumerInput{ConsumerARN: aws.String(consumer)})
	ok(t, 0, err)
}
