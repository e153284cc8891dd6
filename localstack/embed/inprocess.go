package embed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"korestream/localstack/embed/internal/awsjson"
)

// HTTPClient returns a client that calls the endpoint directly, whatever the
// host of the request. It opens no socket and starts no goroutine but for a
// streamed answer, until that is over or its body closed.
func (e *Endpoint) HTTPClient() aws.HTTPClient { return inProcess{e} }

type inProcess struct{ endpoint *Endpoint }

// Do implements aws.HTTPClient.
func (c inProcess) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a, err := c.endpoint.answer(r)
	if err != nil {
		return nil, err
	}
	if a.cut && len(a.body) == 0 {
		// Its head alone would be a whole answer.
		return nil, io.ErrUnexpectedEOF
	}
	resp := &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.header,
		ContentLength: int64(len(a.body)),
		Request:       r,
	}
	switch {
	case a.stream != nil:
		resp.ContentLength = -1
		resp.Body = startStream(r.Context(), a.stream)
	case a.cut:
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), broken{}))
	default:
		resp.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	return resp, nil
}

// broken is the rest of an answer whose connection broke.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// errBodyClosed is the cause of the end of a stream whose reader closed it.
var errBodyClosed = errors.New("response body closed")

// streamBody is the body of a streamed answer, which one goroutine writes.
type streamBody struct {
	*io.PipeReader
	cancel context.CancelCauseFunc
	done   sync.WaitGroup
}

// startStream runs a stream until it is over, the context ends or the body is
// closed.
func startStream(ctx context.Context, s *awsjson.Stream) io.ReadCloser {
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancelCause(ctx)
	body := &streamBody{PipeReader: reader, cancel: cancel}
	// A write waits for its reader, and so must hear of the context's end.
	stop := context.AfterFunc(ctx, func() { writer.CloseWithError(context.Cause(ctx)) })
	body.done.Go(func() {
		defer cancel(nil)
		defer stop()
		writer.CloseWithError(s.Run(ctx, writer))
	})
	return body
}

// Close ends the stream and waits for its goroutine.
func (b *streamBody) Close() error {
	b.cancel(errBodyClosed)
	err := b.PipeReader.Close()
	b.done.Wait()
	return err
}
