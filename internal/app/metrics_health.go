package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// health turns what /readyz asks into metrics, for who sees only those.
type health struct {
	ready     func() error
	tableRead func() time.Time
}

var _ prometheus.Collector = health{}

// Describe implements prometheus.Collector.
func (h health) Describe(out chan<- *prometheus.Desc) {
	out <- mReady.desc
	out <- mTableRead.desc
}

// Collect implements prometheus.Collector.
func (h health) Collect(out chan<- prometheus.Metric) {
	ready := 1.0
	if h.ready() != nil {
		ready = 0
	}
	mReady.value(out, ready)
	if at := h.tableRead(); !at.IsZero() {
		mTableRead.value(out, unix(at))
	}
}
