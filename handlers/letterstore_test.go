package handlers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"korestream/consumer"
)

// letters returns the payloads of a store's letters, and the errors it gave.
func letters(t *testing.T, s LetterStore) (payloads []string, errs int) {
	t.Helper()
	for l, err := range s.Letters(t.Context()) {
		if err != nil {
			errs++
			continue
		}
		payloads = append(payloads, string(l.Bytes()))
	}
	return payloads, errs
}

func letterAt(n int) *consumer.DeadLetter {
	l := letterOf(fmt.Sprintf(`{"id":"EZ%d","type":"t"}`, n))
	l.SequenceNumber = fmt.Sprint(n)
	return l
}

func openLetters(t *testing.T, path string) *FileLetters {
	t.Helper()
	s, err := OpenFileLetters(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// removeAll removes the letters whose payload holds a text.
func removeAll(t *testing.T, s LetterStore, text string) {
	t.Helper()
	for l, err := range s.Letters(t.Context()) {
		if err == nil && strings.Contains(string(l.Bytes()), text) {
			if err := s.Remove(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFileLetters_RemoveWhileASinkAppendsAndForGoodAfter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letters")
	live, err := OpenFileSink(path)
	if err != nil {
		t.Fatal(err)
	}
	bury(t, live, letterAt(1), letterAt(2), letterAt(2), letterAt(3)) // 2 after a crash twice
	s := openLetters(t, path)
	if got, _ := letters(t, s); len(got) != 3 {
		t.Fatalf("got %d letters, want 3: one that was buried twice is one", len(got))
	}
	removeAll(t, s, "EZ2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bury(t, live, letterAt(4)) // it must not go to a file that was replaced
	s = openLetters(t, path)
	if got, _ := letters(t, s); len(got) != 3 || strings.Contains(strings.Join(got, " "), "EZ2") || !strings.Contains(got[2], "EZ4") {
		t.Errorf("while the sink is open: got %v, want 1, 3 and 4", got)
	}
	bury(t, live, letterAt(2)) // given up on again
	if got, _ := letters(t, s); len(got) != 4 {
		t.Errorf("got %v, want the letter again that was buried after it was removed", got)
	}
	removeAll(t, s, "EZ2")
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".removed"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("notes after the file was compacted: %v, want none", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n != 3 || strings.Contains(string(text), "EZ2") {
		t.Errorf("file after the last close:\n%s\nwant 1, 3 and 4", text)
	}
}

func TestFileLetters_KeepWhatIsNoLetter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letters")
	sink, err := OpenFileSink(path)
	if err != nil {
		t.Fatal(err)
	}
	bury(t, sink, letterAt(1))
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "what is this?")
	f.Close()
	s := openLetters(t, path)
	if _, errs := letters(t, s); errs != 1 {
		t.Errorf("got %d errors, want one for the line that is no letter", errs)
	}
	removeAll(t, s, "EZ1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "what is this?\n" {
		t.Errorf("got %q, want the line that is no letter", text)
	}
	if _, err := OpenFileLetters(path + "-none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v, want fs.ErrNotExist", err)
	}
}

func TestFileLetters_TornNotesKeepTheLetter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letters")
	sink, err := OpenFileSink(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	bury(t, sink, letterAt(1))
	id := newLetter(letterAt(1), letterAt(1).ArrivedAt).ID()
	if err := os.WriteFile(path+".removed", []byte(`{"id":"`+id), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := letters(t, openLetters(t, path)); len(got) != 1 {
		t.Errorf("got %d letters, want the one whose removal was torn", len(got))
	}
}
