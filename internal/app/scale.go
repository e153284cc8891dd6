package app

import (
	"fmt"
	"math"
	"time"

	"korestream/checkpoint"
	"korestream/internal/config"
)

// scaleView is what /scale answers. KEDA's metrics-api scaler reads desired,
// with a targetValue of 1.
type scaleView struct {
	Desired int    `json:"desired"`
	Reason  string `json:"reason"`
	Shards  int    `json:"shards"`
	Workers int    `json:"workers"`
	Unowned int    `json:"unowned"`
	// Limit is "shards" where more workers would have nothing to read, and Advice
	// what helps then.
	Limit  string   `json:"limit,omitempty"`
	Advice string   `json:"advice,omitempty"`
	Behind *float64 `json:"behind_seconds"`
	// CPU is the mean of the workers that say how much of it they use.
	CPU *float64 `json:"cpu"`
}

// load is what the number of workers is decided by. All of it is in the lease
// table, so every worker decides the same.
type load struct {
	shards, workers, unowned int
	// perWorker bounds the shards of one worker; 0 is no bound.
	perWorker int
	behind    time.Duration
	known     bool
	// late counts the shards that are too far behind and not about to catch up;
	// crowded of them share their worker with others, or have none.
	late, crowded int
	// cpu is from 0 to 1, negative if no worker says.
	cpu float64
}

// The bands between which nothing is changed, as parts of what is configured.
const (
	// calm is how much of scale.max_behind must be left before a worker goes.
	calm = 0.25
	// idle is how much of scale.max_cpu the others may use once it is gone.
	idle = 0.7
	// soonCaughtUp is how soon a shard must have caught up for no help to be
	// needed: a new worker takes about as long to be of any.
	soonCaughtUp = 2 * time.Minute
	// step is by how much the workers become more at once where shards are late.
	step = 1.5
)

func loadOf(standings []checkpoint.Standing, workers []checkpoint.WorkerRow, cfg *config.Config, now time.Time) load {
	lag := tableLag(standings, now)
	l := load{shards: len(lag.shards), unowned: lag.unowned, perWorker: cfg.Lease.MaxPerWorker, behind: lag.behind, known: lag.known > 0, cpu: -1}
	owned := make(map[string]int)
	for _, s := range lag.shards {
		owned[s.owner]++
	}
	for _, s := range lag.shards {
		eta, ever := s.catchUp()
		if !s.known || s.behind < cfg.Scale.MaxBehind || ever && eta <= soonCaughtUp {
			continue
		}
		l.late++
		if s.owner == "" || owned[s.owner] > 1 {
			l.crowded++
		}
	}
	used, told := 0.0, 0
	for _, w := range workers {
		if !w.Alive || w.Draining {
			continue
		}
		l.workers++
		if w.CPU >= 0 {
			used += w.CPU
			told++
		}
	}
	if told > 0 {
		l.cpu = used / float64(told)
	}
	return l
}

// decide says how many workers there should be.
func (l load) decide(cfg config.Scale) scaleView {
	v := scaleView{Shards: l.shards, Workers: l.workers, Unowned: l.unowned}
	if l.known {
		v.Behind = inSeconds(l.behind)
	}
	if l.cpu >= 0 {
		v.CPU = &l.cpu
	}
	least := 1
	if l.perWorker > 0 {
		least = max(1, (l.shards+l.perWorker-1)/l.perWorker)
	}
	most := max(l.shards, 1)
	want, why := l.want(cfg, least)
	if want > most {
		v.Limit = "shards"
		v.Advice = "more workers would have nothing to read: split shards, or make the handlers faster"
		want, why = most, fmt.Sprintf("%s; but %d shards feed no more than %d workers", why, l.shards, most)
	} else if l.late > 0 && l.crowded == 0 {
		v.Limit = "shards"
		v.Advice = "each shard that is late has a worker of its own: split them, or make the handlers faster"
	}
	v.Desired, v.Reason = want, why
	return v
}

// want is decide without regard to how many shards there are.
func (l load) want(cfg config.Scale, least int) (int, string) {
	now := max(l.workers, 1)
	switch {
	case l.workers < least:
		return least, fmt.Sprintf("lease.max_per_worker of %d needs %d workers", l.perWorker, least)
	case l.workers > max(l.shards, 1):
		return max(l.shards, 1), fmt.Sprintf("%d workers for %d shards: the others have nothing to read", l.workers, l.shards)
	case 100*l.cpu >= float64(cfg.MaxCPU):
		return max(now+1, int(math.Ceil(100*float64(now)*l.cpu/float64(cfg.MaxCPU)))), fmt.Sprintf("the workers use %.0f %% of their CPU, more than %d %%", 100*l.cpu, cfg.MaxCPU)
	case l.crowded > 0 || l.late > 0 && now >= l.shards:
		return max(now+1, int(float64(now)*step)), fmt.Sprintf("%d shards are more than %s behind and not about to catch up", l.late, cfg.MaxBehind)
	case l.late > 0:
		return now, fmt.Sprintf("%d shards are more than %s behind, each on a worker of its own", l.late, cfg.MaxBehind)
	case l.unowned > 0:
		return now, fmt.Sprintf("%d shards have no owner yet", l.unowned)
	case now > least && l.known && l.calm(cfg, now-1):
		return now - 1, fmt.Sprintf("%d workers would use less than %.0f %% of their CPU, and nothing is late", now-1, idle*float64(cfg.MaxCPU))
	}
	return now, "it is enough, and not too much"
}

// calm tells whether fewer workers would do.
func (l load) calm(cfg config.Scale, workers int) bool {
	return l.behind < time.Duration(calm*float64(cfg.MaxBehind)) &&
		l.cpu >= 0 && 100*l.cpu*float64(l.workers)/float64(workers) < idle*float64(cfg.MaxCPU)
}
