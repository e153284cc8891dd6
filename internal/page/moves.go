package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxMoves bounds what is remembered of the fleet.
const maxMoves = 40

// move is something that happened to the fleet: a deploy, or leases that changed
// hands.
type move struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// fleet remembers who was there and who had what. The zero value has seen nothing.
type fleet struct {
	seen    bool
	owners  map[string]string // the last owner of each shard
	workers map[string]Worker
	moves   []move // the latest first
}

// look compares a moment with the one before it.
func (f *fleet) look(m Moment) {
	if !m.TableReadAt.IsZero() {
		f.lookAtWorkers(m)
		f.lookAtShards(m)
		f.seen = true
	}
}

func (f *fleet) note(at time.Time, format string, args ...any) {
	if !f.seen {
		return // it was so before
	}
	f.moves = slices.Insert(f.moves, 0, move{at.UnixMilli(), fmt.Sprintf(format, args...)})
	f.moves = f.moves[:min(len(f.moves), maxMoves)]
}

func (f *fleet) lookAtWorkers(m Moment) {
	now := make(map[string]Worker, len(m.Workers))
	for _, w := range m.Workers {
		now[w.ID] = w
		switch was, known := f.workers[w.ID]; {
		case !known:
			f.note(m.At, "%s joined%s", w.ID, ofVersion(w.Version))
		case !was.StartedAt.IsZero() && w.StartedAt.After(was.StartedAt):
			f.note(m.At, "%s started again%s", w.ID, ofVersion(w.Version))
		case w.Draining && !was.Draining:
			f.note(m.At, "%s drains", w.ID)
		case !w.Alive && was.Alive:
			f.note(m.At, "%s has gone silent", w.ID)
		case w.Alive && !was.Alive:
			f.note(m.At, "%s is heard again", w.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.workers)) {
		if _, ok := now[id]; !ok {
			f.note(m.At, "%s left", id)
		}
	}
	f.workers = now
}

func ofVersion(v string) string {
	if v == "" {
		return ""
	}
	return " with " + v
}

// lookAtShards notes who took what from whom. A shard that is nobody's for a moment
// still counts as its last owner's.
func (f *fleet) lookAtShards(m Moment) {
	type way struct{ from, to string }
	moved := make(map[way][]Shard)
	now := make(map[string]string, len(m.Shards))
	for _, s := range m.Shards {
		was := f.owners[s.ID]
		now[s.ID] = cmp.Or(s.Owner, was)
		if now[s.ID] != was {
			moved[way{was, s.Owner}] = append(moved[way{was, s.Owner}], s)
		}
	}
	f.owners = now
	ways := slices.SortedFunc(maps.Keys(moved), func(a, b way) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, w := range ways {
		what := capital(shardsText(moved[w]))
		if w.from == "" {
			f.note(m.At, "%s taken by %s", what, w.to)
		} else {
			f.note(m.At, "%s from %s to %s", what, w.from, w.to)
		}
	}
}
