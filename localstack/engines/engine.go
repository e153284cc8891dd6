package engines

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"korestream/internal/awsclient"
)

// Engine is a running engine.
type Engine struct {
	// Name is the engine's npm package.
	Name string
	// URL is where it listens, without a path.
	URL string

	cmd       *exec.Cmd
	stdin     io.Closer
	console   *console
	transport *http.Transport
	exited    chan struct{} // closed once the process is gone and exit is set
	exit      error
}

// The time that an engine may take.
const (
	startLimit = time.Minute // to listen and answer
	stopLimit  = 5 * time.Second
)

// launch is how one engine is started.
type launch struct {
	name   string
	script string // in the installation
	args   []string
	env    []string
	health string // a path that is answered with a 200 once the engine is up
}

// start starts an engine and waits until it answers. The context bounds the
// start, not the engine's life.
func start(ctx context.Context, dir string, l launch) (*Engine, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	e := &Engine{
		Name: l.name, console: newConsole(), exited: make(chan struct{}),
		transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	args := append([]string{"--require", "./loopback.cjs", l.script}, l.args...)
	// Not CommandContext: the engine outlives the start.
	e.cmd = exec.Command("node", args...)
	e.cmd.Dir = dir
	e.cmd.Env = append(os.Environ(), l.env...)
	e.cmd.Stdout, e.cmd.Stderr = e.console, e.console
	stdin, err := e.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", l.name, err)
	}
	e.stdin = stdin
	if err := e.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", l.name, err)
	}
	go func() {
		e.exit = e.cmd.Wait()
		close(e.exited)
	}()
	if err := e.await(ctx, l.health); err != nil {
		return nil, fmt.Errorf("start %s: %w; it said: %s", l.name, err, e.lastWords())
	}
	return e, nil
}

// lastWords stops an engine that did not start and returns what it said.
func (e *Engine) lastWords() string {
	if err := e.Stop(); err != nil {
		return err.Error() + ": " + e.Output()
	}
	return e.Output()
}

// await waits until the engine listens and answers.
func (e *Engine) await(ctx context.Context, health string) error {
	select {
	case e.URL = <-e.console.listening:
	case <-e.exited:
		return fmt.Errorf("it ended by itself: %w", e.exit)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		err := e.healthy(ctx, e.URL+health)
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-e.exited:
			return fmt.Errorf("it ended by itself: %w", e.exit)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

func (e *Engine) healthy(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := e.transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("health check answered %s", resp.Status)
	}
	return nil
}

// Config returns a configuration for the SDK's clients. They share connections,
// which Stop closes.
func (e *Engine) Config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("engine", "engine", ""),
		BaseEndpoint: aws.String(e.URL),
		HTTPClient:   awsclient.PlainBodies(&http.Client{Transport: e.transport}),
	}
}

// Output is the end of what the engine has written so far, for failures that
// need explaining.
func (e *Engine) Output() string { return e.console.String() }

// PID is the engine's process ID.
func (e *Engine) PID() int { return e.cmd.Process.Pid }

// Stop ends the engine and waits until it has ended. It may be called again,
// and when the engine has ended by itself; but not concurrently.
func (e *Engine) Stop() error {
	e.transport.CloseIdleConnections()
	e.stdin.Close() // which is the request to end; an error means that it has
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-e.exited:
		return nil
	case <-timer.C:
	}
	if err := e.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("stop %s (process %d): %w", e.Name, e.PID(), err)
	}
	<-e.exited
	return nil
}
