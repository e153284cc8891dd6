package webhook

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// recheck is how often a file is looked at for a change.
const recheck = time.Second

// fileStamp tells whether a file is still the one that was read.
type fileStamp struct {
	size int64
	at   time.Time
}

func stampOf(path string) (fileStamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}, err
	}
	return fileStamp{info.Size(), info.ModTime()}, nil
}

// Secrets are what KORE may sign with: one, or two around a change of it, since
// KORE changes at once and its repeats of a request may be signed with either. They
// come from a file, one a line, which is read again when it changes, or from text.
// They are never written anywhere. Secrets are safe for concurrent use.
type Secrets struct {
	path string
	log  *zap.Logger

	mu      sync.Mutex // guards the fields below
	list    []string
	stamp   fileStamp
	checked time.Time
	failing bool
}

// OpenSecrets reads the file, or takes the text if there is no file. Secrets in
// text stand between commas or white space. There may be none in the text, but not
// in a file.
func OpenSecrets(path, text string, log *zap.Logger) (*Secrets, error) {
	s := &Secrets{path: path, log: log, list: secretsIn(text)}
	if path == "" {
		return s, nil
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.checked = time.Now()
	return s, nil
}

func secretsIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' || r == '\t' })
}

// current returns the secrets as they are now. A file that cannot be read, or has
// none, changes nothing: half-written files are common, and requests that verified
// a moment ago should go on to.
func (s *Secrets) current() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" || time.Since(s.checked) < recheck {
		return s.list
	}
	s.checked = time.Now()
	if err := s.load(); err != nil && !s.failing {
		s.log.Error("webhook secrets not read again, the old ones stay", zap.NamedError("error", err))
		s.failing = true
	} else if err == nil {
		s.failing = false
	}
	return s.list
}

// load reads the file if it has changed. The caller holds the lock, or is alone.
func (s *Secrets) load() error {
	stamp, err := stampOf(s.path)
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	if len(s.list) > 0 && stamp == s.stamp {
		return nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	list := secretsIn(string(text))
	if len(list) == 0 {
		return fmt.Errorf("read secrets: %s has none", s.path)
	}
	s.list, s.stamp = list, stamp
	s.log.Info("webhook secrets read", zap.Int("secrets", len(list)))
	return nil
}
