// Command bench compares korestream with its peers. Run it by make bench-short,
// make bench-peers and make bench-more, or by go run . in this folder, which lists
// its commands; docs/benchmarks.md of the repository says how it measures and what
// came out.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// command is one thing that the program does.
type command struct {
	name, doc string
	run       func(ctx context.Context, args []string) error
}

var commands = []command{
	{"stub", "serve a stream that is filled already, on loopback", runStub},
	{"peers", "compare korestream with its peers and write docs/benchmarks.md", runPeers},
	{"more", "measure latency, idle cost, backlog and hand-over, for the same document", runMore},
	{"draw", "write the document again from the numbers of the last run", runDraw},
	{"short", "compare korestream with the floor; fails above a ratio", runShort},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		for _, c := range commands {
			if c.name == args[0] {
				return c.run(ctx, args[1:])
			}
		}
	}
	for _, c := range commands {
		fmt.Fprintf(os.Stderr, "  bench %-10s %s\n", c.name, c.doc)
	}
	return fmt.Errorf("name a command")
}
