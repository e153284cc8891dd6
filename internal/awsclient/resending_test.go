package awsclient

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// TestResending_ACallOutlivesItsConnection: one that the server did not come to is made
// along the next.
func TestResending_ACallOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
		n.retires = 1
		if got := n.post(t, 200); got != "text" || len(n.lines) != 2 {
			t.Errorf("got %q along connection %d, want what was sent, along the second", got, len(n.lines))
		}
	})
}

func TestResending_ARedirectionIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			n := newNetwork(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				http.Redirect(w, r, "https://example.com/elsewhere", status)
			})
			if n.post(t, status); calls != 1 {
				t.Errorf("status %d: got %d calls, want one", status, calls)
			}
		})
	}
}

// post sends a text as the SDK does.
func (n *network) post(t *testing.T, status int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/", &sdkBody{Reader: strings.NewReader("text")})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 4
	resp, err := Resending(n.client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || resp.ProtoMajor != 2 {
		t.Errorf("got %v, status %d by HTTP %d, want %d by 2", err, resp.StatusCode, resp.ProtoMajor, status)
	}
	return string(got)
}
