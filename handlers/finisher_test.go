package handlers

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestFinisher_CompressesInTheBackgroundAndKeepsTheLatest(t *testing.T) {
	t.Parallel()
	for compression, ending := range map[Compression]string{Gzip: ".gz", Zstd: ".zst"} {
		t.Run(string(compression), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				n := rotated(t, realDisk{}, dir, func(c *RotateConfig) { perFile(2)(c); c.Compression, c.Keep = compression, 2 })
				handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003", "EZ1004", "EZ1005", "EZ1006", "EZ1007")
				synctest.Wait()
				wantArchived(t, dir, []string{
					"events-" + midnight + "-000002.ndjson" + ending, "events-" + midnight + "-000003.ndjson" + ending, "events.ndjson",
				}, []string{"EZ1003", "EZ1004", "EZ1005", "EZ1006", "EZ1007"})
			})
		})
	}
}

func TestFinisher_AFullDiskHoldsUpNoEventAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := onDisk(t, dir, 0)
		core, logs := observer.New(zapcore.WarnLevel)
		d.setRefuse(func(step, path string) error {
			if step == "write" && strings.HasSuffix(path, temporary) {
				return syscall.ENOSPC
			}
			return nil
		})
		n := rotated(t, d, dir, func(c *RotateConfig) { perFile(1)(c); c.Compression = Zstd }, WithNDJSONLogger(zap.New(core)))
		handleSmall(t, n, "EZ1001", "EZ1002", "EZ1003")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		plain := []string{"events-" + midnight + "-000001.ndjson", "events-" + midnight + "-000002.ndjson", "events.ndjson"}
		wantArchived(t, dir, plain, []string{"EZ1001", "EZ1002", "EZ1003"}) // and nothing temporary
		if n := logs.Len(); n == 0 || n > 11 {
			t.Errorf("log lines in ten minutes of trouble: got %d, want one a minute at most", n)
		}
		d.setRefuse(nil)
		time.Sleep(2 * finisherLooks)
		synctest.Wait()
		wantArchived(t, dir, []string{plain[0] + ".zst", plain[1] + ".zst", plain[2]}, []string{"EZ1001", "EZ1002", "EZ1003"})
	})
}

// What stands plain is whole; what a crash or a change of the setting has left
// beside it is not needed.
func TestFinisher_TidiesWhatIsThereTwice(t *testing.T) {
	t.Parallel()
	whole := `{"id":"EZ1001","type":"a.b"}` + "\n"
	const a, b = "events-20000101T000000Z-000001.ndjson", "events-20000101T000000Z-000002.ndjson"
	for _, tt := range []struct {
		name        string
		compression Compression
		before      map[string]string
		want        []string
	}{
		{"half a temporary one", Gzip, map[string]string{a: whole, "." + a + ".gz.tmp": "\x1f\x8b"}, []string{a + ".gz"}},
		{"both forms", Gzip, map[string]string{a: whole, a + ".gz": "old"}, []string{a + ".gz"}},
		{"another form", Zstd, map[string]string{a: whole, a + ".gz": "old"}, []string{a + ".zst"}},
		{"none any more", NoCompression, map[string]string{a: whole, a + ".gz": "old", "." + a + ".zst.tmp": "x"}, []string{a}},
		{"a temporary one alone", Gzip, map[string]string{"." + b + ".gz.tmp": "x", a: whole}, []string{a + ".gz"}},
		{"a torn end", Zstd, map[string]string{a: whole + `{"id":"EZ`}, []string{a + ".zst"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				for name, text := range tt.before {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				n := rotated(t, realDisk{}, dir, func(c *RotateConfig) { c.Interval, c.Compression = time.Hour, tt.compression })
				if err := n.Close(); err != nil {
					t.Fatal(err)
				}
				wantArchived(t, dir, append(tt.want, "events.ndjson"), []string{"EZ1001"})
			})
		})
	}
}

// Another process has the file in its hands.
func TestFinisher_LeavesAFileThatAnotherCompresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		name := "events-20000101T000000Z-000001.ndjson"
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`{"id":"EZ1001"}`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alone(f, func() error { return nil }); err != nil { // and it keeps its share
			t.Fatal(err)
		}
		rotated(t, realDisk{}, dir, func(c *RotateConfig) { c.Interval, c.Compression = time.Hour, Gzip })
		synctest.Wait()
		wantArchived(t, dir, []string{name, "events.ndjson"}, []string{"EZ1001"})
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(finisherLooks)
		synctest.Wait()
		wantArchived(t, dir, []string{name + ".gz", "events.ndjson"}, []string{"EZ1001"})
	})
}
