package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"korestream/bench/measure"
	"korestream/bench/peers"
	"korestream/bench/stub"
)

// Entrants that are in every race.
var (
	floor = measure.Entrant{Name: "floor", Program: "floor", Decode: peers.DecodeEvent}
	// A row with and one without the recognition of repeated events: no peer does
	// that, and it is on by default.
	korestream = measure.Entrant{
		Name: "korestream, dedupe off", Program: "korestream", Decode: peers.DecodeEvent, Settings: peers.Settings{"dedupe.store": "none"},
	}
	// The same asking in AWS CBOR; the others do not.
	korestreamCBOR = measure.Entrant{
		Name: "korestream, cbor, dedupe off", Program: "korestream", Decode: peers.DecodeEvent,
		Settings: peers.Settings{"dedupe.store": "none", "source.protocol": "cbor"},
	}
)

// runShort compares korestream with the floor only, and fails if it costs more
// than so many times as much. It never fails for being slow: machines differ.
func runShort(ctx context.Context, args []string) error {
	race := measure.Race{Name: "short", Stream: stub.DefaultConfig(), Entrants: []measure.Entrant{floor, korestream}}
	race.Stream.Pages = 4
	f := flag.NewFlagSet("short", flag.ContinueOnError)
	most := f.Float64("most", 2.5, "the most that korestream may cost, in floors; 0 is no bound")
	f.IntVar(&race.Stream.Pages, "pages", race.Stream.Pages, "pages of a thousand records in each of 64 shards")
	f.IntVar(&race.Rounds, "rounds", 3, "how often each runs")
	inCBOR := f.Bool("cbor", false, "run korestream in CBOR as well")
	f.DurationVar(&race.Patience, "patience", 5*time.Minute, "the longest that one run may take")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *inCBOR {
		race.Entrants = append(race.Entrants, korestreamCBOR)
	}
	bin, err := os.MkdirTemp("", "korestream-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(bin)
	if err := measure.Build(ctx, ".", bin, race.Entrants); err != nil {
		return err
	}
	o, err := race.Run(ctx, bin, os.Stderr)
	if err != nil {
		return err
	}
	ratio := o.Costs[1].CPU / o.Costs[0].CPU
	fmt.Printf("floor %.2f, korestream %.2f CPU s per million records: %.2f floors; %.1f allocations and %.0f bytes a record, peak %d MiB\n",
		o.Costs[0].CPU, o.Costs[1].CPU, ratio, o.Costs[1].Allocations, o.Costs[1].Bytes, o.Costs[1].Peak>>20)
	if *inCBOR {
		fmt.Printf("in CBOR %.2f: %.2f of that in JSON\n", o.Costs[2].CPU, o.Costs[2].CPU/o.Costs[1].CPU)
	}
	if *most > 0 && ratio > *most {
		return fmt.Errorf("korestream costs %.2f floors, more than %.2f", ratio, *most)
	}
	return nil
}
