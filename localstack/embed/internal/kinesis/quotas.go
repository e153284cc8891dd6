package kinesis

import "time"

// bucket is a token bucket that is full when it is first used. The zero bucket
// is ready.
type bucket struct {
	used   float64
	filled time.Time
}

// take takes n tokens if there are any, even if that makes a debt: what is
// larger than the bucket passes when it is full and is paid off afterwards.
func (b *bucket) take(now time.Time, n, rate float64) bool {
	b.leak(now, rate)
	if b.used > 0 && b.used+min(n, rate) > rate+roundingSlack {
		return false
	}
	b.used += n
	return true
}

// roundingSlack forgives what floating-point refills come short of, so that a
// caller at exactly the rate is never refused.
const roundingSlack = 1e-6

// leak refills the bucket. A clock that went back refills nothing.
func (b *bucket) leak(now time.Time, rate float64) {
	if passed := now.Sub(b.filled); passed > 0 {
		b.used = max(0, b.used-passed.Seconds()*rate)
	}
	b.filled = now
}

// writeQuota is what may be put into a shard.
type writeQuota struct{ records, bytes bucket }

// take tells whether a record of the given size may be put now. What is refused
// uses up nothing.
func (q *writeQuota) take(now time.Time, size int) bool {
	before := q.records
	if !q.records.take(now, 1, writeRecords) {
		return false
	}
	if !q.bytes.take(now, float64(size), writeBytes) {
		q.records = before
		return false
	}
	return true
}

// readQuota is what GetRecords may take out of a shard.
type readQuota struct {
	calls, bytes bucket
	blocked      time.Time
}

// allow tells whether a GetRecords may run now.
func (q *readQuota) allow(now time.Time) bool {
	// A clock that went back must not block until it is there again.
	if left := q.blocked.Sub(now); left > 0 && left <= longestBlock {
		return false
	}
	return q.calls.take(now, 1, readCalls)
}

// longestBlock is what the largest answer costs: the limit, or one record that
// is larger with its key.
const longestBlock = 6 * time.Second

// spend accounts for an answer. One that exceeds what was left of the second
// blocks the shard for as long as its bytes are worth: five seconds after the
// 10 MiB that an answer can have.
func (q *readQuota) spend(now time.Time, size int) {
	q.bytes.leak(now, readBytes)
	q.bytes.used += float64(size)
	if q.bytes.used > readBytes {
		q.blocked = now.Add(time.Duration(float64(size) / readBytes * float64(time.Second)))
	}
}
