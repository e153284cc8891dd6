package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// attach is an event of a SIM.
func attach(t *testing.T, sim string) *consumer.Delivery {
	t.Helper()
	items, err := event.Decode(fmt.Appendf(nil, `{"id":"EZ%s","type":"supersim.connection.attachment.accepted","data":{"sim_sid":%q,"timestamp":"2026-03-01T12:00:00Z"}}`, sim, sim))
	if err != nil || len(items) != 1 || items[0].Err != nil {
		t.Fatalf("decode: %v, %v", items, err)
	}
	return &consumer.Delivery{Event: items[0].Event}
}

func TestSIMs_AreServedToOthersOnlyIfConfigured(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, listens, host string
		everywhere          bool
		want                int
	}{
		{"on loopback", "127.0.0.1:9090", "127.0.0.1:9090", false, 200},
		{"on loopback by its name", "127.0.0.1:9090", "localhost:9090", false, 200},
		{"on loopback of IPv6", "[::1]:9090", "[::1]:9090", false, 200},
		{"on loopback, for a page whose name means it", "127.0.0.1:9090", "evil.example:9090", false, 403},
		{"on one address", "10.1.2.3:9090", "10.1.2.3:9090", false, 403},
		{"on all addresses", "[::]:9090", "127.0.0.1:9090", false, 403},
		{"on all addresses, as configured", "[::]:9090", "10.1.2.3:9090", true, 200},
		{"behind a name, as configured", "127.0.0.1:9090", "worker.example:80", true, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSIMStores("w-one", tt.everywhere)
			s.memory["states"] = newMemory(t, "HS1", "HS2", "HS3")
			at, err := net.ResolveTCPAddr("tcp", tt.listens)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+tt.host+"/sims?handler=states&sim=HS2", http.NoBody)
			w := httptest.NewRecorder()
			s.serve(at).ServeHTTP(w, r)
			if w.Code != tt.want || strings.Contains(w.Body.String(), "HS2") != (tt.want == 200) {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tt.want)
			}
			if tt.want == 403 && !strings.Contains(w.Body.String(), "admin.sims") {
				t.Errorf("got %q, want what allows it", w.Body)
			}
		})
	}
}

func TestSIMs_AnswersWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newSIMStores("w-one", true)
	s.memory["states"] = newMemory(t, "HS1", "HS2", "HS3")
	for _, tt := range []struct {
		query string
		code  int
		want  string
	}{
		{"handler=states&sim=HS2", 200, "HS2"},
		{"handler=states&sim=HS9", 200, ""},
		{"handler=states&limit=2", 200, "HS1 HS2"},
		{"handler=states&limit=9&after=HS1", 200, "HS2 HS3"},
		{"handler=other&limit=9", 404, ""},
		{"handler=states", 400, ""},
		{"handler=states&limit=0", 400, ""},
	} {
		w := httptest.NewRecorder()
		s.serve(&net.TCPAddr{}).ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/sims?"+tt.query, http.NoBody))
		var a simAnswer
		if w.Code == 200 {
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || a.Worker != "w-one" {
				t.Fatalf("%s: got %s, %v", tt.query, w.Body, err)
			}
		}
		var got []string
		for _, one := range a.States {
			got = append(got, one.SIM)
		}
		if w.Code != tt.code || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %d %v, want %d %q", tt.query, w.Code, got, tt.code, tt.want)
		}
	}
}

func TestSIMs_AreCountedAndNotNamedInMetrics(t *testing.T) {
	t.Parallel()
	s := newSIMStores("w-one", false)
	s.memory["states"] = newMemory(t, "HS1", "HS2", "HS3", "HS4") // has room for three
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(s)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, f := range families {
		got += f.String() + "\n"
	}
	for _, want := range []string{`"korestream_simstate_sims"`, `gauge:{value:3}`, `"korestream_simstate_forgotten_total"`, `counter:{value:1}`} {
		if !strings.Contains(strings.ReplaceAll(got, " ", ""), want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if strings.Contains(got, "HS") {
		t.Errorf("got %s, want no SIM named", got)
	}
}

// newMemory is a store with room for three, after an event of each SIM.
func newMemory(t *testing.T, sims ...string) *handlers.MemorySIMs {
	t.Helper()
	m := handlers.NewMemorySIMs(3)
	for _, sim := range sims {
		if err := m.Handle(t.Context(), attach(t, sim)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}
