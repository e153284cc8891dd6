package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"korestream/consumer"
)

// stuckAfter is how long a shard may go without an answer from Kinesis and
// without a named reason before the process no longer counts as live. It is
// several call time-outs: only a defect of ours gets there.
const stuckAfter = 2 * time.Minute

// admin serves /livez, /readyz and /metrics.
type admin struct {
	listener net.Listener
	server   *http.Server
	done     chan error
}

// probes are what the admin server asks.
type probes struct {
	status func() consumer.Status
	// ready says why the process cannot work yet or any more, nil if it can.
	ready     func() error
	collector prometheus.Collector
}

// listenAdmin binds the address, so that its port is known before it serves.
func listenAdmin(ctx context.Context, addr string) (*admin, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	return &admin{listener: l, done: make(chan error, 1)}, nil
}

func (a *admin) addr() string { return a.listener.Addr().String() }

// serve answers until close.
func (a *admin) serve(p probes) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(p.collector, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", answer(func() error { return live(p.status(), time.Now()) }))
	mux.HandleFunc("GET /readyz", answer(p.ready))
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { a.done <- a.server.Serve(a.listener) }()
}

// close stops serving and waits for answers that are under way.
func (a *admin) close(ctx context.Context) error {
	if a.server == nil {
		return a.listener.Close()
	}
	err := a.server.Shutdown(ctx)
	if served := <-a.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func answer(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// live returns an error if a shard stands still and nothing that we know of
// holds it. A stream that cannot be reached, a throttle or a full process are
// no reason to be restarted.
func live(st consumer.Status, now time.Time) error {
	for _, s := range st.Shards {
		last := s.FetchedAt
		if last.IsZero() {
			last = s.Since
		}
		if s.State == consumer.StateReading && now.Sub(last) > stuckAfter {
			return fmt.Errorf("shard %s has not been read for %s and nothing is known to hold it", s.Shard, now.Sub(last).Round(time.Second))
		}
	}
	return nil
}
