package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/event/fleet"
)

// Summary is the last line of `dev --count`.
type Summary struct {
	Put          int64 `json:"put"`
	Handled      int64 `json:"handled"`
	DeadLettered int64 `json:"dead_lettered"`
	Duplicates   int64 `json:"duplicates"`
	// Checkpointed says that the lease table has every shard at the last record
	// that was put on it.
	Checkpointed   bool    `json:"checkpointed"`
	Shards         int     `json:"shards"`
	ElapsedSeconds float64 `json:"elapsed_seconds"`
}

func (s Summary) write(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

// settled tells whether everything that was put is accounted for and
// checkpointed, as far as the consumer says.
func settled(put ledger, st consumer.Status) bool {
	if st.Totals.Handled+st.Totals.Duplicates+st.Totals.DeadLettered < put.total() {
		return false
	}
	at := make(map[string]checkpoint.Position, len(st.Shards))
	for _, s := range st.Shards {
		at[s.Shard] = s.Checkpoint
	}
	for shard, last := range put.last {
		if at[shard].SequenceNumber != last {
			return false
		}
	}
	return true
}

// audit compares what was put with what came out, by evidence other than the
// consumer's own counters: the files that the handlers wrote and the lease
// table. The error names each thing that does not agree.
func audit(ctx context.Context, put ledger, st consumer.Status, files devFiles, leases *checkpoint.Store) (Summary, error) {
	s := Summary{
		Put: put.total(), Handled: st.Totals.Handled, DeadLettered: st.Totals.DeadLettered,
		Duplicates: st.Totals.Duplicates, Shards: st.OpenShards,
	}
	var errs []error
	expect := func(what string, got, want int64) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s: got %d, want %d", what, got, want))
		}
	}
	expect("handled + dead-lettered + duplicates", s.Handled+s.DeadLettered+s.Duplicates, s.Put)
	expect("handled, of the records made to be", s.Handled, put.kinds[fleet.Fresh])
	expect("duplicates, of the records made to be", s.Duplicates, put.kinds[fleet.Duplicate])
	expect("dead-lettered, of the records made to be", s.DeadLettered, put.kinds[fleet.Broken])
	for path, want := range map[string]int64{files.archive: s.Handled, files.letters: s.DeadLettered} {
		n, err := countLines(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		expect("lines of "+path, n, want)
	}
	snap, err := leases.Load(ctx)
	if err != nil {
		return s, errors.Join(append(errs, err)...)
	}
	s.Checkpointed = true
	positions := snap.Positions()
	for shard, last := range put.last {
		if got := positions[shard]; got.SequenceNumber != last {
			s.Checkpointed = false
			errs = append(errs, fmt.Errorf("checkpoint of %s: got %s, want %s", shard, got, last))
		}
	}
	return s, errors.Join(errs...)
}

// devFiles are where the demonstration's handlers write.
type devFiles struct{ dir, archive, letters string }

func countLines(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var n int64
	r := bufio.NewReaderSize(f, 1<<16)
	for {
		_, err := r.ReadSlice('\n')
		switch {
		case err == nil:
			n++
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return n, nil
		default:
			return n, fmt.Errorf("count lines of %s: %w", path, err)
		}
	}
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
