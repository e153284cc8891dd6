package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// FileLetters is the [LetterStore] of a [FileSink]'s file, also while a process
// appends to it. What is removed is noted in a file beside it, synced, and taken
// out of the file itself by Close, if no process has it open then.
type FileLetters struct {
	path    string
	removed map[string]time.Time // by ID
	notes   *lineFile
}

var _ LetterStore = (*FileLetters)(nil)

// removal is one line of the file of removals.
type removal struct {
	ID string    `json:"id"`
	At time.Time `json:"removed_at"`
}

// OpenFileLetters opens the letters of a file. That it does not exist is an
// error that wraps fs.ErrNotExist: nothing was ever buried there.
func OpenFileLetters(path string) (*FileLetters, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	s := &FileLetters{path: path, removed: make(map[string]time.Time)}
	notes, err := os.ReadFile(s.notesPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	for line := range bytes.Lines(notes) {
		var r removal
		if json.Unmarshal(line, &r) == nil && r.ID != "" { // else it was torn: the letter is still there
			s.removed[r.ID] = r.At
		}
	}
	return s, nil
}

func (s *FileLetters) notesPath() string { return s.path + ".removed" }

// Letters implements [LetterStore].
func (s *FileLetters) Letters(context.Context) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		f, err := os.Open(s.path)
		if err != nil {
			yield(nil, fmt.Errorf("dead letters: %w", err))
			return
		}
		defer f.Close()
		seen := make(map[string]bool)
		for l, err := range ReadLetters(f) {
			if err == nil && (s.gone(l) || seen[l.ID()]) {
				continue
			}
			if err == nil {
				seen[l.ID()] = true
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// gone tells whether a letter was removed and not buried again since.
func (s *FileLetters) gone(l *Letter) bool {
	at, removed := s.removed[l.ID()]
	return removed && !l.BuriedAt.After(at)
}

// Remove implements [LetterStore].
func (s *FileLetters) Remove(_ context.Context, l *Letter) error {
	if s.notes == nil {
		notes, err := openLines(realDisk{}, s.notesPath())
		if err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
		s.notes = notes
	}
	r := removal{ID: l.ID(), At: time.Now().UTC()}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode removal of letter %s: %w", r.ID, err)
	}
	stamp, err := s.notes.append(append(line, '\n'))
	if err != nil {
		return fmt.Errorf("note removal of letter %s: %w", r.ID, err)
	}
	if err := s.notes.sync(stamp); err != nil {
		return fmt.Errorf("note removal of letter %s: %w", r.ID, err)
	}
	s.removed[r.ID] = r.At
	return nil
}

// Close takes what was removed out of the file, if no process has it open; if
// one has, the notes do until the next time.
func (s *FileLetters) Close() error {
	var err error
	if s.notes != nil {
		err = s.notes.close()
	}
	if err != nil || len(s.removed) == 0 {
		return err
	}
	lines, err := openLines(realDisk{}, s.path)
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	_, compactErr := alone(lines.f, s.compact)
	return errors.Join(compactErr, lines.close())
}

// compact replaces the file by one without the letters that were removed. Lines
// that are no letters stay.
func (s *FileLetters) compact() error {
	old, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer old.Close()
	next, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*")
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	defer os.Remove(next.Name()) // nothing is there after the rename
	err = errors.Join(s.copyKept(next, old), next.Chmod(linePermissions), next.Sync(), next.Close())
	if err != nil {
		return fmt.Errorf("take removed letters out of %s: %w", s.path, err)
	}
	if err := os.Rename(next.Name(), s.path); err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	if err := (realDisk{}).syncDir(filepath.Dir(s.path)); err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	return os.Remove(s.notesPath())
}

func (s *FileLetters) copyKept(w io.Writer, r io.Reader) error {
	all, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(all) {
		var l Letter
		if json.Unmarshal(line, &l) == nil && s.gone(&l) {
			continue
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
