package stub

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"korestream/bench/tally"
)

// An id is EZ, the number of its shard and page in numberDigits hexadecimal
// digits, and the rest as the fleet made it.
const (
	idPrefix     = "EZ"
	idLength     = 34
	numberDigits = 12
)

// A sequence number has the length of a real one; its last digits are the
// record's place in the shard.
const (
	sequencePrefix = "49590338271490256608559692538361571095"
	sequenceDigits = 18
)

// page is the text of one page's records as GetRecords answers it, with the
// places in it that differ from page to page.
type page struct {
	text    []byte
	records []record
	// binary is AWS CBOR, in which data are bytes and nothing is between records.
	binary bool
}

// record is one record of a page.
type record struct {
	start, end int // of it in the text
	sequence   int // where the last digits of its sequence number are
	ids        []mark
	id         []byte
}

// mark is a place in the text that holds the number of an id. In base64 it is
// widened to whole groups, three bytes that are four letters.
type mark struct {
	at    int
	plain []byte
	digit int // where the number begins in plain
}

// newPage makes a page of events in AWS JSON.
func newPage(events []made) *page {
	p := &page{}
	for i, e := range events {
		if i > 0 {
			p.text = append(p.text, ',')
		}
		p.append(e)
	}
	return p
}

func (p *page) append(e made) {
	r := record{start: len(p.text), id: []byte(e.id)}
	p.text = append(p.text, `{"ApproximateArrivalTimestamp":1.764147600123E9,"Data":"`...)
	r.ids = marks(e, len(p.text))
	p.text = base64.StdEncoding.AppendEncode(p.text, e.payload)
	p.text = fmt.Appendf(p.text, `","PartitionKey":%q,"SequenceNumber":"%s`, e.key, sequencePrefix)
	r.sequence = len(p.text)
	p.text = fmt.Appendf(p.text, `%0*d"}`, sequenceDigits, 0)
	r.end = len(p.text)
	p.records = append(p.records, r)
}

// marks finds the id in an event whose base64 begins at data.
func marks(e made, data int) []mark {
	var out []mark
	for from := 0; ; {
		i := bytes.Index(e.payload[from:], []byte(e.id))
		if i < 0 {
			return out
		}
		number := from + i + len(idPrefix)
		begin, end := number/3*3, (number+numberDigits+2)/3*3
		out = append(out, mark{at: data + begin/3*4, plain: e.payload[begin:end], digit: number - begin})
		from = number
	}
}

// number is what an id holds of where its event is.
func number(shard int, pageNumber int64) uint64 { return uint64(shard)<<32 | uint64(pageNumber) }

// appendSlice appends the records of a slice.
func (p *page) appendSlice(b []byte, one slice) []byte {
	for first, left := one.next, one.count; left > 0; {
		if first > one.next && !p.binary {
			b = append(b, ',')
		}
		var n int64
		b, n = p.appendTo(b, one.shard, first, left)
		first, left = first+n, left-n
	}
	return b
}

// appendTo appends the records from first on, which is their place in the shard,
// at most n of them and none beyond the page. It returns how many there were.
func (p *page) appendTo(b []byte, shard int, first, n int64) ([]byte, int64) {
	size := int64(len(p.records))
	from := first % size
	n = min(n, size-from)
	begin, origin := p.records[from].start, len(b)
	b = append(b, p.text[begin:p.records[from+n-1].end]...)
	var digits [numberDigits]byte
	putHex(digits[:], number(shard, first/size))
	for i := range n {
		r := &p.records[from+i]
		shift := origin - begin
		putDecimal(b[r.sequence+shift:r.sequence+shift+sequenceDigits], first+i)
		for _, m := range r.ids {
			if p.binary {
				copy(b[m.at+shift:], digits[:])
				continue
			}
			var plain [numberDigits + 6]byte
			k := copy(plain[:], m.plain)
			copy(plain[m.digit:], digits[:])
			base64.StdEncoding.Encode(b[m.at+shift:], plain[:k])
		}
	}
	return b, n
}

// tally adds up the ids of one page.
func (p *page) tally(shard int, pageNumber int64) tally.Tally {
	var t tally.Tally
	for i := range p.records {
		id := p.records[i].id
		putHex(id[len(idPrefix):len(idPrefix)+numberDigits], number(shard, pageNumber))
		t.Add(id)
	}
	return t
}

func putHex(b []byte, n uint64) {
	const digits = "0123456789abcdef"
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[n&0xf]
		n >>= 4
	}
}

func putDecimal(b []byte, n int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
