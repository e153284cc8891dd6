package app

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"korestream/consumer"
	"korestream/internal/page"
)

// letterBook counts the dead letters that go through it, for the status page.
type letterBook struct {
	next consumer.Burier

	mu   sync.Mutex // guards all below
	book page.Letters
}

var _ consumer.Burier = (*letterBook)(nil)

func newLetterBook(next consumer.Burier, kind string) *letterBook {
	return &letterBook{next: next, book: page.Letters{Kind: kind, ByReason: make(map[string]int64)}}
}

// Bury implements consumer.Burier.
func (b *letterBook) Bury(ctx context.Context, letter *consumer.DeadLetter) error {
	err := b.next.Bury(ctx, letter)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.book.ByReason[letter.Reason]++
		b.book.LastAt, b.book.Last, b.book.Handler, b.book.Shard = time.Now(), letter.Reason, letter.Handler, letter.Shard
		b.book.FailingSince = time.Time{}
	case ctx.Err() == nil && !errors.Is(err, consumer.ErrNotWanted) && b.book.FailingSince.IsZero():
		b.book.FailingSince = time.Now()
	}
	return err
}

// read returns what the book says now.
func (b *letterBook) read() page.Letters {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.book
	out.ByReason = maps.Clone(b.book.ByReason)
	return out
}
