package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"korestream/bench/measure"
	"korestream/bench/peers"
	"korestream/bench/report"
	"korestream/bench/stub"
)

// All entrants. The first two are in every race, see short.go.
var (
	korestreamDedupe = measure.Entrant{Name: "korestream", Program: "korestream", Decode: peers.DecodeEvent}
	korestreamFanOut = measure.Entrant{
		Name: "korestream, fan-out, dedupe off", Program: "korestream", Decode: peers.DecodeEvent,
		Settings: peers.Settings{"source.type": "fan_out", "dedupe.store": "none"},
	}
	bare         = measure.Entrant{Name: "bare SDK loop", Program: "bare", Decode: peers.DecodeJSON}
	harlow       = measure.Entrant{Name: "harlow/kinesis-consumer", Program: "harlow", Decode: peers.DecodeJSON}
	vmware       = measure.Entrant{Name: "vmware-go-kcl-v2, newest SDK", Program: "vmware-newest", Decode: peers.DecodeJSON}
	vmwarePinned = measure.Entrant{Name: "vmware-go-kcl-v2 as it comes", Program: "vmware-pinned", Decode: peers.DecodeJSON}
)

// withOurDecoder is an entrant that decodes as korestream does, so that the
// difference that the decoder makes can be seen.
func withOurDecoder(e measure.Entrant) measure.Entrant {
	e.Name, e.Decode = e.Name+", our decoder", peers.DecodeEvent
	return e
}

// peersOptions are what runPeers can be told.
type peersOptions struct {
	out      string
	only     string
	rounds   int
	pages    int
	patience time.Duration
}

// runPeers runs every race and writes the report.
func runPeers(ctx context.Context, args []string) error {
	var o peersOptions
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.StringVar(&o.out, "out", "../docs", "folder that gets benchmarks.md and benchmarks/")
	f.StringVar(&o.only, "only", "", "run only the races whose name begins with this")
	f.IntVar(&o.rounds, "rounds", 3, "how often each entrant of the main race runs")
	f.IntVar(&o.pages, "pages", 5, "pages of a thousand records in each of the 64 shards of the main race")
	f.DurationVar(&o.patience, "patience", 5*time.Minute, "the longest that one run may take")
	if err := f.Parse(args); err != nil {
		return err
	}
	bin, err := os.MkdirTemp("", "korestream-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(bin)
	d, err := load(o.out) // what else was measured is kept
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.Environment, d.Races, d.Versions = report.Here(ctx), nil, nil
	var failed error // who lost or repeated events; the others are told of all the same
	for _, race := range races(o) {
		if !strings.HasPrefix(race.Name, o.only) {
			continue
		}
		if err := measure.Build(ctx, ".", bin, race.Entrants); err != nil {
			return err
		}
		outcome, err := race.Run(ctx, bin, os.Stderr)
		failed = errors.Join(failed, err)
		if outcome.Costs == nil {
			return failed
		}
		d.Add(outcome)
		if err := save(o.out, d); err != nil {
			return err
		}
	}
	return failed
}

// races is the cross through the middle of the matrix: one thing at a time is
// other than in the main race.
func races(o peersOptions) []measure.Race {
	main := measure.Race{
		Name: report.MainRace, Stream: stub.DefaultConfig(), Rounds: o.rounds, Patience: o.patience,
		Entrants: []measure.Entrant{
			floor, korestream, korestreamCBOR, korestreamDedupe, korestreamFanOut, bare, withOurDecoder(bare), harlow, withOurDecoder(harlow),
			vmware, withOurDecoder(vmware), vmwarePinned, withOurDecoder(vmwarePinned),
		},
	}
	main.Stream.Pages = o.pages
	all := []measure.Race{main}
	for _, arm := range []struct {
		name                       string
		shards, page, pages, bytes int
	}{
		{"1 shard", 1, 1000, 40, 1083},
		{"512 shards", 512, 1000, 4, 1083},
		{"batches of 10", 64, 10, 150, 1083}, // with few pages it would measure how a shard begins
		{"batches of 100", 64, 100, 20, 1083},
		{"events of 0.5 KB", 64, 1000, 4, 540},
		{"events of 8 KB", 64, 250, 4, 8192},
	} {
		all = append(all, measure.Race{
			Name: arm.name, Rounds: 1, Patience: o.patience, Entrants: []measure.Entrant{floor, korestream, bare, harlow, vmware},
			Stream: stub.Config{Stream: main.Stream.Stream, Shards: arm.shards, PageRecords: arm.page, Pages: arm.pages, EventBytes: arm.bytes},
		})
		if arm.shards > 64 {
			// It asks for each shard that it does not hold ten times a second:
			// it would measure that, and take minutes.
			last := &all[len(all)-1]
			last.Entrants = last.Entrants[:4]
		}
	}
	return all
}

// save writes the data, and what is made from it.
func save(folder string, d report.Document) error {
	data, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	pictures := filepath.Join(folder, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(pictures, resultsFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	for name, text := range d.Files() {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return quote(filepath.Join(folder, operations), d)
}

// operations is the page that quotes the figures, where there is one.
const operations = "operations.md"

func quote(path string, d report.Document) error {
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("quote figures: %w", err)
	}
	text, err := d.Quote(string(page))
	if err != nil {
		return fmt.Errorf("quote figures in %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("quote figures: %w", err)
	}
	return nil
}

// resultsFile has the numbers that the report is made from.
const resultsFile = "results.json"

// runDraw makes the report again from the numbers of the last run.
func runDraw(_ context.Context, args []string) error {
	f := flag.NewFlagSet("draw", flag.ContinueOnError)
	out := f.String("out", "../docs", "folder that has benchmarks/results.json and gets benchmarks.md")
	if err := f.Parse(args); err != nil {
		return err
	}
	d, err := load(*out)
	if err != nil {
		return err
	}
	return save(*out, d)
}
