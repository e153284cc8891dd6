package handlers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
	"unicode/utf8"

	"korestream/consumer"
)

// Letter is a dead letter as it stands on a line of a [FileSink]'s file. The
// members are written in this order.
type Letter struct {
	BuriedAt time.Time       `json:"buried_at"`
	Reason   consumer.Reason `json:"reason"`
	Error    string          `json:"error"`
	// ErrorChain has the text of the error and of all that it wraps, the
	// outermost first, and the stack of a panic.
	ErrorChain        []string  `json:"error_chain"`
	Stream            string    `json:"stream"`
	Shard             string    `json:"shard"`
	SequenceNumber    string    `json:"sequence_number"`
	SubSequenceNumber int64     `json:"sub_sequence_number"`
	PartitionKey      string    `json:"partition_key"`
	ArrivedAt         time.Time `json:"arrived_at"`
	Attempts          int       `json:"attempts"`
	Handler           string    `json:"handler"`
	EventID           string    `json:"event_id"`
	EventType         string    `json:"event_type"`
	// Payload is set when the payload is valid UTF-8, the empty one included,
	// and PayloadBase64 when it is not.
	Payload       *string `json:"payload,omitempty"`
	PayloadBase64 []byte  `json:"payload_base64,omitempty"`
}

// Bytes returns the payload as it was received.
func (l *Letter) Bytes() []byte {
	if l.Payload != nil {
		return []byte(*l.Payload)
	}
	return l.PayloadBase64
}

func newLetter(d *consumer.DeadLetter, now time.Time) *Letter {
	l := &Letter{
		BuriedAt: now.UTC(), Reason: d.Reason, ErrorChain: errorChain(d.Err),
		Stream: d.Stream, Shard: d.Shard, SequenceNumber: d.SequenceNumber, SubSequenceNumber: d.SubSequenceNumber,
		PartitionKey: d.PartitionKey, ArrivedAt: d.ArrivedAt.UTC(),
		Attempts: d.Attempts, Handler: d.Handler, EventID: d.EventID, EventType: d.EventType,
	}
	if d.Err != nil {
		l.Error = d.Err.Error()
	}
	if utf8.Valid(d.Payload) {
		text := string(d.Payload)
		l.Payload = &text
	} else {
		l.PayloadBase64 = d.Payload
	}
	return l
}

// line is the letter as one line of JSON, its line break included.
func (l *Letter) line() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	return buf.Bytes(), nil
}

// maxChain bounds an error chain, should an error wrap itself.
const maxChain = 64

// errorChain lists the texts of err and of what it wraps, depth first. A
// wrapper that adds no text is left out.
func errorChain(err error) []string {
	chain := []string{}
	var walk func(error)
	walk = func(err error) {
		if err == nil || len(chain) >= maxChain {
			return
		}
		if text := err.Error(); len(chain) == 0 || chain[len(chain)-1] != text {
			chain = append(chain, text)
		}
		switch e := err.(type) {
		case *panicError:
			chain = append(chain, string(e.stack))
			walk(e.Unwrap())
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return chain
}

// ReadLetters reads what a [FileSink] wrote. A line that is not a letter gives
// an error that names it, and reading goes on behind it; an error of the reader
// is the last thing it gives.
func ReadLetters(r io.Reader) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		lines := bufio.NewReader(r)
		for number := 1; ; number++ {
			line, err := lines.ReadBytes('\n')
			if line = bytes.TrimSpace(line); len(line) > 0 {
				var l Letter
				if bad := json.Unmarshal(line, &l); bad != nil {
					if !yield(nil, fmt.Errorf("line %d is not a dead letter: %w", number, bad)) {
						return
					}
				} else if !yield(&l, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("read dead letters: %w", err))
				return
			}
		}
	}
}
