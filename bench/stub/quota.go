package stub

import (
	"sync"
	"time"
)

// CallsPerSecond and BytesPerSecond are what AWS allows the readers of a shard:
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	CallsPerSecond = 5
	BytesPerSecond = 2 << 20
)

// quota is what one shard has given within the current second. A page that goes
// beyond the second's bytes is still given; the seconds that it took are then
// refused, as AWS does after an answer of 10 MiB.
type quota struct {
	mu     sync.Mutex // guards what follows
	second time.Time
	calls  int
	bytes  int64
}

func (q *quota) take(bytes int64, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for now.Sub(q.second) >= time.Second {
		if q.bytes <= BytesPerSecond || now.Sub(q.second) > time.Minute {
			q.second, q.bytes = now, 0
		} else {
			q.second, q.bytes = q.second.Add(time.Second), q.bytes-BytesPerSecond
		}
		q.calls = 0
	}
	if q.calls >= CallsPerSecond || q.bytes >= BytesPerSecond {
		return &apiError{"ProvisionedThroughputExceededException", "Rate exceeded for shard"}
	}
	q.calls++
	q.bytes += bytes
	return nil
}
