package kinesis

import (
	"encoding/binary"
	"time"
)

// The types of iterators and of starting positions.
const (
	atSequenceNumber    = "AT_SEQUENCE_NUMBER"
	afterSequenceNumber = "AFTER_SEQUENCE_NUMBER"
	atTimestamp         = "AT_TIMESTAMP"
	trimHorizon         = "TRIM_HORIZON"
	latest              = "LATEST"
)

// iterator is what a shard iterator stands for.
type iterator struct {
	made   int64 // milliseconds since 1970
	stream uint64
	shard  uint32
	next   uint64 // index of the next record
	name   string // of the stream
}

// iteratorHead is the length of an iterator's fields before the name.
const iteratorHead = 8 + 8 + 4 + 8

func (it iterator) String() string {
	b := make([]byte, 0, iteratorHead+len(it.name))
	b = binary.BigEndian.AppendUint64(b, uint64(it.made))
	b = binary.BigEndian.AppendUint64(b, it.stream)
	b = binary.BigEndian.AppendUint32(b, it.shard)
	b = binary.BigEndian.AppendUint64(b, it.next)
	return seal(tokenIterator, append(b, it.name...))
}

func parseIterator(text string) (iterator, bool) {
	b, ok := unseal(tokenIterator, text)
	if !ok || len(b) < iteratorHead {
		return iterator{}, false
	}
	return iterator{
		made:   int64(binary.BigEndian.Uint64(b)),
		stream: binary.BigEndian.Uint64(b[8:]),
		shard:  binary.BigEndian.Uint32(b[16:]),
		next:   binary.BigEndian.Uint64(b[20:]),
		name:   string(b[iteratorHead:]),
	}, true
}

// start is where a reader wants to begin.
type start struct {
	typ       string
	sequence  *string
	timestamp *float64
}

type getShardIteratorInput struct {
	target
	ShardID                *string `json:"ShardId"`
	ShardIteratorType      *string
	StartingSequenceNumber *string
	Timestamp              *float64
	DryRun                 *bool
}

type getShardIteratorOutput struct{ ShardIterator string }

func (s *Service) getShardIterator(in *getShardIteratorInput) (any, error) {
	var c checks
	c.requiredName("shardId", in.ShardID)
	c.oneOf("shardIteratorType", in.ShardIteratorType, afterSequenceNumber, latest, atTimestamp, atSequenceNumber, trimHorizon)
	c.matches("startingSequenceNumber", in.StartingSequenceNumber, sequencePattern)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookupReadable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.RUnlock()
	sh := st.shard(*in.ShardID, now)
	if sh == nil {
		return nil, s.shardMissing(fullShardID(*in.ShardID), st.name)
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.opts.Quotas && !sh.iterators.take(now, 1, iteratorCalls) {
		return nil, s.rateExceeded(sh.id, st.name)
	}
	next, err := s.begin(st, sh, start{*in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp}, now)
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRun()
	}
	it := iterator{made: now.UnixMilli(), stream: st.id, shard: sh.number, next: next, name: st.name}
	return getShardIteratorOutput{it.String()}, nil
}

// begin returns the index that a reader begins at. The caller holds the
// stream's lock and the shard's.
func (s *Service) begin(st *stream, sh *shard, at start, now time.Time) (uint64, error) {
	if at.sequence != nil && (at.typ == trimHorizon || at.typ == latest || at.typ == atTimestamp) {
		return 0, invalidArgument("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "+
			"StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "+
			"Request specified %s and also a StartingSequenceNumber.", at.typ)
	}
	sh.trim(st.horizon(now))
	switch at.typ {
	case trimHorizon:
		return sh.low, nil
	case latest:
		return sh.next, nil
	case atTimestamp:
		return beginAtTime(sh, at.timestamp, now)
	}
	if at.sequence == nil {
		return 0, invalidArgument("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "+
			"StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "+
			"Request specified %s and no StartingSequenceNumber.", at.typ)
	}
	return s.beginAtSequence(st, sh, at)
}

func beginAtTime(sh *shard, timestamp *float64, now time.Time) (uint64, error) {
	if timestamp == nil {
		return 0, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. " +
			"Current request has no timestamp parameter.")
	}
	at := milliseconds(*timestamp)
	if at > now.UnixMilli() {
		return 0, invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "+
			"timestampInMillis: %d, currentTimestampInMillis: %d", at, now.UnixMilli())
	}
	return sh.firstFrom(at), nil
}

// beginAtSequence finds the record that a sequence number names or, if there is
// none such, where it would be.
func (s *Service) beginAtSequence(st *stream, sh *shard, at start) (uint64, error) {
	text := *at.sequence
	seq, ok := parseSequence(text)
	switch {
	case !ok:
		return 0, invalidArgument("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s "+
			"under account %s is invalid.", text, sh.id, st.name, s.opts.Account)
	case seq.shard != sh.number:
		return 0, invalidArgument("Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s",
			shardID(seq.shard), sh.id)
	case seq.created != sh.created:
		return 0, invalidArgument("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s "+
			"under account %s is invalid because it did not come from this stream.", text, sh.id, st.name, s.opts.Account)
	}
	if seq.index < sh.low {
		return sh.low, nil
	}
	if seq.index >= sh.next { // the shard's EndingSequenceNumber, or made up
		return sh.next, nil
	}
	own := sh.sequence(seq.index, sh.at(seq.index).arrived).time
	if at.typ == afterSequenceNumber && seq.time >= own || seq.time > own {
		return seq.index + 1, nil
	}
	return seq.index, nil
}
