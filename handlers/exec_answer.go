package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// execAnswer is a line of the program's stdout.
type execAnswer struct {
	ID           string  `json:"id"`
	OK           *bool   `json:"ok"`
	Error        *string `json:"error"`
	Permanent    bool    `json:"permanent"`
	Unavailable  bool    `json:"unavailable"`
	RetryAfterMS float64 `json:"retry_after_ms"`
	// Event is in no answer, but in the line that the event came with: a program
	// that shows what it reads has not handled it.
	Event json.RawMessage `json:"event"`
}

// What is wrong with a line. The texts are in the log.
var (
	errNoAnswer   = errors.New(`not an answer; want {"id":"…"} or {"id":"…","error":"…"}`)
	errAnswerLong = errors.New("longer than MaxLine")
	errUnknownID  = errors.New("an answer to no event in flight")
)

func parseExecAnswer(line []byte) (*execAnswer, error) {
	a := new(execAnswer)
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, a) != nil || a.ID == "" || a.Event != nil {
		return nil, errNoAnswer
	}
	return a, nil
}

// maxExecText bounds what of a line is logged or becomes an error's text, in
// bytes.
const maxExecText = 1 << 10

var errNoReason = errors.New("the program gave no reason")

// failure is nil for an event that is handled, and otherwise an error of the class
// that the program says. An empty error is a failure, too, unless ok is true:
// exceptions without a text exist. What is both permanent and unavailable is
// tried again, for that gives nothing up.
func (a *execAnswer) failure() error {
	refused := a.Permanent || a.Unavailable || a.OK != nil && !*a.OK
	switch {
	case a.Error == nil && !refused, a.Error != nil && *a.Error == "" && !refused && a.OK != nil:
		return nil
	}
	err := errNoReason
	if a.Error != nil && *a.Error != "" {
		err = fmt.Errorf("the program says: %s", execText([]byte(*a.Error)))
	}
	switch {
	case a.Unavailable:
		ms := min(max(a.RetryAfterMS, 0), float64(maxRetryAfter.Milliseconds()))
		return UnavailableFor(err, time.Duration(ms*float64(time.Millisecond)))
	case a.Permanent:
		return Permanent(err)
	}
	return err
}

// execText is the beginning of a text that somebody else wrote.
func execText(text []byte) string {
	return strings.ToValidUTF8(string(text[:min(len(text), maxExecText)]), "")
}

// quotable is what of a line that is no answer may be logged. From a brace on it may
// be an event, which must not be.
func quotable(line []byte) string {
	text, _, _ := bytes.Cut(line, []byte("{"))
	return execText(text)
}
