package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"korestream/consumer"
	"korestream/handlers"
)

// slow is a handler of our own, as a user's daemon would register it: it takes
// its time, refuses one SIM's events, and notes in a file what it has handled
// and when.
type slow struct {
	takes time.Duration
	bad   string
	file  *os.File
}

func newSlow(o handlers.Options) (handlers.Handler, error) {
	takes, err := time.ParseDuration(fmt.Sprint(o.Settings["takes"]))
	if err != nil {
		return nil, fmt.Errorf("settings.takes: %w", err)
	}
	f, err := os.OpenFile(fmt.Sprint(o.Settings["file"]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("settings.file: %w", err)
	}
	return &slow{takes, fmt.Sprint(o.Settings["bad"]), f}, nil
}

func (s *slow) Handle(ctx context.Context, d *consumer.Delivery) error {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if d.Event.SIM() == s.bad {
		return errors.New("no plan for this SIM")
	}
	_, err := fmt.Fprintf(s.file, "%s %d\n", d.Event.ID, time.Now().UnixNano())
	return err
}

func (s *slow) Close() error { return s.file.Close() }

// handling is one line of a slow handler.
type handling struct {
	id string
	at time.Time
}

// handlings reads what slow handlers have noted. A last line that a kill has cut
// short is left out.
func handlings(t *testing.T, path string) []handling {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []handling
	for lines := bufio.NewScanner(f); lines.Scan(); {
		id, at, _ := strings.Cut(lines.Text(), " ")
		if ns, err := strconv.ParseInt(at, 10, 64); err == nil {
			out = append(out, handling{id, time.Unix(0, ns)})
		}
	}
	return out
}

// lettersIn reads a file of dead letters, as far as it is written.
func lettersIn(t *testing.T, path string) (letters []*handlers.Letter) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for l, err := range handlers.ReadLetters(f) {
		if err == nil {
			letters = append(letters, l)
		}
	}
	return letters
}
