package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"korestream/localstack/embed"
)

// dynamo is DynamoDB for one consumer after another: the embedded endpoint, in
// this process, which costs the consumer nothing.
type dynamo struct {
	server *http.Server
	url    string

	mu       sync.Mutex // guards what follows
	endpoint *embed.Endpoint
	requests map[string]int64
}

func startDynamo(ctx context.Context) (*dynamo, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	d := &dynamo{url: "http://" + l.Addr().String()}
	d.clear()
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.server.Serve(l) }() // it ends when the server is closed
	return d, nil
}

// clear deletes every table and forgets every request.
func (d *dynamo) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endpoint, d.requests = embed.New(), make(map[string]int64)
}

// counts returns how often each operation was asked for since the last clear.
func (d *dynamo) counts() map[string]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.requests)
}

// ServeHTTP implements http.Handler.
func (d *dynamo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	d.mu.Lock()
	d.requests[operation]++
	endpoint := d.endpoint
	d.mu.Unlock()
	endpoint.ServeHTTP(w, r)
}

func (d *dynamo) close() error {
	if err := d.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("close DynamoDB: %w", err)
	}
	return nil
}
