package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"korestream/bench/stub"
)

// stubProcess is a stub that runs.
type stubProcess struct {
	stub.Serving
	cmd *exec.Cmd
	// cfg is what it serves.
	cfg stub.Config
}

// startStub starts a stub and waits until it serves.
func startStub(ctx context.Context, cfg stub.Config) (*stubProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "stub", "-stream", cfg.Stream, "-shards", fmt.Sprint(cfg.Shards), "-page", fmt.Sprint(cfg.PageRecords),
		"-pages", fmt.Sprint(cfg.Pages), "-bytes", fmt.Sprint(cfg.EventBytes), fmt.Sprintf("-quotas=%t", cfg.Quotas))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start stub: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start stub: %w", err)
	}
	p := &stubProcess{cmd: cmd, cfg: cfg}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.Serving)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hear from stub: %w", err), p.stop())
	}
	return p, nil
}

// stop ends the stub.
func (p *stubProcess) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop stub: %w", err)
	}
	_ = p.cmd.Wait() // it was killed, and says so
	return nil
}
