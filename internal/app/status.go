package app

import (
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
)

// statusView is what /status shows of a process, and what explain asks it for.
// It holds no SIM identifiers.
type statusView struct {
	Worker   string               `json:"worker"`
	Draining bool                 `json:"draining"`
	Shards   map[string]shardView `json:"shards"`
	// NotHeld says of each other shard why this process does not hold it.
	NotHeld map[string]string `json:"not_held"`
	Stuck   []string          `json:"stuck"`
	// Stream is how far the whole stream is behind, Unowned how many of its
	// shards nobody reads.
	Stream    lagView  `json:"stream"`
	Unowned   int      `json:"unowned"`
	Retention *float64 `json:"retention_seconds"`
	// Others are the lags of the shards that this process does not have, by what
	// their owners wrote last.
	Others map[string]lagView `json:"others"`
}

// shardView is one shard that the process holds. Times are in seconds.
type shardView struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
	lagView
	// ReadBehind is how far what was read last was behind the shard's tip.
	ReadBehind *float64   `json:"read_behind_seconds"`
	Watermark  string     `json:"watermark"`
	Checkpoint string     `json:"checkpoint"`
	Handled    int64      `json:"handled"`
	InFlight   int        `json:"in_flight"`
	Running    int        `json:"running"`
	Holds      []holdView `json:"holds"`
}

// holdView is one thing that keeps a shard from moving.
type holdView struct {
	Reason string  `json:"reason"`
	Detail string  `json:"detail"`
	For    float64 `json:"for_seconds"`
}

func viewOf(st consumer.Status, leases *checkpoint.Store, stuck []string, now time.Time) statusView {
	lag := lagOf(st, leases.Standings(), now)
	v := statusView{
		Worker: st.Worker, Draining: st.Draining, Shards: make(map[string]shardView), NotHeld: make(map[string]string), Stuck: stuck,
		Stream: lag.view(), Unowned: lag.unowned, Others: make(map[string]lagView),
	}
	if lag.retention > 0 {
		v.Retention = inSeconds(lag.retention)
	}
	for _, s := range st.Shards {
		sv := shardView{
			lagView: lag.shards[s.Shard].view(lag.retention),
			State:   string(s.State), Since: s.Since, Watermark: s.Watermark.String(), Checkpoint: s.Checkpoint.String(),
			Handled: s.Counts.Handled, InFlight: s.InFlight, Running: s.Running,
		}
		if s.Behind >= 0 {
			sv.ReadBehind = inSeconds(s.Behind)
		}
		for _, h := range s.Holds(now) {
			sv.Holds = append(sv.Holds, holdView{h.Reason, h.Detail, h.For.Seconds()})
		}
		v.Shards[s.Shard] = sv
	}
	for id, l := range lag.shards {
		if _, held := v.Shards[id]; !held {
			v.Others[id] = l.view(lag.retention)
		}
	}
	for _, l := range leases.Shards() {
		if _, held := v.Shards[l]; held {
			continue
		}
		if err := leases.Why(l); err != nil {
			v.NotHeld[l] = err.Error()
		}
	}
	return v
}
