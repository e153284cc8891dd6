package webhook

import (
	"sync/atomic"
	"time"
)

// answerBounds are the upper ends of the buckets of Stats.Answers, in seconds.
var answerBounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5}

// Stats is what a [Handler] has done since it was made.
type Stats struct {
	// Requests counts requests by what became of them: accepted, repeated, empty;
	// bad_path, bad_method, bad_type, encoded, too_large, too_slow, unsigned,
	// bad_signature, bad_body, limited; overloaded, unavailable.
	Requests map[string]int64
	// Put counts records put on the stream, Repeated events that were not put
	// because they were before, Tests the portal's test events, NotEvents records
	// that are no events.
	Put, Repeated, Tests, NotEvents int64
	// PutRetries counts rounds of PutRecords that left something to put again.
	PutRetries int64
	// Unclaimed counts requests that were put though it was not known whether they
	// are repeats.
	Unclaimed int64
	// Unfinished counts connections that ended within the head of a request: it was
	// none, or too slow.
	Unfinished int64
	// InFlight is how many requests are being answered.
	InFlight int64
	// Answers is how many answers took at most so many seconds, by bucket, each of
	// which includes those before it. AnswerSum is their time, AnswerCount their
	// number.
	Answers     map[float64]uint64
	AnswerSum   float64
	AnswerCount uint64
}

// counters are the Stats while they grow.
type counters struct {
	requests                               [outcomes]atomic.Int64
	put, repeated, tests, notEvents        atomic.Int64
	putRetries, unclaimed, unfinished, now atomic.Int64
	answers                                [len(answerBounds) + 1]atomic.Uint64
	answerTime                             atomic.Int64 // nanoseconds
}

func (c *counters) answered(o outcome, took time.Duration) {
	c.requests[o].Add(1)
	c.answerTime.Add(int64(took))
	i := 0
	for i < len(answerBounds) && took.Seconds() > answerBounds[i] {
		i++
	}
	c.answers[i].Add(1)
}

// Stats returns what has been counted so far.
func (h *Handler) Stats() Stats {
	c := &h.stats
	s := Stats{
		Requests: make(map[string]int64, outcomes), Answers: make(map[float64]uint64, len(answerBounds)),
		Put: c.put.Load(), Repeated: c.repeated.Load(), Tests: c.tests.Load(), NotEvents: c.notEvents.Load(),
		PutRetries: c.putRetries.Load(), Unclaimed: c.unclaimed.Load(), Unfinished: c.unfinished.Load(), InFlight: c.now.Load(), AnswerSum: time.Duration(c.answerTime.Load()).Seconds(),
	}
	for o := range outcomes {
		s.Requests[o.String()] = c.requests[o].Load()
	}
	for i, bound := range answerBounds {
		s.AnswerCount += c.answers[i].Load()
		s.Answers[bound] = s.AnswerCount
	}
	s.AnswerCount += c.answers[len(answerBounds)].Load()
	return s
}
