package simstate

import (
	"cmp"
	"slices"
	"time"
)

const (
	// flapWindow is how far back attachments count.
	flapWindow = time.Hour
	// keptAttachments bounds what a SIM in an attach storm takes up.
	keptAttachments = 256
)

// Attachment is one that was accepted.
type Attachment struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

func (a Attachment) compare(b Attachment) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
}

// FlapsPerHour counts the attachments that were accepted within the hour up to
// now. A SIM that attaches many times in a row cannot use its data. At 256 it
// counts no further. A now before the last event counts too few.
func (s *State) FlapsPerHour(now time.Time) int {
	n := 0
	for _, a := range s.Attachments {
		if a.At.After(now.Add(-flapWindow)) && !a.At.After(now) {
			n++
		}
	}
	return n
}

// takeAttachment adds one unless it is there, is too old, or is older than all
// of a full list. It runs after Last has moved.
func (s *State) takeAttachment(by Stamp) bool {
	a := Attachment{At: by.At, ID: by.ID}
	if s.tooOld(a) {
		return false
	}
	if i := slices.IndexFunc(s.Attachments, func(b Attachment) bool { return b.ID == a.ID }); i >= 0 {
		if s.Attachments[i].compare(a) >= 0 {
			return false
		}
		s.Attachments = slices.Delete(s.Attachments, i, i+1)
	}
	if len(s.Attachments) == keptAttachments {
		if a.compare(s.Attachments[0]) < 0 {
			return false
		}
		s.Attachments = slices.Delete(s.Attachments, 0, 1)
	}
	i, _ := slices.BinarySearchFunc(s.Attachments, a, Attachment.compare)
	s.Attachments = slices.Insert(s.Attachments, i, a)
	return true
}

func (s *State) tooOld(a Attachment) bool { return !a.At.After(s.Last.By.At.Add(-flapWindow)) }

// forgetAttachments drops what the youngest event has put out of the hour, and
// says whether there was anything.
func (s *State) forgetAttachments() bool {
	n := len(s.Attachments)
	s.Attachments = slices.DeleteFunc(s.Attachments, s.tooOld)
	return len(s.Attachments) < n
}
