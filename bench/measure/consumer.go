package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
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
	// Settings are what korestream has other than its defaults.
	Settings peers.Settings `json:"settings,omitempty"`
}

// run is what one run of a consumer cost.
type run struct {
	tally.Result
	cpu, wall time.Duration
	peak      int64 // bytes
}

// process is a consumer that runs.
type process struct {
	entrant Entrant
	cmd     *exec.Cmd
	out     *json.Decoder
	said    bytes.Buffer
	began   time.Time
}

// start starts an entrant; env are variables that it gets besides ours.
func (e Entrant) start(ctx context.Context, bin string, t peers.Target, env ...string) (*process, error) {
	t.Decode = e.Decode
	settings := maps.Clone(e.Settings)
	for key, value := range t.Settings {
		if err := settings.Set(key + "=" + value); err != nil {
			return nil, err
		}
	}
	t.Settings = settings
	p := &process{entrant: e, cmd: exec.CommandContext(ctx, filepath.Join(bin, e.Program), t.Args()...), began: time.Now()}
	p.cmd.Stderr = &p.said
	p.cmd.Env = append(os.Environ(), env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", e.Name, err)
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", e.Name, err)
	}
	return p, nil
}

// holding waits until the process has handled everything and only goes on.
func (p *process) holding() error {
	var r tally.Result
	if err := p.out.Decode(&r); err != nil || !r.Holding {
		return fmt.Errorf("%s does not say that it is done: %w: %s", p.entrant.Name, err, p.kill())
	}
	return nil
}

// wait waits for the end of the process. It must have handled want.
func (p *process) wait(want tally.Tally) (run, error) {
	var r run
	decoded := p.out.Decode(&r.Result)
	if err := p.cmd.Wait(); err != nil {
		return run{}, fmt.Errorf("%s: %w: %s", p.entrant.Name, err, lastLines(p.said.Bytes()))
	}
	if decoded != nil {
		return run{}, fmt.Errorf("read what %s says: %w", p.entrant.Name, decoded)
	}
	r.wall, r.cpu = time.Since(p.began), p.cmd.ProcessState.UserTime()+p.cmd.ProcessState.SystemTime()
	if usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = usage.Maxrss * maxrssUnit
	}
	if r.PeakRSS > 0 {
		r.peak = r.PeakRSS
	}
	if r.Tally != want {
		return run{}, fmt.Errorf("%s handled %+v, but %+v was served: it lost or repeated events: %s", p.entrant.Name, r.Tally, want, lastLines(p.said.Bytes()))
	}
	return r, nil
}

// kill ends the process at once and returns the last that it said.
func (p *process) kill() []byte {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()         // it was killed, and says so
	return lastLines(p.said.Bytes())
}

// consume runs an entrant against a stub.
func (e Entrant) consume(ctx context.Context, bin string, s *stubProcess, d *dynamo, patience time.Duration) (run, error) {
	d.clear()
	p, err := e.start(ctx, bin, s.target(d, patience))
	if err != nil {
		return run{}, err
	}
	return p.wait(s.Tally)
}

// target is a stub as a consumer sees it.
func (s *stubProcess) target(d *dynamo, patience time.Duration) peers.Target {
	return peers.Target{
		Kinesis: s.URL, Dynamo: d.url, Stream: s.cfg.Stream, Shards: s.cfg.Shards, Records: s.Records, Patience: patience,
	}
}

// lastLines is the end of what a process said, for an error.
func lastLines(b []byte) []byte {
	const enough = 1000
	return bytes.TrimSpace(b[max(0, len(b)-enough):])
}
