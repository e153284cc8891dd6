// Package awsclient holds what every client of AWS here needs.
package awsclient

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is what PlainBodies returns.
//
// The SDK's request bodies have a WriteTo that reports io.EOF once they are
// closed. When a server answers before the request was written to its end,
// net/http closes the body, sees that error come back from the write loop, and
// closes a connection that was good and that another call may hold already. A
// body that only reads and closes does not run into that.
//
// Nor does one that io.NopCloser makes of bytes in memory, and net/http knows those
// by their type: it writes them in one go with the headers, and all others after
// them, in a packet of their own and, with TLS, a record of their own.
type client struct{ next aws.HTTPClient }

var _ aws.HTTPClient = client{}

// PlainBodies returns a client for servers that answer at once, as those on
// loopback do. Without it a call fails or stalls now and then with "use of
// closed network connection".
func PlainBodies(next aws.HTTPClient) aws.HTTPClient { return client{next} }

// inMemory is how long a body may be that is copied to be written with its headers.
const inMemory = 16 << 10

// Do implements aws.HTTPClient.
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody || reflect.TypeOf(r.Body) == plain {
		return c.next.Do(r)
	}
	body, err := plainBodyOf(r)
	if err != nil {
		return nil, err
	}
	r = r.WithContext(r.Context()) // a shallow copy: the request is its giver's
	r.Body = body
	return c.next.Do(r)
}

// plain is the type of a body that is written with its headers.
var plain = reflect.TypeOf(io.NopCloser((*bytes.Reader)(nil)))

func plainBodyOf(r *http.Request) (io.ReadCloser, error) {
	if r.ContentLength <= 0 || r.ContentLength > inMemory {
		return plainBody{r.Body}, nil
	}
	text := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, text); err != nil {
		r.Body.Close()
		return nil, fmt.Errorf("read a request's body: %w", err)
	}
	r.Body.Close()
	return io.NopCloser(bytes.NewReader(text)), nil
}

// plainBody hides whatever else a body can do.
type plainBody struct{ body io.ReadCloser }

func (b plainBody) Read(p []byte) (int, error) { return b.body.Read(p) }

func (b plainBody) Close() error { return b.body.Close() }
