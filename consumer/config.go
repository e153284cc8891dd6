package consumer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"korestream/checkpoint"
)

// Config holds the consumer's settings; start from [DefaultConfig].
type Config struct {
	// Stream is the stream's name; StreamARN, where it is known, is sent with
	// every call instead.
	Stream    string
	StreamARN string
	// Application is the name under which the KCL runs: it is in its log lines.
	Application string
	// Worker identifies this process among all that share the lease table.
	Worker string
	// Start is where an application without a lease table begins:
	// checkpoint.TrimHorizon, Latest or AtTimestamp.
	Start checkpoint.Position
	// End, if set, is the arrival time at which every shard ends: records that
	// arrived then or later, or before a Start that is a time, are left out, and
	// Run returns when all shards are done up to it. A shard whose end was reached
	// that way is finished for the application, so its lease table cannot be used
	// with a later one. It needs the source Polling.
	End time.Time

	// LaneKey says what is handled in order; Lanes how many keys of one shard
	// are handled at once.
	LaneKey LaneKey
	Lanes   int

	// Source says how shards are read; StreamConsumer names the stream's consumer
	// for fan-out, which is registered if it is not there, or is its ARN. Empty is
	// the Application.
	Source         SourceKind
	StreamConsumer string
	// Protocol is what GetRecords is asked in. Fan-out and all other calls are in
	// AWS JSON.
	Protocol Protocol
	// Calls says how GetRecords is called.
	Calls Calls

	// PollInterval is the least time between two GetRecords calls for one shard.
	// AWS allows five calls a second and shard for all readers together:
	// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	PollInterval time.Duration
	// IdlePollInterval is what that time grows to while nothing comes.
	IdlePollInterval time.Duration
	// PageRecords is the most records asked for in one GetRecords call; fewer are
	// where their size or the memory asks for it.
	PageRecords int
	// ShardBytes and ProcessBytes bound the memory of records that are fetched
	// and not yet done, per shard and in all. Each shard may exceed them by one
	// page, so that none starves.
	ShardBytes   int64
	ProcessBytes int64
	// FetchBytes bounds what of answers is being read at once, in bytes on the
	// wire as they are expected to be.
	FetchBytes int64
	// ShardSync is the time between two looks at the stream's list of shards.
	ShardSync time.Duration
	// CallTimeout bounds each call to Kinesis.
	CallTimeout time.Duration

	// CheckpointInterval is the least time between two checkpoint writes of one
	// shard. After a crash up to that much is handled again.
	CheckpointInterval time.Duration
	// DrainTimeout bounds how long handlers may go on once Run was asked to stop.
	DrainTimeout time.Duration
}

// DefaultConfig returns the settings that suit most streams.
func DefaultConfig() Config {
	return Config{
		Application:        "korestream",
		Start:              checkpoint.Position{SequenceNumber: checkpoint.TrimHorizon},
		LaneKey:            LaneKeySIM,
		Lanes:              64,
		Source:             Polling,
		Protocol:           JSON,
		Calls:              Direct,
		PollInterval:       250 * time.Millisecond,
		IdlePollInterval:   1500 * time.Millisecond,
		PageRecords:        maxPageRecords,
		ShardBytes:         8 << 20,
		ProcessBytes:       128 << 20,
		FetchBytes:         32 << 20,
		ShardSync:          5 * time.Second,
		CallTimeout:        15 * time.Second,
		CheckpointInterval: time.Second,
		DrainTimeout:       25 * time.Second,
	}
}

// maxPageRecords is the most that GetRecords accepts as its Limit:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
const maxPageRecords = 10_000

// Validate reports every setting that is out of bounds, with the bound.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Stream != "", "Stream is empty: name the stream")
	check(c.Worker != "", "Worker is empty: name this process")
	check(c.Application != "", "Application is empty: name the application")
	switch c.Start.SequenceNumber {
	case checkpoint.TrimHorizon, checkpoint.Latest, checkpoint.AtTimestamp:
	default:
		check(false, "Start is %q: want TRIM_HORIZON, LATEST or AT_TIMESTAMP", c.Start.SequenceNumber)
	}
	check(c.End.IsZero() || c.Source == Polling, "Source is %q: want %q where there is an End", c.Source, Polling)
	check(c.End.IsZero() || c.Start.Timestamp.Before(c.End), "End is %s: want it after the Start's time (%s)", c.End, c.Start.Timestamp)
	check(c.LaneKey.Valid(), "LaneKey is %q: want one of %v, or a dotted path such as data.network.sid", c.LaneKey, LaneKeys())
	check(c.Lanes >= 1, "Lanes is %d: want at least 1", c.Lanes)
	check(slices.Contains(SourceKinds(), c.Source), "Source is %q: want one of %v", c.Source, SourceKinds())
	check(slices.Contains(Protocols(), c.Protocol), "Protocol is %q: want one of %v", c.Protocol, Protocols())
	check(slices.Contains(CallWays(), c.Calls), "Calls is %q: want one of %v", c.Calls, CallWays())
	check(c.PollInterval > 0, "PollInterval is %s: want more than 0", c.PollInterval)
	check(c.IdlePollInterval >= c.PollInterval, "IdlePollInterval is %s: want at least PollInterval (%s)", c.IdlePollInterval, c.PollInterval)
	check(c.PageRecords >= 1 && c.PageRecords <= maxPageRecords, "PageRecords is %d: want 1 to %d", c.PageRecords, maxPageRecords)
	check(c.ShardBytes > 0, "ShardBytes is %d: want more than 0", c.ShardBytes)
	check(c.ProcessBytes >= c.ShardBytes, "ProcessBytes is %d: want at least ShardBytes (%d)", c.ProcessBytes, c.ShardBytes)
	check(c.FetchBytes > 0, "FetchBytes is %d: want more than 0", c.FetchBytes)
	check(c.ShardSync > 0, "ShardSync is %s: want more than 0", c.ShardSync)
	check(c.CallTimeout > 0, "CallTimeout is %s: want more than 0", c.CallTimeout)
	check(c.CheckpointInterval > 0, "CheckpointInterval is %s: want more than 0", c.CheckpointInterval)
	check(c.DrainTimeout > 0, "DrainTimeout is %s: want more than 0", c.DrainTimeout)
	return errors.Join(errs...)
}
