package simstate

import (
	"errors"
	"fmt"
	"slices"

	"korestream/event"
)

// State is what is known of one SIM. Its zero value knows nothing and belongs
// to the SIM of the first event that is applied. Its JSON form is what stores
// keep; it has all that further events need. It is not safe for concurrent use.
type State struct {
	// SIM is the sim_sid, or the ICCID of a SIM whose events have no sid.
	SIM   string        `json:"sim"`
	ICCID Known[string] `json:"iccid,omitzero"`
	// Attached is true from an accepted attachment or a living data session on,
	// and false from a rejected or failed attachment on. KORE sends no event
	// when a SIM detaches, so true means that nothing is known to the contrary.
	Attached Known[bool] `json:"attached,omitzero"`
	// Network is the one that the SIM was last served by; one that rejected it
	// does not count.
	Network Known[Network] `json:"network,omitzero"`
	// RAT is the radio access technology in KORE's words: 4G LTE, for instance.
	RAT Known[string] `json:"rat,omitzero"`
	// Error is the last one, however long ago.
	Error Known[Error] `json:"error,omitzero"`
	// Sessions are the latest 16 data sessions, the youngest last.
	Sessions []Session `json:"sessions,omitempty"`
	// Attachments are the accepted ones of the hour before Last, at most the
	// latest 256, the youngest last.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Last has the suffix of the youngest event.
	Last Known[string] `json:"last,omitzero"`
}

// Network is a mobile network.
type Network struct {
	MCC string `json:"mcc"`
	MNC string `json:"mnc"`
	// Name is the friendly name, Country the ISO code.
	Name    string `json:"name"`
	Country string `json:"country"`
}

// Error is why an attachment or a data session did not come about.
type Error struct {
	Code    event.ErrorCode `json:"code"`
	Message string          `json:"message"`
}

// ErrOtherSIM is what [State.Apply] wraps for an event of another SIM than the
// state's: the caller has mixed them up.
var ErrOtherSIM = errors.New("event is of another SIM")

// Apply takes in what the event says and tells whether that changed anything,
// which no repetition does. Events that are no Super SIM connection events, are
// of a kind not known here, or of no SIM say nothing. An error means that the
// event's data cannot be read; the state is then as it was.
func (s *State) Apply(e *event.Event) (changed bool, err error) {
	c, err := e.Connection()
	if errors.Is(err, event.ErrNotConnection) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("apply event %s: %w", e.ID, err)
	}
	told, ok := kinds[e.Suffix()]
	sim := clean(e.SIM())
	if !ok || sim == "" {
		return false, nil
	}
	if s.SIM == "" {
		s.SIM = sim
	}
	if s.SIM != sim {
		return false, fmt.Errorf("apply event %s: %w: %s, not %s", e.ID, ErrOtherSIM, sim, s.SIM)
	}
	return s.take(told, e.Suffix(), c, stampOf(e, c)), nil
}

// Younger tells whether the youngest event of s happened after that of o. Of two
// states of one SIM that did not see the same events it is the better known one.
func (s *State) Younger(o *State) bool { return s.Last.By.compare(o.Last.By) > 0 }

// Clone returns a state that shares nothing with s.
func (s *State) Clone() *State {
	c := *s
	c.Attachments, c.Sessions = slices.Clone(s.Attachments), slices.Clone(s.Sessions)
	for i := range c.Sessions {
		c.Sessions[i].Windows.Latest = slices.Clone(c.Sessions[i].Windows.Latest)
	}
	return &c
}

// kind is what the events of one suffix tell.
type kind struct {
	// attached and detached say that the SIM is, or is not, attached.
	attached, detached bool
	// serves says that the event's network and RAT are in use.
	serves bool
	// accepted says that the event is an attachment.
	accepted bool
	// session says that the event is of a data session that came about; started
	// and ended that it begins or is over.
	session, started, ended bool
}

// The end of a session and a session that failed say nothing of the attachment.
var kinds = map[string]kind{
	event.SuffixAttachmentAccepted: {attached: true, serves: true, accepted: true},
	event.SuffixAttachmentRejected: {detached: true},
	event.SuffixAttachmentFailed:   {detached: true},
	event.SuffixDataSessionStarted: {attached: true, serves: true, session: true, started: true},
	event.SuffixDataSessionUpdated: {attached: true, serves: true, session: true},
	event.SuffixDataSessionEnded:   {serves: true, session: true, ended: true},
	event.SuffixDataSessionFailed:  {},
}

func (s *State) take(k kind, suffix string, c *event.Connection, by Stamp) bool {
	changed := s.Last.tell(suffix, by)
	// The order of the operands matters: each part is to be taken in.
	if c.SIMICCID != "" {
		changed = s.ICCID.tell(clean(c.SIMICCID), by) || changed
	}
	if k.attached || k.detached {
		changed = s.Attached.tell(k.attached, by) || changed
	}
	if k.serves {
		changed = s.takeService(c, by) || changed
	}
	if c.Error != nil {
		changed = s.Error.tell(Error{c.Error.Code, clean(c.Error.Message)}, by) || changed
	}
	if k.session && c.DataSessionSID != "" {
		changed = s.takeSession(c, k, by) || changed
	}
	if k.accepted {
		changed = s.takeAttachment(by) || changed
	}
	return s.forgetAttachments() || changed
}

func (s *State) takeService(c *event.Connection, by Stamp) bool {
	changed := false
	if n := c.Network; n != nil {
		changed = s.Network.tell(Network{
			MCC: clean(n.MCC), MNC: clean(n.MNC), Name: clean(n.FriendlyName), Country: clean(n.ISOCountry),
		}, by)
	}
	if c.RATType != "" {
		changed = s.RAT.tell(clean(c.RATType), by) || changed
	}
	return changed
}
