package awsclient

import (
	"bytes"
	"io"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Resending returns a client like [PlainBodies] for a service that is called by POST
// alone and speaks HTTP/2. A server that retires a connection says up to which request
// it has come; net/http sends those behind it along another connection, but only if it
// can have their bodies again, which the SDK's requests do not give. With hundreds of
// shards on one connection each retirement would fail some calls.
//
// The bodies are given to the transport, and not to the client that decides about
// redirections: with them it would follow one, and take a signed request elsewhere.
func Resending(b *awshttp.BuildableClient) aws.HTTPClient {
	return PlainBodies(&http.Client{
		Transport: resending{b.GetTransport()},
		Timeout:   b.GetTimeout(),
		// As of the SDK's client, where it has no body to send again.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// resending gives the transport bodies that can be had again.
type resending struct{ next http.RoundTripper }

var _ http.RoundTripper = resending{}

// RoundTrip implements http.RoundTripper.
func (t resending) RoundTrip(r *http.Request) (*http.Response, error) {
	if reflect.TypeOf(r.Body) != plain || r.ContentLength <= 0 || r.ContentLength > inMemory {
		return t.next.RoundTrip(r)
	}
	text := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, text); err != nil {
		return nil, err
	}
	r = r.WithContext(r.Context()) // a shallow copy: the request is its giver's
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	r.Body, _ = r.GetBody()
	return t.next.RoundTrip(r)
}
