package webhook

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// boundedListener has a bound on the connections that are open at once. Others wait
// in the system's backlog.
type boundedListener struct {
	net.Listener
	slots  chan struct{} // one each for as many connections as there may be
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &boundedConn{Conn: c, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close implements net.Listener.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// boundedConn is a connection of a boundedListener.
type boundedConn struct {
	net.Conn
	release func()
	// headless says that something has arrived and no whole head of a request yet.
	headless atomic.Bool
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// unwrap returns the connection below TLS, if there is TLS.
func unwrap(c net.Conn) (*boundedConn, bool) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	b, ok := c.(*boundedConn)
	return b, ok
}

type connKey struct{}

// withConn lets a request find its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if b, ok := unwrap(c); ok {
		return context.WithValue(ctx, connKey{}, b)
	}
	return ctx
}

// connState counts connections that net/http closes without asking the Handler:
// what came was no request, or came too slowly.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	b, ok := unwrap(c)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		b.headless.Store(true)
	case http.StateClosed:
		if b.headless.Load() {
			s.handler.stats.unfinished.Add(1)
		}
	}
}

// ServeHTTP notes that a whole head has arrived.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b, ok := r.Context().Value(connKey{}).(*boundedConn); ok {
		b.headless.Store(false)
	}
	s.handler.ServeHTTP(w, r)
}
