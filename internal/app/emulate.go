package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"korestream/localstack/embed"
)

// EmulateOptions are the settings of `emulate`.
type EmulateOptions struct {
	Listen  string
	Region  string
	Account string
	// Quotas says that shards refuse what is over their quotas, as AWS's do.
	Quotas bool
}

// Emulate serves the embedded AWS endpoint until ctx ends.
func Emulate(ctx context.Context, o EmulateOptions, log *zap.Logger) error {
	ep := embed.New(embed.WithRegion(o.Region), embed.WithAccount(o.Account), embed.WithQuotas(o.Quotas))
	srv, err := serveEndpoint(ctx, ep, o.Listen)
	if err != nil {
		return err
	}
	log.Info("emulating AWS", zap.String("endpoint_url", srv.url), zap.String("region", o.Region), zap.Bool("quotas", o.Quotas),
		zap.String("use", "AWS_ENDPOINT_URL="+srv.url+" and any credentials"))
	select {
	case <-ctx.Done():
		return srv.close()
	case err := <-srv.done:
		return fmt.Errorf("serve %s: %w", srv.url, err)
	}
}

// endpointServer is an embedded endpoint on a socket.
type endpointServer struct {
	url  string
	http *http.Server
	done chan error
}

func serveEndpoint(ctx context.Context, ep *embed.Endpoint, addr string) (*endpointServer, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	s := &endpointServer{
		url:  "http://" + l.Addr().String(),
		http: &http.Server{Handler: ep, ReadHeaderTimeout: 10 * time.Second},
		done: make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// close ends all connections: subscriptions would otherwise go on for minutes.
func (s *endpointServer) close() error {
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
