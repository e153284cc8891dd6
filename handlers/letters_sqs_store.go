package handlers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsHeld is a message that was read and is hidden from others until a time.
type sqsHeld struct {
	message string
	receipt string // empty once the message was deleted
	until   time.Time
	ref     string // of its body in the overflow; empty for none
}

// Letters implements [LetterStore]. What was read before becomes visible again
// first, so that it is given again.
func (s *SQSLetters) Letters(ctx context.Context) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		if err := s.release(ctx); err != nil {
			yield(nil, err)
			return
		}
		for {
			messages, until, err := s.receive(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("read dead letters from queue: %w", calledOff(ctx, err)))
				return
			}
			if len(messages) == 0 {
				return
			}
			if !s.give(ctx, messages, until, yield) {
				return
			}
		}
	}
}

// receive waits for letters; none means that there are none to be had.
func (s *SQSLetters) receive(ctx context.Context) ([]types.Message, time.Time, error) {
	asked := time.Now() // the queue's count begins later
	out, err := s.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &s.cfg.QueueURL, MaxNumberOfMessages: sqsBatch,
		VisibilityTimeout: int32(s.cfg.Visibility / time.Second), WaitTimeSeconds: int32(s.cfg.Wait / time.Second),
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return out.Messages, asked.Add(s.cfg.Visibility), nil
}

// give holds all messages before it gives the first: the caller may stop at any.
func (s *SQSLetters) give(ctx context.Context, messages []types.Message, until time.Time, yield func(*Letter, error) bool) bool {
	type found struct {
		letter *Letter
		err    error
	}
	var all []found
	for _, m := range messages {
		id := "message " + aws.ToString(m.MessageId)
		l, ref, err := s.fetch(ctx, []byte(aws.ToString(m.Body)))
		if err != nil {
			err = fmt.Errorf("%s %w", id, err)
		} else {
			id = l.ID()
		}
		known := len(s.held[id]) > 0
		s.hold(id, &sqsHeld{message: aws.ToString(m.MessageId), receipt: aws.ToString(m.ReceiptHandle), until: until, ref: ref})
		if !known {
			all = append(all, found{l, err})
		}
	}
	for _, f := range all {
		if !yield(f.letter, f.err) {
			return false
		}
	}
	return true
}

// hold adds a message to those of its letter, or takes the place of what it was
// when it was read before: only the latest receipt counts.
func (s *SQSLetters) hold(id string, h *sqsHeld) {
	others := slices.DeleteFunc(s.held[id], func(o *sqsHeld) bool { return o.message == h.message })
	s.held[id] = append(others, h)
	delete(s.removed, id)
}

// errSQSNotHeld is what Remove returns for a letter that may be in other hands.
var errSQSNotHeld = errors.New("it was read too long ago, or not by this store: read the letters again")

// Remove implements [LetterStore]: it deletes the messages of the letter that
// were read, and then their bodies in the overflow. It refuses what was read
// longer ago than Visibility, as the queue may since have given it to others.
func (s *SQSLetters) Remove(ctx context.Context, l *Letter) error {
	id := l.ID()
	if s.removed[id] {
		return nil
	}
	held := s.held[id]
	if len(held) == 0 {
		return fmt.Errorf("remove letter %s: %w", id, errSQSNotHeld)
	}
	for _, h := range held {
		if err := s.remove(ctx, h); err != nil {
			return fmt.Errorf("remove letter %s: %w", id, err)
		}
	}
	delete(s.held, id)
	s.removed[id] = true
	return nil
}

// remove deletes the message first: a body without a message is only waste.
func (s *SQSLetters) remove(ctx context.Context, h *sqsHeld) error {
	if h.receipt != "" {
		if time.Now().After(h.until) {
			return errSQSNotHeld
		}
		_, err := s.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &s.cfg.QueueURL, ReceiptHandle: &h.receipt})
		if err != nil {
			return fmt.Errorf("delete message: %w", calledOff(ctx, err))
		}
		h.receipt = ""
	}
	if h.ref == "" {
		return nil
	}
	if err := s.overflow.Delete(ctx, h.ref); err != nil {
		return fmt.Errorf("its message is deleted, its body %s in the overflow is not: %w", h.ref, calledOff(ctx, err))
	}
	h.ref = ""
	return nil
}

// release makes visible what was read and not removed.
func (s *SQSLetters) release(ctx context.Context) error {
	now := time.Now()
	var receipts []string
	for _, held := range s.held {
		for _, h := range held {
			if h.receipt != "" && now.Before(h.until) {
				receipts = append(receipts, h.receipt)
			}
		}
	}
	for some := range slices.Chunk(receipts, sqsBatch) {
		if err := s.show(ctx, some); err != nil {
			return fmt.Errorf("make dead letters visible again: %w", calledOff(ctx, err))
		}
	}
	clear(s.held)
	return nil
}

// show makes at most sqsBatch messages visible.
func (s *SQSLetters) show(ctx context.Context, receipts []string) error {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &s.cfg.QueueURL}
	for i, receipt := range receipts {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt, VisibilityTimeout: 0,
		})
	}
	out, err := s.api.ChangeMessageVisibilityBatch(ctx, in)
	if err != nil {
		return err
	}
	for _, e := range out.Failed {
		if code := strings.TrimPrefix(aws.ToString(e.Code), sqsCodePrefix); code != "MessageNotInflight" { // else its time was over
			return newSQSRefusal(e)
		}
	}
	return nil
}

// sqsCloseLimit bounds Close, which is called when nobody waits any more.
const sqsCloseLimit = 2 * time.Minute

// Close makes visible what was read and not removed, ten letters a request. What
// it does not come to becomes visible after Visibility.
func (s *SQSLetters) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), sqsCloseLimit)
	defer cancel()
	return s.release(ctx)
}
