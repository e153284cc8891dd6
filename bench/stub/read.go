package stub

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An iterator has the length of a real one, and its last digits say which shard
// and which record comes next.
var iteratorPrefix = "AAAAAAAAAAE" + strings.Repeat("korestreambench", 13)

const (
	iteratorShardDigits = 5
	iteratorDigits      = iteratorShardDigits + sequenceDigits
)

func appendIterator(b []byte, shard int, next int64) []byte {
	b = append(b, iteratorPrefix...)
	at := len(b)
	b = append(b, make([]byte, iteratorDigits)...)
	putDecimal(b[at:at+iteratorShardDigits], int64(shard))
	putDecimal(b[at+iteratorShardDigits:], next)
	return b
}

func (s *Service) parseIterator(text []byte) (shard int, next int64, err error) {
	digits, ok := bytes.CutPrefix(text, []byte(iteratorPrefix))
	if !ok || len(digits) != iteratorDigits {
		return 0, 0, &apiError{"InvalidArgumentException", "no iterator of the stub"}
	}
	shard, err = strconv.Atoi(string(digits[:iteratorShardDigits]))
	if err != nil || shard >= s.cfg.Shards {
		return 0, 0, &apiError{"InvalidArgumentException", "no iterator of the stub"}
	}
	next, err = strconv.ParseInt(string(digits[iteratorShardDigits:]), 10, 64)
	if err != nil {
		return 0, 0, &apiError{"InvalidArgumentException", "no iterator of the stub"}
	}
	return shard, next, nil
}

// field returns a member of a request as it stands there. Names that the stub asks
// for come once in a request, and nothing in their values needs escapes.
func field(in []byte, name string) []byte {
	_, after, ok := bytes.Cut(in, []byte(`"`+name+`":`))
	if !ok {
		return nil
	}
	after = bytes.TrimLeft(after, " ")
	if quoted, ok := bytes.CutPrefix(after, []byte{'"'}); ok {
		value, _, _ := bytes.Cut(quoted, []byte{'"'})
		return value
	}
	if i := bytes.IndexAny(after, ",}"); i >= 0 {
		return bytes.TrimSpace(after[:i])
	}
	return nil
}

// slice is what one GetRecords call gets: count records of a shard from next on. It
// may begin in the middle of a page and end in the next, as the records of a shard
// have no pages.
type slice struct {
	shard       int
	next, count int64
}

func (s *Service) getRecords(b, in []byte) ([]byte, error) {
	limit, err := strconv.ParseInt(string(field(in, "Limit")), 10, 64)
	if err != nil {
		limit = 0
	}
	one, err := s.locate(field(in, "ShardIterator"), limit)
	if err != nil {
		return nil, err
	}
	b = append(b, `{"MillisBehindLatest":`...)
	b = strconv.AppendInt(b, s.behind(one.next+one.count), 10)
	b = append(b, `,"NextShardIterator":"`...)
	b = appendIterator(b, one.shard, one.next+one.count)
	b = append(b, `","Records":[`...)
	return append(s.page.appendSlice(b, one), "]}"...), nil
}

// locate finds what an iterator stands at; a limit of 0 is none.
func (s *Service) locate(iterator []byte, limit int64) (slice, error) {
	shard, next, err := s.parseIterator(iterator)
	if err != nil {
		return slice{}, err
	}
	size := int64(s.cfg.PageRecords)
	if limit <= 0 {
		limit = size
	}
	count := max(min(limit, size, s.records()-next), 0)
	if s.quotas != nil {
		if err := s.quotas[shard].take(int64(s.cfg.EventBytes)*count, time.Now()); err != nil {
			return slice{}, err
		}
	}
	return slice{shard, next, count}, nil
}

// behind pretends that a shard was filled with a thousand records a second.
func (s *Service) behind(next int64) int64 { return max(s.records()-next, 0) }

func (s *Service) getShardIterator(b, in []byte) ([]byte, error) {
	shard, err := s.parseShard(field(in, "ShardId"))
	if err != nil {
		return nil, err
	}
	next, err := s.startOf(field(in, "ShardIteratorType"), field(in, "StartingSequenceNumber"))
	if err != nil {
		return nil, err
	}
	b = append(b, `{"ShardIterator":"`...)
	return append(appendIterator(b, shard, next), `"}`...), nil
}

// startOf says which record an iterator of that type begins at.
func (s *Service) startOf(kind, sequence []byte) (int64, error) {
	switch string(kind) {
	case "TRIM_HORIZON", "AT_TIMESTAMP":
		return 0, nil
	case "LATEST":
		return s.records(), nil
	case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
	default:
		return 0, &apiError{"InvalidArgumentException", fmt.Sprintf("no type of an iterator: %q", kind)}
	}
	digits, ok := strings.CutPrefix(string(sequence), sequencePrefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0, &apiError{"InvalidArgumentException", fmt.Sprintf("no sequence number of the stub: %q", sequence)}
	}
	if string(kind) == "AFTER_SEQUENCE_NUMBER" {
		n++
	}
	return n, nil
}

const shardPrefix = "shardId-"

func (s *Service) parseShard(id []byte) (int, error) {
	digits, ok := bytes.CutPrefix(id, []byte(shardPrefix))
	n, err := strconv.Atoi(string(digits))
	if !ok || err != nil || n < 0 || n >= s.cfg.Shards {
		return 0, &apiError{"ResourceNotFoundException", fmt.Sprintf("no shard of the stub: %q", id)}
	}
	return n, nil
}
