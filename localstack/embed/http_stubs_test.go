package embed_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"korestream/internal/awsclient"
	"korestream/localstack/embed"
)

// newServed is a stub whose client goes over HTTP on loopback. It also returns
// the server's address and a plain client for it.
func newServed(t *testing.T, opts ...embed.Option) (*stub, string, *http.Client) {
	t.Helper()
	s := newStub(t, opts...)
	server := httptest.NewServer(s.endpoint)
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	s.cfg.BaseEndpoint = aws.String(server.URL)
	s.cfg.HTTPClient = awsclient.PlainBodies(server.Client())
	s.kinesis = client(s.cfg)
	return s, server.URL, server.Client()
}
