package consumer

import (
	"math"
	"time"

	"korestream/checkpoint"
)

// Lag returns for how long the oldest record that is not done has been on the
// shard, 0 if all is done, and whether that is known. Of what was not fetched
// yet Kinesis says how far it is behind; while it does not answer, time passes
// as if something had come.
func (s ShardStatus) Lag(now time.Time) (lag time.Duration, known bool) {
	switch {
	case s.Behind >= 0:
		lag, known = s.Behind, true
		if s.State == StateThrottled || s.State == StateFailing {
			lag += now.Sub(s.FetchedAt)
		}
	case !s.CaughtUpAt.IsZero(): // an earlier owner knew
		lag, known = now.Sub(s.CaughtUpAt), true
	}
	if !s.OldestAt.IsZero() {
		lag, known = max(lag, now.Sub(s.OldestAt)), true
	}
	return max(lag, 0), known // by Kinesis's clock it may be before it began
}

// CheckpointAge returns for how long there has been something that is in no
// checkpoint without one being written; 0 if nothing is.
func (s ShardStatus) CheckpointAge(now time.Time) time.Duration {
	if s.UnsavedSince.IsZero() {
		return 0
	}
	return max(now.Sub(s.UnsavedSince), 0)
}

// drainMeter averages by how many seconds a second a shard gets less behind: what
// is taken out of it against what is put in, both in the stream's own time.
type drainMeter struct {
	gain   float64
	behind time.Duration
	at     time.Time // zero before the first
}

// add takes in how far the shard is behind now.
func (m *drainMeter) add(behind time.Duration, now time.Time) {
	elapsed := now.Sub(m.at).Seconds()
	if !m.at.IsZero() && elapsed > 0 {
		gain := (m.behind - behind).Seconds() / elapsed
		m.gain += (gain - m.gain) * -math.Expm1(-elapsed/meterSpan.Seconds())
	}
	m.behind, m.at = behind, now
}

// measureLag notes how far the shard is behind, for the status and for the lease.
func (s *shard) measureLag(m *drainMeter, now time.Time) {
	st := s.status()
	if lag, known := st.Lag(now); known {
		m.add(lag, now)
	}
	s.mu.Lock()
	s.gain = m.gain
	if st.State == StateReading && st.Behind == 0 && s.tracker.Pending() == 0 && st.InFlightBytes == 0 {
		s.caughtUpAt = st.FetchedAt
	}
	lag := checkpoint.Lag{CaughtUpAt: s.caughtUpAt, Gain: s.gain}
	s.mu.Unlock()
	s.lease.ReportLag(lag)
}

// noteUnsaved notes since when something is done or in flight that is in no
// checkpoint.
func (s *shard) noteUnsaved(now time.Time) {
	p, pending := s.tracker.Progress(), s.tracker.Pending()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case pending == 0 && p.Equal(s.saved):
		s.unsavedSince = time.Time{}
	case s.unsavedSince.IsZero():
		s.unsavedSince = now
	case s.checkpointedAt.After(s.unsavedSince):
		s.unsavedSince = s.checkpointedAt
	}
}
