package simstate

import (
	"cmp"
	"slices"
	"time"

	"korestream/event"
)

// keptSessions is how many data sessions of a SIM are known.
const keptSessions = 16

// Session is one data session.
type Session struct {
	SID string `json:"sid"`
	// Start is zero until an event tells it; without any other word of it, a
	// session starts when the event of its start happened.
	Start time.Time `json:"start,omitzero"`
	// Ended says that the session is over, End since when.
	Ended bool      `json:"ended,omitempty"`
	End   time.Time `json:"end,omitzero"`
	// Cumulative is the most that the session's own counters have shown. Schema
	// version 1 has none.
	Cumulative Usage   `json:"cumulative,omitzero"`
	Windows    windows `json:"windows,omitzero"`
}

func (s Session) compare(o Session) int {
	return cmp.Or(s.Start.Compare(o.Start), cmp.Compare(s.SID, o.SID))
}

// Usage returns the bytes of the session so far.
func (s *Session) Usage() Usage { return s.Cumulative.max(s.Windows.sum()) }

// Session returns the current data session, nil when there is none: the one
// that started last, unless it has ended. The state keeps it; do not change it.
func (s *State) Session() *Session {
	if len(s.Sessions) == 0 || s.Sessions[len(s.Sessions)-1].Ended {
		return nil
	}
	return &s.Sessions[len(s.Sessions)-1]
}

// takeSession takes in what an event says of its session, unless that is older
// than all of a full list.
func (s *State) takeSession(c *event.Connection, k kind, by Stamp) bool {
	next := Session{SID: clean(c.DataSessionSID), Start: moment(c.DataSessionStartTime)}
	if next.Start.IsZero() && k.started {
		next.Start = by.At
	}
	i := slices.IndexFunc(s.Sessions, func(o Session) bool { return o.SID == next.SID })
	added := i < 0
	if added {
		if len(s.Sessions) == keptSessions {
			if next.compare(s.Sessions[0]) < 0 {
				return false
			}
			s.Sessions = slices.Delete(s.Sessions, 0, 1)
		}
		i = len(s.Sessions)
		s.Sessions = append(s.Sessions, next)
	}
	changed := s.Sessions[i].starts(next.Start)
	if k.ended {
		changed = s.Sessions[i].ends(cmp.Or(moment(c.DataSessionEndTime), by.At)) || changed
	}
	changed = s.Sessions[i].uses(c, by) || changed
	slices.SortFunc(s.Sessions, Session.compare)
	return added || changed
}

// starts takes over the earliest start that is told.
func (s *Session) starts(at time.Time) bool {
	if at.IsZero() || !s.Start.IsZero() && !at.Before(s.Start) {
		return false
	}
	s.Start = at
	return true
}

// ends takes over the latest end that is told.
func (s *Session) ends(at time.Time) bool {
	if s.Ended && !at.After(s.End) {
		return false
	}
	s.Ended, s.End = true, at
	return true
}

// uses takes over the counters, or the window where there are none.
func (s *Session) uses(c *event.Connection, by Stamp) bool {
	if u, ok := usageOf(c.DataSessionDataDownload, c.DataSessionDataUpload, c.DataSessionDataTotal); ok {
		before := s.Cumulative
		s.Cumulative = before.max(u)
		return s.Cumulative != before
	}
	u, ok := usageOf(c.DataDownload, c.DataUpload, c.DataTotal)
	if !ok {
		return false
	}
	end := cmp.Or(moment(c.DataSessionUpdateEndTime), by.At)
	return s.Windows.take(window{end: end.UnixMicro(), usage: u})
}
