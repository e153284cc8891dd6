package localstack_test

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var subscribeCases = []conformanceCase{
	{"SubscribeToShard/pushes what is there and what comes", func(p *probe) {
		name := p.stream(1)
		p.put(name, lowKey, "1")
		s := p.subscribe(name, types.ShardIteratorTypeTrimHorizon)
		defer s.close()
		equal(p, "records before", s.read(1), []string{"1"})
		p.put(name, lowKey, "2")
		equal(p, "records after", s.read(1), []string{"2"})
		if s.last.ContinuationSequenceNumber == nil {
			p.differs("continuation: got none in an open shard, want a sequence number")
		}
	}},
	{"SubscribeToShard/a subscription goes on from a continuation", func(p *probe) {
		name := p.stream(1)
		p.put(name, lowKey, "1")
		s := p.subscribe(name, types.ShardIteratorTypeTrimHorizon)
		equal(p, "records", s.read(1), []string{"1"})
		from := s.last.ContinuationSequenceNumber
		s.close()
		p.put(name, lowKey, "2")
		iterator := p.bySequence(name, types.ShardIteratorTypeAfterSequenceNumber, from)
		equal(p, "records", p.read(iterator), []string{"2"})
	}},
	{"SubscribeToShard/at the end of a shard names the children and ends", func(p *probe) {
		name := p.stream(1)
		p.put(name, lowKey, "1")
		p.split(name, 0, half)
		s := p.subscribe(name, types.ShardIteratorTypeTrimHorizon)
		defer s.close()
		equal(p, "records", s.read(1), []string{"1"})
		for s.last.ContinuationSequenceNumber != nil && s.next() {
			continue
		}
		equal(p, "continuation", s.last.ContinuationSequenceNumber, nil)
		equal(p, "children", childIDs(s.last.ChildShards), ids(1, 2))
		if s.next() {
			p.differs("got an event after the last one, want the end")
		}
	}},
	{"SubscribeToShard/refuses a second subscription within five seconds", func(p *probe) {
		name := p.stream(1)
		s := p.subscribe(name, types.ShardIteratorTypeLatest)
		defer s.close()
		in := subscription(s.consumer, types.ShardIteratorTypeLatest)
		refused(p, p.kinesis.SubscribeToShard, in, resourceInUse)
	}},
	{"SubscribeToShard/refuses an unknown shard", func(p *probe) {
		in := subscription(p.consumer(p.stream(1), "reader"), types.ShardIteratorTypeLatest)
		in.ShardId = shardID(7)
		refused(p, p.kinesis.SubscribeToShard, in, resourceNotFound)
	}},
	{"SubscribeToShard/refuses an unknown consumer", func(p *probe) {
		arn := aws.String(*p.arn(p.stream(1)) + "/consumer/nobody:1")
		refused(p, p.kinesis.SubscribeToShard, subscription(arn, types.ShardIteratorTypeLatest), resourceNotFound)
	}},
}

// pushed is an open subscription to the only shard of a stream.
type pushed struct {
	p        *probe
	consumer *string
	stream   *kinesis.SubscribeToShardEventStream
	last     types.SubscribeToShardEvent
	cancel   context.CancelFunc
}

// pushLimit bounds the wait for a subscription or for one event of it. Idle ones
// send an event about every five seconds, and nothing is concluded from when it comes.
const pushLimit = 20 * time.Second

func subscription(consumer *string, typ types.ShardIteratorType) *kinesis.SubscribeToShardInput {
	return &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer, ShardId: shardID(0), StartingPosition: &types.StartingPosition{Type: typ},
	}
}

// subscribe registers a consumer and subscribes it. The context of a
// subscription is that of its stream, so the wait for it is bounded by a timer.
func (p *probe) subscribe(stream string, typ types.ShardIteratorType) *pushed {
	consumer := p.consumer(stream, "reader")
	ctx, cancel := context.WithCancel(p.ctx)
	late := time.AfterFunc(pushLimit, cancel)
	out, err := p.kinesis.SubscribeToShard(ctx, subscription(consumer, typ))
	if err != nil {
		cancel()
		p.stop("SubscribeToShard: got %v, want no error", err)
	}
	late.Stop()
	return &pushed{p: p, consumer: consumer, stream: out.GetStream(), cancel: cancel}
}

func (s *pushed) close() {
	s.stream.Close()
	s.cancel()
}

// next waits for an event; false if the subscription is over.
func (s *pushed) next() bool {
	timer := time.NewTimer(pushLimit)
	defer timer.Stop()
	select {
	case event, open := <-s.stream.Events():
		if !open {
			if err := s.stream.Err(); err != nil {
				s.p.differs("the subscription ended with %v, want no error", err)
			}
			return false
		}
		value, known := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
		if !known {
			s.p.stop("got a %T, want an event of records", event)
		}
		s.last = value.Value
		return true
	case <-timer.C:
		s.p.stop("got no event within %v", pushLimit)
	}
	return false
}

// read returns the records of the next events, until there are n.
func (s *pushed) read(n int) []string {
	var data []string
	for len(data) < n && s.next() {
		data = append(data, texts(s.last.Records)...)
	}
	return data
}
