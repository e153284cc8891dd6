package consumer

// The keys of structured log fields. Every package above this one uses them, so
// that one query finds a shard or an event in every line that mentions it.
const (
	KeyStream             = "stream"
	KeyShard              = "shard"
	KeySequenceNumber     = "sequence_number"
	KeyWorker             = "worker"
	KeyEventID            = "event_id"
	KeyEventType          = "event_type"
	KeySIM                = "sim_sid"
	KeyHandler            = "handler"
	KeyAttempt            = "attempt"
	KeyMillisBehindLatest = "millis_behind_latest"
	KeyReason             = "reason"
	KeyError              = "error"
	KeyAge                = "age"
	KeyCheckpoint         = "checkpoint"
	KeyOperation          = "operation"
	KeyCount              = "count"
)
