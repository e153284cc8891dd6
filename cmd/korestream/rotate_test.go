package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// unrotated is what a rotated archive holds as one file again.
func unrotated(t *testing.T, archive string) string {
	t.Helper()
	pattern := strings.TrimSuffix(archive, ".ndjson") + "-*.ndjson*"
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	whole := filepath.Join(t.TempDir(), "events.ndjson")
	out, err := os.Create(whole)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, name := range append(names, archive) {
		if strings.HasSuffix(name, ".ndjson") && slices.Contains(names, name+".zst") {
			continue // about to be removed
		}
		f, err := os.Open(name)
		if os.IsNotExist(err) {
			continue // finished, compressed or removed since; it shows the next time
		}
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = f
		if strings.HasSuffix(name, ".zst") {
			d, err := zstd.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			r = d
		}
		if _, err := io.Copy(out, r); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		f.Close()
	}
	return whole
}

func TestRun_ARotatedArchiveHoldsEveryEventAcrossAKill(t *testing.T) {
	t.Parallel()
	url := emulate(t)
	kc := testKinesis(url)
	createStream(t, kc, 2)
	const events = 1200
	archive := filepath.Join(t.TempDir(), "events.ndjson")
	env := []string{
		"AWS_ENDPOINT_URL=" + url, "KORESTREAM_STREAM=" + testStream, "KORESTREAM_LEASE_FAILOVER=2s", "KORESTREAM_ADMIN_LISTEN=",
		"KORESTREAM_HANDLERS=[{name: archive, type: ndjson, path: " + archive + ", rotate: {max_bytes: 10000, compression: zstd}}]",
	}
	first := start(t, env, "run")
	putEvents(t, kc, 0, events/2)
	eventually(t, "the first events", func() bool { return totalArchived(t, unrotated(t, archive)) >= events/4 })
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.done
	second := start(t, env, "run")
	putEvents(t, kc, events/2, events)
	distinct := func() int {
		ids := archived(t, unrotated(t, archive))
		slices.Sort(ids)
		return len(slices.Compact(ids))
	}
	eventually(t, "all events", func() bool { return distinct() >= events })
	if code := second.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if n := distinct(); n != events {
		t.Errorf("events at the end: got %d, want %d", n, events)
	}
	finished, err := filepath.Glob(strings.TrimSuffix(archive, ".ndjson") + "-*")
	if err != nil || len(finished) < 5 {
		t.Errorf("finished files: got %d, %v, want some", len(finished), err)
	}
	for _, name := range finished {
		if !strings.HasSuffix(name, ".ndjson.zst") {
			t.Errorf("%s is not compressed", name)
		}
	}
}
