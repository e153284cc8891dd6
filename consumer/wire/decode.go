package wire

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
	used int
	// last is how long the data of the last record were.
	last    int
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
