package app

import (
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
)

// streamLag is how far a stream is behind, as one process sees it.
type streamLag struct {
	shards map[string]shardLag
	// retention is 0 while it is not known.
	retention time.Duration
	// behind is that of the shard that is furthest; known says of how many
	// shards it is known.
	behind time.Duration
	known  int
	// unowned counts the shards that nobody reads though they could be read.
	unowned int
}

// shardLag is how far one shard is behind.
type shardLag struct {
	owner  string // empty if nobody who lives has it
	behind time.Duration
	known  bool
	// gain is by how many seconds it gets less behind in a second.
	gain float64
}

// catchUp returns how long the shard takes to catch up; false is never.
func (l shardLag) catchUp() (time.Duration, bool) {
	if l.owner == "" {
		return checkpoint.CatchUp(l.behind, 0)
	}
	return checkpoint.CatchUp(l.behind, l.gain)
}

// headroom is the time until the oldest record that is not done expires.
func headroom(retention, behind time.Duration) time.Duration { return max(retention-behind, 0) }

// lagOf joins what the process knows of its own shards with what the table says
// of the others: what is theirs is as old as their last write, at most a minute.
func lagOf(st consumer.Status, standings []checkpoint.Standing, now time.Time) streamLag {
	l := tableLag(standings, now)
	l.retention = st.Retention
	for _, s := range st.Shards {
		own := shardLag{owner: st.Worker, gain: s.Gain}
		own.behind, own.known = s.Lag(now)
		if was, ok := l.shards[s.Shard]; ok && was.owner == "" {
			l.unowned-- // taken since the table was read
		}
		l.shards[s.Shard] = own
	}
	l.sum()
	return l
}

// tableLag is what the table says, the same for everybody who reads it.
func tableLag(standings []checkpoint.Standing, now time.Time) streamLag {
	l := streamLag{shards: make(map[string]shardLag, len(standings))}
	for _, s := range standings {
		sl := shardLag{gain: s.Lag.Gain}
		if s.Owned {
			sl.owner = s.Owner
		} else {
			l.unowned++
		}
		sl.behind, sl.known = s.Behind(now)
		l.shards[s.Shard] = sl
	}
	l.sum()
	return l
}

func (l *streamLag) sum() {
	l.behind, l.known = 0, 0
	for _, s := range l.shards {
		if s.known {
			l.known++
			l.behind = max(l.behind, s.behind)
		}
	}
}

// catchUp returns how long the last of the shards takes; false is never.
func (l streamLag) catchUp() (longest time.Duration, ever bool) {
	for _, s := range l.shards {
		d, ok := s.catchUp()
		if !ok {
			return 0, false
		}
		longest = max(longest, d)
	}
	return longest, true
}

// lagView is how far something is behind, for programs. What is null is not
// known; CatchUp is null too where it never does.
type lagView struct {
	Behind   *float64 `json:"behind_seconds"`
	Headroom *float64 `json:"retention_headroom_seconds"`
	CatchUp  *float64 `json:"catch_up_seconds"`
	// CatchesUp is false while it falls behind or stands still.
	CatchesUp bool `json:"catches_up"`
}

func newLagView(behind time.Duration, known bool, retention, catchUp time.Duration, ever bool) lagView {
	if !known {
		return lagView{}
	}
	v := lagView{Behind: inSeconds(behind), CatchesUp: ever}
	if retention > 0 {
		v.Headroom = inSeconds(headroom(retention, behind))
	}
	if ever {
		v.CatchUp = inSeconds(catchUp)
	}
	return v
}

func (l shardLag) view(retention time.Duration) lagView {
	d, ever := l.catchUp()
	return newLagView(l.behind, l.known, retention, d, ever)
}

func (l streamLag) view() lagView {
	d, ever := l.catchUp()
	return newLagView(l.behind, l.known > 0, l.retention, d, ever)
}

func inSeconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// aboutNow is how far behind, in seconds, a shard is that keeps up: events are on
// their way.
const aboutNow = 1.0

// catchUpText says for people when it will have caught up; nothing where that is
// not known or there is nothing to catch up with.
func (v lagView) catchUpText() string {
	switch {
	case v.Behind == nil || *v.Behind < aboutNow:
		return ""
	case !v.CatchesUp:
		return "never"
	}
	return "in " + roughly(duration(*v.CatchUp))
}

// headroomText says for people how long the oldest unread record has left.
func (v lagView) headroomText() string {
	if v.Headroom == nil {
		return ""
	}
	return roughly(duration(*v.Headroom))
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
