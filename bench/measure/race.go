package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"korestream/bench/stub"
)

// Race is entrants side by side on one stream.
type Race struct {
	// Name says what is special about the stream.
	Name     string
	Stream   stub.Config
	Entrants []Entrant
	// Rounds is how often each entrant runs; the medians count.
	Rounds int
	// Patience bounds one run.
	Patience time.Duration
}

// Cost is what an entrant cost, medians of all rounds.
type Cost struct {
	Entrant
	// CPU is seconds per million records, after the start was taken off.
	CPU float64 `json:"cpu_seconds_per_million"`
	// CPULeast and CPUMost are the rounds' extremes.
	CPULeast float64 `json:"cpu_least"`
	CPUMost  float64 `json:"cpu_most"`
	// Start is the CPU time of the run with ten records a shard, in seconds.
	Start float64 `json:"start_cpu_seconds"`
	// Allocations and Bytes are per record.
	Allocations float64 `json:"allocations_per_record"`
	Bytes       float64 `json:"allocated_bytes_per_record"`
	// Peak is the peak of the resident memory in bytes, Wall the time in seconds.
	Peak int64   `json:"peak_rss_bytes"`
	Wall float64 `json:"wall_seconds"`
	// Requests are those to DynamoDB in the last round.
	Requests map[string]int64  `json:"dynamodb_requests"`
	Modules  map[string]string `json:"-"`
	// Failed says why the entrant has no costs; empty if it has.
	Failed string `json:"failed,omitempty"`
}

// Outcome is a race that was run.
type Outcome struct {
	Name   string      `json:"name"`
	Stream stub.Config `json:"stream"`
	Rounds int         `json:"rounds"`
	Costs  []Cost      `json:"costs"`
}

// smallPage is how many records a shard holds where only the start is measured.
const smallPage = 10

// pair is what an entrant cost in one round: all records, and hardly any.
type pair struct{ full, small run }

// Run runs the race with the programs in the folder bin and says how it goes. An
// entrant that fails is out, and has no cost; the others go on, and the error says
// who failed.
func (r Race) Run(ctx context.Context, bin string, said io.Writer) (_ Outcome, err error) {
	full, err := startStub(ctx, r.Stream)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, full.stop()) }()
	few := r.Stream
	few.PageRecords, few.Pages = smallPage, 1
	small, err := startStub(ctx, few)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, small.stop()) }()
	db, err := startDynamo(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, db.close()) }()

	entries := make([]entry, len(r.Entrants))
	for i, e := range r.Entrants {
		entries[i].Entrant = e
	}
	for round := range r.Rounds {
		for i := range entries {
			if e := &entries[i]; e.failed == nil {
				e.run(ctx, course{bin, small, full, db, r.Patience})
				e.say(said, r.Name, round)
			}
		}
	}
	o := Outcome{Name: r.Name, Stream: r.Stream, Rounds: r.Rounds}
	for _, e := range entries {
		o.Costs = append(o.Costs, e.cost())
		err = errors.Join(err, e.failed)
	}
	return o, err
}

// course is what all entrants of a race run on.
type course struct {
	bin         string
	small, full *stubProcess
	db          *dynamo
	patience    time.Duration
}

// entry is an entrant in a race.
type entry struct {
	Entrant
	pairs    []pair
	requests map[string]int64
	// failed ends the entrant's race, not that of the others.
	failed error
}

// run runs one round.
func (e *entry) run(ctx context.Context, c course) {
	var p pair
	if p.small, e.failed = e.consume(ctx, c.bin, c.small, c.db, c.patience); e.failed != nil {
		return
	}
	if p.full, e.failed = e.consume(ctx, c.bin, c.full, c.db, c.patience); e.failed != nil {
		return
	}
	e.pairs, e.requests = append(e.pairs, p), c.db.counts()
}

func (e *entry) say(w io.Writer, race string, round int) {
	if e.failed != nil {
		fmt.Fprintf(w, "%s, round %d: %v\n", race, round+1, e.failed)
		return
	}
	p := e.pairs[len(e.pairs)-1]
	fmt.Fprintf(w, "%s, round %d: %-42s %6.2f CPU s per million records (%.1f s)\n", race, round+1, e.Name, p.cpu(), p.full.wall.Seconds())
}

func (e *entry) cost() Cost {
	if e.failed != nil {
		return Cost{Entrant: e.Entrant, Failed: e.failed.Error()}
	}
	c := costOf(e.Entrant, e.pairs)
	c.Requests = e.requests
	return c
}

const million = 1e6

func (p pair) records() float64 { return float64(p.full.Records - p.small.Records) }

func (p pair) cpu() float64 { return (p.full.cpu - p.small.cpu).Seconds() / p.records() * million }

func costOf(e Entrant, pairs []pair) Cost {
	median := func(of func(pair) float64) float64 {
		var values []float64
		for _, p := range pairs {
			values = append(values, of(p))
		}
		return Median(values)
	}
	byCPU := slices.SortedFunc(slices.Values(pairs), func(a, b pair) int { return int((a.cpu() - b.cpu()) * million) })
	return Cost{
		Entrant: e, CPU: median(pair.cpu), CPULeast: byCPU[0].cpu(), CPUMost: byCPU[len(byCPU)-1].cpu(),
		Start: median(func(p pair) float64 { return p.small.cpu.Seconds() }),
		Allocations: median(func(p pair) float64 {
			return (float64(p.full.Allocations) - float64(p.small.Allocations)) / p.records()
		}),
		Bytes: median(func(p pair) float64 {
			return (float64(p.full.AllocatedBytes) - float64(p.small.AllocatedBytes)) / p.records()
		}),
		Peak:    int64(median(func(p pair) float64 { return float64(p.full.peak) })),
		Wall:    median(func(p pair) float64 { return p.full.wall.Seconds() }),
		Modules: pairs[0].full.Modules,
	}
}
