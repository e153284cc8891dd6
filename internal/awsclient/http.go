package awsclient

import (
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// idlePerHost is how many idle connections to one service are kept. The SDK keeps
// ten: a process that reads more shards than that would make new connections, and
// with TLS shake hands, all the time, where the service does not speak HTTP/2.
const idlePerHost = 1024

// HTTP returns the SDK's HTTP client for a process that calls a few services from
// hundreds of goroutines.
func HTTP() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idlePerHost
	})
}
