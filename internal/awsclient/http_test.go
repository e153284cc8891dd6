package awsclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHTTP_GivesUpAConnectionThatIsDead: in HTTP/2 all shards share one. If what is
// sent there goes nowhere, and nobody says so, calls go on along another.
func TestHTTP_GivesUpAConnectionThatIsDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
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
		if err := call(); err != nil || n.dialled != 1 {
			t.Fatalf("got %v and %d connections, want one", err, n.dialled)
		}
		n.last.dead.Store(true)
		began := time.Now()
		if err := call(); err == nil {
			t.Fatal("a call was answered on a dead connection")
		}
		if err := call(); err != nil || n.dialled != 2 || time.Since(began) > 15*time.Second {
			t.Errorf("got %v, %d connections and %v, want a second one within a call's time", err, n.dialled, time.Since(began))
		}
	})
}

// network is a server that is reached in memory, so that time is virtual.
type network struct {
	client interface {
		Do(*http.Request) (*http.Response, error)
	}
	dialled int
	last    *line
}

func newNetwork(t *testing.T) *network {
	n, accept := &network{}, &listener{conns: make(chan net.Conn)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Listener.Close()
	server.Listener, server.EnableHTTP2 = accept, true
	server.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := HTTP().GetTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		accept.conns <- there
		n.dialled, n.last = n.dialled+1, &line{Conn: here}
		return n.last, nil
	}
	n.client = &http.Client{Transport: transport}
	t.Cleanup(server.Close)
	t.Cleanup(transport.CloseIdleConnections)
	return n
}

// line is a connection on which nothing arrives any more once it is dead.
type line struct {
	net.Conn
	dead atomic.Bool
}

func (l *line) Write(p []byte) (int, error) {
	if l.dead.Load() {
		return len(p), nil
	}
	return l.Conn.Write(p)
}

// listener hands out connections until it is closed.
type listener struct {
	conns chan net.Conn
	once  sync.Once // closes conns
}

func (l *listener) Accept() (net.Conn, error) {
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.conns) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }
