package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"korestream/bench/measure"
	"korestream/bench/peers"
	"korestream/bench/report"
	"korestream/bench/stub"
)

// ours is korestream with nothing but its defaults, and what is set by flags.
func ours(settings peers.Settings) measure.Entrant {
	e := korestreamDedupe
	e.Settings = settings
	return e
}

// moreOptions are what runMore can be told.
type moreOptions struct {
	out, only string
	settings  peers.Settings
	idle      time.Duration
	latency   time.Duration
	backlog   int
	memory    string
}

func (o *moreOptions) parse(args []string) error {
	f := flag.NewFlagSet("more", flag.ContinueOnError)
	f.StringVar(&o.out, "out", "../docs", "folder that has benchmarks/results.json and gets benchmarks.md")
	f.StringVar(&o.only, "only", "", "measure only this: latency, idle, fleet or backlog")
	f.Var(&o.settings, "set", "key=value of korestream's configuration; may be repeated")
	f.DurationVar(&o.idle, "idle", time.Minute, "how long to look at idle consumers")
	f.DurationVar(&o.latency, "latency", 20*time.Second, "how long to put events")
	f.IntVar(&o.backlog, "backlog", 31, "pages of a thousand events in each of the 64 shards of the backlog")
	f.StringVar(&o.memory, "memory", "256MiB", "limits.memory of the process that drains the backlog")
	return f.Parse(args)
}

// runMore measures what is no comparison of costs, and puts it into the document
// of the last comparison.
func runMore(ctx context.Context, args []string) error {
	var o moreOptions
	if err := o.parse(args); err != nil {
		return err
	}
	d, err := load(o.out)
	if errors.Is(err, fs.ErrNotExist) {
		d, err = report.Document{Environment: report.Here(ctx)}, nil
	}
	if err != nil {
		return err
	}
	bin, err := os.MkdirTemp("", "korestream-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(bin)
	if err := measure.Build(ctx, ".", bin, []measure.Entrant{korestream, harlow}); err != nil {
		return err
	}
	for _, m := range []struct {
		name string
		run  func(context.Context, string, moreOptions, *report.Document) error
	}{{"latency", latency}, {"fleet", shareOut}, {"backlog", backlog}, {"idle", idle}} {
		if !strings.HasPrefix(m.name, o.only) {
			continue
		}
		if err := m.run(ctx, bin, o, &d); err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
		if err := save(o.out, d); err != nil {
			return err
		}
	}
	return nil
}

func latency(ctx context.Context, bin string, o moreOptions, d *report.Document) error {
	d.Latency = nil
	for _, c := range []struct {
		source string
		rate   int
	}{{"", 100}, {"", 1000}, {"fan_out", 100}, {"fan_out", 1000}} {
		settings := maps.Clone(o.settings)
		if c.source != "" {
			if err := settings.Set("source.type=" + c.source); err != nil {
				return err
			}
		}
		l, err := measure.RunLatency(ctx, bin, ours(settings), 8, c.rate, o.latency)
		if err != nil {
			return err
		}
		l.Source = c.source
		fmt.Fprintf(os.Stderr, "latency at %d a second and shard%s: p50 %.0f, p99 %.0f, max %.0f ms\n", c.rate, l.Manner(), l.P50, l.P99, l.Most)
		d.Latency = append(d.Latency, l)
	}
	return nil
}

func shareOut(ctx context.Context, bin string, o moreOptions, d *report.Document) error {
	f, err := measure.RunFleet(ctx, bin, ours(o.settings), 64)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "64 shards: first %.1f s, rebalance %.1f s, failover %.1f s\n", f.First, f.Rebalance, f.Failover)
	d.Fleet = &f
	return nil
}

func backlog(ctx context.Context, bin string, o moreOptions, d *report.Document) error {
	cfg := stub.DefaultConfig()
	cfg.Pages = o.backlog
	settings := peers.Settings{"limits.memory": o.memory}
	maps.Copy(settings, o.settings)
	b, err := measure.RunBacklog(ctx, bin, ours(settings), cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "backlog of %d MiB: %.1f s (at least %.1f), peak %d MiB\n", b.Bytes>>20, b.Seconds, b.Least, b.Peak>>20)
	d.Backlog = &b
	return nil
}

func idle(ctx context.Context, bin string, o moreOptions, d *report.Document) error {
	d.Idle = nil
	for _, c := range []struct {
		entrant measure.Entrant
		shards  int
	}{{ours(o.settings), 1}, {ours(o.settings), 64}, {ours(o.settings), 512}, {harlow, 512}} {
		i, err := measure.RunIdle(ctx, bin, c.entrant, c.shards, o.idle)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s, %d shards idle: %.3f of a core\n", i.Name, i.Shards, i.Share)
		d.Idle = append(d.Idle, i)
	}
	return nil
}

// load reads the numbers of the last run.
func load(folder string) (report.Document, error) {
	var d report.Document
	data, err := os.ReadFile(filepath.Join(folder, "benchmarks", resultsFile))
	if err != nil {
		return d, fmt.Errorf("read results: %w", err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("read results: %w", err)
	}
	return d, nil
}
