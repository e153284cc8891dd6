// Command korestream is the daemon itself, with the default settings of a configuration
// file that names nothing but the stream, unless it is told otherwise, and a
// handler that only counts.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"korestream/bench/peers"
	"korestream/bench/tally"
	"korestream/consumer"
	"korestream/handlers"
	"korestream/internal/app"
	"korestream/internal/config"
)

// counting is the type of the handler that only counts.
const counting = "bench-count"

func main() { peers.Main(consume) }

func consume(ctx context.Context, t peers.Target, c *tally.Counter) (err error) {
	handlers.Register(counting, func(handlers.Options) (handlers.Handler, error) {
		return handlers.HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
			if t.Latency {
				c.Took(time.Since(d.Event.Time))
			}
			c.Add(d.Event.ID)
			return nil
		}), nil
	})
	if err := environment(t); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "korestream-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg, err := config.Load(config.Sources{Flags: korestreamFlags(t, dir)})
	if err != nil {
		return fmt.Errorf("korestream's settings: %w", err)
	}
	cfg.Handlers = []config.Handler{{Name: "count", Type: counting, Match: []string{"*"}, Retry: cfg.Retry}}
	log, err := zap.NewProduction(zap.IncreaseLevel(zap.WarnLevel))
	if err != nil {
		return fmt.Errorf("make a logger: %w", err)
	}
	daemon, err := app.NewDaemon(ctx, cfg, log)
	if err != nil {
		return fmt.Errorf("make korestream: %w", err)
	}
	return daemon.Run(ctx)
}

// environment is how every AWS tool is pointed at an endpoint that is not AWS's.
func environment(t peers.Target) error {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_KINESIS": t.Kinesis, "AWS_ENDPOINT_URL_DYNAMODB": t.Dynamo, "AWS_CA_BUNDLE": "",
		"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func korestreamFlags(t peers.Target, dir string) map[string]string {
	flags := map[string]string{
		"stream": t.Stream, "region": "us-east-1", "admin.listen": "127.0.0.1:0",
		"dead_letters.path": filepath.Join(dir, "dead-letters.ndjson"),
	}
	maps.Copy(flags, t.Settings)
	return flags
}
