package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"korestream/consumer"
)

func letterOf(payload string) *consumer.DeadLetter {
	return &consumer.DeadLetter{
		Origin: consumer.Origin{
			Stream: "kore-events", Shard: "shardId-000000000001", SequenceNumber: "4959", SubSequenceNumber: 2,
			PartitionKey: "key", ArrivedAt: time.Date(2026, 3, 1, 13, 0, 0, 5e8, time.FixedZone("", 3600)),
		},
		Reason: consumer.ReasonHandler, Err: fmt.Errorf("post <a&b>: %w", errSinkDown), Attempts: 3, Handler: "archive",
		EventID: "EZ1", EventType: sessionUpdated, Payload: []byte(payload),
	}
}

func bury(t *testing.T, s *FileSink, letters ...*consumer.DeadLetter) {
	t.Helper()
	for _, l := range letters {
		if err := s.Bury(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

func sink(t *testing.T) (*FileSink, *faultyFile) {
	t.Helper()
	l, f := faulty(t)
	return &FileSink{lines: l}, f
}

func TestFileSink_LineHasEverythingInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := sink(t)
		bury(t, s, letterOf(`{"id": "EZ1<>"}`))
		wantFile(t, f.Name(), `{"buried_at":"2000-01-01T00:00:00Z","reason":"handler_failed","error":"post <a&b>: sink down",`+
			`"error_chain":["post <a&b>: sink down","sink down"],"stream":"kore-events","shard":"shardId-000000000001",`+
			`"sequence_number":"4959","sub_sequence_number":2,"partition_key":"key","arrived_at":"2026-03-01T12:00:00.5Z",`+
			`"attempts":3,"handler":"archive","event_id":"EZ1","event_type":"`+sessionUpdated+`","payload":"{\"id\": \"EZ1<>\"}"}`)
	})
}

func TestFileSink_KeepsEveryPayload(t *testing.T) {
	t.Parallel()
	payloads := []string{
		"", "{}", "line\nbreak", "\xff\xfe{", "\x00", "é\u2028\ufffd", `"\`, string([]byte{0xf3, 0x89, 0x9a, 0xc2}),
	}
	s, f := sink(t)
	for _, p := range payloads {
		bury(t, s, letterOf(p))
	}
	i := 0
	for l, err := range ReadLetters(strings.NewReader(written(t, f.Name()))) {
		if err != nil {
			t.Fatal(err)
		}
		if got := string(l.Bytes()); got != payloads[i] {
			t.Errorf("payload: got %q, want %q", got, payloads[i])
		}
		if text := l.Payload != nil; text == (i == 3 || i == 7) {
			t.Errorf("payload %q: got text %v", payloads[i], text)
		}
		i++
	}
	if i != len(payloads) {
		t.Errorf("letters: got %d, want %d", i, len(payloads))
	}
}

func TestFileSink_LetterWithoutAnErrorIsKept(t *testing.T) {
	t.Parallel()
	s, f := sink(t)
	bury(t, s, &consumer.DeadLetter{Reason: "invalid_json", Payload: []byte("{")})
	if got := written(t, f.Name()); !containsAll(got, `"error":"","error_chain":[],`, `"payload":"{"`) {
		t.Errorf("got %s", got)
	}
}

func TestFileSink_BuriesOnlyWhatIsSynced(t *testing.T) {
	t.Parallel()
	s, f := sink(t)
	f.set(func() { f.syncErr = syscall.EIO })
	if err := s.Bury(t.Context(), letterOf("{}")); !errors.Is(err, syscall.EIO) {
		t.Errorf("Bury when the sync fails: got %v, want EIO", err)
	}
	f.set(func() { f.syncErr, f.room = nil, 5 })
	if err := s.Bury(t.Context(), letterOf("{}")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Bury on a full disk: got %v, want ENOSPC", err)
	}
	f.set(func() { f.room = -1 })
	before := f.syncCount()
	bury(t, s, letterOf("{}"))
	if got := f.syncCount() - before; got != 1 {
		t.Errorf("fsyncs: got %d, want 1", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeaseLost)
	if err := s.Bury(ctx, letterOf("{}")); !errors.Is(err, errLeaseLost) {
		t.Errorf("Bury after the end: got %v, want %v", err, errLeaseLost)
	}
}

func TestFileSink_SurvivesReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dead-letters.ndjson")
	for i := range 3 {
		s, err := OpenFileSink(path)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { bury(t, s, letterOf(fmt.Sprint(i))) })
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"torn`); err != nil { // as a crash would leave it
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	good, bad := 0, 0
	for _, err := range ReadLetters(strings.NewReader(written(t, path))) {
		if err != nil {
			bad++
			continue
		}
		good++
	}
	if good != 15 || bad != 1 { // the last torn one was not mended yet
		t.Errorf("got %d letters, %d bad lines; want 15, 1", good, bad)
	}
}

func TestOpenFileSink_RefusesWhatIsNotDurable(t *testing.T) {
	t.Parallel()
	if _, err := OpenFileSink("/dev/null"); err == nil || !containsAll(err.Error(), "/dev/null", "not a regular file") {
		t.Errorf("got %v, want an error that names the path and why", err)
	}
}

func TestReadLetters_GoesOnBehindABadLine(t *testing.T) {
	t.Parallel()
	text := "{\"event_id\":\"1\"}\n\n{\"torn\n{\"event_id\":\"2\"}"
	var got []string
	for l, err := range ReadLetters(strings.NewReader(text)) {
		if err != nil {
			got = append(got, err.Error()[:len("line 3")])
			continue
		}
		got = append(got, l.EventID)
	}
	if want := "1 line 3 2"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for range ReadLetters(strings.NewReader(text)) {
		break // stops at once
	}
	for _, err := range ReadLetters(strings.NewReader("{\n")) {
		if err == nil {
			t.Error("bad line: got no error")
		}
		break
	}
	for _, err := range ReadLetters(iotest.ErrReader(errSinkDown)) {
		if !errors.Is(err, errSinkDown) {
			t.Errorf("error of the reader: got %v, want %v", err, errSinkDown)
		}
	}
}

// ouroboros wraps itself.
type ouroboros struct{ n int }

func (o *ouroboros) Error() string { o.n++; return fmt.Sprint(o.n) }
func (o *ouroboros) Unwrap() error { return o }

func TestErrorChain(t *testing.T) {
	t.Parallel()
	joined := errors.Join(Permanent(errSinkDown), errLeaseLost)
	got := strings.Join(errorChain(fmt.Errorf("a: %w", joined)), "|")
	if want := "a: sink down\nlease lost|sink down\nlease lost|sink down|lease lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := len(errorChain(&ouroboros{})); got != maxChain {
		t.Errorf("error that wraps itself: got %d texts, want %d", got, maxChain)
	}
}
