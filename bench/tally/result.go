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
	Tally
	// Allocations and AllocatedBytes are of the whole process, since it began.
	Allocations    uint64 `json:"allocations"`
	AllocatedBytes uint64 `json:"allocated_bytes"`
	// Modules are the versions of what the process was built from.
	Modules map[string]string `json:"modules"`
}

// NewResult returns what this process can say now.
func NewResult(t Tally) Result {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := Result{Tally: t, Allocations: m.Mallocs, AllocatedBytes: m.TotalAlloc, Modules: make(map[string]string)}
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
