package checkpoint

import (
	"context"
	"fmt"
)

const (
	memoKey    = "korestream-memo"
	entityMemo = "KORESTREAM_MEMO"
	attrMemo   = "memo" // S, whatever the application wants its workers to know
)

// SaveMemo keeps a text in the table beside the leases, for workers that come
// later. It is written once: there must be none. The table must be there. The
// error is what DynamoDB said.
func (s *Store) SaveMemo(ctx context.Context, text string) error {
	if err := s.rows.put(ctx, item{attrKey: str(memoKey), attrEntityType: str(entityMemo), attrMemo: str(text)}); err != nil {
		return fmt.Errorf("write memo into lease table %s: %w", s.cfg.Table, err)
	}
	return nil
}

// Memo reads what SaveMemo has written, empty if it never has. The error is what
// DynamoDB said.
func (s *Store) Memo(ctx context.Context) (string, error) {
	it, err := s.rows.get(ctx, memoKey)
	if err != nil {
		return "", fmt.Errorf("read memo of lease table %s: %w", s.cfg.Table, err)
	}
	return textOf(it, attrMemo), nil
}
