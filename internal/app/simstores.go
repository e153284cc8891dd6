package app

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"korestream/handlers"
	"korestream/handlers/simstate"
	"korestream/internal/config"
)

// openPostgres opens a handler that needs its tables before the first event.
func (d *Daemon) openPostgres(h config.Handler) (handlers.Handler, error) {
	p, err := handlers.OpenPostgres(h.Postgres())
	if err != nil {
		return nil, err
	}
	d.starters = append(d.starters, starter{"handler " + h.Name, p.Migrate})
	return p, nil
}

// openSIMs opens a handler of type simstate.
func (d *Daemon) openSIMs(h config.Handler) (handlers.Handler, error) {
	switch h.Store {
	case config.SIMsInPostgres:
		return d.openPostgres(h)
	case config.SIMsInDynamoDB:
		table, err := handlers.OpenDynamoSIMs(d.clients.dynamo, d.cfg.DynamoSIMs(&h))
		if err != nil {
			return nil, err
		}
		d.starters = append(d.starters, starter{"handler " + h.Name, table.Init})
		d.sims.tables[h.Name] = table
		return table, nil
	}
	memory := handlers.NewMemorySIMs(h.MaxSIMs)
	d.sims.memory[h.Name] = memory
	return memory, nil
}

// simStores are the handlers of this process that keep states of SIMs in memory
// and in tables, by their names, for the admin server. They are all there before
// that serves.
type simStores struct {
	worker string
	// everywhere lets the states be read at addresses that are not loopback.
	everywhere bool
	memory     map[string]*handlers.MemorySIMs
	tables     map[string]*handlers.DynamoSIMs
}

var _ prometheus.Collector = (*simStores)(nil)

func newSIMStores(worker string, everywhere bool) *simStores {
	return &simStores{
		worker: worker, everywhere: everywhere,
		memory: make(map[string]*handlers.MemorySIMs), tables: make(map[string]*handlers.DynamoSIMs),
	}
}

// Describe implements prometheus.Collector.
func (s *simStores) Describe(out chan<- *prometheus.Desc) {
	for _, m := range []*metric{mSIMs, mForgotten, mConflicts} {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s *simStores) Collect(out chan<- prometheus.Metric) {
	for name, m := range s.memory {
		st := m.Stats()
		mSIMs.value(out, float64(st.Kept), name)
		mForgotten.value(out, float64(st.Forgotten), name)
	}
	for name, t := range s.tables {
		mConflicts.value(out, float64(t.Conflicts()), name)
	}
}

// simAnswer is what /sims answers: the states that were asked for, as far as this
// process has them.
type simAnswer struct {
	Worker string            `json:"worker"`
	States []*simstate.State `json:"states"`
}

// serve answers for the states in memory. They identify SIMs, so nobody gets them
// who is not on this host, unless the configuration says so. A name in the
// request that is none of this host's is that of a page in somebody's browser,
// which has made its name mean this address.
func (s *simStores) serve(at net.Addr) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.everywhere:
		case !isLoopback(at.String()):
			http.Error(w, fmt.Sprintf("states of SIMs are not served at %s, which is not loopback; admin.sims allows it", at), http.StatusForbidden)
			return
		case !isLoopback(r.Host):
			http.Error(w, "states of SIMs are served to this host only; admin.sims allows others", http.StatusForbidden)
			return
		}
		s.answer(w, r)
	})
}

func (s *simStores) answer(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	memory := s.memory[q.Get("handler")]
	if memory == nil {
		http.Error(w, fmt.Sprintf("no handler %q of this worker keeps states in memory", q.Get("handler")), http.StatusNotFound)
		return
	}
	a := simAnswer{Worker: s.worker, States: []*simstate.State{}}
	if sim := q.Get("sim"); sim != "" {
		if one, err := memory.SIM(r.Context(), sim); err == nil && one != nil {
			a.States = append(a.States, one)
		}
	} else {
		limit, err := strconv.Atoi(q.Get("limit"))
		if err != nil || limit < 1 {
			http.Error(w, "want sim, or a limit of 1 or more", http.StatusBadRequest)
			return
		}
		if a.States, err = memory.SIMs(r.Context(), q.Get("after"), limit); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the client has gone
}

// isLoopback tells whether an address, with a port or without, is one that only
// this host reaches.
func isLoopback(address string) bool {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
