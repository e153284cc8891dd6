package awsclient

import (
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// idlePerHost is how many idle connections to one service are kept. The SDK keeps
// ten: a process that reads more shards than that would make new connections, and
// with TLS shake hands, all the time, where the service does not speak HTTP/2.
const idlePerHost = 1024

// In HTTP/2, which Kinesis speaks, all calls share a connection. One that is dead
// without a word, as when what stands between forgets it, takes calls for as long as
// TCP sends again, a quarter of an hour; each fails by its deadline, and so does every
// shard. So the other side is asked for a sign of life when it has given none for
// pingAfter, and left if none comes within pingTimeout: together that is less than a
// call has, and pingAfter is what AWS's SDK for Java has.
const (
	pingAfter   = 5 * time.Second
	pingTimeout = 5 * time.Second
)

// HTTP returns the SDK's HTTP client for a process that calls a few services from
// hundreds of goroutines.
func HTTP() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idlePerHost
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	})
}
