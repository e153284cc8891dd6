package consumer

import (
	"cmp"
	"slices"
	"time"

	"korestream/checkpoint"
)

// State says in one word what a shard that this process owns is doing.
type State string

// The states of an owned shard.
const (
	// StateReading: records are fetched and handled.
	StateReading State = "reading"
	// StateThrottled: GetRecords is refused for too many or too large reads.
	StateThrottled State = "throttled"
	// StateFailing: Kinesis cannot be read; ShardStatus.Problem says why.
	StateFailing State = "failing"
	// StateFull: nothing is fetched because too much is in flight.
	StateFull State = "full"
	// StateDraining: nothing is fetched any more; what was begun is finished.
	StateDraining State = "draining"
	// StateEnded: the shard is closed and was read to its end.
	StateEnded State = "ended"
)

// Counts counts events by what became of them.
type Counts struct {
	Handled, Duplicates, DeadLettered, Dropped int64
	// Records counts Kinesis records fetched, Bytes their payload.
	Records, Bytes int64
	// Skipped counts records that an earlier owner of the shard had handled above
	// its checkpoint.
	Skipped int64
	// Checkpoints counts those written, CheckpointFailures the tries that failed.
	Checkpoints, CheckpointFailures int64
}

// LeaseCounts counts leases taken, and by what ended them: the shard's end, the
// loss to another worker, or that they were given back.
type LeaseCounts struct{ Taken, Ended, Lost, Released int64 }

func (c *Counts) add(d Counts) {
	c.Handled += d.Handled
	c.Duplicates += d.Duplicates
	c.DeadLettered += d.DeadLettered
	c.Dropped += d.Dropped
	c.Records += d.Records
	c.Bytes += d.Bytes
	c.Skipped += d.Skipped
	c.Checkpoints += d.Checkpoints
	c.CheckpointFailures += d.CheckpointFailures
}

// ShardStatus is a moment of a shard that this process owns.
type ShardStatus struct {
	Shard string
	State State
	// Problem is the error that keeps the shard from being read, empty if none.
	Problem string
	Since   time.Time // when this lease was taken
	// Behind is how far the newest record fetched was behind the shard's tip,
	// by Kinesis's own reckoning; negative while nothing was fetched yet.
	Behind time.Duration
	// OldestAt is when the oldest record arrived on the stream that was fetched
	// and is not done, zero if there is none.
	OldestAt time.Time
	// CaughtUpAt is when all that was on the shard was last known to be done,
	// also by an earlier owner; zero if it never was.
	CaughtUpAt time.Time
	// Gain is by how many seconds the shard gets less behind in a second,
	// averaged over a minute or so; negative while it falls behind.
	Gain float64
	// FetchedAt is when GetRecords last answered, zero if it did not yet.
	FetchedAt time.Time
	// TriedAt is when Kinesis was last called, whatever came of it.
	TriedAt time.Time
	Counts  Counts
	// InFlight are the events fetched and not done; Running of them are in
	// their handlers.
	InFlight, Running int
	InFlightBytes     int64
	// ProgressAt is when an event last began or ended in its handlers.
	ProgressAt time.Time
	// Watermark is done without a gap; Checkpoint of it is in the lease table,
	// written at CheckpointedAt.
	Watermark, Checkpoint checkpoint.Position
	CheckpointedAt        time.Time
	// UnsavedSince is since when something is in no checkpoint and none was
	// written, zero if nothing is.
	UnsavedSince time.Time
	// CheckpointProblem is why the last try to write one failed, empty if it did
	// not; CheckpointTriedAt is when it was last looked whether one is due.
	CheckpointProblem string
	CheckpointTriedAt time.Time
	// Slowest is the event that has been in its handlers for longest.
	Slowest Running
	// Parked lists the events that can be neither handled nor buried, Waiting those
	// whose handler was given up on and is to go on after a pause, and Failing those
	// that are tried again. Their keys wait. All begin with the oldest.
	Parked, Waiting, Failing []Failing
}

// Running is an event in its handlers.
type Running struct {
	EventID, EventType string
	SequenceNumber     string
	Since              time.Time // zero if none is running
}

// Status is a moment of the consumer.
type Status struct {
	Worker string
	// Shards are those that this process owns, by id.
	Shards []ShardStatus
	// Totals are since the process began, over all shards it ever owned.
	Totals Counts
	Leases LeaseCounts
	// OpenShards counts the open shards of the whole stream, as last listed.
	OpenShards int
	// ListedShards counts the closed ones too.
	ListedShards int
	ListedAt     time.Time
	// Retention is how long the stream keeps records, 0 if that is not known yet.
	Retention time.Duration
	Draining  bool
	// Began tells whether consuming has begun.
	Began bool
	// Complete says that all shards are done up to Config.End.
	Complete bool
}

// Status returns a snapshot; it may be called at any time, concurrently.
func (c *Consumer) Status() Status {
	listed, at := c.listing.snapshot()
	st := Status{
		Worker: c.cfg.Worker, ListedAt: at, ListedShards: len(listed), Retention: c.listing.keeps(),
		Draining: c.draining(), Began: c.began.Load(), Complete: c.complete.Load(),
	}
	for _, s := range listed {
		if !s.Closed {
			st.OpenShards++
		}
	}
	c.mu.Lock()
	runs := make([]*shard, 0, len(c.runs))
	for _, r := range c.runs {
		runs = append(runs, r)
	}
	st.Totals, st.Leases = c.finished, c.leaseCounts
	c.mu.Unlock()
	for _, r := range runs {
		s := r.status()
		st.Totals.add(s.Counts)
		st.Shards = append(st.Shards, s)
	}
	slices.SortFunc(st.Shards, func(a, b ShardStatus) int { return cmp.Compare(a.Shard, b.Shard) })
	return st
}
