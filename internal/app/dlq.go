package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"
	"time"

	"korestream/handlers"
	"korestream/internal/config"
)

// LetterFilter picks dead letters; what is empty picks all.
type LetterFilter struct {
	IDs    []string
	Type   string // a pattern
	SIM    string // data.sim_sid or ICCID
	Since  time.Time
	Reason string
	// Limit is how many at most; 0 is no bound.
	Limit int
}

// letterSummary is one letter in the answer of `dlq ls`.
type letterSummary struct {
	ID        string    `json:"id"`
	BuriedAt  time.Time `json:"buried_at"`
	Reason    string    `json:"reason"`
	Handler   string    `json:"handler,omitempty"`
	EventType string    `json:"event_type,omitempty"`
	EventID   string    `json:"event_id,omitempty"`
	Error     string    `json:"error"`
	Shard     string    `json:"shard"`
	Sequence  string    `json:"sequence_number"`
}

// openLetters opens the store that the configuration buries in.
func openLetters(ctx context.Context, cfg *config.Config) (handlers.LetterStore, error) {
	if cfg.DeadLetters.Type != "file" {
		c, err := loadClients(ctx, cfg.Region)
		if err != nil {
			return nil, &ExitError{ExitConfig, err}
		}
		return awsLetters(c, &cfg.DeadLetters)
	}
	s, err := handlers.OpenFileLetters(cfg.DeadLetters.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: nothing was buried at dead_letters.path", err)
	}
	return s, err
}

// letters collects the letters that a filter picks. What is no letter is told to
// w and left alone.
func pickLetters(ctx context.Context, s handlers.LetterStore, f LetterFilter, w io.Writer) ([]*handlers.Letter, error) {
	var pattern handlers.Pattern
	if f.Type != "" {
		var err error
		if pattern, err = handlers.ParsePattern(f.Type); err != nil {
			return nil, &ExitError{ExitUsage, fmt.Errorf("--type: %w", err)}
		}
	}
	wanted := make(map[string]bool, len(f.IDs))
	for _, id := range f.IDs {
		wanted[id] = true
	}
	var picked []*handlers.Letter
	for l, err := range s.Letters(ctx) {
		if err != nil {
			fmt.Fprintf(w, "left alone: %v\n", err)
			continue
		}
		switch {
		case len(wanted) > 0 && !wanted[l.ID()],
			f.Type != "" && !pattern.Match(l.EventType),
			f.Reason != "" && l.Reason != f.Reason,
			l.BuriedAt.Before(f.Since),
			f.SIM != "" && !ofSIM(l, f.SIM):
			continue
		}
		delete(wanted, l.ID())
		picked = append(picked, l)
		if f.Limit > 0 && len(picked) == f.Limit {
			break
		}
	}
	for id := range wanted {
		return nil, &ExitError{ExitUsage, fmt.Errorf("there is no letter %s; korestream dlq ls shows those that there are", id)}
	}
	return picked, nil
}

// ofSIM tells whether a letter is about a SIM. One that cannot be decoded is
// about none.
func ofSIM(l *handlers.Letter, sim string) bool {
	e, err := l.Event()
	return err == nil && e.SIM() == sim
}

// DLQList writes the letters that a filter picks to w.
func DLQList(ctx context.Context, cfg *config.Config, f LetterFilter, w, notes io.Writer, output string) error {
	s, err := openLetters(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	picked, err := pickLetters(ctx, s, f, notes)
	if err != nil {
		return err
	}
	list := []letterSummary{}
	for _, l := range picked {
		list = append(list, letterSummary{l.ID(), l.BuriedAt, l.Reason, l.Handler, l.EventType, l.EventID, l.Error, l.Shard, l.SequenceNumber})
	}
	if output == "json" {
		return writeJSON(w, list)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "id\tburied\treason\thandler\ttype\tevent\terror")
	for _, l := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%.80s\n", l.ID, l.BuriedAt.Format(time.RFC3339), l.Reason, l.Handler, l.EventType, l.EventID, l.Error)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// DLQShow writes one letter to w, all of it, as JSON.
func DLQShow(ctx context.Context, cfg *config.Config, id string, w, notes io.Writer) error {
	s, err := openLetters(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	picked, err := pickLetters(ctx, s, LetterFilter{IDs: []string{id}}, notes)
	if err != nil {
		return err
	}
	return writeJSON(w, picked[0])
}
