package webhook

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.uber.org/zap"
)

// Secrets are what KORE may sign with: one, or two around a change of it, since
// KORE changes at once and its repeats of a request may be signed with either. They
// come from a file, one a line, which is read again when it changes, or from text.
// They are never written anywhere. Secrets are safe for concurrent use.
type Secrets struct {
	file watched
	list []string // guarded by file.mu
}

// OpenSecrets reads the file, or takes the text if there is no file. Secrets in
// text stand between commas or white space. There may be none in the text, but not
// in a file.
func OpenSecrets(path, text string, log *zap.Logger) (*Secrets, error) {
	s := &Secrets{list: secretsIn(text)}
	if path == "" {
		return s, nil
	}
	s.file = watched{
		paths: []string{path}, log: log, failed: "webhook secrets not read again, the old ones stay",
		read: func() error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			list := secretsIn(string(text))
			if len(list) == 0 {
				return errors.New(path + " has none")
			}
			s.list = list
			log.Info("webhook secrets read", zap.Int("secrets", len(list)))
			return nil
		},
	}
	if err := s.file.load(); err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	return s, nil
}

func secretsIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' || r == '\t' })
}

// current returns the secrets as they are now.
func (s *Secrets) current() []string {
	s.file.mu.Lock()
	defer s.file.mu.Unlock()
	s.file.refresh()
	return s.list
}
