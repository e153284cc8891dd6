package webhook

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	"go.uber.org/zap"

	"korestream/internal/episode"
)

// trouble logs what fails again and again when it begins, changes and ends. It is
// safe for concurrent use.
type trouble struct {
	log          *zap.Logger
	begins, over string

	mu    sync.Mutex // guards story
	story episode.Episode
}

// note tells of a try: with a nil error it worked.
func (t *trouble) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		if t.story.Failed(kindOf(err)) {
			t.log.Warn(t.begins, zap.NamedError("error", err))
		}
		return
	}
	if n, over := t.story.Succeeded(); over {
		t.log.Info(t.over, zap.Int("failures", n))
	}
}

// kindOf makes errors of one kind one.
func kindOf(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "other"
}

func isARN(stream string) bool { return strings.HasPrefix(stream, "arn:") }
