package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// sqsStub is the body of a message whose letter is in the overflow: what of the
// letter fits, for people who look, and where the rest is.
type sqsStub struct {
	*Letter
	LetterID string `json:"letter_id"`
	// Overflow is what LetterOverflow.Put returned.
	Overflow string `json:"overflow"`
}

// divert takes a letter to the overflow and returns the message that refers to it.
func (s *SQSLetters) divert(ctx context.Context, l *Letter, id string, body []byte, size int) (*sqsMessage, error) {
	if s.overflow == nil {
		return nil, fmt.Errorf("dead letter is %d bytes, more than the %d that the queue takes, and there is no overflow for it: "+
			"configure one, or a dead-letter sink that takes it; until then its event is parked", size, s.cfg.MaxMessageBytes)
	}
	ref, err := s.putOnce(ctx, id, body)
	if err != nil {
		return nil, err
	}
	for _, shown := range []*Letter{withoutPayload(l), position(l)} {
		stub, err := stubBody(shown, id, ref)
		if err != nil {
			return nil, err
		}
		if m := s.message(shown, id, stub); m.size() <= s.cfg.MaxMessageBytes {
			return m, nil
		}
	}
	return nil, fmt.Errorf("dead letter is more than the %d bytes that the queue takes without its payload too: "+
		"let the queue take more, or configure a dead-letter sink that takes it; until then its event is parked", s.cfg.MaxMessageBytes)
}

// putOnce puts the body, unless it was put before and its message not sent
// since. A body is one message's alone, so that removing a letter does not take
// the body of a later one with the same ID.
func (s *SQSLetters) putOnce(ctx context.Context, id string, body []byte) (string, error) {
	s.mu.Lock()
	p, ok := s.put[id]
	if !ok {
		p.name = id + "-" + uuid.NewString()
		s.put[id] = p
	}
	s.mu.Unlock()
	if p.ref != "" {
		return p.ref, nil
	}
	ref, err := s.overflow.Put(ctx, p.name, body)
	if err != nil {
		return "", fmt.Errorf("put dead letter in overflow: %w", calledOff(ctx, err))
	}
	if ref == "" {
		return "", errors.New("put dead letter in overflow: it gave no reference")
	}
	p.ref = ref
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put[id] = p
	return ref, nil
}

func withoutPayload(l *Letter) *Letter {
	shown := *l
	shown.Payload, shown.PayloadBase64 = nil, nil
	return &shown
}

// position is what of a letter always fits.
func position(l *Letter) *Letter {
	return &Letter{
		BuriedAt: l.BuriedAt, Reason: l.Reason, ErrorChain: []string{},
		Stream: l.Stream, Shard: l.Shard, SequenceNumber: l.SequenceNumber, SubSequenceNumber: l.SubSequenceNumber,
		PartitionKey: l.PartitionKey, ArrivedAt: l.ArrivedAt, Attempts: l.Attempts, Handler: l.Handler,
	}
}

func stubBody(shown *Letter, id, ref string) ([]byte, error) {
	body, err := json.Marshal(sqsStub{Letter: shown, LetterID: id, Overflow: ref})
	if err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	return escapeForSQS(body), nil
}

// fetch returns the letter that a message's body holds or refers to, and its
// reference if it has one.
func (s *SQSLetters) fetch(ctx context.Context, body []byte) (*Letter, string, error) {
	stub := sqsStub{Letter: new(Letter)}
	if err := json.Unmarshal(body, &stub); err != nil {
		return nil, "", fmt.Errorf("is not a dead letter: %w", err)
	}
	if stub.Overflow == "" {
		if stub.SequenceNumber == "" {
			return nil, "", errors.New("is not a dead letter: it names no sequence number")
		}
		return stub.Letter, "", nil
	}
	if s.overflow == nil {
		return nil, "", fmt.Errorf("refers to %s in an overflow, and none is configured", stub.Overflow)
	}
	whole, err := s.overflow.Get(ctx, stub.Overflow)
	if err != nil {
		return nil, "", fmt.Errorf("get %s from overflow: %w", stub.Overflow, err)
	}
	l := new(Letter)
	if err := json.Unmarshal(whole, l); err != nil {
		return nil, "", fmt.Errorf("refers to %s, which is not a dead letter: %w", stub.Overflow, err)
	}
	if l.ID() != stub.LetterID {
		return nil, "", fmt.Errorf("refers to %s for letter %s, which holds another one", stub.Overflow, stub.LetterID)
	}
	return l, stub.Overflow, nil
}
