package wire

import (
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"time"
)

// cborDecoder fills one page from the body of one answer of GetRecords in AWS
// CBOR 1.1, while it arrives.
type cborDecoder struct{ cborScanner }

// decodeCBOR fills the page from a body, of which length is the length or -1. If
// it cannot, the page is empty and the error is what the body's reader failed
// with, or [ErrDialect] for what is no answer of Kinesis in CBOR.
func decodeCBOR(body io.Reader, length int64, page *Page, pool *Pool) error {
	page.Reset()
	d := cborDecoder{cborScanner{window: newWindow(body, length, page, pool)}}
	ok := d.answer() && d.atEnd()
	d.seal()
	if ok {
		page.WireBytes = d.read
		page.filled = true
		return nil
	}
	page.Release()
	if d.err != nil {
		return d.err
	}
	return fmt.Errorf("%w: odd from byte %d on", ErrDialect, d.place())
}

// place is how far the body was read.
func (d *cborDecoder) place() int { return d.read - d.end + d.at }

func (d *cborDecoder) answer() bool {
	var had seen
	var records, position bool
	p := d.page
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "Records":
			records = true
			return had.first(0) && d.array(d.record)
		case "MillisBehindLatest":
			return had.first(1) && (d.null() || d.integerTo(&p.MillisBehindLatest))
		case "ChildShards":
			return had.first(2) && (d.null() || d.array(d.childShard))
		case "NextShardIterator":
			return had.first(3) && (d.null() || d.stringTo(&p.NextShardIterator, &position))
		}
		return d.other(name)
	})
	p.Ended = !position
	return ok && (records || len(p.ChildShards) > 0)
}

func (d *cborDecoder) record() bool {
	if len(d.page.Records) == maxRecords {
		return false
	}
	start := d.place()
	d.page.Records = append(d.page.Records, Record{})
	r := &d.page.Records[len(d.page.Records)-1]
	var had seen
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "SequenceNumber":
			return had.first(0) && (d.null() || d.stringTo(&r.SequenceNumber, nil))
		case "ApproximateArrivalTimestamp":
			return had.first(1) && (d.null() || d.timestampTo(&r.ArrivedAt))
		case "Data":
			return had.first(2) && (d.null() || d.data(r))
		case "PartitionKey":
			return had.first(3) && (d.null() || d.stringTo(&r.PartitionKey, nil))
		case "EncryptionType":
			return had.first(4) && (d.null() || d.anyText())
		}
		return d.other(name)
	})
	if ok && len(d.page.Records) == 1 && d.exact {
		d.makeRoom(d.place() - start)
	}
	return ok
}

// makeRoom grows the page at once for as many records as the body can hold, if
// they are like the first.
func (d *cborDecoder) makeRoom(length int) {
	n := min((d.end-d.at+d.window.rest)/length+2, maxRecords)
	if cap(d.page.Records) < n {
		d.page.Records = append(make([]Record, 0, n), d.page.Records...)
	}
}

func (d *cborDecoder) childShard() bool {
	id, had := "", seen(0)
	ok := d.object(func(name []byte) bool {
		switch string(name) {
		case "ShardId":
			return had.first(0) && (d.null() || d.stringTo(&id, nil))
		case "ParentShards":
			return d.null() || d.array(d.anyText)
		case "HashKeyRange":
			return d.null() || d.object(func(name []byte) bool {
				switch string(name) {
				case "StartingHashKey", "EndingHashKey":
					return d.null() || d.anyText()
				}
				return d.other(name)
			})
		}
		return d.other(name)
	})
	d.page.ChildShards = append(d.page.ChildShards, id)
	return ok
}

func (d *cborDecoder) integerTo(to *int64) (ok bool) {
	*to, ok = d.integer()
	return ok
}

// stringTo reads a string into the page's arena and, if asked, notes that there
// was one.
func (d *cborDecoder) stringTo(to *string, there *bool) bool {
	text, ok := d.text()
	if !ok {
		return false
	}
	*to = d.page.strings.copy(text)
	if there != nil {
		*there = true
	}
	return true
}

func (d *cborDecoder) anyText() bool {
	_, ok := d.text()
	return ok
}

// data reads what a record holds. Bytes of one piece stay where they were read;
// what an emulator may send instead, pieces or base64, is the collector's.
func (d *cborDecoder) data(r *Record) bool {
	h, ok := d.head()
	if !ok || h.major != majorBytes && h.major != majorText {
		return false
	}
	data, ok := d.inside(h)
	if !ok {
		return false
	}
	switch {
	case h.major == majorText:
		var err error
		r.Data, err = base64.StdEncoding.AppendDecode([]byte{}, data)
		return err == nil
	case h.indefinite:
		r.Data = append([]byte{}, data...)
	default:
		d.give(r, data)
	}
	return true
}

// millisecondsFrom is where times begin that count milliseconds: as such it is in
// 1973, and as seconds it would be in the year 5138.
const millisecondsFrom = 1e11

// timestampTo reads a time. Kinesis writes it as milliseconds since 1970 and its
// SDK for Java reads nothing else, although the tag that may be there, 1, is for
// seconds; some emulators do write seconds. Records being younger than
// Kinesis is, the two cannot be taken for one another.
func (d *cborDecoder) timestampTo(to *time.Time) bool {
	h, ok := d.head()
	if ok && h.major == majorTag && h.argument == cborEpoch {
		h, ok = d.head()
	}
	if !ok {
		return false
	}
	var value float64
	switch {
	case h.major == majorUint:
		if h.argument >= millisecondsFrom && h.argument < 1<<53 {
			*to = time.UnixMilli(int64(h.argument)).UTC()
			return true
		}
		value = float64(h.argument)
	case h.major == majorSimple && h.info == cborFloat32:
		value = float64(math.Float32frombits(uint32(h.argument)))
	case h.major == majorSimple && h.info == cborFloat64:
		value = math.Float64frombits(h.argument)
	default:
		return false
	}
	if math.IsNaN(value) || value < 0 || value >= 1<<53 {
		return false
	}
	if value < millisecondsFrom {
		value *= 1000
	}
	*to = time.UnixMilli(int64(math.Round(value))).UTC()
	return true
}
