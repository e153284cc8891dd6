package handlers

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"korestream/consumer"
	"korestream/event"
)

// asArchive makes this test binary a process that archives in the folder that the
// variable names until it is killed.
const asArchive = "TEST_AS_ARCHIVE"

// killTune has files rotated after a few lines, so that whatever moment a process
// is killed at is likely to be one of those that matter.
func killTune(c *RotateConfig) { c.MaxBytes, c.Interval, c.Compression = 8*line, time.Second, Zstd }

// archiveUntilKilled handles events on four lanes and says which are handled.
func archiveUntilKilled(dir string) error {
	n, err := openRotated(realDisk{}, dir, killTune)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for lane := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("EZ-%d-%d-%d", os.Getpid(), lane, i)
				d := &consumer.Delivery{Event: &event.Event{ID: id, Type: "a.b", Raw: fmt.Appendf(nil, `{"id": %q}`, id)}}
				if err := n.Handle(context.Background(), d); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("handled", id)
			}
		})
	}
	wg.Wait()
	return nil
}

func TestRotate_AProcessKilledAtAnyMomentLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	handled := make(map[string]bool)
	const kills = 30
	for range kills {
		for _, id := range killedArchive(t, dir) {
			handled[id] = true
		}
	}
	n := rotated(t, realDisk{}, dir, killTune)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	names, ids := archived(t, dir) // which looks at each line and each compressed file
	times := make(map[string]int)
	for _, id := range ids {
		times[id]++
	}
	for id := range handled {
		if times[id] != 1 {
			t.Errorf("event %s was handled once and stands %d times", id, times[id])
		}
	}
	for _, name := range names {
		if name != "events.ndjson" && !strings.HasSuffix(name, ".ndjson.zst") {
			t.Errorf("%s was left over", name)
		}
	}
	// Each lane had one event in flight when it was killed, which may stand there.
	if extra := len(ids) - len(handled); extra > 4*kills {
		t.Errorf("lines that nobody was told of: got %d, want %d at most", extra, 4*kills)
	}
	t.Logf("%d kills, %d events, %d files", kills, len(handled), len(names))
	if len(handled) < kills || len(names) < kills/2 {
		t.Errorf("got %d events in %d files: the test did not test", len(handled), len(names))
	}
}

// killedArchive starts a process, kills it after its first events, and returns
// those that it said were handled.
func killedArchive(t *testing.T, dir string) (handled []string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asArchive+"="+filepath.Clean(dir))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var kill *time.Timer
	for lines.Scan() {
		what, id, _ := strings.Cut(lines.Text(), " ")
		if what != "handled" {
			t.Errorf("the process says: %s", lines.Text())
		}
		handled = append(handled, id)
		if kill == nil {
			kill = time.AfterFunc(time.Duration(rand.Int64N(int64(60*time.Millisecond))), func() {
				if err := c.Process.Kill(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	_ = c.Wait() // it was killed
	if kill == nil {
		t.Fatal("the process has handled nothing")
	}
	return handled
}
