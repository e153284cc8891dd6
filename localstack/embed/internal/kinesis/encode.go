package kinesis

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
)

// Records are encoded by hand: they are nearly all that the service answers.

// append appends the page's records, separated by commas.
func (p *page) append(b []byte) []byte {
	for i := range p.count {
		if i > 0 {
			b = append(b, ',')
		}
		r, seq := p.record(i)
		b = append(b, `{"SequenceNumber":"`...)
		b = seq.append(b)
		b = append(b, `","ApproximateArrivalTimestamp":`...)
		b = appendSeconds(b, r.arrived)
		b = append(b, `,"Data":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.data)
		b = append(b, `","PartitionKey":`...)
		b = appendString(b, r.key)
		if r.encrypted {
			b = append(b, `,"EncryptionType":"KMS"`...)
		}
		b = append(b, '}')
	}
	return b
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendBehind appends the member MillisBehindLatest. The caller holds the
// stream's lock.
func appendBehind(b []byte, sh *shard, p *page, now time.Time) []byte {
	return strconv.AppendInt(append(b, `,"MillisBehindLatest":`...), sh.behind(p, now), 10)
}

// appendChildren appends the list of the shard's children. The caller holds the
// stream's lock.
func (s *shard) appendChildren(b []byte) []byte {
	b = append(b, '[')
	for i, child := range s.children {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"ShardId":"`...), child.id...)
		b = append(append(b, `","ParentShards":["`...), child.parent.id...)
		if child.adjacentParent != nil {
			b = append(append(b, `","`...), child.adjacentParent.id...)
		}
		b = append(append(b, `"],"HashKeyRange":{"StartingHashKey":"`...), child.start.String()...)
		b = append(append(b, `","EndingHashKey":"`...), child.end.String()...)
		b = append(b, `"}}`...)
	}
	return append(b, ']')
}
