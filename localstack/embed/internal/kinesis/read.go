package kinesis

import (
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

type getRecordsInput struct {
	ShardIterator *string
	Limit         *int
	StreamARN     *string
	DryRun        *bool
}

func (s *Service) getRecords(in *getRecordsInput) (any, error) {
	var c checks
	if required(&c, "shardIterator", in.ShardIterator) {
		c.length("shardIterator", in.ShardIterator, 1, 512)
	}
	c.within("limit", in.Limit, 1, maxGetRecords)
	c.target(target{StreamARN: in.StreamARN})
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	it, err := s.openIterator(in, now)
	if err != nil {
		return nil, err
	}
	st, err := s.byName(it.name, now)
	if err != nil || st.id != it.stream {
		return nil, s.shardMissing(shardID(it.shard), it.name)
	}
	return s.readPage(st, it, in, now)
}

// openIterator checks a request's iterator.
func (s *Service) openIterator(in *getRecordsInput, now time.Time) (iterator, error) {
	it, ok := parseIterator(*in.ShardIterator)
	if !ok {
		return it, invalidArgument("Invalid ShardIterator.")
	}
	if in.StreamARN != nil && *in.StreamARN != s.arnOf(it.name) {
		return it, invalidArgument("Invalid ShardIterator. It does not belong to stream %s.", *in.StreamARN)
	}
	if made := time.UnixMilli(it.made); now.Sub(made) > iteratorLife {
		return it, ExpiredIterator(made, now)
	}
	return it, nil
}

// amazonTime is how Kinesis writes times in messages.
const amazonTime = "Mon Jan 02 15:04:05 UTC 2006"

// ExpiredIterator returns the error that answers an iterator made so long ago.
func ExpiredIterator(made, now time.Time) *awsjson.Error {
	return awsjson.Errorf(codeExpiredIterator, "Iterator expired. The iterator was created at time %s while right now "+
		"it is %s which is further in the future than the tolerated delay of %d milliseconds.",
		made.UTC().Format(amazonTime), now.UTC().Format(amazonTime), iteratorLife.Milliseconds())
}

// readPage answers a GetRecords.
func (s *Service) readPage(st *stream, it iterator, in *getRecordsInput, now time.Time) (any, error) {
	if err := s.readable(st); err != nil {
		return nil, err
	}
	defer st.mu.RUnlock()
	sh := st.shard(shardID(it.shard), now)
	if sh == nil {
		return nil, s.shardMissing(shardID(it.shard), st.name)
	}
	p, err := s.take(st, sh, it.next, in, now)
	if err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, 512+p.bytes*3/2+p.count*240), `{"Records":[`...)
	body = p.append(body)
	body = append(body, ']')
	if sh.ended(&p) {
		body = sh.appendChildren(append(body, `,"ChildShards":`...))
	} else {
		it.made, it.next = now.UnixMilli(), p.next()
		body = append(body, `,"NextShardIterator":"`...)
		body = append(append(body, it.String()...), '"')
	}
	return awsjson.Raw(append(appendBehind(body, sh, &p, now), '}')), nil
}

// take reads a page within the shard's quotas. The caller holds the stream's
// lock.
func (s *Service) take(st *stream, sh *shard, from uint64, in *getRecordsInput, now time.Time) (page, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.opts.Quotas && !sh.reads.allow(now) {
		return page{}, s.rateExceeded(sh.id, st.name)
	}
	if in.DryRun != nil && *in.DryRun {
		return page{}, dryRun()
	}
	sh.trim(st.horizon(now))
	limit := maxGetRecords
	if in.Limit != nil {
		limit = *in.Limit
	}
	p := sh.read(from, limit, maxGetBytes)
	if s.opts.Quotas {
		sh.reads.spend(now, p.bytes)
	}
	return p, nil
}

// ended tells whether nothing will ever follow the page. The caller holds the
// stream's lock.
func (s *shard) ended(p *page) bool { return s.closed && !p.remaining }

// behind is how far, in milliseconds, a reader that has read the page is behind
// the tip. At the end of a closed shard the tip is in its children, and that is
// the time since they were opened. The caller holds the stream's lock.
func (s *shard) behind(p *page, now time.Time) int64 {
	switch {
	case p.remaining:
		return max(0, now.UnixMilli()-p.latest)
	case s.closed:
		return max(0, now.UnixMilli()-s.closedAt)
	}
	return 0
}
