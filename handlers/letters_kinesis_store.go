package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// kinesisLetter is what is known of a letter's records.
type kinesisLetter struct {
	key     string   // partition key
	records []string // positions: shard and sequence number
	removed bool     // by this store, since it was read
	given   bool     // in the reading that is going on
}

// kinesisEntry is a record: a letter, or that one was removed.
type kinesisEntry struct {
	Letter
	kinesisRemoval
}

// kinesisRemoval says that a letter's records are no letters any more. It names
// them, so that the same letter buried again is there again, whatever clocks
// say.
type kinesisRemoval struct {
	RemovedLetter string    `json:"removed_letter"`
	RemovedAt     time.Time `json:"removed_at"`
	Records       []string  `json:"records"`
}

// parse returns what a record is: one of its results is set.
func (r kinesisRecord) parse() (*Letter, *kinesisRemoval, error) {
	var e kinesisEntry
	if err := json.Unmarshal(r.data, &e); err != nil {
		return nil, nil, fmt.Errorf("record %s is not a dead letter: %w", r.position, err)
	}
	switch {
	case e.RemovedLetter != "":
		return nil, &e.kinesisRemoval, nil
	case e.SequenceNumber == "":
		return nil, nil, fmt.Errorf("record %s is not a dead letter: it names no sequence number", r.position)
	}
	return &e.Letter, nil, nil
}

// Letters implements [LetterStore].
func (s *KinesisLetters) Letters(ctx context.Context) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		at, err := s.index(ctx)
		if err == nil {
			err = s.give(ctx, at, yield)
		}
		if err != nil && !errors.Is(err, errKinesisEnough) {
			yield(nil, fmt.Errorf("read dead letters from stream: %w", err))
		}
	}
}

// index reads the stream for which letters there are, and returns them by the
// positions of their records.
func (s *KinesisLetters) index(ctx context.Context) (map[string]*kinesisLetter, error) {
	ids := make(map[string]string) // by position
	keys := make(map[string]string)
	removed := make(map[string]bool) // positions
	err := s.scan(ctx, func(r kinesisRecord) error {
		l, removal, err := r.parse()
		switch {
		case err != nil: // give says so
		case removal != nil:
			for _, position := range removal.Records {
				removed[position] = true
			}
		default:
			ids[r.position], keys[r.position] = l.ID(), r.key
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	clear(s.known)
	at := make(map[string]*kinesisLetter, len(ids))
	for position, id := range ids {
		if removed[position] {
			continue
		}
		k := s.known[id]
		if k == nil {
			k = &kinesisLetter{key: keys[position]}
			s.known[id] = k
		}
		k.records = append(k.records, position)
		at[position] = k
	}
	return at, nil
}

// errKinesisEnough ends a reading whose caller wants no more.
var errKinesisEnough = errors.New("no more letters wanted")

// give reads the stream again and gives the letters that index has found, and
// all that is no letter.
func (s *KinesisLetters) give(ctx context.Context, at map[string]*kinesisLetter, yield func(*Letter, error) bool) error {
	return s.scan(ctx, func(r kinesisRecord) error {
		l, removal, err := r.parse()
		k := at[r.position]
		if removal != nil || err == nil && (k == nil || k.given) {
			return nil
		}
		if k != nil {
			k.given = true
		}
		if !yield(l, err) {
			return errKinesisEnough
		}
		return nil
	})
}

// Remove implements [LetterStore]: it writes that the records of the letter are
// removed which the last reading found.
func (s *KinesisLetters) Remove(ctx context.Context, l *Letter) error {
	id := l.ID()
	k := s.known[id]
	if k == nil {
		return fmt.Errorf("remove letter %s: the last reading of the stream did not find it: read the letters again", id)
	}
	if k.removed {
		return nil
	}
	data, err := json.Marshal(kinesisRemoval{RemovedLetter: id, RemovedAt: time.Now().UTC(), Records: k.records})
	if err != nil {
		return fmt.Errorf("encode removal of letter %s: %w", id, err)
	}
	if err := s.put(ctx, k.key, data); err != nil {
		return fmt.Errorf("note removal of letter %s: %w", id, err)
	}
	k.removed = true
	return nil
}
