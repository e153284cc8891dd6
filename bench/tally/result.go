package tally

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// Result is what a consumer's process says of itself when it ends. What the
// operating system knows better, CPU time and peak memory, its parent asks there.
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
	// Modules are the versions of what the process was built from.
	Modules map[string]string `json:"modules"`
}

// NewResult returns what this process can say now.
func NewResult(c *Counter) Result {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := Result{
		Tally: c.Tally(), Seconds: c.seconds(), Latencies: c.latencies,
		Allocations: m.Mallocs, AllocatedBytes: m.TotalAlloc, Modules: make(map[string]string),
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
