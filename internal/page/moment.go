package page

import "time"

// Phase is what the process is about.
type Phase string

// The phases of a process.
const (
	Starting Phase = "starting"
	Working  Phase = "working"
	Draining Phase = "draining"
)

// Moment is all that the page shows of one moment, as the process knows it.
type Moment struct {
	At                                   time.Time
	Stream, Application, Worker, Version string
	StartedAt                            time.Time
	Phase                                Phase
	// Consumes is false for a process that only takes webhooks; it has no shards.
	Consumes bool
	// Ready says why the process is not ready, empty if it is.
	NotReady string
	// Retention is how long the stream keeps records, 0 if that is not known.
	Retention time.Duration
	// TableReadAt is when the lease table was last read, zero if it was not.
	TableReadAt time.Time
	Shards      []Shard
	Workers     []Worker
	// Finished counts the shards that were read to their end.
	Finished int
	// DoneBefore counts the events of leases that this process had before.
	DoneBefore int64
	// Breakers are the handlers that are left alone, as they fail for every SIM.
	Breakers []string
	// Waiting counts events that wait for a handler that has given up on them.
	Waiting int64
	// Still says in words what stands still though nothing holds it.
	Still   []string
	Letters Letters
	// Lines are the last lines of the log that are warnings or errors, the latest
	// first.
	Lines []Line
}

// Shard is one shard that is not finished.
type Shard struct {
	ID string
	// State is one word or a few: what it is doing.
	State string
	// Owner is the living worker that has it, empty if none.
	Owner string
	// Mine says that this process has it; what is not in the lease table is known
	// of those alone: Done, Parked, InFlight, Hold, Unsaved.
	Mine bool
	// Waits says that it waits for its parents, and should have no owner.
	Waits bool
	Since time.Time
	// Behind is for how long its oldest record that is not done has been there.
	Behind time.Duration
	Known  bool // says that Behind is known
	// AtMost says that it may be less by [TableAge]: another worker wrote it down.
	AtMost bool
	// CatchUp is how long it takes to catch up; Catches is false if it never does.
	CatchUp time.Duration
	Catches bool
	// Done counts the events that its owner is done with since it has the lease.
	Done int64
	// KiB is what was read of it a second, as its owner last wrote down.
	KiB      float64
	Parked   int
	InFlight int
	// Hold is in a word what keeps it from moving, empty if nothing does, and
	// HoldFor for how long.
	Hold    string
	HoldFor time.Duration
	// Unsaved is for how long something of it is in no checkpoint.
	Unsaved time.Duration
	// Last is the last warning or error that names it.
	Last *Line
}

// TableAge is how old what a worker has written of its shards in the lease table may
// be where nothing happens on them: it is written once a minute then, and read a
// little later.
const TableAge = 75 * time.Second

// lag is Behind, but for a shard of another worker that may well be done with
// everything.
func (s Shard) lag() time.Duration {
	if s.AtMost && s.Behind <= TableAge {
		return 0
	}
	return s.Behind
}

// The holds of a shard that the verdict goes by. They are the consumer's words.
const (
	HoldThrottled  = "throttled"
	HoldFailing    = "failing"
	HoldCheckpoint = "no checkpoint"
	HoldHandler    = "slow handler"
	HoldFails      = "handler fails"
	HoldParked     = "parked"
)

// Worker is one process of the fleet.
type Worker struct {
	ID, Address, Version string
	StartedAt            time.Time // zero if it does not say
	Mine                 bool
	Alive, Draining      bool
	// Heartbeat is how long ago one was seen.
	Heartbeat time.Duration
	// Refused counts heartbeats that another process of the same ID was refused.
	Refused int64
	Shards  int
	CPU     float64 // from 0 to 1, negative if it does not say
	Rate    float64 // events a second
	Parked  int64
	Letters int64
}

// Letters are the dead letters of this process.
type Letters struct {
	// Kind is where they go: file, sqs, s3 or kinesis.
	Kind string
	// ByReason counts those written, by the reason.
	ByReason map[string]int64
	LastAt   time.Time // zero if there is none
	Last     string    // the reason of the last one
	Handler  string    // its handler, empty if it has none
	Shard    string
	// FailingSince is since when none can be written, zero if that is not so.
	FailingSince time.Time
}

// Line is a warning or an error of the log, without what varies in it freely.
type Line struct {
	At    time.Time
	Error bool // else it is a warning
	// Message is the constant text of the line.
	Message string
	// Shard, Handler, Reason and Operation are its fields, empty if it has none.
	Shard, Handler, Reason, Operation string
	// Class says in a few words what kind of error it was, empty if it has none.
	Class string
	// Count is how often the same came in a row, the last time at At.
	Count int
}
