package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"

	"korestream/consumer"
)

// SQSLettersAPI is what an [SQSLetters] needs of *sqs.Client, which has it. The
// client must be one for the queue's region.
type SQSLettersAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// LetterOverflow keeps letters that are too large for their queue.
type LetterOverflow interface {
	// Put keeps a body and returns what it is to be asked for by. It returns nil
	// only when the body is durable. No two bodies have the same id, but one body
	// may be put again under its id. Put may be called concurrently.
	Put(ctx context.Context, id string, body []byte) (ref string, err error)
	// Get returns the body.
	Get(ctx context.Context, ref string) ([]byte, error)
	// Delete forgets the body; what is deleted twice is deleted.
	Delete(ctx context.Context, ref string) error
}

// SQSLettersConfig says which queue dead letters go to.
type SQSLettersConfig struct {
	// QueueURL and MaxMessageBytes are as in [SQSConfig].
	QueueURL        string
	MaxMessageBytes int
	// Visibility is for how long a letter that was read is hidden from other
	// readers, in whole seconds, 30 s to 12 h. A letter must be removed within it;
	// after a reader that was killed it is how long the letters stay hidden.
	Visibility time.Duration
	// Wait is how long the queue waits for a letter before it counts as read to
	// its end, in whole seconds, 1 s to 20 s.
	Wait time.Duration
}

// DefaultSQSLettersConfig returns a configuration with the limit of AWS, that
// hides letters for 15 minutes and waits 2 s for one, without a queue.
func DefaultSQSLettersConfig() SQSLettersConfig {
	return SQSLettersConfig{MaxMessageBytes: MaxSQSMessageBytes, Visibility: 15 * time.Minute, Wait: 2 * time.Second}
}

// Validate names the first field that is out of bounds. It does not ask for the
// queue. The bounds are those of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html,
// but for short ones that make no sense here.
func (c SQSLettersConfig) Validate() error {
	const leastVisible, mostVisible, mostWait = 30 * time.Second, 12 * time.Hour, 20 * time.Second
	if err := (SQSConfig{QueueURL: c.QueueURL, MaxMessageBytes: c.MaxMessageBytes}).Validate(); err != nil {
		return err
	}
	switch {
	case c.Visibility < leastVisible || c.Visibility > mostVisible || c.Visibility%time.Second != 0:
		return fmt.Errorf("field Visibility must be %s to %s in whole seconds (%s)", leastVisible, mostVisible, c.Visibility)
	case c.Wait < time.Second || c.Wait > mostWait || c.Wait%time.Second != 0:
		return fmt.Errorf("field Wait must be 1s to %s in whole seconds (%s)", mostWait, c.Wait)
	}
	return nil
}

// SQSLetters keeps dead letters in an SQS queue, one message each, and is also
// the [LetterStore] of that queue. A message's body is the letter as [Letter]
// has it; its String attributes are reason, handler and event_type.
//
// A letter that is larger than the queue takes goes to the overflow, and its
// message refers to it. Without an overflow Bury fails, and says how to mend
// that: the event is parked until somebody did.
//
// What to know of a queue as a store of letters:
//   - SQS forgets messages after the queue's retention period, four days unless
//     it is set, 14 at most.
//   - Letters are kept at least once; the same one may be there, or be given,
//     twice. They are given in about the order in which they were buried. A queue
//     says that it is empty while others have its letters in their hands.
//   - Letters that were read are hidden, from this reader's own later look too,
//     until Close makes them visible again. SQS bounds how many are hidden at
//     once, at about 120,000; reading more ends with its error.
//   - Each read counts as a receive: the queue must not have a redrive policy
//     that moves the letters elsewhere.
//   - In a FIFO queue each letter is a group of its own, as one that is being read
//     would hide the rest of its group.
//
// Bury is safe for concurrent use; the rest is used by one goroutine, as
// LetterStore says.
type SQSLetters struct {
	api      SQSLettersAPI
	cfg      SQSLettersConfig
	overflow LetterOverflow

	mu sync.Mutex
	// put has by Letter.ID the overflow of letters whose message was not sent
	// yet, so that trying again and again leaves one body there and not many.
	// Guarded by mu.
	put map[string]sqsPut

	// held has what was read and not given back, by Letter.ID; what is no letter
	// is held under its message's ID.
	held    map[string][]*sqsHeld
	removed map[string]bool
}

// sqsPut is a body in the overflow: its id there and, once it was put, its
// reference.
type sqsPut struct{ name, ref string }

var (
	_ consumer.Burier = (*SQSLetters)(nil)
	_ LetterStore     = (*SQSLetters)(nil)
)

// OpenSQSLetters returns a store that calls nothing yet. The overflow may be
// nil: then letters that are too large stay where they are. Close it when
// nothing calls it any more.
func OpenSQSLetters(api SQSLettersAPI, cfg SQSLettersConfig, overflow LetterOverflow) (*SQSLetters, error) {
	if api == nil {
		return nil, errors.New("sqs dead letters: there is no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("sqs dead letters: %w", err)
	}
	return &SQSLetters{
		api: api, cfg: cfg, overflow: overflow, put: make(map[string]sqsPut),
		held: make(map[string][]*sqsHeld), removed: make(map[string]bool),
	}, nil
}

// Bury implements [consumer.Burier].
func (s *SQSLetters) Bury(ctx context.Context, letter *consumer.DeadLetter) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l := newLetter(letter, time.Now())
	body, err := sqsLetterBody(l)
	if err != nil {
		return err
	}
	id := l.ID()
	m := s.message(l, id, body)
	if size := m.size(); size > s.cfg.MaxMessageBytes {
		if m, err = s.divert(ctx, l, id, body, size); err != nil {
			return err
		}
	}
	if _, err := s.api.SendMessage(ctx, m.send(s.cfg.QueueURL)); err != nil {
		return fmt.Errorf("send dead letter to queue: %w", calledOff(ctx, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.put, id)
	return nil
}

// calledOff adds why ctx ended, if it did, to the error of the call that it ended.
func calledOff(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return errors.Join(context.Cause(ctx), err)
}

func (s *SQSLetters) message(l *Letter, id string, body []byte) *sqsMessage {
	m := &sqsMessage{body: string(body)}
	m.attribute("reason", l.Reason)
	m.attribute("handler", l.Handler)
	m.attribute("event_type", l.EventType)
	if isSQSFIFO(s.cfg.QueueURL) {
		// Never the letter's ID: one that is removed and buried again within five
		// minutes would be dropped.
		m.group, m.once = id, uuid.NewString()
	}
	return m
}

func sqsLetterBody(l *Letter) ([]byte, error) {
	line, err := l.line()
	if err != nil {
		return nil, err
	}
	return escapeForSQS(bytes.TrimSuffix(line, []byte("\n"))), nil
}

// escapeForSQS escapes, in JSON, the characters that SQS refuses and that the
// encoder leaves as they are. They can only be in a string.
func escapeForSQS(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(text, []byte("\uffff"), []byte(`\uffff`))
}
