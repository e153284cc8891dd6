package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"korestream/consumer"
)

// FileSink keeps dead letters in a file, one JSON object a line (see
// [Letter]). It is durable: a letter is synced to the disk before its event
// counts as done, and letters that are buried at the same time share the
// fsync. A crash between that and the next checkpoint makes the event come
// again, and its letter stand in the file twice: letters are kept at least
// once. What a crash tears is mended when the file is opened, as [NDJSON] does.
type FileSink struct{ lines *lineFile }

var _ consumer.Burier = (*FileSink)(nil)

// OpenFileSink opens or creates the file. The error of one that cannot be
// written names the path and what to do. What is not a regular file is refused
// because nothing is durable there. Close the sink when nothing calls it any
// more.
func OpenFileSink(path string) (*FileSink, error) {
	lines, err := openLines(realDisk{}, path)
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	if !lines.regular {
		err := fmt.Errorf("dead letters: %s is not a regular file, so nothing would be durable there; choose another path", path)
		return nil, errors.Join(err, lines.close())
	}
	return &FileSink{lines: lines}, nil
}

// Bury implements [consumer.Burier].
func (s *FileSink) Bury(ctx context.Context, letter *consumer.DeadLetter) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	line, err := newLetter(letter, time.Now()).line()
	if err != nil {
		return err
	}
	stamp, err := s.lines.append(line)
	if err != nil {
		return err
	}
	return s.lines.sync(stamp)
}

// Close closes the file. Later letters fail. A second call does nothing.
func (s *FileSink) Close() error { return s.lines.close() }
