package handlers

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"korestream/consumer"
)

// errSQSSilent is for an entry of a request that the answer does not mention.
var errSQSSilent = errors.New("the queue's answer does not say what became of the event")

// HandleBatch sends the events in as few requests as they fit in, in order, and
// returns an error, or nil, for each; nil alone when all are handled. Where SQS
// refuses a request as a whole, and not for a reason of its own, its events go
// one by one, so that only those to blame fail. Once the queue is unavailable
// the events that are left are not tried.
func (s *SQS) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	errs := make([]error, len(ds))
	var away error
	for _, r := range s.requests(ctx, ds, errs) {
		if away == nil {
			away = s.sendAll(ctx, r, errs)
			continue
		}
		for _, m := range r {
			errs[m.at] = away
		}
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return nil
	}
	return errs
}

// sqsEntry is a message of a batch and its place there.
type sqsEntry struct {
	*sqsMessage
	at int
}

// requests divides the deliveries; errs gets why one cannot be sent at all.
func (s *SQS) requests(ctx context.Context, ds []*consumer.Delivery, errs []error) [][]sqsEntry {
	var all [][]sqsEntry
	var r []sqsEntry
	size := 0
	for i, d := range ds {
		m, err := s.message(ctx, d)
		if err != nil {
			errs[i] = err
			continue
		}
		if len(r) == sqsBatch || len(r) > 0 && size+m.size() > s.cfg.MaxMessageBytes {
			all, r, size = append(all, r), nil, 0
		}
		r, size = append(r, sqsEntry{m, i}), size+m.size()
	}
	if len(r) > 0 {
		all = append(all, r)
	}
	return all
}

// sendAll sends one request and notes in errs what became of its messages. It
// returns why the queue is unavailable, if it is.
func (s *SQS) sendAll(ctx context.Context, r []sqsEntry, errs []error) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &s.cfg.QueueURL}
	for _, m := range r {
		in.Entries = append(in.Entries, m.entry(strconv.Itoa(m.at)))
	}
	out, err := s.api.SendMessageBatch(ctx, in, sqsOnce)
	if err == nil {
		noteSQSAnswer(ctx, r, out, errs)
		return nil
	}
	err = classifySQS(ctx, err)
	var refused smithy.APIError
	if errors.As(err, &refused) && !IsUnavailable(err) && len(r) > 1 {
		return s.sendEach(ctx, r, errs)
	}
	for _, m := range r {
		errs[m.at] = err
	}
	if IsUnavailable(err) {
		return err
	}
	return nil
}

// sendEach is sendAll with a request for each message.
func (s *SQS) sendEach(ctx context.Context, r []sqsEntry, errs []error) error {
	var away error
	for _, m := range r {
		if away != nil {
			errs[m.at] = away
			continue
		}
		err := s.send(ctx, m.sqsMessage)
		errs[m.at] = err
		if IsUnavailable(err) {
			away = err
		}
	}
	return away
}

// noteSQSAnswer notes what an answer says of each message. One that it does not
// mention was not stored as far as anybody knows.
func noteSQSAnswer(ctx context.Context, r []sqsEntry, out *sqs.SendMessageBatchOutput, errs []error) {
	stored := make(map[string]types.SendMessageBatchResultEntry, len(r))
	for _, e := range out.Successful {
		stored[aws.ToString(e.Id)] = e
	}
	refused := make(map[string]types.BatchResultErrorEntry)
	for _, e := range out.Failed {
		refused[aws.ToString(e.Id)] = e
	}
	for _, m := range r {
		id := strconv.Itoa(m.at)
		if e, ok := refused[id]; ok {
			errs[m.at] = classifySQS(ctx, newSQSRefusal(e))
		} else if e, ok := stored[id]; ok {
			errs[m.at] = m.checkStored(e.MD5OfMessageBody)
		} else {
			errs[m.at] = errSQSSilent
		}
	}
}
