package app

import (
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/internal/config"
)

const (
	// defaultMemory is the limit where neither the configuration nor a container
	// sets one: enough for a few hundred shards, little for a laptop.
	defaultMemory = 512 << 20
	// leastMemory is what it counts on in a container that is smaller.
	leastMemory = 64 << 20
	// gcPercent lets the heap grow to five times what lives before it is
	// collected, which costs half the CPU of Go's default where little lives; the
	// limit keeps it from doing so where much does.
	gcPercent = 400
)

// memory is the memory that the process keeps within, in bytes.
type memory int64

// memoryOf returns the limit of the configuration, or the container's.
func memoryOf(configured config.Size) memory {
	if configured > 0 {
		return max(memory(configured), leastMemory)
	}
	if n, err := memlimit.FromCgroup(); err == nil && n > 0 && n < 1<<50 {
		return max(memory(n), leastMemory)
	}
	return defaultMemory
}

// share gives the consumer its part: a quarter for the data of records in flight,
// of which a shard may have a quarter, and a tenth for answers that are being read;
// free memory for the next ones is as much again. A decoded event of KORE's takes
// another two thirds of its data. The rest is for handlers, for what is known of
// handled events, and for the collector.
func (m memory) share(c *consumer.Config) {
	c.ProcessBytes = int64(m) / 4
	c.ShardBytes = min(c.ShardBytes, c.ProcessBytes/4)
	c.FetchBytes = int64(m) / 10
}

// apply sets Go's memory limit, a tenth below ours for what Go does not count,
// and how eagerly it collects, unless the environment does. What it returns undoes
// that.
func (m memory) apply(log *zap.Logger) (undo func()) {
	limit := debug.SetMemoryLimit(-1)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) / 10 * 9)
	}
	before := 0
	if os.Getenv("GOGC") == "" {
		before = debug.SetGCPercent(gcPercent)
	}
	log.Info("memory is limited", zap.Int64("bytes", int64(m)), zap.Int64("go_limit", debug.SetMemoryLimit(-1)))
	return func() {
		debug.SetMemoryLimit(limit)
		if before != 0 {
			debug.SetGCPercent(before)
		}
	}
}
