package engines

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started returns an engine that ends with the test.
func started(t *testing.T, start func(context.Context) (*Engine, error)) *Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("the engines of others are left out of short runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	e, err := start(ctx)
	if errors.Is(err, ErrNoNode) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestEngine_AnswersOnLoopbackUntilItIsStopped(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(context.Context) (*Engine, error){
		KinesisLocal: StartKinesis, Dynalite: StartDynamoDB, Fauxqs: StartSQS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := started(t, start)
			if e.Name != name || !strings.HasPrefix(e.URL, "http://127.0.0.1:") {
				t.Errorf("got %s at %s, want %s on loopback", e.Name, e.URL, name)
			}
			if err := e.Stop(); err != nil {
				t.Fatalf("got %v, want no error from Stop", err)
			}
			if resp, err := http.Get(e.URL); err == nil {
				resp.Body.Close()
				t.Errorf("got %s after Stop, want no answer", resp.Status)
			}
			if err := e.Stop(); err != nil {
				t.Errorf("got %v, want no error from a second Stop", err)
			}
		})
	}
}

func TestEngine_ThatCannotStartSaysWhatItSaid(t *testing.T) {
	t.Parallel()
	if err := checkNode(t.Context()); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "loopback.cjs"), "")
	write(t, filepath.Join(dir, "broken.js"), "console.error('no such luck'); process.exit(3)")
	_, err := start(t.Context(), dir, launch{name: "broken", script: "broken.js"})
	if err == nil || !strings.Contains(err.Error(), "no such luck") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("got %v, want the exit status and the engine's own words", err)
	}
}

func TestInstall_TwiceAtOnceLeavesOneCompleteDirectory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the engines of others are left out of short runs")
	}
	if err := checkNode(t.Context()); err != nil {
		t.Skip(err)
	}
	parent := t.TempDir()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			dir, err := installInto(t.Context(), parent, "engines")
			switch {
			case errors.Is(err, ErrNoNode):
				t.Logf("not installed: %v", err)
			case err != nil:
				t.Error(err)
			case !complete(dir):
				t.Errorf("got %s without packages", dir)
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if entry.Name() != "engines" {
			t.Errorf("got %s left behind, want nothing but the installation", entry.Name())
		}
	}
}

func TestInstall_WithoutNodeIsErrNoNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Install(t.Context()); !errors.Is(err, ErrNoNode) {
		t.Errorf("got %v, want ErrNoNode", err)
	}
}

func TestMajorVersion(t *testing.T) {
	t.Parallel()
	if got, err := majorVersion("v20.20.2\n"); got != 20 || err != nil {
		t.Errorf("got %d, %v, want 20", got, err)
	}
	if _, err := majorVersion("twenty"); err == nil {
		t.Error("got no error for what is no version")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
