package app

import (
	"runtime"
	"sync"
	"time"
)

// cpuMeter tells how much of its processors this process uses.
type cpuMeter struct {
	mu   sync.Mutex // guards all below
	used time.Duration
	at   time.Time
	part float64
}

// cpuSpan is the least time over which is averaged.
const cpuSpan = 10 * time.Second

// newCPUMeter counts from now on.
func newCPUMeter() *cpuMeter { return &cpuMeter{used: cpuTime(), at: time.Now(), part: -1} }

// read returns the part used lately, from 0 to 1; negative while it is not
// known. GOMAXPROCS follows the container's limit.
func (m *cpuMeter) read() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.at) >= cpuSpan {
		used := cpuTime()
		m.part = min((used-m.used).Seconds()/now.Sub(m.at).Seconds()/float64(runtime.GOMAXPROCS(0)), 1)
		m.used, m.at = used, now
	}
	return m.part
}
