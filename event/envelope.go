package event

import "fmt"

// part is a member of an event that is read into an [Event].
type part uint8

const (
	nothing part = iota
	partID
	partType
	partSource
	partSpecVersion
	partDataSchema
	partDataContentType
	partSubject
	partTime
	partData
	// Members of data.
	partSIMSID
	partSIMICCID
	partEventSID
	parts
)

// span is the place of a value in a scanner's source; zero while absent.
type span struct {
	start, end int
	// escaped says that it is a string with escapes, if it is a string.
	escaped bool
}

// wanted is what a scanner notes on its way through a value.
type wanted struct {
	// levels is how many levels are looked at: 2 for an event and its data, 1 for
	// the text of a data string, 0 for any other value.
	levels int
	// part and begin are, by level, what the member being read is and where its
	// value begins. Level 0 has no members.
	part  [3]part
	begin [3]int
	found [parts]span
	// ending is the one that the event has, nil if that is none.
	ending *ending
}

// want makes the next value be looked at levels deep.
func (s *scanner) want(levels int) {
	s.wanted.levels = levels
	clear(s.wanted.part[:])
	clear(s.wanted.found[:])
}

// take notes the end of a member's value.
func (s *scanner) take(depth, end int) {
	if p := s.wanted.part[depth]; p != nothing {
		begin := s.wanted.begin[depth]
		s.wanted.found[p] = span{start: begin, end: end, escaped: s.escape >= begin}
	}
}

// meaning returns which part the name between start and end at depth is.
func (s *scanner) meaning(depth, start, end int, escaped bool) part {
	name := s.src[start+1 : end-1]
	if escaped {
		name = unescape(nil, name)
	}
	switch {
	case depth < s.wanted.levels:
		return attribute(name)
	case depth == 1 || s.wanted.part[1] == partData:
		return dataKey(name)
	default:
		return nothing
	}
}

func attribute(name []byte) part {
	switch string(name) {
	case "id":
		return partID
	case "type":
		return partType
	case "source":
		return partSource
	case "specversion":
		return partSpecVersion
	case "dataschema":
		return partDataSchema
	case "datacontenttype":
		return partDataContentType
	case "subject":
		return partSubject
	case "time":
		return partTime
	case "data":
		return partData
	default:
		return nothing
	}
}

// dataKey knows the members of data that routing and deduplication need.
func dataKey(name []byte) part {
	switch string(name) {
	case "sim_sid":
		return partSIMSID
	case "sim_iccid":
		return partSIMICCID
	case "event_sid":
		return partEventSID
	default:
		return nothing
	}
}

// text returns the text of a string, a part of the source unless there are
// escapes in it, which make it be written to the beginning of dst. It is nil
// for any other kind.
func (s *scanner) text(v span, dst []byte) []byte {
	if v.end == 0 || s.src[v.start] != '"' {
		return nil
	}
	inside := s.src[v.start+1 : v.end-1 : v.end-1]
	if v.escaped {
		return unescape(dst[:0], inside)
	}
	return inside
}

// event reads the event at i, a JSON object, and returns the place behind it.
// That is -1 if the JSON is broken; what is only not an event is in the item.
func (d *Decoder) event(i int) (Item, int) {
	s := &d.scan
	s.want(2)
	end := s.event(i)
	if end < 0 {
		return Item{}, -1
	}
	raw := s.src[i:end:end]
	e, err := d.build(raw, s.base+int64(i))
	return Item{Event: e, Err: err, Raw: raw}, end
}

// build makes an event of what the scanner found. Attributes of the wrong kind
// are as good as absent, but for id and type.
func (d *Decoder) build(raw []byte, at int64) (*Event, *DecodeError) {
	found := &d.scan.wanted.found
	if err := d.require(found[partID], "id", ReasonMissingID, at); err != nil {
		return nil, err
	}
	if err := d.require(found[partType], "type", ReasonMissingType, at); err != nil {
		return nil, err
	}
	data, keys, err := d.data(found[partData])
	if err != nil {
		return nil, err
	}
	e := d.events.event()
	e.Raw, e.Data = raw, data
	e.ID = d.own(found[partID])
	e.Type = d.shared(partType)
	e.Source = d.shared(partSource)
	e.SpecVersion = d.shared(partSpecVersion)
	e.DataSchema = d.shared(partDataSchema)
	e.DataContentType = d.shared(partDataContentType)
	e.Subject = d.own(found[partSubject])
	d.time(e, found[partTime])
	d.identify(e, keys)
	return e, nil
}

// require refuses an event without an attribute that every event must have. An
// absent one is reported at the event's beginning.
func (d *Decoder) require(v span, name, missing string, event int64) *DecodeError {
	s := &d.scan
	if v.end == 0 {
		return &DecodeError{Reason: missing, Offset: event, Err: fmt.Errorf("no %s", name)}
	}
	at := s.base + int64(v.start)
	switch first := s.src[v.start]; {
	case first == 'n':
		return &DecodeError{Reason: missing, Offset: at, Err: fmt.Errorf("%s is null", name)}
	case first != '"':
		return &DecodeError{
			Reason: ReasonWrongKind, Offset: at,
			Err: fmt.Errorf("%s must be a string, not a %s", name, kindName(first)),
		}
	case v.end-v.start == len(`""`):
		return &DecodeError{Reason: missing, Offset: at, Err: fmt.Errorf("%s is empty", name)}
	}
	return nil
}

// own returns a string that differs from event to event.
func (d *Decoder) own(v span) string {
	if v.end == 0 {
		return ""
	}
	return d.arena.string(d.scan.text(v, d.scratch))
}

// shared returns a string that many events have alike.
func (d *Decoder) shared(p part) string {
	e := d.scan.wanted.ending
	if e != nil && e.value[p] != "" {
		return e.value[p]
	}
	text := d.names.text(p, d.scan.text(d.scan.wanted.found[p], d.scratch))
	if e != nil && e.found[p].end > 0 {
		e.value[p] = text
	}
	return text
}

// time reads a time as leniently as it can be done without guessing: RFC 3339
// with any number of fractional digits. A number's text is kept, its unit is unknown.
func (d *Decoder) time(e *Event, v span) {
	if v.end == 0 {
		return
	}
	if c := d.scan.src[v.start]; c == '-' || '0' <= c && c <= '9' {
		e.TimeText = d.arena.string(d.scan.src[v.start:v.end])
		return
	}
	e.TimeText = d.own(v)
	e.Time = d.calendar.time(e.TimeText)
}
