// Package awsclient holds what every client of AWS here needs.
package awsclient

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is what PlainBodies returns.
//
// The SDK's request bodies have a WriteTo that reports io.EOF once they are
// closed. When a server answers before the request was written to its end,
// net/http closes the body, sees that error come back from the write loop, and
// closes a connection that was good and that another call may hold already. A
// body that only reads and closes does not run into that.
type client struct{ next aws.HTTPClient }

var _ aws.HTTPClient = client{}

// PlainBodies returns a client for servers that answer at once, as those on
// loopback do. Without it a call fails or stalls now and then with "use of
// closed network connection".
func PlainBodies(next aws.HTTPClient) aws.HTTPClient { return client{next} }

// Do implements aws.HTTPClient.
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a shallow copy: nobody but who gave it may change the request
		r.Body = plainBody{r.Body}
	}
	return c.next.Do(r)
}

// plainBody hides whatever else a body can do.
type plainBody struct{ body io.ReadCloser }

func (b plainBody) Read(p []byte) (int, error) { return b.body.Read(p) }

func (b plainBody) Close() error { return b.body.Close() }
