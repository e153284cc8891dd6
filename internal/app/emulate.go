package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/event/fleet"
	"korestream/localstack/embed"
)

// EmulateOptions are the settings of `emulate`.
type EmulateOptions struct {
	Listen  string
	Region  string
	Account string
	// Quotas says that shards refuse what is over their quotas, as AWS's do.
	Quotas bool
	// Stream is made with so many Shards; empty makes none. Rate is how many records
	// a second of a made-up fleet are put on it; 0 is none.
	Stream string
	Shards int
	Rate   float64
}

// Validate names the first flag that does not make sense.
func (o EmulateOptions) Validate() error {
	switch {
	case o.Stream == "" && o.Rate > 0:
		return errors.New("--rate needs a --stream to put records on")
	case o.Shards < 1:
		return fmt.Errorf("--shards must be 1 or more (%d)", o.Shards)
	case o.Rate < 0:
		return fmt.Errorf("--rate must not be negative (%g)", o.Rate)
	}
	return nil
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	filled := make(chan error, 1)
	go func() { filled <- o.fill(ctx, srv.url, log) }()
	select {
	case <-ctx.Done():
		return errors.Join(<-filled, srv.close())
	case err = <-filled:
		return errors.Join(err, srv.close())
	case err := <-srv.done:
		stop()
		return errors.Join(fmt.Errorf("serve %s: %w", srv.url, err), <-filled)
	}
}

// fill makes the stream and puts records on it until ctx ends, which is no error.
func (o EmulateOptions) fill(ctx context.Context, url string, log *zap.Logger) error {
	if o.Stream == "" {
		<-ctx.Done()
		return nil
	}
	kc := localClients(url, o.Region).kinesis
	_, err := kc.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &o.Stream, ShardCount: aws.Int32(int32(o.Shards))})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("create stream: %w", err)
	}
	log.Info("stream created", zap.String(consumer.KeyStream, o.Stream), zap.Int("shards", o.Shards), zap.Float64("rate", o.Rate))
	if o.Rate == 0 {
		<-ctx.Done()
		return nil
	}
	cfg := fleet.DefaultConfig()
	cfg.Start = time.Now()
	return newProducer(kc, o.Stream, fleet.New(cfg), 0, o.Rate).run(ctx)
}

// localClients reach an endpoint of ours over its socket, as one reaches AWS, and
// never with the credentials of who runs it.
func localClients(url, region string) clients {
	return newClients(aws.Config{
		Region: region, BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("dev", "dev", ""),
		HTTPClient:  awshttp.NewBuildableClient(),
	})
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
