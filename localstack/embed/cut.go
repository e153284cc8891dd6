package embed

import (
	"context"
	"io"

	"korestream/localstack/embed/internal/awsjson"
)

// cutOff makes an answer break off half-way.
func (a *answer) cutOff() {
	if a.stream == nil {
		a.cut = true
		return
	}
	run := a.stream.Run
	a.stream = &awsjson.Stream{ContentType: a.stream.ContentType, Run: func(ctx context.Context, w io.Writer) error {
		return run(ctx, &cutter{w: w})
	}}
}

// cutter breaks a stream in the middle of its second event, which is its third
// frame.
type cutter struct {
	w      io.Writer
	frames int
}

func (c *cutter) Write(frame []byte) (int, error) {
	c.frames++
	if c.frames < 3 {
		return c.w.Write(frame)
	}
	n, err := c.w.Write(frame[:len(frame)/2])
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
