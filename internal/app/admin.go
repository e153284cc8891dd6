package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"korestream/internal/page"
)

// admin serves the status page, /startupz, /livez, /readyz, /metrics, /status, /scale,
// /schema and /test-events, /sims where there are states in memory, and /loglevel where the level
// can be changed.
type admin struct {
	listener net.Listener
	server   *http.Server
	done     chan error
}

// probes are what the admin server asks.
type probes struct {
	page *page.Page
	// status is what /status shows.
	status func() statusView
	// schema is what /schema shows.
	schema func() schemaView
	// traced is what became of the last test events.
	traced func() tracesView
	// stuck says what stands still though nothing holds it.
	stuck func() []string
	// ready says why the process cannot work yet or any more, nil if it can.
	ready func() error
	// started says why work has not begun yet, nil once it has.
	started  func() error
	logLevel http.Handler // nil is none
	// consumes says that the process consumes the stream: without it there is no
	// scale, schema and traced.
	consumes bool
	scale    func() scaleView
	// tableRead is when the lease table was last read, zero if it was not.
	tableRead  func() time.Time
	collectors []prometheus.Collector
	sims       *simStores
}

// registry is all that is measured.
func (p probes) registry() prometheus.Gatherer {
	reg := prometheus.NewRegistry()
	reg.MustRegister(p.collectors...)
	reg.MustRegister(health{p.ready, p.tableRead}, p.sims, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
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
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET "+ProbeLive, answer(func() error { return live(p.stuck()) }))
	mux.HandleFunc("GET "+ProbeReady, answer(p.ready))
	mux.HandleFunc("GET "+ProbeStartup, answer(p.started))
	mux.HandleFunc("GET /status", show(p.status))
	mux.Handle("GET "+page.PathDocument+"{$}", atHome(a.listener.Addr(), p.page))
	mux.Handle("GET "+page.PathData, atHome(a.listener.Addr(), p.page))
	if p.consumes {
		mux.HandleFunc("GET /scale", show(p.scale))
		mux.HandleFunc("GET /schema", show(p.schema))
		mux.HandleFunc("GET /test-events", show(p.traced))
	}
	if p.logLevel != nil {
		mux.Handle("/loglevel", p.logLevel)
	}
	if len(p.sims.memory) > 0 {
		mux.Handle("GET /sims", p.sims.serve(a.listener.Addr()))
	}
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

// atHome refuses who asks an address of this host alone by a name that is none of
// this host's: it is a page in somebody's browser, which has made its name mean this
// address and could read the answer.
func atHome(at net.Addr, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLoopback(at.String()) && !isLoopback(r.Host) {
			http.Error(w, "the status page is served to this host only: ask for it as localhost, or set admin.listen", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// show answers with a view as JSON.
func show[V any](view func() V) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(view()) // the client has gone
	}
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

// live returns an error that names everything that stands still for no reason.
func live(stuck []string) error {
	if len(stuck) == 0 {
		return nil
	}
	return errors.New(strings.Join(stuck, "\n"))
}
