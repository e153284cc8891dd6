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

// Run runs the race with the programs in the folder bin and says how it goes.
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

	pairs, requests := make([][]pair, len(r.Entrants)), make([]map[string]int64, len(r.Entrants))
	for round := range r.Rounds {
		for i, e := range r.Entrants {
			var p pair
			if p.small, err = e.consume(ctx, bin, small, db, r.Patience); err != nil {
				return Outcome{}, err
			}
			if p.full, err = e.consume(ctx, bin, full, db, r.Patience); err != nil {
				return Outcome{}, err
			}
			requests[i] = db.counts()
			pairs[i] = append(pairs[i], p)
			fmt.Fprintf(said, "%s, round %d: %-40s %6.2f CPU s per million records (%.1f s)\n", r.Name, round+1, e.Name, p.cpu(), p.full.wall.Seconds())
		}
	}
	o := Outcome{Name: r.Name, Stream: r.Stream, Rounds: r.Rounds}
	for i, e := range r.Entrants {
		c := costOf(e, pairs[i])
		c.Requests = requests[i]
		o.Costs = append(o.Costs, c)
	}
	return o, nil
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
