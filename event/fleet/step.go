package fleet

import (
	"math/rand/v2"
	"time"

	"korestream/event"
)

// refusals are the errors of a rejected attachment, in KORE's words.
var refusals = []failure{
	{event.CodeRejectedNetwork, "Attachment Rejected Due To Network Not Allowed"},
	{event.CodeRejectedRate, "Attachment Rejected Due To Rate Limiting"},
	{event.CodeRejectedNew, "Attachment Rejected Due To Sim In New State"},
	{event.CodeRejectedInactive, "Attachment Rejected Due To Sim In Inactive State"},
}

var (
	attachmentFailure = failure{event.CodeAttachmentFailed, "Attachment Failed Due To Internal Error"}
	sessionFailure    = failure{event.CodeDataSessionFailed, "Data Session Establishment Failed Due To Internal Error"}
)

// step makes the SIM do what it does next and returns the event of it:
//
//	detached ──accepted──▶ attached ──started──▶ in session ─┐ updated
//	 │    ▲ rejected,        │   ▲ failed          │  ▲      │
//	 └────┘ failed           └───┘                 │  └──────┘
//	      ▲                  ▲                     │
//	      └──────────────────┴───────ended─────────┘
func (s *sim) step(r *rand.Rand) message {
	switch s.state {
	case detached:
		return s.attach(r)
	case attached:
		return s.open(r)
	default:
		if s.session.updates == 0 {
			return s.end(r)
		}
		return s.update(r)
	}
}

func (s *sim) attach(r *rand.Rand) message {
	at := s.at
	switch chance := r.Float64(); {
	case chance < 0.10:
		m := s.message(r, event.SuffixAttachmentRejected, at)
		m.failure = &refusals[r.IntN(len(refusals))]
		s.rest(r, time.Minute, 10*time.Minute)
		return m
	case chance < 0.12:
		m := s.message(r, event.SuffixAttachmentFailed, at)
		m.failure = &attachmentFailure
		s.rest(r, time.Minute, 5*time.Minute)
		return m
	}
	s.state = attached
	s.rest(r, time.Second, 8*time.Second)
	return s.accepted(r, at)
}

func (s *sim) open(r *rand.Rand) message {
	at := s.at
	if r.Float64() < 0.03 {
		m := s.message(r, event.SuffixDataSessionFailed, at)
		m.failure = &sessionFailure
		s.rest(r, 30*time.Second, 3*time.Minute)
		return m
	}
	s.state = inSession
	s.session = session{
		sid: sid(r, "PI"), ip: carrierGradeIP(r),
		start: at, reported: at, updates: 2 + r.IntN(30),
	}
	m := s.message(r, event.SuffixDataSessionStarted, at)
	m.usage = &usage{session: s.session}
	s.rest(r, 5*time.Minute, 7*time.Minute)
	return m
}

func (s *sim) update(r *rand.Rand) message {
	m := s.message(r, event.SuffixDataSessionUpdated, s.at)
	s.session.updates--
	m.usage = s.report(r)
	if s.session.updates == 0 {
		s.rest(r, time.Second, 6*time.Minute)
	} else {
		s.rest(r, 5*time.Minute, 7*time.Minute)
	}
	return m
}

func (s *sim) end(r *rand.Rand) message {
	m := s.message(r, event.SuffixDataSessionEnded, s.at)
	m.usage = s.report(r)
	m.usage.over = true
	if r.IntN(3) == 0 {
		s.state = detached
		s.rest(r, time.Minute, time.Hour)
	} else {
		s.state = attached
		s.rest(r, time.Second, 10*time.Minute)
	}
	return m
}

// report accounts for the bytes since the last report. Some of them are none.
func (s *sim) report(r *rand.Rand) *usage {
	u := &usage{since: s.session.reported, until: s.at}
	if r.IntN(8) > 0 {
		u.down, u.up = r.Int64N(64<<10), r.Int64N(16<<10)
	}
	s.session.reported = s.at
	s.session.down += u.down
	s.session.up += u.up
	u.session = s.session
	return u
}

// rest puts the next event between least and most from now. KORE's times have
// seven fractional digits, so they are multiples of 100 ns.
func (s *sim) rest(r *rand.Rand, least, most time.Duration) {
	const tick = 100 * time.Nanosecond
	s.at = s.at.Add(least + time.Duration(r.Int64N(int64(most-least)))).Truncate(tick)
}

// carrierGradeIP makes up an address of 100.64.0.0/10, which KORE's SIMs have.
func carrierGradeIP(r *rand.Rand) string {
	return ipv4(100, 64+r.IntN(64), r.IntN(256), 1+r.IntN(254))
}
