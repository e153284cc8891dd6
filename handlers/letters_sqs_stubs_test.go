package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/consumer"
)

// memoryOverflow is a LetterOverflow in memory.
type memoryOverflow struct {
	mu     sync.Mutex
	bodies map[string][]byte
	puts   int
	down   bool
}

var errNoBody = errors.New("no such body")

func newMemoryOverflow() *memoryOverflow { return &memoryOverflow{bodies: make(map[string][]byte)} }

func (o *memoryOverflow) Put(_ context.Context, id string, body []byte) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return "", errSinkDown
	}
	o.puts++
	o.bodies["mem:"+id] = append([]byte(nil), body...)
	return "mem:" + id, nil
}

func (o *memoryOverflow) Get(_ context.Context, ref string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, ok := o.bodies[ref]
	if !ok {
		return nil, errNoBody
	}
	return body, nil
}

func (o *memoryOverflow) Delete(_ context.Context, ref string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return errSinkDown
	}
	delete(o.bodies, ref)
	return nil
}

func (o *memoryOverflow) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}

func (o *memoryOverflow) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.bodies)
}

// letters opens a store on the queue. It waits a second at the queue's end.
func (w *sqsWorld) letters(overflow LetterOverflow) *SQSLetters {
	w.t.Helper()
	cfg := DefaultSQSLettersConfig()
	cfg.QueueURL, cfg.Wait, cfg.MaxMessageBytes = w.queue, time.Second, 4096
	s, err := OpenSQSLetters(w.client, cfg, overflow)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func buryIn(t testing.TB, b consumer.Burier, letters ...*consumer.DeadLetter) {
	t.Helper()
	for _, l := range letters {
		if err := b.Bury(context.Background(), l); err != nil {
			t.Fatal(err)
		}
	}
}

// collect returns a store's letters by their sequence number, and the errors.
func collect(t testing.TB, s LetterStore) (map[string]*Letter, []error) {
	t.Helper()
	all := make(map[string]*Letter)
	var errs []error
	for l, err := range s.Letters(t.Context()) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if all[l.SequenceNumber] != nil {
			t.Errorf("letter %s is given twice", l.SequenceNumber)
		}
		all[l.SequenceNumber] = l
	}
	return all, errs
}

func wantLetters(t testing.TB, s LetterStore, want ...*consumer.DeadLetter) {
	t.Helper()
	got, errs := collect(t, s)
	if len(errs) > 0 {
		t.Errorf("got errors %v, want none", errs)
	}
	if len(got) != len(want) {
		t.Errorf("got %d letters, want %d", len(got), len(want))
	}
	for _, d := range want {
		l, expected := got[d.SequenceNumber], newLetter(d, time.Time{})
		if l == nil {
			t.Errorf("letter %s is missing", d.SequenceNumber)
			continue
		}
		if string(l.Bytes()) != string(d.Payload) {
			t.Errorf("letter %s: got a payload of %d bytes, want the %d of before", d.SequenceNumber, len(l.Bytes()), len(d.Payload))
		}
		if l.ID() != expected.ID() || l.Error != expected.Error || l.Reason != d.Reason || !l.ArrivedAt.Equal(d.ArrivedAt) ||
			l.EventID != d.EventID || l.Attempts != d.Attempts || len(l.ErrorChain) != len(expected.ErrorChain) {
			t.Errorf("letter %s: got %+v, want %+v", d.SequenceNumber, l, expected)
		}
	}
}

func closeStore(t testing.TB, s LetterStore) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// variousLetters have payloads of all kinds, some beyond 4,096 bytes.
func variousLetters() []*consumer.DeadLetter {
	big := make([]byte, 10_000)
	for i := range big {
		big[i] = byte(i * 7)
	}
	payloads := [][]byte{
		[]byte(`{"id": "EZ1", "type": "t"}`), nil,
		{0xff, 0xfe, 0x00},
		[]byte("U+FFFF \uffff, U+FFFE \ufffe, \u0001, \u2028"),
		big, []byte(fmt.Sprintf("%q", big)),
	}
	all := make([]*consumer.DeadLetter, len(payloads))
	for i, p := range payloads {
		all[i] = letterAt(i)
		all[i].Payload = p
	}
	return all
}

// attributesSeen reads one message and gives it back.
func (w *sqsWorld) attributesSeen() map[string]string {
	w.t.Helper()
	out, err := w.client.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MessageAttributeNames: []string{"All"}})
	if err != nil || len(out.Messages) != 1 {
		w.t.Fatalf("got %v, %v; want a message", out, err)
	}
	_, err = w.client.ChangeMessageVisibility(w.t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &w.queue, ReceiptHandle: out.Messages[0].ReceiptHandle})
	if err != nil {
		w.t.Fatal(err)
	}
	return attributesOf(out.Messages[0])
}
