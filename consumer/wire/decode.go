package wire

import (
	"bytes"
	stdbase64 "encoding/base64"

	"github.com/segmentio/asm/base64"
)

// kind says which members an answer has.
type kind uint8

const (
	getRecords kind = iota
	subscribeEvent
)

// maxRecords is how many records a page has at most; memory is set aside for so
// many and no more before they were seen.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
const maxRecords = 10_000

// decoder fills one page from one body.
type decoder struct {
	scanner
	filling
	kind kind
	// used is how much of the chunk is filled.
	used    int
	scratch []byte
}

// decode fills the page from an answer's JSON. It reports false, and leaves the
// page empty, for a text that is not JSON, not such an answer, or legal but
// unlike what Kinesis writes: a member twice, a null among records, a name with
// an escape.
func decode(k kind, body []byte, page *Page, pool *Pool) bool {
	page.Reset()
	d := decoder{scanner: scanner{text: body}, filling: filling{page: page, pool: pool}, kind: k}
	ok := d.answer() && d.atEnd()
	d.seal()
	if !ok {
		page.Release()
		return false
	}
	page.WireBytes = len(body)
	page.filled = true
	return true
}

// seen notes the members that an object had.
type seen uint8

// first tells whether member n is there for the first time.
func (s *seen) first(n uint) bool {
	was := *s
	*s |= 1 << n
	return was != *s
}

func (d *decoder) answer() bool {
	var had seen
	var records, position bool
	p := d.page
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "Records":
			if !had.first(0) {
				return false
			}
			records = true
			return d.array(d.record)
		case "MillisBehindLatest":
			return had.first(1) && (d.null() || d.integerTo(&p.MillisBehindLatest))
		case "ChildShards":
			return had.first(2) && (d.null() || d.array(d.childShard))
		case "NextShardIterator":
			if d.kind == getRecords {
				return had.first(3) && (d.null() || d.stringTo(&p.NextShardIterator, &position))
			}
		case "ContinuationSequenceNumber":
			if d.kind == subscribeEvent {
				return had.first(4) && (d.null() || d.stringTo(&p.ContinuationSequenceNumber, &position))
			}
		}
		return d.skip(0)
	})
	p.Ended = !position
	// An answer without records, not even none, is not one that Kinesis gives;
	// taken for the last page of a shard it would cost the rest of the shard.
	return ok && (records || len(p.ChildShards) > 0)
}

func (d *decoder) record() bool {
	start := d.at
	d.page.Records = append(d.page.Records, Record{})
	r := &d.page.Records[len(d.page.Records)-1]
	var had seen
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "SequenceNumber":
			return had.first(0) && (d.null() || d.stringTo(&r.SequenceNumber, nil))
		case "ApproximateArrivalTimestamp":
			return had.first(1) && (d.null() || d.timestampTo(r))
		case "Data":
			return had.first(2) && (d.null() || d.data(r))
		case "PartitionKey":
			return had.first(3) && (d.null() || d.stringTo(&r.PartitionKey, nil))
		case "EncryptionType":
			return had.first(4) && (d.null() || d.anyString())
		}
		return d.skip(0)
	})
	if ok && len(d.page.Records) == 1 {
		d.makeRoom(d.at - start)
	}
	return ok
}

// makeRoom grows the page at once for as many records as the body can hold, if
// they are like the first.
func (d *decoder) makeRoom(length int) {
	n := min((len(d.text)-d.at)/length+2, maxRecords)
	if cap(d.page.Records) < n {
		d.page.Records = append(make([]Record, 0, n), d.page.Records...)
	}
}

func (d *decoder) childShard() bool {
	id, had := "", seen(0)
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "ShardId":
			return had.first(0) && (d.null() || d.stringTo(&id, nil))
		case "ParentShards":
			return d.null() || d.array(d.anyString)
		case "HashKeyRange":
			return d.null() || d.object(func(name []byte) bool {
				switch string(name) {
				case "StartingHashKey", "EndingHashKey":
					return d.null() || d.anyString()
				}
				return d.skip(0)
			})
		}
		return d.skip(0)
	})
	d.page.ChildShards = append(d.page.ChildShards, id)
	return ok
}

func (d *decoder) integerTo(to *int64) (ok bool) {
	*to, ok = d.integer()
	return ok
}

func (d *decoder) timestampTo(r *Record) (ok bool) {
	r.ArrivedAt, ok = d.timestamp()
	return ok
}

// stringTo reads a string into the page's arena and, if asked, notes that there
// was one.
func (d *decoder) stringTo(to *string, there *bool) bool {
	inner, escaped, ok := d.quoted()
	if ok && escaped {
		d.scratch, ok = unescape(d.scratch[:0], inner)
		inner = d.scratch
	}
	if !ok {
		return false
	}
	*to = d.page.strings.copy(inner)
	if there != nil {
		*there = true
	}
	return true
}

// anyString reads a string and drops it.
func (d *decoder) anyString() bool {
	inner, escaped, ok := d.quoted()
	if ok && escaped {
		d.scratch, ok = unescape(d.scratch[:0], inner)
	}
	return ok
}

// data reads base64 into the chunk. The text is not looked at before it is
// decoded: what would need that, a quote behind a backslash or a control
// character, is no base64, and the careful way is taken for it.
func (d *decoder) data(r *Record) bool {
	if d.next() != '"' {
		return false
	}
	text := d.text[d.at+1:]
	n := bytes.IndexByte(text, '"')
	if n < 0 {
		return false
	}
	text = text[:n]
	room := d.room(n / 4 * 3)
	if got, err := base64.StdEncoding.Decode(room, text); err == nil && got == decodedLen(text) {
		d.at += n + 2
		d.keep(r, room[:got])
		return true
	}
	return d.carefulData(r)
}

// decodedLen is how many bytes a text makes that has nothing but base64; -1 if
// it cannot be one. The decoders skip line ends, so that a text which makes fewer
// has some.
func decodedLen(text []byte) int {
	n := len(text)
	switch {
	case n%4 != 0:
		return -1
	case bytes.HasSuffix(text, []byte("==")):
		return n/4*3 - 2
	case bytes.HasSuffix(text, []byte("=")):
		return n/4*3 - 1
	default:
		return n / 4 * 3
	}
}

func (d *decoder) carefulData(r *Record) bool {
	inner, escaped, ok := d.quoted()
	if !ok || !escaped {
		return false
	}
	if d.scratch, ok = unescape(d.scratch[:0], inner); !ok {
		return false
	}
	room := d.room(stdbase64.StdEncoding.DecodedLen(len(d.scratch)))
	n, err := stdbase64.StdEncoding.Decode(room, d.scratch)
	if err != nil {
		return false
	}
	d.keep(r, room[:n])
	return true
}
