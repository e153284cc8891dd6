package webhook

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"korestream/localstack/embed"
)

// pipes is a listener without a network, so that time can be virtual.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// serve runs a server of the world's Handler until the returned function is called,
// which returns what Run did.
func (w *world) serve(drain time.Duration) (p *pipes, stop func() error) {
	p = newPipes()
	s := NewServer(w.h, p, nil)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, drain) }()
	return p, func() error { cancel(); return <-done }
}

// answerOf reads an answer's status, 0 if the connection ends without one.
func answerOf(t *testing.T, c net.Conn) int {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}

// head is the head of a signed POST.
func head(body string) string {
	return "POST /kore HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\n" +
		"Kore-Signature: " + Sign(testSecret, "POST", testURL, []byte(body)) + "\r\nContent-Length: "
}

func TestServer_SlowLorisIsCutOffAndCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.MaxConns = 3 })
		p, stop := w.serve(time.Second)
		got := make(chan int, 3)
		var writers sync.WaitGroup
		for range 3 { // all connections there may be
			c := p.dial()
			defer c.Close()
			go func() { got <- answerOf(t, c) }()
			writers.Go(func() {
				for _, b := range []byte(head("")) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(200 * time.Millisecond)
				}
			})
		}
		begun := time.Now()
		c := p.dial()
		defer c.Close()
		body := batch(0, 5)
		if _, err := io.WriteString(c, head(body)+lengthOf(body)+body); err != nil {
			t.Fatal(err)
		}
		if code, took := answerOf(t, c), time.Since(begun); code != 200 || took > 2*time.Second {
			t.Errorf("a request behind them: got %d after %s, want 200 once they are cut off", code, took)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		for range 3 {
			if code := <-got; code != 0 && code != http.StatusBadRequest {
				t.Errorf("a slow head: got %d, want 400 or no answer", code)
			}
		}
		writers.Wait()
		if n := w.h.Stats().Unfinished; n != 3 {
			t.Errorf("got %d unfinished connections, want 3", n)
		}
	})
}

// lengthOf is the end of a head.
func lengthOf(body string) string { return strconv.Itoa(len(body)) + "\r\n\r\n" }

func TestServer_ASlowBodyGetsA408(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		p, stop := w.serve(time.Second)
		c := p.dial()
		defer c.Close()
		body := batch(0, 5)
		if _, err := io.WriteString(c, head(body)+lengthOf(body)+body[:20]); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if code, took := answerOf(t, c), time.Since(begun); code != http.StatusRequestTimeout || took > MaxAnswer {
			t.Errorf("got %d after %s, want 408 in time", code, took)
		}
		if err := stop(); err != nil || len(w.records()) > 0 {
			t.Errorf("got %v and %d records, want none", err, len(w.records()))
		}
	})
}

func TestServer_ALargeHeadIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		p, stop := w.serve(time.Second)
		c := p.dial()
		defer c.Close()
		go func() { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nX: "+strings.Repeat("a", 10*maxHeaderBytes)) }() // it is cut off
		if code := answerOf(t, c); code != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %d, want 431", code)
		}
		c.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestServer_ADrainFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Slow, Delay: time.Second})
		p, stop := w.serve(5 * time.Second)
		c := p.dial()
		defer c.Close()
		body := batch(0, 5)
		if _, err := io.WriteString(c, head(body)+lengthOf(body)+body); err != nil {
			t.Fatal(err)
		}
		code := make(chan int)
		go func() { code <- answerOf(t, c) }()
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- stop() }()
		if got := <-code; got != 200 {
			t.Errorf("got %d, want 200", got)
		}
		if err := <-stopped; err != nil || len(w.ids()) != 5 {
			t.Errorf("got %v and %d events, want all of them", err, len(w.ids()))
		}
	})
}

func TestServer_ADrainIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Hang})
		p, stop := w.serve(time.Second)
		c := p.dial()
		defer c.Close()
		body := batch(0, 5)
		if _, err := io.WriteString(c, head(body)+lengthOf(body)+body); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begun := time.Now()
		if err, took := stop(), time.Since(begun); !errors.Is(err, ErrDrainTimedOut) || took > 1500*time.Millisecond {
			t.Errorf("got %v after %s, want to hear that the drain's second was over", err, took)
		}
		if code := answerOf(t, c); code == 200 {
			t.Error("a 2xx for what is nowhere")
		}
		time.Sleep(MaxAnswer) // until the request that was cut off has given up
	})
}
