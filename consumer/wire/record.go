package wire

import "time"

// record reads a record, and with it those behind it that have its shape.
func (d *decoder) record() bool { return d.expected() || d.unexpected() }

// expected reads records for as long as they have the shape of the last one that
// was read member by member. It reports false, and stays where it is, if the first
// has another.
func (d *decoder) expected() (any bool) {
	h, b := d.page.shape, d.text
	if h == nil || h.scalars == 0 {
		return false
	}
	for at := after(b, d.at, h.between[0]); at >= 0; at = after(b, d.at, h.next) {
		end := d.compare(h, at)
		if end < 0 {
			break
		}
		d.makeRoom(end - d.at)
		d.at, any = end, true
	}
	return any
}

// compare reads a record whose first scalar is at i, and returns the place behind
// it. If the record has not the shape that is expected, or if one of its scalars is
// none that stands there as it is, that is -1, and the page has nothing of it.
func (d *decoder) compare(h *shape, i int) int {
	b := d.text
	var sequence, key, data []byte
	var arrived time.Time
	for n := range h.scalars {
		start := i
		switch h.is[n%len(h.is)] {
		case partSequence:
			i = plainEnd(b, i)
			sequence = b[start:max(i, start)]
		case partKey:
			i = plainEnd(b, i)
			key = b[start:max(i, start)]
		case partArrival:
			arrived, i = d.timestampAt(i)
		case partData:
			data, i = d.plainData(i)
		}
		if i < 0 {
			return -1
		}
		if i = after(b, i, h.between[(n+1)%len(h.between)]); i < 0 {
			return -1
		}
	}
	r := d.page.add()
	r.SequenceNumber, r.PartitionKey = d.page.strings.copy(sequence), d.page.strings.copy(key)
	r.ArrivedAt = arrived
	if data != nil {
		d.keep(r, data)
	}
	return i
}

// timestampAt reads a timestamp at i, and returns the place behind it or -1.
func (d *decoder) timestampAt(i int) (time.Time, int) {
	s := scanner{text: d.text, at: i}
	t, ok := s.timestamp()
	if !ok {
		return t, -1
	}
	return t, s.at
}

// makeRoom grows the page at its first record, at once for as many as the body can
// hold if they are like that one.
func (d *decoder) makeRoom(length int) {
	p := d.page
	if len(p.Records) > 1 {
		return
	}
	if n := min((len(d.text)-d.at)/length+2, maxRecords); cap(p.Records) < n {
		p.Records = append(make([]Record, 0, n), p.Records...)
	}
}

// unexpected reads a record of which nothing is known, member by member, and
// learns its shape.
func (d *decoder) unexpected() bool {
	if d.page.shape == nil {
		d.page.shape = new(shape)
	}
	h, r, had := d.page.shape, d.page.add(), seen(0)
	start := d.at
	h.begin(start)
	ok := d.object(func(name []byte) bool {
		is := partOf(name)
		if is == partOther {
			return d.skip(0)
		}
		return had.first(uint(is)) && (d.null() || d.member(r, is))
	})
	if !ok {
		return false
	}
	h.end(d.text, start, d.at)
	d.makeRoom(d.at - start)
	return true
}

// member reads a member that has a value.
func (d *decoder) member(r *Record, is part) (ok bool) {
	h := d.page.shape
	d.next()
	start := d.at
	switch is {
	case partSequence:
		ok = d.stringTo(&r.SequenceNumber, nil)
	case partArrival:
		r.ArrivedAt, ok = d.timestamp()
		h.note(d.text, is, start, d.at)
		return ok
	case partData:
		ok = d.data(r)
	case partKey:
		ok = d.stringTo(&r.PartitionKey, nil)
	default:
		return d.anyString()
	}
	if ok {
		h.note(d.text, is, start+1, d.at-1)
	}
	return ok
}
