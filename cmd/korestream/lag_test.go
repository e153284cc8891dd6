package main

import (
	"encoding/json"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// admin is where a process's admin server listens.
func (p *proc) admin() string {
	p.t.Helper()
	addr, ok := p.logged("admin server listens")["address"].(string)
	if !ok {
		p.t.Fatal("no address logged")
	}
	return addr
}

// answer reads what the admin server of a process says in JSON.
func answer[T any](t *testing.T, p *proc, path string) (v T) {
	t.Helper()
	status, body := get(t, "http://"+p.admin()+path)
	if err := json.Unmarshal([]byte(body), &v); status != http.StatusOK || err != nil {
		t.Fatalf("%s: got %d, %v, %.300q", path, status, err, body)
	}
	return v
}

type lagOf struct {
	Unowned int
	Stream  struct {
		Behind    *float64 `json:"behind_seconds"`
		Headroom  *float64 `json:"retention_headroom_seconds"`
		CatchesUp bool     `json:"catches_up"`
	}
	Others map[string]struct {
		Behind *float64 `json:"behind_seconds"`
	}
}

// known is a figure that a process may not have yet. None is neither above nor below
// any other.
func known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

type scaled struct {
	Desired, Shards, Workers, Unowned int
	Reason                            string
	Behind                            *float64 `json:"behind_seconds"`
}

func TestRun_TellsWhatNobodyReadsAndHowFarItIsBehind(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	const more = "lease: {failover: 3s, max_per_worker: 2}\n"
	a, _ := s.node("a", more)
	b, _ := s.node("b", more)
	load := s.produce(50)
	defer load.stop()
	eventually(t, "both to own two shards", func() bool { return s.ownedBy(4, "a", "b") })
	eventually(t, "nothing to be behind", func() bool {
		st := answer[lagOf](t, a, "/status")
		for _, o := range st.Others { // b has written of both its shards
			if o.Behind == nil {
				return false
			}
		}
		return st.Unowned == 0 && len(st.Others) == 2 && known(st.Stream.Behind) < 10
	})
	eventually(t, "both to say the same of what there should be", func() bool {
		x, y := answer[scaled](t, a, "/scale"), answer[scaled](t, b, "/scale")
		return x.Desired == 2 && x.Workers == 2 && x.Shards == 4 && y.Desired == 2 && y.Workers == 2 && x.Reason == y.Reason
	})

	b.signal(os.Kill)
	eventually(t, "two shards without an owner, further and further behind", func() bool {
		st := answer[lagOf](t, a, "/status")
		return st.Unowned == 2 && known(st.Stream.Behind) > 8 && !st.Stream.CatchesUp && known(st.Stream.Headroom) < 24*3600-8
	})
	if got := answer[scaled](t, a, "/scale"); got.Desired != 2 || got.Workers != 1 || got.Unowned != 2 || !strings.Contains(got.Reason, "max_per_worker") {
		t.Errorf("/scale without b: got %+v, want 2 of 1, for max_per_worker", got)
	}
	_, metrics := get(t, "http://"+a.admin()+"/metrics")
	if want := `korestream_shards_unowned{stream="` + testStream + `"} 2`; !strings.Contains(metrics, want) {
		t.Errorf("metrics lack %s", want)
	}
	env := []string{"AWS_ENDPOINT_URL=" + s.url(), "KORESTREAM_STREAM=" + testStream}
	code, table, _ := ask(t, env, "leases")
	if code != 0 || !strings.Contains(table, "never") || !strings.Contains(table, "headroom") {
		t.Errorf("leases: got %d and\n%s\nwant shards that never catch up", code, table)
	}

	c, _ := s.node("c", more)
	eventually(t, "c to take them and to catch up", func() bool {
		st := answer[lagOf](t, a, "/status")
		return st.Unowned == 0 && known(st.Stream.Behind) < 5
	})
	for _, p := range []*proc{a, c} {
		if code := p.stop(); code != 0 {
			t.Errorf("exit code: got %d, want 0", code)
		}
	}
}

func TestHealth_SaysByItsExitCodeHowTheProcessIs(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	p, _ := s.node("w", "")
	p.logged("shard taken")
	env := []string{"KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=" + p.admin()}
	eventually(t, "it to be ready", func() bool {
		code, _, _ := ask(t, env, "health", "--ready")
		return code == 0
	})
	for _, flag := range [][]string{nil, {"--live"}, {"--startup"}} {
		if code, out, errText := ask(t, env, append([]string{"health"}, flag...)...); code != 0 || out != "ok" {
			t.Errorf("health %v: got exit code %d, %q, %q; want 0, ok", flag, code, out, errText)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		code int
		text string
	}{
		{"nobody listens", []string{"KORESTREAM_STREAM=s", "KORESTREAM_ADMIN_LISTEN=" + freeAddress(t)}, []string{"health"}, 1, "livez: dial"},
		{"no admin server", []string{"KORESTREAM_STREAM=s", "KORESTREAM_ADMIN_LISTEN="}, []string{"health"}, 1, "admin.listen is empty"},
		{"a port that is not known", []string{"KORESTREAM_STREAM=s", "KORESTREAM_ADMIN_LISTEN=127.0.0.1:0"}, []string{"health"}, 1, "leaves the port open"},
		{"two probes", env, []string{"health", "--live", "--ready"}, 2, "asks one thing"},
	} {
		code, out, errText := ask(t, tt.env, tt.args...)
		if code != tt.code || out != "" || !strings.Contains(errText, tt.text) {
			t.Errorf("%s: got exit code %d, %q, %q; want %d with %q", tt.name, code, out, errText, tt.code, tt.text)
		}
		if code == 1 && strings.Count(strings.TrimSpace(errText), "\n") > 0 {
			t.Errorf("%s: got more than one line: %q", tt.name, errText)
		}
	}
}

func TestHealth_OfAProcessThatCannotStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.close()
	// Nobody takes the connections up, so consuming does not begin.
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, _ := s.node("w", "")
	env := []string{"KORESTREAM_STREAM=" + testStream, "KORESTREAM_ADMIN_LISTEN=" + p.admin()}
	for flag, want := range map[string]int{"--startup": 1, "--ready": 1, "--live": 0} {
		if code, out, errText := ask(t, env, "health", flag); code != want {
			t.Errorf("health %s: got exit code %d, %q, %q; want %d", flag, code, out, errText, want)
		}
	}
}

func TestRun_ChangesItsLogLevel(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	p, _ := s.node("w", "")
	url := "http://" + p.admin() + "/loglevel"
	put := func(level, host string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(`{"level":"`+level+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		resp, err := newHTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if lineLogged(p, `"level":"debug"`) {
		t.Error("it logs at debug before it was told to")
	}
	if got := put("debug", "somewhere.example"); got != http.StatusForbidden {
		t.Errorf("under another name: got %d, want 403", got)
	}
	if got := put("loud", ""); got != http.StatusBadRequest {
		t.Errorf("no level: got %d, want 400", got)
	}
	if got := put("debug", ""); got != http.StatusOK {
		t.Errorf("debug: got %d, want 200", got)
	}
	if m := p.logged("log level changed"); m["from"] != "info" || m["to"] != "debug" {
		t.Errorf("got %v, want from info to debug", m)
	}
	eventually(t, "a line at debug", func() bool { return lineLogged(p, `"level":"debug"`) })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}
