package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Server serves a [Handler] on a listener, within bounds on how long a client may
// take and how many there may be.
type Server struct {
	handler  *Handler
	listener net.Listener
	http     *http.Server
	tls      bool
	draining atomic.Bool
}

const (
	// maxHeaderBytes is more than KORE's headers have, with those of proxies.
	maxHeaderBytes = 16 << 10
	// idleTimeout is longer than that of common load balancers, so that it is not
	// us who close a connection that they are about to use.
	idleTimeout = 75 * time.Second
)

// ErrDrainTimedOut is returned by [Server.Run] when requests were cut off because
// the drain took longer than it may. They were not answered, so KORE sends them again.
var ErrDrainTimedOut = errors.New("webhooks were cut off: the drain took too long")

// NewServer returns a server that takes connections of l, which it closes, once it
// is run. With certificates it speaks TLS; without, something before it should.
func NewServer(h *Handler, l net.Listener, certs *Certificates) *Server {
	s := &Server{handler: h, listener: &boundedListener{Listener: l, slots: make(chan struct{}, h.cfg.MaxConns), closed: make(chan struct{})}}
	s.http = &http.Server{
		Handler: s,
		// From the first byte of a request on. Its head has half the time, so that
		// Timeout, which is counted from there, and the head together stay below
		// what KORE waits.
		ReadHeaderTimeout: h.cfg.ReadTimeout / 2, ReadTimeout: h.cfg.ReadTimeout,
		WriteTimeout: h.cfg.Timeout + h.cfg.ReadTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ConnState: s.connState, ConnContext: withConn, ErrorLog: zap.NewStdLog(zap.NewNop()), // what strangers do wrong is counted
	}
	if certs != nil {
		s.tls = true
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get}
	}
	return s
}

// Run serves until ctx ends, and then as long as requests are being answered and
// their outcome is recorded, at most drain. What is cut off then gets no answer, and
// so is sent again.
func (s *Server) Run(ctx context.Context, drain time.Duration) error {
	served := make(chan error, 1)
	go func() {
		if s.tls {
			served <- s.http.ServeTLS(s.listener, "", "")
		} else {
			served <- s.http.Serve(s.listener)
		}
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve webhooks: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), drain, ErrDrainTimedOut)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), s.http.Close())
	}
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	if e := s.handler.Wait(ctx); e != nil && err == nil {
		err = fmt.Errorf("record tokens: %w", e)
	}
	return err
}

// Close closes the listener and all connections, for a server that was never run or
// has ended.
func (s *Server) Close() error {
	err := errors.Join(s.http.Close(), s.listener.Close())
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Ready says why requests should go elsewhere, nil if they need not.
func (s *Server) Ready() error {
	if s.draining.Load() {
		return errors.New("webhook is draining")
	}
	return nil
}
