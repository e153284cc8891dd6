package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

// Entrant is one consumer in one configuration.
type Entrant struct {
	// Name is how it is called in tables.
	Name string `json:"name"`
	// Program is its folder below peers, or what is built from there.
	Program string        `json:"program"`
	Decode  peers.Decoder `json:"decode"`
	Dedupe  bool          `json:"dedupe"`
}

// run is what one run of a consumer cost.
type run struct {
	tally.Result
	cpu, wall time.Duration
	peak      int64 // bytes
}

// consume runs an entrant against a stub.
func (e Entrant) consume(ctx context.Context, bin string, s *stubProcess, d *dynamo, patience time.Duration) (run, error) {
	d.clear()
	t := peers.Target{
		Kinesis: s.URL, Dynamo: d.url, Stream: s.cfg.Stream, Shards: s.cfg.Shards, Records: s.Records,
		Patience: patience, Decode: e.Decode, Dedupe: e.Dedupe,
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, e.Program), t.Args()...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return run{}, fmt.Errorf("%s: %w: %s", e.Name, err, lastLines(said.Bytes()))
	}
	r := run{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = usage.Maxrss * maxrssUnit
	}
	if err := json.Unmarshal(out.Bytes(), &r.Result); err != nil {
		return run{}, fmt.Errorf("read what %s says: %w", e.Name, err)
	}
	if r.Tally != s.Tally {
		return run{}, fmt.Errorf("%s handled %+v, but %+v was served: it lost or repeated events", e.Name, r.Tally, s.Tally)
	}
	return r, nil
}

// lastLines is the end of what a process said, for an error.
func lastLines(b []byte) []byte {
	const enough = 1000
	return bytes.TrimSpace(b[max(0, len(b)-enough):])
}
