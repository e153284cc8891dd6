package consumer

import (
	"time"

	"korestream/consumer/wire"
)

const (
	// shardReadRate is what a shard gives its polling readers together, in bytes a
	// second. An answer that is more than a second's worth blocks the shard for the
	// rest: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	shardReadRate = 2 << 20
	// largestPage is what one call asks for at most, in bytes: a second's worth, so
	// that no call blocks the shard for longer.
	largestPage = shardReadRate
	// smallestPage is what it asks for at least, however little room there is: a
	// call costs as much as the decoding of some hundred records.
	smallestPage = 64 << 10
	// assumedRecord is how large a record is taken to be until one was seen: large,
	// so that the first page of whatever it is blocks no shard and fills no memory.
	assumedRecord = 32 << 10
	// idleGrowth is by how much the pause grows with each answer without a record.
	idleGrowth = 1.3
)

// pacer decides when a shard is polled next, and for how much.
//
//   - Never faster than the PollInterval, which leaves some of the five calls a
//     second to other readers, nor faster than the shard's bytes a second allow.
//   - While nothing comes, the pause grows up to the IdlePollInterval; the first
//     record brings it back. A shard that events trickle into is polled fast.
//   - Idle shards that are due within a tick are polled together.
//   - A page is at most a second's worth of the shard's rate, and less where many
//     shards share the memory.
type pacer struct {
	busy, idle time.Duration
	maxRecords int
	pause      time.Duration
	ticks      ticks
	// record is the running average of a record's size in bytes; seen says that it is
	// one.
	record float64
	seen   bool
}

func newPacer(cfg Config, t ticks) *pacer {
	return &pacer{
		busy: cfg.PollInterval, idle: max(cfg.IdlePollInterval, cfg.PollInterval), maxRecords: cfg.PageRecords,
		pause: cfg.PollInterval, ticks: t, record: assumedRecord,
	}
}

// limit returns how many records to ask for.
func (p *pacer) limit(b *budget) int32 {
	room := min(max(b.pageShare(), smallestPage), largestPage)
	return int32(min(max(int(float64(room)/p.record), 1), p.maxRecords))
}

// expected returns how many bytes an answer of so many records has on the wire: a
// third more for base64, and what surrounds the data.
func (p *pacer) expected(limit int32) int64 {
	const around = 256
	return int64(float64(limit) * (p.record*4/3 + around))
}

// answered returns how long after the call that gave the page the next one may be
// made.
func (p *pacer) answered(page *wire.Page, called time.Time) time.Duration {
	n, bytes := len(page.Records), 0
	if n == 0 {
		p.pause = min(time.Duration(float64(p.pause)*idleGrowth), p.idle)
		return max(p.pause-p.ticks.over(called.Add(p.pause)), p.busy)
	}
	p.pause = p.busy
	for i := range page.Records {
		bytes += len(page.Records[i].Data)
	}
	weight := 0.25 // of the page just seen
	if !p.seen {
		p.seen, weight = true, 1
	}
	p.record = max(p.record+weight*(float64(bytes)/float64(n)-p.record), 1)
	return max(p.busy, time.Duration(bytes)*time.Second/shardReadRate)
}
