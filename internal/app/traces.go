package app

import (
	"time"

	"korestream/consumer"
)

// tracesView is what /test-events shows: what became of the last test events in
// this process. Times are ages in seconds, so that who asks needs no common clock.
type tracesView struct {
	Worker string      `json:"worker"`
	Events []traceView `json:"events"`
}

type traceView struct {
	EventID        string   `json:"event_id"`
	Shard          string   `json:"shard"`
	SequenceNumber string   `json:"sequence_number"`
	Decoded        float64  `json:"decoded_seconds_ago"`
	Done           *float64 `json:"done_seconds_ago"`
	Outcome        string   `json:"outcome,omitempty"`
	Failures       int      `json:"failures"`
	Handler        string   `json:"handler,omitempty"`
	Problem        string   `json:"problem,omitempty"`
}

// outcomeNames are what people read.
var outcomeNames = map[consumer.Outcome]string{
	consumer.Handled: "handled", consumer.Duplicate: "handled before", consumer.DeadLettered: "buried", consumer.Dropped: "dropped",
}

func tracesOf(worker string, traced []consumer.Traced, now time.Time) tracesView {
	v := tracesView{Worker: worker, Events: []traceView{}}
	for _, t := range traced {
		e := traceView{
			EventID: t.EventID, Shard: t.Shard, SequenceNumber: t.SequenceNumber, Decoded: now.Sub(t.DecodedAt).Seconds(),
			Outcome: outcomeNames[t.Outcome], Failures: t.Failures, Handler: t.Handler, Problem: t.Problem,
		}
		if !t.DoneAt.IsZero() {
			age := now.Sub(t.DoneAt).Seconds()
			e.Done = &age
		}
		v.Events = append(v.Events, e)
	}
	return v
}

// of returns what became of the event of an ID and place, nil if it was not read.
func (v *tracesView) of(id, shard, sequenceNumber string) *traceView {
	for i := len(v.Events) - 1; i >= 0; i-- {
		e := &v.Events[i]
		if e.EventID == id && e.Shard == shard && e.SequenceNumber == sequenceNumber {
			return e
		}
	}
	return nil
}
