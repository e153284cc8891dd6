package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/page"
)

// graceAfterFailover is how much longer than a failover it may take until a shard is
// taken: the others look at the table once in a second or two.
const graceAfterFailover = 3 * time.Second

// onPage is what the status page needs beside the consumer's status.
type onPage struct {
	page    *page.Page
	lines   *lastLines
	letters *letterBook
	started time.Time
}

func newOnPage(failover time.Duration) *onPage {
	return &onPage{page: page.New(failover + graceAfterFailover), lines: newLastLines(), started: time.Now()}
}

// keep runs the page until the function that it returns is called.
func (p *onPage) keep(moment func() page.Moment) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.page.Run(ctx, moment)
	}()
	return func() {
		cancel()
		<-done
	}
}

// versionText is for people: the version, of which revision if that does not say.
func versionText() string {
	const enough = 12 // of a revision, to find it by
	v, revision := Build()
	if v != "(devel)" || revision == "unknown" {
		return strings.Trim(v, "()")
	}
	return "devel " + revision[:min(len(revision), enough)]
}

// vitals are what the other workers hear of this one.
func (d *Daemon) vitals() checkpoint.Vitals {
	v := checkpoint.Vitals{Version: versionText(), StartedAt: d.onPage.started, Rate: d.onPage.page.Rate()}
	st := d.consumer.Status()
	v.DeadLetters = st.Totals.DeadLettered
	for _, s := range st.Shards {
		v.Parked += int64(len(s.Parked))
	}
	return v
}

// moment is what the status page shows now. Nothing in it is text of an event or of
// an error: see package page.
func (d *Daemon) moment() page.Moment {
	now, st, snap := time.Now(), d.consumer.Status(), d.leases.Snapshot()
	m := page.Moment{
		At: now, Stream: d.cfg.StreamName(), Application: d.cfg.Application, Worker: d.cfg.Worker, Version: versionText(),
		StartedAt: d.onPage.started, Phase: phaseOf(st), Consumes: true, Retention: st.Retention, TableReadAt: snap.At,
		DoneBefore: done(st.Totals), Waiting: d.mux.Stats().Parked, Letters: d.onPage.letters.read(), Lines: d.onPage.lines.all(),
	}
	if m.Phase == page.Working {
		m.Still = d.stuck()
		if err := d.ready(); err != nil {
			m.NotReady = err.Error()
		}
	}
	for name, open := range d.mux.BreakersOpen() {
		if open {
			m.Breakers = append(m.Breakers, name)
		}
	}
	slices.Sort(m.Breakers)
	m.Shards, m.Finished = d.shardsOn(st, snap, now)
	for i := range m.Shards {
		m.DoneBefore -= m.Shards[i].Done
	}
	m.Workers = d.workersOn(st, snap, m.Shards)
	return m
}

func phaseOf(st consumer.Status) page.Phase {
	switch {
	case st.Draining:
		return page.Draining
	case !st.Began:
		return page.Starting
	}
	return page.Working
}

func done(c consumer.Counts) int64 { return c.Handled + c.Duplicates + c.DeadLettered + c.Dropped }

// shardsOn joins what the process knows of its own shards with what the table says of
// the others, and counts those that were read to their end.
func (d *Daemon) shardsOn(st consumer.Status, snap checkpoint.Snapshot, now time.Time) (shards []page.Shard, finished int) {
	standings := d.leases.Standings()
	lag := lagOf(st, standings, now)
	rows := make(map[string]checkpoint.LeaseRow, len(snap.Leases))
	for _, l := range snap.Leases {
		rows[l.Shard] = l
	}
	own := make(map[string]consumer.ShardStatus, len(st.Shards))
	for _, s := range st.Shards {
		own[s.Shard] = s
	}
	for _, id := range slices.Sorted(maps.Keys(lag.shards)) {
		l := lag.shards[id]
		s := page.Shard{ID: id, State: stateOwned, Owner: l.owner, Behind: l.behind, Known: l.known, KiB: rows[id].Throughput, Since: rows[id].AcquiredAt, Last: d.onPage.lines.of(id)}
		s.CatchUp, s.Catches = l.catchUp()
		s.AtMost = l.owner != "" && l.owner != st.Worker
		if l.owner == "" {
			s.State = stateFree
		}
		if mine, ok := own[id]; ok {
			describeOwn(&s, mine, now)
		}
		shards = append(shards, s)
	}
	for _, id := range d.leases.Shards() {
		switch row := rows[id]; {
		case row.Finished():
			finished++
		case !known(lag, id):
			shards = append(shards, page.Shard{ID: id, State: stateWaiting, Waits: true})
		}
	}
	return shards, finished
}

func known(lag streamLag, shard string) bool {
	_, ok := lag.shards[shard]
	return ok
}

// describeOwn adds what only the owner knows.
func describeOwn(s *page.Shard, mine consumer.ShardStatus, now time.Time) {
	s.Mine, s.State, s.Since = true, string(mine.State), mine.Since
	s.Done, s.Parked, s.InFlight, s.Unsaved = done(mine.Counts), len(mine.Parked), mine.InFlight, mine.CheckpointAge(now)
	if holds := mine.Holds(now); len(holds) > 0 && holds[0].Reason != consumer.HoldIdle {
		s.Hold, s.HoldFor = holds[0].Reason, holds[0].For
	}
}

func (d *Daemon) workersOn(st consumer.Status, snap checkpoint.Snapshot, shards []page.Shard) []page.Worker {
	owned := make(map[string]int)
	for _, s := range shards {
		owned[s.Owner]++
	}
	var out []page.Worker
	for _, w := range snap.Workers {
		v := page.Worker{
			ID: w.ID, Address: w.AdminAddress, Version: w.Vitals.Version, StartedAt: w.Vitals.StartedAt, Mine: w.ID == st.Worker,
			Alive: w.Alive, Draining: w.Draining, Heartbeat: w.SinceHeartbeat, Refused: w.Refused, Shards: owned[w.ID], CPU: w.CPU,
			Rate: w.Vitals.Rate, Parked: w.Vitals.Parked, Letters: w.Vitals.DeadLetters,
		}
		if v.Mine {
			v.Rate = d.onPage.page.Rate()
		}
		out = append(out, v)
	}
	return out
}
