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

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// network is a server that is reached in memory, so that time is virtual.
type network struct {
	// client is made as HTTP makes it.
	client *awshttp.BuildableClient
	lines  []*line // that were dialled
	// retires is how many connections to come are retired with their first request.
	retires int
}

func newNetwork(t *testing.T, handler http.HandlerFunc) *network {
	n, accept := &network{}, &listener{conns: make(chan net.Conn)}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener, server.EnableHTTP2 = accept, true
	server.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	n.client = HTTP().WithTransportOptions(func(transport *http.Transport) {
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			l := &line{Conn: here}
			if n.lines = append(n.lines, l); len(n.lines) <= n.retires {
				go retire(tls.Server(there, server.TLS))
			} else {
				accept.conns <- there
			}
			return l, nil
		}
	})
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for _, l := range n.lines {
			l.Close()
		}
	})
	return n
}

// retire speaks as much HTTP/2 as it takes to say that a request was not looked at.
func retire(c net.Conn) {
	defer c.Close()
	const (
		preface                = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		data, settings, goAway = 0, 4, 7
	)
	io.CopyN(io.Discard, c, int64(len(preface)))
	c.Write([]byte{0, 0, 0, settings, 0, 0, 0, 0, 0})
	var head [9]byte
	for {
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2]))
		if head[3] == data {
			// A write waits until it is read, and so does one of the other side.
			go c.Write(append([]byte{0, 0, 8, goAway, 0, 0, 0, 0, 0}, make([]byte, 8)...)) // none, no error
		}
	}
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
