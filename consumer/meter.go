package consumer

import (
	"math"
	"time"
)

// meterSpan is the time over which a throughput is averaged: long enough that a
// burst moves no shard to another worker.
const meterSpan = time.Minute

// meter averages what is read of a shard, by exponential decay.
type meter struct {
	// kib is the average in KiB a second.
	kib   float64
	bytes int64
	at    time.Time
}

// newMeter goes on from an average that was known before.
func newMeter(kib float64) *meter { return &meter{kib: kib, at: time.Now()} }

// add takes in how many bytes were read until now, in all.
func (m *meter) add(bytes int64, now time.Time) {
	elapsed := now.Sub(m.at)
	if elapsed <= 0 {
		return
	}
	rate := float64(bytes-m.bytes) / 1024 / elapsed.Seconds()
	m.kib += (rate - m.kib) * -math.Expm1(-elapsed.Seconds()/meterSpan.Seconds())
	m.bytes, m.at = bytes, now
}
