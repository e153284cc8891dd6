package browser

import (
	"fmt"
	"math"
	"time"

	"korestream/internal/page"
)

// hostile is a worker's name that would be a program if it were taken for markup.
const hostile = `<script>window.hacked=1</script><img src=x onerror=window.hacked=1>`

// deploy is when the shards of a worker came to this process.
const deploy = 5 * time.Minute

// fleetOf is a fleet of three workers and some shards in all states, as it is some
// time after it began.
func fleetOf(shards int, at time.Time, since time.Duration) page.Moment {
	m := page.Moment{
		At: at, Stream: "kore-events", Application: "korestream-production", Worker: "ip-10-0-3-17-5f2c91aa", Version: "v1.8.0",
		StartedAt: at.Add(-since - 50*time.Hour), Phase: page.Working, Consumes: true, Retention: 24 * time.Hour, TableReadAt: at,
		Finished: 12, Letters: lettersAt(at), Lines: linesAt(at),
	}
	for i := range shards {
		m.Shards = append(m.Shards, shardOf(i, shards, at, since))
	}
	if since < deploy {
		for i := range m.Shards {
			if i%3 == 0 && m.Shards[i].Owner != "" {
				m.Shards[i].Owner, m.Shards[i].Mine = "ip-10-0-9-1-00c0ffee", false
			}
		}
	}
	m.Workers = []page.Worker{
		{
			ID: m.Worker, Address: "10.0.3.17:9090", Version: m.Version, StartedAt: m.StartedAt, Mine: true, Alive: true, Heartbeat: 1200 * time.Millisecond,
			Shards: shards / 2, CPU: 0.42, Rate: 9120, Parked: 2, Letters: 17,
		},
		{ID: "ip-10-0-4-90-77ab01fe", Address: "10.0.4.90:9090", Version: "v1.8.0", StartedAt: at.Add(-since - 11*time.Minute), Alive: true, Heartbeat: 400 * time.Millisecond, Shards: shards / 3, CPU: 0.37, Rate: 6000},
		{ID: hostile, Address: `javascript:alert(1)`, Version: "v1.7.2-rc.1-0.20261126101500-0123456789ab", StartedAt: at.Add(-since - 9*24*time.Hour), Alive: true, Heartbeat: 2 * time.Second, Shards: shards / 6, CPU: -1, Draining: true},
	}
	if since < deploy {
		m.Workers = append(m.Workers, page.Worker{ID: "ip-10-0-9-1-00c0ffee", Version: "v1.7.2", StartedAt: at.Add(-since - time.Hour), Alive: true, Draining: since > deploy-time.Minute, CPU: 0.5})
	}
	return m
}

func lettersAt(at time.Time) page.Letters {
	return page.Letters{
		Kind: "sqs", ByReason: map[string]int64{"handler_failed": 11, "schema_mismatch": 4, "invalid_json": 2},
		LastAt: at.Add(-4 * time.Minute), Last: "handler_failed", Handler: "archive", Shard: "shardId-000000000007",
	}
}

func linesAt(at time.Time) []page.Line {
	return []page.Line{
		{At: at.Add(-8 * time.Second), Error: true, Message: "key parked: its event can be neither handled nor buried; the checkpoint stays below it", Shard: "shardId-000000000003", Class: "AccessDeniedException", Count: 1},
		{At: at.Add(-40 * time.Second), Message: "call fails, trying again", Shard: "shardId-000000000009", Operation: "GetRecords", Reason: "throttled", Class: "ProvisionedThroughputExceededException", Count: 14},
		{At: at.Add(-4 * time.Minute), Message: "event buried", Shard: "shardId-000000000007", Handler: "archive", Reason: "handler_failed", Class: "time-out", Count: 2},
		{At: at.Add(-3 * time.Hour), Message: "heartbeat not written, trying again", Class: "unreachable", Count: 1},
	}
}

// shardOf is one of the shards: most are well, some are each in another trouble.
func shardOf(i, of int, at time.Time, since time.Duration) page.Shard {
	t, begun := since.Seconds(), 0.0
	if i%3 == 0 {
		begun = deploy.Seconds()
	}
	s := page.Shard{
		ID: fmt.Sprintf("shardId-%012d", i), State: "reading", Owner: "ip-10-0-3-17-5f2c91aa", Mine: true, Since: at.Add(-26 * time.Minute),
		Behind: time.Duration((0.4 + 0.3*math.Sin(t/40+float64(i))) * float64(time.Second)), Known: true, Catches: true,
		Done: int64((t - begun) * (250 + 50*math.Sin(t/300+float64(i)))), KiB: 240, InFlight: i % 5,
	}
	switch {
	case i >= of*5/6:
		s.Owner, s.Mine, s.State = hostile, false, "owned"
	case i >= of/2:
		s.Owner, s.Mine, s.State = "ip-10-0-4-90-77ab01fe", false, "owned"
	}
	line := func(l page.Line) { s.Last = &l }
	switch i {
	case 3:
		s.Parked, s.Hold, s.HoldFor, s.Behind, s.Catches = 2, "parked", 9*time.Minute, 9*time.Minute, false
		line(linesAt(at)[0])
	case 5:
		s.Behind, s.Catches, s.KiB = 19*time.Hour+since, false, 1024
	case 9:
		s.State, s.Hold, s.HoldFor = "throttled", page.HoldThrottled, 40*time.Second
		line(linesAt(at)[1])
	case 7:
		line(linesAt(at)[2])
	case 11:
		s.Hold, s.HoldFor = page.HoldHandler, 95*time.Second
	case 13:
		s.Behind, s.CatchUp = 14*time.Minute-since/3, 4*time.Minute
	case 20:
		s.Owner, s.Mine, s.State = "", false, "free"
	case 21, 22:
		s.Owner, s.Mine, s.State, s.Waits, s.Known, s.Behind = "", false, "waiting for its parents", true, false, 0
	case 24:
		s.State = "full"
	}
	return s
}
