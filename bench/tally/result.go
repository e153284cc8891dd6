package tally

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Result is what a consumer's process says of itself when it ends. CPU time, which
// the operating system knows better, its parent asks there.
type Result struct {
	// Holding is set in a first line, before the result, when everything is
	// handled and the process goes on for a while.
	Holding bool `json:"holding,omitempty"`
	Tally
	// Seconds are those from the first event to the last.
	Seconds float64 `json:"seconds"`
	// HeldCPU is the CPU time, in seconds, of the while that it went on.
	HeldCPU float64 `json:"held_cpu_seconds"`
	// Latencies are how old the events were, in milliseconds, if that was asked.
	Latencies []float64 `json:"latencies_ms,omitempty"`
	// Allocations and AllocatedBytes are of the whole process, since it began.
	Allocations    uint64 `json:"allocations"`
	AllocatedBytes uint64 `json:"allocated_bytes"`
	// PeakRSS is the peak of the process's resident memory in bytes, 0 where the
	// operating system does not tell it of a program alone.
	PeakRSS int64 `json:"peak_rss_bytes,omitempty"`
	// Modules are the versions of what the process was built from.
	Modules map[string]string `json:"modules"`
}

// NewResult returns what this process can say now.
func NewResult(c *Counter) Result {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := Result{
		Tally: c.Tally(), Seconds: c.seconds(), Latencies: c.latencies,
		Allocations: m.Mallocs, AllocatedBytes: m.TotalAlloc, PeakRSS: peakRSS(), Modules: make(map[string]string),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			version := d.Version
			if d.Replace != nil && d.Replace.Version != "" {
				version = d.Replace.Version
			}
			r.Modules[d.Path] = version
		}
	}
	return r
}

// Write writes the result as one line of JSON.
func (r Result) Write(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// peakRSS reads the peak from Linux's /proc. What wait4 says of a child counts also
// what its parent had when it began it.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}
