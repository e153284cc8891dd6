package awsclient

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestHTTP_GivesUpAConnectionThatIsDead: in HTTP/2 all shards share one. If what is
// sent there goes nowhere, and nobody says so, calls go on along another.
func TestHTTP_GivesUpAConnectionThatIsDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
		call := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := n.client.Do(req)
			if err != nil {
				return err
			}
			if resp.ProtoMajor != 2 {
				t.Errorf("got HTTP %d, want 2", resp.ProtoMajor)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				return err
			}
			return resp.Body.Close()
		}
		for range 60 { // a minute in which nothing is wrong
			if err := call(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute) // and one without calls
		if err := call(); err != nil || len(n.lines) != 1 {
			t.Fatalf("got %v and %d connections, want one", err, len(n.lines))
		}
		n.lines[0].dead.Store(true)
		began := time.Now()
		if err := call(); err == nil {
			t.Fatal("a call was answered on a dead connection")
		}
		if err := call(); err != nil || len(n.lines) != 2 || time.Since(began) > 15*time.Second {
			t.Errorf("got %v, %d connections and %v, want a second one within a call's time", err, len(n.lines), time.Since(began))
		}
	})
}
