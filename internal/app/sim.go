package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"korestream/handlers/simstate"
	"korestream/internal/config"
)

// SIMOptions says which SIMs `sim` shows, and from where.
type SIMOptions struct {
	// Handler names the handler that keeps the states; empty is the only one that
	// does.
	Handler string
	// After is the sid behind which the list begins, Limit how long it is.
	After string
	Limit int
	// Output is table or json.
	Output string
}

// simView is one SIM in the answer for programs.
type simView struct {
	SIM          string         `json:"sim"`
	Attached     *bool          `json:"attached"`
	Network      string         `json:"network,omitempty"`
	Country      string         `json:"country,omitempty"`
	RAT          string         `json:"rat,omitempty"`
	Session      string         `json:"session,omitempty"`
	SessionSince *time.Time     `json:"session_since,omitempty"`
	Usage        simstate.Usage `json:"usage"`
	FlapsPerHour int            `json:"flaps_per_hour"`
	Error        string         `json:"last_error,omitempty"`
	ErrorAt      *time.Time     `json:"last_error_at,omitempty"`
	Last         string         `json:"last_event,omitempty"`
	LastAt       *time.Time     `json:"last_event_at,omitempty"`
}

// ErrNoSIM says that nothing is known of a SIM.
var ErrNoSIM = errors.New("nothing is known of this SIM")

// SIMGet writes the state of one SIM, by its sid or, where it has none, its
// ICCID, to w; what should be known of the answer goes to notes.
func SIMGet(ctx context.Context, cfg *config.Config, sim string, o SIMOptions, w, notes io.Writer) error {
	return withSIMs(ctx, cfg, o.Handler, notes, func(ctx context.Context, r simReader) error {
		s, err := r.SIM(ctx, sim)
		if err != nil {
			return err
		}
		if s == nil {
			return fmt.Errorf("%s: %w", sim, ErrNoSIM)
		}
		if o.Output == "json" {
			return writeJSON(w, simViewOf(s, time.Now()))
		}
		return writeSIMs(w, []simView{simViewOf(s, time.Now())})
	})
}

// SIMList writes likewise the states of SIMs in the order of their sids.
func SIMList(ctx context.Context, cfg *config.Config, o SIMOptions, w, notes io.Writer) error {
	return withSIMs(ctx, cfg, o.Handler, notes, func(ctx context.Context, r simReader) error {
		states, err := r.SIMs(ctx, o.After, o.Limit)
		if err != nil {
			return err
		}
		list := []simView{}
		for _, s := range states {
			list = append(list, simViewOf(s, time.Now()))
		}
		if o.Output == "json" {
			return writeJSON(w, list)
		}
		return writeSIMs(w, list)
	})
}

func simViewOf(s *simstate.State, now time.Time) simView {
	v := simView{
		SIM: s.SIM, Network: s.Network.Value.Name, Country: s.Network.Value.Country, RAT: s.RAT.Value,
		FlapsPerHour: s.FlapsPerHour(now), Last: s.Last.Value, LastAt: momentOf(s.Last.By.At),
	}
	if s.Attached.IsKnown() {
		v.Attached = &s.Attached.Value
	}
	if session := s.Session(); session != nil {
		v.Session, v.SessionSince, v.Usage = session.SID, momentOf(session.Start), session.Usage()
	}
	if s.Error.IsKnown() {
		v.Error, v.ErrorAt = fmt.Sprintf("%d %s", s.Error.Value.Code, s.Error.Value.Message), momentOf(s.Error.By.At)
	}
	return v
}

// momentOf is a time that may be unknown.
func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func writeSIMs(w io.Writer, list []simView) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "sim\tattached\tnetwork\trat\tsession\tbytes\tflaps/h\tlast error\tlast event")
	for _, v := range list {
		attached, last := "?", "-"
		if v.Attached != nil {
			attached = map[bool]string{true: "yes", false: "no"}[*v.Attached]
		}
		if v.LastAt != nil {
			last = v.LastAt.Format(time.RFC3339) + " " + v.Last
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", v.SIM, attached, cmp.Or(v.Network, "-"), cmp.Or(v.RAT, "-"), cmp.Or(v.Session, "-"),
			v.Usage.Total, v.FlapsPerHour, cmp.Or(v.Error, "-"), last)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}
