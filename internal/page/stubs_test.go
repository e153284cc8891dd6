package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// dawn is when the tests begin.
var dawn = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// calm is a moment of a worker that has some shards, in which all is well.
func calm(shards int, at time.Time) Moment {
	m := Moment{
		At: at, Stream: "kore-events", Application: "korestream", Worker: "w1", Version: "v1", StartedAt: dawn, Phase: Working, Consumes: true,
		Retention: 24 * time.Hour, TableReadAt: at, Letters: Letters{Kind: "file"},
		Workers: []Worker{{ID: "w1", Version: "v1", StartedAt: dawn, Mine: true, Alive: true, CPU: 0.1}},
	}
	for i := range shards {
		m.Shards = append(m.Shards, Shard{
			ID: fmt.Sprintf("shardId-%012d", i), State: "reading", Owner: "w1", Mine: true, Known: true, Catches: true,
			Behind: 300 * time.Millisecond, Done: 100 * int64(at.Sub(dawn)/time.Second),
		})
	}
	return m
}

// told is what a browser gets.
type told struct {
	Boot     int64
	Findings []Finding
	Totals   struct {
		Rate, Behind, Headroom       *float64
		Parked, DeadLetters, Unowned int64
	}
	Shards []struct {
		ID, Owner, Trouble string
		Level              Level
		Rate               *float64
	}
	Hidden  int
	Workers []struct{ ID string }
	Moves   []struct{ Text string }
	History struct {
		To           int64
		Behind, Rate map[string][]*float64
	}
}

func ask(t *testing.T, p *Page, query string) told {
	t.Helper()
	w := request(t, p, http.MethodGet, PathData+query)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", query, w.Code, w.Body)
	}
	var v told
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func request(t *testing.T, p *Page, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
	return w
}
