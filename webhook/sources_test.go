package webhook

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestSources_WhoSendsRubbishIsTurnedAwayAndNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		from := func(address, signature string) int {
			r := signedRequest(http.MethodPost, batch(0, 1), header{HeaderSignature, signature})
			r.RemoteAddr = address
			return w.send(r).Code
		}
		good := Sign(testSecret, "POST", testURL, []byte(batch(0, 1)))
		n := map[int]int{}
		for range 100 {
			n[from("203.0.113.7:1000", good[1:]+"0")]++
		}
		if n[401] != refusalBurst*5 || n[429] != 50 {
			t.Errorf("got %v, want 401 for the first 50 and then 429", n)
		}
		if got := from("203.0.113.8:1000", good); got != 200 {
			t.Errorf("its neighbour: got %d, want 200", got)
		}
		time.Sleep(time.Second)
		if got := from("203.0.113.7:1000", good); got != 200 {
			t.Errorf("a second later: got %d, want 200", got)
		}
		for range 1000 {
			if got := from("203.0.113.8:1000", good); got != 200 {
				t.Fatalf("load that verifies: got %d, want 200", got)
			}
		}
		if lines := w.logs.FilterMessage("request refused").Len(); lines != 2 {
			t.Errorf("log: got %d lines, want one a minute for each of two outcomes", lines)
		}
	})
}

func TestSources_AreBoundedInNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSources(5)
		for i := range 5 * maxSources {
			s.refused(fmt.Sprint(i))
		}
		if n := len(s.limits.recent) + len(s.limits.old); n > maxSources {
			t.Errorf("got %d sources in memory, want %d at most", n, maxSources)
		}
	})
}

func TestSources_OnlyTrustedProxiesSayWhereARequestCameFrom(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct{ peer, forwarded, want string }{
		{"203.0.113.7:1", "", "203.0.113.7"},
		{"203.0.113.7:1", "198.51.100.1", "203.0.113.7"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[::ffff:203.0.113.7]:1", "", "203.0.113.7"},
		{"[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::/64"},
		{"[fd00::1]:1", "2001:db8:1:2::9", "2001:db8:1:2::/64"},
		{"@", "", "@"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := sourceOf(r, trusted); got != tt.want {
			t.Errorf("%s, forwarded for %q: got %s, want %s", tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

func TestWindow_ForgetsTheOldestAndWhatIsTooOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWindow[int](100, time.Minute)
		for i := range 1000 {
			w.add(fmt.Sprint(i), i)
		}
		if _, ok := w.get("10"); ok || len(w.recent)+len(w.old) > 100 {
			t.Errorf("got %d things, want 100 at most and not the first", len(w.recent)+len(w.old))
		}
		for i := 950; i < 1000; i++ {
			if _, ok := w.get(fmt.Sprint(i)); !ok {
				t.Errorf("%d is forgotten, one of the last 50", i)
			}
		}
		time.Sleep(time.Minute)
		if _, ok := w.get("999"); ok {
			t.Error("the last is there after its time")
		}
	})
}
