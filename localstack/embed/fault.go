package embed

import "time"

// Kind is what a fault does to the requests that it hits.
type Kind int

// The kinds of faults.
const (
	// Throttle answers that the request came too soon:
	// ProvisionedThroughputExceededException for what reads and writes records
	// or items, and LimitExceededException (Kinesis) or ThrottlingException
	// (DynamoDB) for the rest.
	Throttle Kind = iota + 1
	// ServerError answers status 500.
	ServerError
	// Unavailable answers status 503.
	Unavailable
	// Hang answers nothing until the request's context ends.
	Hang
	// Slow answers after Fault.Delay.
	Slow
	// ExpireIterator answers GetRecords with ExpiredIteratorException. It hits
	// no other operation.
	ExpireIterator
	// CutConnection answers as it should and breaks the connection in the
	// middle of the answer's body, or of the second event of a stream.
	CutConnection
	// KMSError answers KMSAccessDeniedException, or what Fault.Code says.
	KMSError
	// AccessDenied answers AccessDeniedException.
	AccessDenied
	// FailRecord fails single records of PutRecords with
	// ProvisionedThroughputExceededException, or what Fault.Code says; Rate and
	// Count are of records. It hits no other operation.
	FailRecord
	// Custom answers Fault.Status, Fault.Code and Fault.Message.
	Custom
)

// kindNames are for people.
var kindNames = map[Kind]string{
	Throttle: "throttle", ServerError: "server error", Unavailable: "unavailable", Hang: "hang", Slow: "slow",
	ExpireIterator: "expire iterator", CutConnection: "cut connection", KMSError: "KMS error",
	AccessDenied: "access denied", FailRecord: "fail record", Custom: "custom",
}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Fault is one thing that goes wrong. What is left empty matches everything;
// what a request does not say (a request about a whole stream has no shard) is
// matched only by empty.
type Fault struct {
	// Service is Kinesis or DynamoDB.
	Service string
	// Operation is an operation's name, such as GetRecords.
	Operation string
	// Stream is a stream's name.
	Stream string
	// Table is a table's name. A fault with both Stream and Table hits nothing.
	Table string
	// Shard is a shard's ID.
	Shard string

	Kind Kind
	// Rate is the share of matching requests that are hit, from 0 to 1; 0 is all
	// of them. Which ones is decided by the generator of Faults.Seed.
	Rate float64
	// Count is how many requests are hit before the fault is over; 0 is without
	// end.
	Count int
	// Delay is how long a Slow answer takes.
	Delay time.Duration
	// Applied says that the operation takes effect before its answer becomes an
	// error: the reply is lost, not the request. It is without meaning for Slow
	// and CutConnection, which always let it take effect.
	Applied bool
	// Status, Code and Message replace those of the kind's error, if not empty.
	Status  int
	Code    string
	Message string
}
