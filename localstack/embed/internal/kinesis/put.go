package kinesis

import (
	"strconv"
	"time"
)

type putRecordInput struct {
	target
	Data                      []byte
	PartitionKey              *string
	ExplicitHashKey           *string
	SequenceNumberForOrdering *string
	DryRun                    *bool
}

type putRecordOutput struct {
	ShardID        string `json:"ShardId"`
	SequenceNumber string
	EncryptionType string `json:",omitempty"`
}

// entry checks what PutRecord and an entry of PutRecords have in common.
func (c *checks) entry(prefix string, data []byte, key, explicit *string) {
	if data == nil {
		c.fail(prefix+"data", "null", notNull)
	} else {
		c.blob(prefix+"data", data, maxMaxRecord<<10)
	}
	if required(c, prefix+"partitionKey", key) {
		c.length(prefix+"partitionKey", key, 1, maxPartitionKey)
	}
	c.matches(prefix+"explicitHashKey", explicit, hashKeyPattern)
}

func (c *checks) blob(member string, data []byte, most int) {
	if n := strconv.Itoa(len(data)); len(data) > most {
		c.fail(member, "'java.nio.HeapByteBuffer[pos=0 lim="+n+" cap="+n+"]'",
			"Member must have length less than or equal to "+strconv.Itoa(most))
	}
}

// placed is a record on its way to its shard.
type placed struct {
	hash hashKey
	data []byte
	key  string
}

// place works out where a record belongs.
func place(data []byte, key string, explicit *string) (placed, error) {
	if explicit == nil {
		return placed{hashOf(key), data, key}, nil
	}
	k, ok := parseHashKey(*explicit)
	if !ok {
		return placed{}, invalidArgument("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "+
			"Specified value was %s", *explicit)
	}
	return placed{k, data, key}, nil
}

// fits checks the record's size against what the stream takes. The caller holds
// mu.
func (st *stream) fits(p placed) error {
	if size := len(p.data) + len(p.key); size > st.maxRecord<<10 {
		return invalidArgument("Record size %d (data and partition key) exceeds the maximum of %d KiB of stream %s.",
			size, st.maxRecord, st.name)
	}
	return nil
}

// put stores a record in its shard, unless the shard's quota is used up. The
// caller holds the stream's lock.
func (s *Service) put(st *stream, sh *shard, p placed, now time.Time) (string, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.opts.Quotas && !sh.writes.take(now, len(p.data)+len(p.key)) {
		return "", s.rateExceeded(sh.id, st.name)
	}
	seq := sh.append(record{data: p.data, key: p.key, encrypted: st.encryption == encryptionKMS}, now)
	sh.wake()
	return seq.String(), nil
}

func (s *Service) putRecord(in *putRecordInput) (any, error) {
	var c checks
	c.entry("", in.Data, in.PartitionKey, in.ExplicitHashKey)
	c.matches("sequenceNumberForOrdering", in.SequenceNumberForOrdering, sequencePattern)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookupReadable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.RUnlock()
	p, err := place(in.Data, *in.PartitionKey, in.ExplicitHashKey)
	if err != nil {
		return nil, err
	}
	if err := st.fits(p); err != nil {
		return nil, err
	}
	if err := s.checkOrdering(st, in.SequenceNumberForOrdering, now); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRun()
	}
	st.sweepIfDue(now)
	sh := st.route(p.hash)
	seq, err := s.put(st, sh, p, now)
	if err != nil {
		return nil, err
	}
	return putRecordOutput{ShardID: sh.id, SequenceNumber: seq, EncryptionType: st.encryption}, nil
}

// checkOrdering checks a SequenceNumberForOrdering. Nothing else needs to be
// done for it: what is put later always gets a higher number.
func (s *Service) checkOrdering(st *stream, number *string, now time.Time) error {
	if number == nil {
		return nil
	}
	// A shard that a reshard has just opened counts its creation up to a few
	// seconds ahead of the clock.
	if seq, ok := parseSequence(*number); ok && seq.time <= max(now.Unix(), seq.created) {
		return nil
	}
	return invalidArgument("ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
		*number, st.name, s.opts.Account)
}

type putRecordsEntry struct {
	Data            []byte
	PartitionKey    *string
	ExplicitHashKey *string
}

type putRecordsInput struct {
	target
	Records []putRecordsEntry
	DryRun  *bool
}

type putRecordsResult struct {
	SequenceNumber string `json:",omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
	ErrorCode      string `json:",omitempty"`
	ErrorMessage   string `json:",omitempty"`
}

type putRecordsOutput struct {
	FailedRecordCount int
	EncryptionType    string `json:",omitempty"`
	Records           []putRecordsResult
}

func (in *putRecordsInput) check() error {
	var c checks
	switch n := len(in.Records); {
	case in.Records == nil:
		c.fail("records", "null", notNull)
	case n < 1:
		c.fail("records", "'[]'", "Member must have length greater than or equal to 1")
	case n > maxPutRecords:
		c.fail("records", "'["+strconv.Itoa(n)+" records]'",
			"Member must have length less than or equal to "+strconv.Itoa(maxPutRecords))
	}
	for i := range in.Records {
		r := &in.Records[i]
		c.entry("records."+strconv.Itoa(i+1)+".member.", r.Data, r.PartitionKey, r.ExplicitHashKey)
	}
	if err := c.err(); err != nil {
		return err
	}
	total := 0
	for i := range in.Records {
		total += len(in.Records[i].Data) + len(*in.Records[i].PartitionKey)
	}
	if total > maxPutBytes {
		return invalidArgument("Records size exceeds %d MB limit", maxPutBytes>>20)
	}
	return nil
}

func (s *Service) putRecords(in *putRecordsInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.lookupReadable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.RUnlock()
	batch := make([]placed, len(in.Records))
	for i := range in.Records {
		r := &in.Records[i]
		if batch[i], err = place(r.Data, *r.PartitionKey, r.ExplicitHashKey); err != nil {
			return nil, err
		}
		if err := st.fits(batch[i]); err != nil {
			return nil, err
		}
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRun()
	}
	st.sweepIfDue(now)
	out := putRecordsOutput{EncryptionType: st.encryption, Records: make([]putRecordsResult, len(batch))}
	for i := range batch {
		out.Records[i] = s.putEntry(st, batch[i], now)
		if out.Records[i].ErrorCode != "" {
			out.FailedRecordCount++
		}
	}
	return out, nil
}

// putEntry puts one record of many: its failure is its own. The caller holds
// the stream's lock.
func (s *Service) putEntry(st *stream, p placed, now time.Time) putRecordsResult {
	sh := st.route(p.hash)
	if s.opts.RecordFault != nil {
		if e := s.opts.RecordFault(st.name, sh.id); e != nil {
			return putRecordsResult{ErrorCode: e.Code, ErrorMessage: e.Message}
		}
	}
	seq, err := s.put(st, sh, p, now)
	if err != nil {
		return putRecordsResult{ErrorCode: codeThroughput, ErrorMessage: s.rateExceeded(sh.id, st.name).Message}
	}
	return putRecordsResult{SequenceNumber: seq, ShardID: sh.id}
}
