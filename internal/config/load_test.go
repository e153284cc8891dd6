package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"korestream/handlers"
)

// write writes a file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "korestream.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const whole = `
stream: kore-events
application: korestream
start: 2026-01-31T00:00:00Z
startup:
  shards: {min: 2, max: 8}
  retention: {min: 48h}
  on_mismatch: warn
handlers:
  - {name: archive, type: ndjson, path: events.ndjson, match: ["*.data-session.*", "*.test.*"], rotate: {interval: 1h, compression: zstd, keep: 48}, retry: {max_age: 0s}}
  - {name: out, type: ndjson, path: "-"}
dead_letters: {type: file, path: dead-letters.ndjson}
retry: {max_attempts: 7, breaker: {failures: 0}}
dedupe: {store: none}
lease: {failover: 20s}
checkpoint: {interval: 500ms}
drain: {timeout: 25s}
admin: {listen: "127.0.0.1:0"}
log: {level: debug, format: console}
`

func TestLoad_ReadsEverything(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{File: write(t, whole), NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Start.Time.Equal(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)) || c.Startup.Shards.Max != 8 || c.Startup.Retention.Min != 48*time.Hour ||
		c.Startup.OnMismatch != "warn" || c.Dedupe.Store != "none" || c.Lease.Failover != 20*time.Second || c.Log.Format != "console" {
		t.Errorf("got %+v", c)
	}
	batch, retry := Batch{MaxWait: 20 * time.Millisecond}, c.Retry
	retry.MaxAge = 0 // its own
	want := []Handler{
		{Name: "archive", Type: "ndjson", Path: "events.ndjson", Match: []string{"*.data-session.*", "*.test.*"}, Sync: "always", SyncInterval: time.Second, Schema: "korestream", CreateSchema: true, MaxMessage: 1 << 20, Mode: "structured", Compression: "gzip", StopTimeout: 2 * time.Second, MaxLine: 64 << 10, Rotate: Rotate{Interval: time.Hour, Compression: "zstd", Keep: 48}, Batch: batch, Retry: retry},
		{Name: "out", Type: "ndjson", Path: "-", Match: []string{"*"}, Sync: "never", SyncInterval: time.Second, Schema: "korestream", CreateSchema: true, MaxMessage: 1 << 20, Mode: "structured", Compression: "gzip", StopTimeout: 2 * time.Second, MaxLine: 64 << 10, Rotate: Rotate{Compression: "none"}, Batch: batch, Retry: c.Retry},
	}
	if diff := cmp.Diff(want, c.Handlers); diff != "" {
		t.Errorf("handlers (-want +got):\n%s", diff)
	}
	var out bytes.Buffer
	if err := Write(&out, c); err != nil {
		t.Fatal(err)
	}
	again, err := Load(Sources{File: write(t, out.String()), NoFiles: true})
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, out.String())
	}
	if diff := cmp.Diff(c, again); diff != "" {
		t.Errorf("written and read again:\n%s", diff)
	}
}

func TestLoad_AStreamIsEnough(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{Flags: map[string]string{"stream": "s"}, NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	if c.LeaseTable() != "korestream" || c.Start.Name != TrimHorizon || len(c.Handlers) != 1 || c.Handlers[0].Type != "log" || c.Drain.Timeout != 25*time.Second {
		t.Errorf("got %+v", c)
	}
	const arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/kore"
	c, err = Load(Sources{Flags: map[string]string{"stream": arn, "lease.table": "leases"}, NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "eu-west-1" || c.StreamName() != "kore" || c.StreamARN() != arn || c.LeaseTable() != "leases" {
		t.Errorf("of an ARN: got %s, %s, %s", c.Region, c.StreamName(), c.StreamARN())
	}
}

func TestLoad_FlagsGoBeforeVariablesBeforeTheFile(t *testing.T) {
	t.Parallel()
	file := write(t, "stream: file\nlease: {failover: 1s}\ndrain: {timeout: 1s}\nlanes: {concurrency: 1}")
	c, err := Load(Sources{
		File: file, NoFiles: true,
		Env:   []string{"PATH=/bin", "KORESTREAM_CONFIG=" + file, "KORESTREAM_LEASE_FAILOVER=2s", "KORESTREAM_DRAIN_TIMEOUT=2s", `KORESTREAM_HANDLERS=[{name: a, type: log, match: "x, y"}]`},
		Flags: map[string]string{"drain.timeout": "3s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Stream != "file" || c.Lanes.Concurrency != 1 || c.Lease.Failover != 2*time.Second || c.Drain.Timeout != 3*time.Second {
		t.Errorf("got stream %s, lanes %d, failover %s, drain %s", c.Stream, c.Lanes.Concurrency, c.Lease.Failover, c.Drain.Timeout)
	}
	if want := []string{"x", "y"}; !slices.Equal(c.Handlers[0].Match, want) {
		t.Errorf("handlers of a variable: got %+v", c.Handlers)
	}
}

func TestLoad_NamesEveryMistake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml string
		env        []string
		want       []string // keys, each with a part of its message
	}{
		{"unknown keys at every level", "stream: s\nstreem: s\nlease: {failovr: 1s}\nhandlers: [{name: a, type: log, pth: x}]", nil, []string{"handlers[0].pth: did you mean path", "lease.failovr: did you mean lease.failover", "streem: did you mean stream"}},
		{"an unknown key like no other", "stream: s\nzzz: 1", nil, []string{"zzz: unknown key"}},
		{"an unknown variable", "stream: s", []string{"KORESTREAM_LEASE_FAILOVR=1s"}, []string{"KORESTREAM_LEASE_FAILOVR: did you mean KORESTREAM_LEASE_FAILOVER"}},
		{"no stream", "", nil, []string{"stream: KORESTREAM_STREAM"}},
		{"a stream with a space", "stream: a b", nil, []string{"stream: \"a b\""}},
		{"a region that contradicts", "region: us-east-1\nstream: arn:aws:kinesis:eu-west-1:123456789012:stream/kore", nil, []string{"region: eu-west-1"}},
		{"durations", "stream: s\ndrain: {timeout: 25}\nlease: {failover: -1s}\ncheckpoint: {interval: 0s}\nretry: {timeout: soon}", nil, []string{"checkpoint.interval: more than 0s", "drain.timeout: unit", "lease.failover: negative", "retry.timeout: unit"}},
		{"a failover too short", "stream: s\nlease: {failover: 500ms}", nil, []string{"lease.failover: 1s or more"}},
		{"how shards are read", "stream: s\nsource: {poll_interval: 2s}\nlimits: {memory: 1MiB}", nil, []string{"limits.memory: 64MiB", "source.idle_poll_interval: less than source.poll_interval"}},
		{"a size without sense", "stream: s\nsource: {poll_interval: 0s}\nlimits: {memory: big}", nil, []string{"limits.memory: 512MiB", "source.poll_interval: without a pause"}},
		{"numbers", "stream: s\nlanes: {concurrency: 0}\ndedupe: {max_count: many}\nstartup: {shards: {min: -1}}", nil, []string{"dedupe.max_count: whole number", "lanes.concurrency: at least 1", "startup.shards.min: negative"}},
		{"bounds that contradict", "stream: s\nstartup: {shards: {min: 5, max: 2}}\nretry: {initial_backoff: 1m}", nil, []string{"retry.max_backoff: less than", "startup.shards.max: less than"}},
		{"words", "stream: s\nlog: {level: wran}\nlease: {create_table: perhaps}\nstart: noon\nlanes: {key: colour}", nil, []string{"lanes.key: neither one of", "lease.create_table: neither true nor false", "log.level: did you mean warn", "start: RFC 3339"}},
		{"a list for a word", "stream: [a, b]", nil, []string{"stream: want one value"}},
		{"a word for a group", "stream: s\nlease: 10s", nil, []string{"lease: settings with names"}},
		{"a list for everything", "- a", nil, []string{"(top level): settings with names", "stream: not set"}},
		{"a key twice", "stream: s\nstream: t", nil, []string{"stream: first is in line 1"}},
		{"an address", "stream: s\nadmin: {listen: here}", nil, []string{"admin.listen: host:port"}},
		{"an application that names no table", "stream: s\napplication: a/b", nil, []string{"application: a/b"}},
		{"a table", "stream: s\nlease: {table: x}", nil, []string{"lease.table: 3 to 255"}},
		{"no dead letters", "stream: s\ndead_letters: {path: ''}", nil, []string{"dead_letters.path: name a file"}},
		{"handlers of one name", "stream: s\nhandlers: [{name: a, type: log}, {name: a, type: log}]", nil, []string{"handlers[1].name: handlers[0]"}},
		{"handlers without what they need", "stream: s\nhandlers: [{type: log}, {name: b}, {name: c, type: ndjson}, {name: d, type: log, path: x}, {name: e, type: log, match: []}]", nil, []string{"handlers[0].name: not set", "handlers[1].type: not set", "handlers[2].path: not set", "handlers[3].path: only", "handlers[4].match: empty"}},
		{"handlers that cannot be", "stream: s\nhandlers: [{name: a, type: lgo}, {name: b, type: ndjson, path: '-', sync: always}, {name: c, type: ndjson, path: x, sync: interval, sync_interval: 0s}, {name: d, type: log, match: ['']}]", nil, []string{"handlers[0].type: did you mean log", "handlers[1].sync: standard output", "handlers[2].sync_interval: more than 0s", "handlers[3].match[0]: "}},
		{"files that cannot be rotated so", "stream: s\nhandlers: [{name: a, type: log, rotate: {keep: 1}}, {name: b, type: ndjson, path: '-', rotate: {max_bytes: 1}}, {name: c, type: ndjson, path: c, rotate: {interval: 1ms}}, {name: d, type: ndjson, path: d, rotate: {interval: 7h}}, {name: e, type: ndjson, path: e, rotate: {keep: 2}}, {name: f, type: ndjson, path: f, rotate: {compression: gzip}}, {name: g, type: ndjson, path: g, rotate: {max_bytes: 1, compression: gzp}}]", nil, []string{
			"handlers[0].rotate: only a handler of type ndjson", "handlers[1].rotate: set path to a file", "handlers[2].rotate.interval: 1s or more", "handlers[3].rotate.interval: use 1h, 6h or 24h",
			"handlers[4].rotate.keep: set max_bytes or interval", "handlers[5].rotate.compression: set max_bytes or interval", "handlers[6].rotate.compression: did you mean gzip",
		}},
		{"files that are not one handler's", "stream: s\ndead_letters: {path: d}\nhandlers: [{name: a, type: ndjson, path: a}, {name: b, type: ndjson, path: a}, {name: c, type: ndjson, path: ./a, rotate: {max_bytes: 1}}, {name: d, type: ndjson, path: d, rotate: {max_bytes: 1}}]", nil, []string{
			"handlers[2].path: is handlers[0].path too", "handlers[3].path: is dead_letters.path too",
		}},
		{"programs", "stream: s\nhandlers: [{name: a, type: exec}, {name: b, type: exec, command: [sh, -c, cat], env: [A=1, B]}, {name: c, type: exec, command: [sh], max_line_bytes: 1}, {name: d, type: exec, command: [sh], stop_timeout: 0s}, {name: e, type: exec, command: [sh], batch: {max_events: 2}}]", nil, []string{"handlers[0]: field Command", "handlers[1]: field Env", "handlers[2]: field MaxLine", "handlers[3]: field StopTimeout", "handlers[4].batch: one event at a time"}},
		{"handlers that are none", "stream: s\nhandlers: 7", nil, []string{"handlers: want a list"}},
		{"a handler that is none", "stream: s\nhandlers: [7]", nil, []string{"handlers[0]: name and a type"}},
		{"no handlers", "stream: s\nhandlers: []", nil, []string{"handlers: at least one"}},
		{"handlers in a variable that are no YAML", "stream: s", []string{"KORESTREAM_HANDLERS=[{"}, []string{"KORESTREAM_HANDLERS: no YAML"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Sources{File: write(t, tt.yaml), Env: tt.env, NoFiles: true})
			var got []*KeyError
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range joined.Unwrap() {
					var k *KeyError
					if !errors.As(e, &k) {
						t.Fatalf("got %v, want a *KeyError", e)
					}
					got = append(got, k)
				}
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %d mistakes, want %d:\n%v", len(got), len(tt.want), err)
			}
			for i, want := range tt.want {
				key, part, _ := strings.Cut(want, ": ")
				if got[i].Key != key && !strings.HasPrefix(key, EnvPrefix) || !strings.Contains(got[i].Error(), part) {
					t.Errorf("mistake %d: got %v, want %s", i, got[i], want)
				}
			}
		})
	}
}

func TestLoad_SaysWhereAMistakeIs(t *testing.T) {
	t.Parallel()
	file := write(t, "stream: s\nlease:\n  failover: 3\n")
	_, err := Load(Sources{File: file, Env: []string{"KORESTREAM_DRAIN_TIMEOUT=x"}, Flags: map[string]string{"checkpoint.interval": "y"}, NoFiles: true})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"(" + file + ":3)", "(KORESTREAM_DRAIN_TIMEOUT)", "(--checkpoint.interval)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %s:\n%v", want, err)
		}
	}
	for _, text := range []string{"\tx: [", "a: b: c"} {
		path := write(t, text)
		if _, err := Load(Sources{File: path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: got %v, want an error that names the file", text, err)
		}
	}
	if _, err := Load(Sources{File: file + ".none"}); !os.IsNotExist(errors.Unwrap(err)) {
		t.Errorf("no file: got %v", err)
	}
}

func TestLoad_ChecksThatFilesCanBeWrittenAndLeavesNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	there, isNew := filepath.Join(dir, "there"), filepath.Join(dir, "new")
	if err := os.WriteFile(there, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	set := func(archive, letters string) error {
		_, err := Load(Sources{Env: []string{"KORESTREAM_STREAM=s", "KORESTREAM_HANDLERS=[{name: a, type: ndjson, path: " + archive + "}]", "KORESTREAM_DEAD_LETTERS_PATH=" + letters}})
		return err
	}
	if err := set(there, isNew); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "kept" {
		t.Errorf("the file that was there: got %q, %v", b, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder afterwards: got %v, %v, want only the file that was there", entries, err)
	}
	// What has the name for a moment is another process's: nothing is made under
	// it, so nothing is removed.
	link, later := filepath.Join(dir, "link"), filepath.Join(dir, "later")
	if err := os.Symlink(later, link); err != nil {
		t.Fatal(err)
	}
	if err := set(link, isNew); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Errorf("a name whose file is not there: got %v, want it left alone", err)
	}
	err := set(filepath.Join(dir, "no", "x"), dir)
	for _, want := range []string{"handlers[0].path", "dead_letters.path", "create " + filepath.Join(dir, "no")} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestLoad_KnowsTypesThatWereRegistered(t *testing.T) {
	t.Parallel()
	handlers.Register("billing", func(handlers.Options) (handlers.Handler, error) { return nil, nil })
	c, err := Load(Sources{NoFiles: true, File: write(t, "stream: s\nhandlers:\n  - {name: b, type: billing, settings: {plan: {id: 7}}, batch: {max_events: 10}}")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Settings{"plan": map[string]any{"id": 7}}, c.Handlers[0].Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"{name: b, type: shipping}":                       "handlers[0].type",
		"{name: b, type: log, settings: {a: 1}}":          "handlers[0].settings",
		"{name: b, type: log, batch: {max_events: 10}}":   "handlers[0].batch",
		"{name: b, type: billing, settings: none}":        "handlers[0].settings",
		"{name: b, type: log, retry: {max_attemts: 3}}":   "handlers[0].retry.max_attemts",
		"{name: b, type: log, retry: {max_backoff: 1ms}}": "handlers[0].retry.max_backoff",
	} {
		_, err := Load(Sources{NoFiles: true, File: write(t, "stream: s\nhandlers:\n  - "+text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a mistake at %s", text, err, want)
		}
	}
}
