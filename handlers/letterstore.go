package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"

	"korestream/event"
)

// LetterStore is a place where dead letters can be looked at and taken out
// again. It is used by one goroutine.
type LetterStore interface {
	// Letters gives every letter once, the first buried first as far as the
	// store knows. What is no letter gives an error and does not end it; an error
	// of the store is the last thing it gives.
	Letters(ctx context.Context) iter.Seq2[*Letter, error]
	// Remove takes a letter out for good. It returns nil only when that is
	// durable; what is removed twice is removed.
	Remove(ctx context.Context, l *Letter) error
	Close() error
}

// ID names the letter: the same event given up on by the same handler has the
// same one, however often it was buried.
func (l *Letter) ID() string {
	h := sha256.New()
	for _, part := range []string{l.Stream, l.Shard, l.SequenceNumber, strconv.FormatInt(l.SubSequenceNumber, 10), l.Handler} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	h.Write(l.Bytes())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Event decodes the letter's payload, which for a letter that a handler gave up
// on is one event. A payload that holds several, or none, is an error.
func (l *Letter) Event() (*event.Event, error) {
	items, err := event.Decode(l.Bytes())
	if err != nil {
		return nil, fmt.Errorf("decode payload of letter %s: %w", l.ID(), err)
	}
	if len(items) != 1 {
		return nil, fmt.Errorf("payload of letter %s holds %d events", l.ID(), len(items))
	}
	if items[0].Err != nil {
		return nil, fmt.Errorf("decode payload of letter %s: %w", l.ID(), items[0].Err)
	}
	return items[0].Event, nil
}
