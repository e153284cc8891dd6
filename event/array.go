package event

import "fmt"

// element is one element of an array of events.
type element struct {
	start, end int
}

// array reads a payload that begins as an array. Nearly always every element is
// good, so that they are read as events at once; if one is not, the array is
// divided first, since what is wrong within one element is its own, while what
// is wrong between them or ends too early refuses them all.
func (d *Decoder) array(dst []Item) ([]Item, *DecodeError) {
	if items, ok := d.arrayAtOnce(dst); ok {
		return items, nil
	}
	text, base := d.scan.src, d.scan.base
	elements, err := divide(text, base, d.elements)
	if err != nil {
		return nil, err
	}
	if cap(elements) <= keptNames {
		d.elements = elements[:0]
	}
	for _, el := range elements {
		dst = append(dst, d.element(text[el.start:el.end:el.end], base+int64(el.start)))
	}
	return dst, nil
}

// arrayAtOnce reads the array if all its elements are objects and it is strict
// JSON to its end.
func (d *Decoder) arrayAtOnce(dst []Item) ([]Item, bool) {
	s := &d.scan
	i, more := s.element(1, true)
	if !more {
		return nil, false // empty or broken; which of them is found by dividing
	}
	for from := len(dst); more; {
		if s.src[i] != '{' || len(dst)-from == MaxEvents {
			return nil, false
		}
		item, end := d.event(i)
		if end < 0 {
			return nil, false
		}
		dst = append(dst, item)
		i, more = s.element(end, false)
	}
	return dst, i >= 0 && s.end(i) == nil
}

// divide appends the elements of an array that is the whole of text, at least
// one, to dst.
func divide(text []byte, base int64, dst []element) ([]element, *DecodeError) {
	var s scanner
	s.lax = true
	s.reset(text, base)
	i, more := s.element(1, true)
	for more {
		if len(dst) == MaxEvents {
			return nil, &DecodeError{Reason: ReasonSize, Offset: base + int64(i), Err: fmt.Errorf("more than %d elements", MaxEvents)}
		}
		end := s.value(i, maxArrayDepth-1)
		if end < 0 {
			return nil, s.refusal()
		}
		dst = append(dst, element{start: i, end: end})
		i, more = s.element(end, false)
	}
	if i < 0 {
		return nil, s.refusal()
	}
	if err := s.end(i); err != nil {
		return nil, err
	}
	if len(dst) == 0 {
		return nil, &DecodeError{Reason: ReasonEmpty, Offset: base}
	}
	return dst, nil
}

// element reads one element of an array. All its errors are its own.
func (d *Decoder) element(raw []byte, at int64) Item {
	if raw[0] != '{' {
		return Item{Raw: raw, Err: notAnObject(raw[0], at)}
	}
	d.scan.reset(raw, at)
	item, end := d.event(0)
	if end < 0 {
		return Item{Raw: raw, Err: d.scan.refusal()}
	}
	return item
}

// element returns the place of the array's next element, and that there is one;
// or the place behind the array, or -1 if it is broken. i is behind the opening
// bracket or behind the element before.
func (s *scanner) element(i int, first bool) (int, bool) {
	i = s.space(i)
	if i == len(s.src) {
		return s.fail(i, errEnd), false
	}
	if s.src[i] == ']' {
		return i + 1, false
	}
	if first {
		return i, true
	}
	if s.src[i] != ',' {
		return s.odd(i, "after an array's element"), false
	}
	next := s.space(i + 1)
	if next == len(s.src) {
		return s.fail(next, errEnd), false
	}
	if s.src[next] == ']' || s.src[next] == '}' {
		return s.odd(i, "before the end of an array"), false
	}
	return next, true
}
