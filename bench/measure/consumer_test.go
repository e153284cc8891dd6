package measure

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

// saying is the variable that makes this program a consumer that handles nothing
// and says what the variable holds.
const saying = "BENCH_TEST_CONSUMER_SAYS"

func TestMain(m *testing.M) {
	if text := os.Getenv(saying); text != "" {
		_, err := os.Stdout.WriteString(text)
		if err != nil || strings.Contains(text, "crash") {
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestProcess_CountsOnlyIfItHandledWhatWasServed(t *testing.T) {
	t.Parallel()
	served := tally.Tally{Records: 3, Checksum: 17}
	says := func(records int64, checksum uint64) string {
		text, err := json.Marshal(tally.Result{Tally: tally.Tally{Records: records, Checksum: checksum}, Allocations: 5})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct{ name, says, want string }{
		{"all", says(3, 17), ""},
		{"one lost", says(2, 16), "lost or repeated"},
		{"one repeated", says(4, 18), "lost or repeated"},
		{"one lost, another repeated", says(3, 18), "lost or repeated"},
		{"nothing said", " ", "read what"},
		{"crash", "crash", "exit status 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			e := Entrant{Name: "fake", Program: filepath.Base(self)}
			p, err := e.start(context.Background(), filepath.Dir(self), peers.Target{}, saying+"="+c.says)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.wait(served)
			switch {
			case c.want == "" && (err != nil || r.Allocations != 5 || r.peak <= 0):
				t.Errorf("got %+v, %v: want its result and its peak memory", r, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestCost_IsWhatComesOnTopOfTheStart(t *testing.T) {
	t.Parallel()
	at := func(records int64, cpu time.Duration, allocations uint64) run {
		return run{Result: tally.Result{Tally: tally.Tally{Records: records}, Allocations: allocations}, cpu: cpu}
	}
	c := costOf(Entrant{Name: "one"}, []pair{
		{at(1_000_100, 5*time.Second, 3_000_700), at(100, 2*time.Second, 500)},
		{at(1_000_100, 9*time.Second, 3_000_700), at(100, 2*time.Second, 500)},
		{at(1_000_100, 6*time.Second, 3_000_700), at(100, 2*time.Second, 500)},
	})
	if c.CPU != 4 || c.CPULeast != 3 || c.CPUMost != 7 || c.Start != 2 || c.Allocations < 3 || c.Allocations > 3.001 {
		t.Errorf("CPU %v (%v to %v), start %v, allocations %v: want 4 (3 to 7), 2, 3", c.CPU, c.CPULeast, c.CPUMost, c.Start, c.Allocations)
	}
}
