package app

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetrics_SayWhetherTheProcessIsReady(t *testing.T) {
	t.Parallel()
	var ready error
	var read time.Time
	reg := prometheus.NewRegistry()
	reg.MustRegister(health{func() error { return ready }, func() time.Time { return read }})
	gauges := func() map[string]float64 {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		values := make(map[string]float64)
		for _, f := range families {
			values[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
		}
		return values
	}
	const table = "korestream_lease_table_last_read_timestamp_seconds"
	ready = errors.New("the lease table was not read yet")
	if g := gauges(); g["korestream_ready"] != 0 || len(g) != 1 {
		t.Errorf("before the table was read: got %v, want not ready and no time", g)
	}
	ready, read = nil, time.Unix(1_700_000_000, 500_000_000)
	if g := gauges(); g["korestream_ready"] != 1 || g[table] != 1_700_000_000.5 {
		t.Errorf("afterwards: got %v, want ready and the time of the read", g)
	}
}
