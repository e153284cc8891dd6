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
}

// shardView is one shard that the process holds. Times are in seconds.
type shardView struct {
	State      string     `json:"state"`
	Since      time.Time  `json:"since"`
	Behind     *float64   `json:"behind_seconds"`
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
	v := statusView{Worker: st.Worker, Draining: st.Draining, Shards: make(map[string]shardView), NotHeld: make(map[string]string), Stuck: stuck}
	for _, s := range st.Shards {
		sv := shardView{
			State: string(s.State), Since: s.Since, Watermark: s.Watermark.String(), Checkpoint: s.Checkpoint.String(),
			Handled: s.Counts.Handled, InFlight: s.InFlight, Running: s.Running,
		}
		if s.Behind >= 0 {
			behind := s.Behind.Seconds()
			sv.Behind = &behind
		}
		for _, h := range s.Holds(now) {
			sv.Holds = append(sv.Holds, holdView{h.Reason, h.Detail, h.For.Seconds()})
		}
		v.Shards[s.Shard] = sv
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
