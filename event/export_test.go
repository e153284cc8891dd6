package event

import (
	"bytes"
	"fmt"
	"time"
	"unsafe"
)

// ReferenceDecode is the decoder that Decoder is compared with.
var ReferenceDecode = referenceDecode

// QuickTime is the fast path of times.
var QuickTime = new(calendar).quick

// ParseTime is what Decoder does with a time, ReferenceTime what it must be equal to.
var (
	ParseTime     = parseTime
	ReferenceTime = refParseTime
)

// NewCalendar returns ParseTime with the memory that a Decoder has.
func NewCalendar() func(text string) time.Time { return new(calendar).time }

// Difference says in what two results of decoding one payload differ, and is
// empty if they do not. All is compared but the text of errors, which only
// people read and which the two phrase differently.
func Difference(got []Item, gotErr error, want []Item, wantErr error) string {
	if d := errorDifference(gotErr, wantErr); d != "" {
		return d
	}
	if len(got) != len(want) {
		return fmt.Sprintf("got %d items, want %d", len(got), len(want))
	}
	for i := range got {
		if d := itemDifference(got[i], want[i]); d != "" {
			return fmt.Sprintf("item %d: %s", i, d)
		}
	}
	return ""
}

func errorDifference(got, want error) string {
	if (got == nil) != (want == nil) {
		return fmt.Sprintf("got error %v, want %v", got, want)
	}
	if got == nil {
		return ""
	}
	g, w := got.(*DecodeError), want.(*DecodeError)
	if g.Reason != w.Reason || g.Offset != w.Offset || (g.Err == nil) != (w.Err == nil) {
		return fmt.Sprintf("got error %v, want %v", g, w)
	}
	return ""
}

func itemDifference(got, want Item) string {
	if !bytes.Equal(got.Raw, want.Raw) {
		return fmt.Sprintf("got raw %q, want %q", got.Raw, want.Raw)
	}
	if (got.Err == nil) != (want.Err == nil) || (got.Event == nil) != (want.Event == nil) {
		return fmt.Sprintf("got %+v, want %+v", got, want)
	}
	if got.Err != nil {
		return errorDifference(got.Err, want.Err)
	}
	g, w := *got.Event, *want.Event
	if (g.Data == nil) != (w.Data == nil) || !bytes.Equal(g.Data, w.Data) || !bytes.Equal(g.Raw, w.Raw) {
		return fmt.Sprintf("got data %q of %q, want %q of %q", g.Data, g.Raw, w.Data, w.Raw)
	}
	if g.Time != w.Time { //nolint:staticcheck // the same representation is meant: zone and all
		return fmt.Sprintf("got time %v, want %v", g.Time, w.Time)
	}
	for _, e := range []*Event{&g, &w} {
		e.Data, e.Raw, e.Time = nil, nil, time.Time{}
	}
	if a, b := fmt.Sprintf("%q", fields(g)), fmt.Sprintf("%q", fields(w)); a != b {
		return fmt.Sprintf("got %s, want %s", a, b)
	}
	return ""
}

func fields(e Event) []string {
	return []string{
		e.ID, e.Type, e.Source, e.SpecVersion, e.DataSchema, e.DataContentType, e.Subject, e.TimeText, e.sim, e.eventSID,
	}
}

// SizeOfShapes is how many bytes a scanner keeps of the names of earlier events.
const SizeOfShapes = unsafe.Sizeof(shapeTree{})

// SizeOfEndings is how many bytes a scanner keeps of their ends, and LongestEndings
// how many more the texts of those may take.
const (
	SizeOfEndings  = unsafe.Sizeof(endings{})
	LongestEndings = 2 * endingPairs * longestEnding
)

// SizeOfSlab is how many bytes the events of a slab take.
const SizeOfSlab = slabEvents * unsafe.Sizeof(Event{})

// Expects reports whether a Decoder, which was used before, reads an event by
// comparing it with earlier ones.
func Expects(d *Decoder, event []byte) bool {
	defer d.scan.release()
	d.scan.reset(event, 0)
	d.scan.want(2)
	return d.scan.compare(0) == len(event)
}

// KnownTexts and KnownPlaces are how many texts a Decoder knows, and at how many
// places of events.
func KnownTexts(d *Decoder) int  { return d.scan.shapes.known.texts }
func KnownPlaces(d *Decoder) int { return d.scan.shapes.known.nodes }

// WidestBranch is how many texts are known to follow one at most.
func WidestBranch(d *Decoder) int {
	widest, t := 0, d.scan.shapes.known
	for _, n := range t.node[:t.nodes] {
		width := 0
		for at := n.child; at != 0; at = t.node[at].sibling {
			width++
		}
		widest = max(widest, width)
	}
	return widest
}

// Ended reports whether the last event of a Decoder had the end of an earlier one.
func Ended(d *Decoder) bool { return d.scan.wanted.ending != nil }
