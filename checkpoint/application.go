package checkpoint

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Stream is which stream the leases are of.
type Stream struct {
	Name string
	// CreatedAt is when Kinesis made it: what tells it from another one that had
	// its name before. Zero if not known.
	CreatedAt time.Time
}

// application is what the workers of an application have settled once.
type application struct {
	// id tells this table from one that was made anew under its name.
	id      string
	start   Position
	initial map[string]bool
	// stream is empty in a table of an earlier version, its time zero if nobody
	// knew it.
	stream Stream
	// generation counts the streams of that name. Leases of an earlier one are
	// void: their checkpoints are places in a stream that is gone.
	generation int64
}

func applicationOf(it item) (application, error) {
	a := application{
		id: textOf(it, attrID), start: Position{SequenceNumber: textOf(it, attrCheckpoint)}, initial: make(map[string]bool),
		stream: Stream{Name: textOf(it, attrStream)},
	}
	for _, s := range textsOf(it, attrShards) {
		a.initial[s] = true
	}
	generation, err := numberOf(it, attrGeneration)
	if err != nil {
		return a, err
	}
	a.generation = max(generation, 1)
	for name, into := range map[string]*time.Time{attrTimestamp: &a.start.Timestamp, attrCreated: &a.stream.CreatedAt} {
		text := textOf(it, name)
		if text == "" {
			continue
		}
		if *into, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return a, fmt.Errorf("attribute %s of %s: %w", name, applicationKey, err)
		}
	}
	return a, nil
}

func (a application) item() item {
	it := item{
		attrKey: str(applicationKey), attrEntityType: str(entityApplication), attrCheckpoint: str(a.start.SequenceNumber),
		attrID: str(a.id), attrGeneration: num(a.generation),
	}
	if a.start.SequenceNumber == AtTimestamp {
		it[attrTimestamp] = str(a.start.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	if a.stream.Name != "" {
		it[attrStream] = str(a.stream.Name)
	}
	if !a.stream.CreatedAt.IsZero() {
		it[attrCreated] = str(a.stream.CreatedAt.UTC().Format(time.RFC3339Nano))
	}
	if len(a.initial) > 0 { // DynamoDB knows no empty set
		set := &types.AttributeValueMemberSS{}
		for s := range a.initial {
			set.Value = append(set.Value, s)
		}
		it[attrShards] = set
	}
	return it
}

// startOf returns where a shard without a checkpoint begins: where the
// application was told to if the shard was there then, and at its beginning if
// it came later, for then all of it is new.
func (a application) startOf(shard string) Position {
	if a.initial[shard] {
		return a.start
	}
	return Position{SequenceNumber: TrimHorizon}
}

// complete gives a sentinel checkpoint what a lease's row does not hold.
func (a application) complete(p Position) Position {
	switch p.SequenceNumber {
	case "":
		return Position{SequenceNumber: TrimHorizon}
	case AtTimestamp, Latest:
		// LATEST was written by another library; what "latest" was then, nobody
		// knows now. From the beginning loses nothing.
		if a.start.SequenceNumber == AtTimestamp {
			return a.start
		}
		return Position{SequenceNumber: TrimHorizon}
	}
	return p
}

// succeededBy tells whether a stream is not the application's but a later one of
// its name. Kinesis tells these times to the second at least.
func (a application) succeededBy(s Stream) bool {
	return !a.stream.CreatedAt.IsZero() && s.CreatedAt.Sub(a.stream.CreatedAt) >= time.Second
}

// void turns the lease of an earlier generation into what it is now: nobody's,
// at the beginning. Its counter stays, for it fences its last owner off.
func (a application) void(l LeaseRow) LeaseRow {
	if l.Shard == "" || l.Generation >= a.generation {
		return l
	}
	l.Owner, l.Heir, l.Children, l.Above, l.Checkpoint = "", "", nil, Above{}, Position{SequenceNumber: TrimHorizon}
	return l
}
