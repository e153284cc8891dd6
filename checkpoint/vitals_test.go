package checkpoint

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHeartbeat_CarriesTheVitals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ours, older := w.start("ours"), w.start("older")
		ours.stop()
		want := Vitals{Version: "v1.2.3", StartedAt: time.UnixMilli(time.Now().UnixMilli()), Rate: 12.5, Parked: 2, DeadLetters: 7}
		s, _ := w.store("ours")
		WithVitals(func() Vitals { return want })(s)
		w.must(s.heartbeat(t.Context(), 1))
		time.Sleep(3 * time.Second)
		got := make(map[string]Vitals)
		for _, k := range older.Snapshot().Workers {
			got[k.ID] = k.Vitals
		}
		if diff := cmp.Diff(map[string]Vitals{"ours": want, "older": {}}, got); diff != "" {
			t.Errorf("as another worker sees them (-want +got):\n%s", diff)
		}
		older.stop()
	})
}

func TestHeartbeat_StaysSmallWhateverTheVersion(t *testing.T) {
	t.Parallel()
	values := item{}
	Vitals{Version: strings.Repeat("ä", 1000)}.set(values)
	if got := textOf(values, ":version"); len(got) > longestVersion || strings.ContainsRune(got, '\uFFFD') || got == "" {
		t.Errorf("got a version of %d bytes: %q", len(got), got)
	}
}
