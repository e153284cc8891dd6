package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"korestream/bench/stub"
)

// runStub serves until ctx ends. It says on one line of JSON where, and what it
// serves, and on a second one, at the end, what it was asked.
func runStub(ctx context.Context, args []string) error {
	cfg := stub.DefaultConfig()
	f := flag.NewFlagSet("stub", flag.ContinueOnError)
	f.StringVar(&cfg.Stream, "stream", cfg.Stream, "name of the stream")
	f.IntVar(&cfg.Shards, "shards", cfg.Shards, "how many shards")
	f.IntVar(&cfg.PageRecords, "page", cfg.PageRecords, "records that one GetRecords call gets")
	f.IntVar(&cfg.Pages, "pages", cfg.Pages, "pages that each shard holds")
	f.IntVar(&cfg.EventBytes, "bytes", cfg.EventBytes, "size of an event")
	f.BoolVar(&cfg.Quotas, "quotas", cfg.Quotas, "refuse what AWS would: more than 5 calls or 2 MiB a second and shard")
	listen := f.String("listen", "127.0.0.1:0", "where to listen")
	if err := f.Parse(args); err != nil {
		return err
	}
	s, err := stub.New(cfg)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(stub.Serving{URL: "http://" + l.Addr().String(), Tally: s.Served()}); err != nil {
		return fmt.Errorf("say where: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return out.Encode(s.Requests())
}
