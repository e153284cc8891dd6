package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/agext/levenshtein"

	"korestream/internal/config"
)

// explanation is the answer of `explain` for programs.
type explanation struct {
	leaseView
	// Moves says in one word whether the shard moves: moving, idle, waiting,
	// held or finished.
	Moves   string    `json:"moves"`
	Reasons []because `json:"reasons"`
}

// because is one reason why a shard moves or not.
type because struct {
	Reason string  `json:"reason"`
	Detail string  `json:"detail"`
	For    float64 `json:"for_seconds,omitempty"`
}

// The words of explanation.Moves.
const (
	movesMoving   = "moving"
	movesIdle     = "idle"
	movesWaiting  = "waiting"
	movesHeld     = "held"
	movesFinished = "finished"
)

// Explain writes why a shard is or is not moving to w, as a table or as JSON. It
// reads the lease table and the stream, and asks the shard's owner where that
// can be reached. It changes nothing.
func Explain(ctx context.Context, cfg *config.Config, shard string, w io.Writer, output string) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	s, err := newSurvey(ctx, cfg)
	if err != nil {
		return err
	}
	id, err := s.find(shard)
	if err != nil {
		return err
	}
	e, err := s.explain(ctx, id)
	if err != nil {
		return err
	}
	if output == "json" {
		return writeJSON(w, e)
	}
	return writeExplanation(w, e)
}

// find returns the shard that is meant: its ID, or its number alone.
func (s *survey) find(shard string) (string, error) {
	names := s.names()
	if slices.Contains(names, shard) {
		return shard, nil
	}
	var nearest string
	best := 1 << 30
	for _, id := range names {
		if strings.TrimLeft(strings.TrimPrefix(id, "shardId-"), "0") == strings.TrimLeft(shard, "0") && shard != "" {
			return id, nil
		}
		if d := levenshtein.Distance(shard, id, nil); d < best {
			nearest, best = id, d
		}
	}
	return "", &ExitError{ExitUsage, fmt.Errorf("neither stream %s nor table %s has a shard %q; the nearest is %s",
		s.cfg.StreamName(), s.cfg.LeaseTable(), shard, nearest)}
}

func (s *survey) explain(ctx context.Context, id string) (*explanation, error) {
	e := &explanation{}
	for _, l := range s.leasesView(ctx).Leases {
		if l.Shard == id {
			e.leaseView = l
		}
	}
	switch e.State {
	case stateFinished:
		e.because(movesFinished, "finished", "it was read to its end; its children are %s", orNone(e.Children))
		return e, nil
	case stateGone:
		e.because(movesHeld, "gone", "the stream has no such shard any more: its retention is over, or it belongs to a stream that was deleted; what was not read of it is lost")
		return e, nil
	case stateWaiting:
		return e, s.explainParents(ctx, e, id)
	}
	if e.Owner == "" {
		return e, s.explainFree(ctx, e)
	}
	return e, s.explainOwned(ctx, e)
}

func (e *explanation) because(moves, reason, format string, args ...any) {
	if e.Moves == "" {
		e.Moves = moves
	}
	e.Reasons = append(e.Reasons, because{Reason: reason, Detail: fmt.Sprintf(format, args...)})
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "not recorded"
	}
	return strings.Join(list, " and ")
}

// explainParents explains a child by its parents, up to those that wait for
// nothing themselves.
func (s *survey) explainParents(ctx context.Context, e *explanation, id string) error {
	for _, p := range s.openParents(id) {
		l := s.leases[p]
		e.because(movesWaiting, "parent", "it waits for its parent %s, which stands at %s", p, orText(l.Checkpoint.String(), "no checkpoint yet"))
		pe, err := s.explain(ctx, p)
		if err != nil {
			return err
		}
		for _, r := range pe.Reasons {
			r.Detail = p + ": " + r.Detail
			e.Reasons = append(e.Reasons, r)
		}
	}
	return nil
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// explainFree explains a shard that nobody owns.
func (s *survey) explainFree(ctx context.Context, e *explanation) error {
	ids := make([]string, 0, len(s.workers))
	for id := range s.workers {
		ids = append(ids, id)
	}
	if err := s.watch(ctx, ids...); err != nil {
		return err
	}
	var live []string
	for _, id := range ids {
		if s.workers[id].moved {
			live = append(live, id)
		}
	}
	slices.Sort(live)
	switch {
	case len(live) == 0:
		e.because(movesHeld, "no worker", "nobody owns it and no worker is alive: start one")
		return nil
	case e.Heir != "" && slices.Contains(live, e.Heir):
		e.because(movesWaiting, "heir", "it was handed over to %s, which is about to take it", e.Heir)
	default:
		e.because(movesWaiting, "free", "nobody owns it; %d workers are alive and one should take it within seconds", len(live))
	}
	s.ask(ctx)
	for _, id := range live {
		w := s.workers[id]
		if w.status == nil {
			e.because("", "not asked", "%s cannot be asked at %q: %v", id, w.AdminAddress, w.askErr)
		} else if why := w.status.NotHeld[e.Shard]; why != "" {
			e.because("", "worker", "%s says: %s", id, why)
		}
	}
	return nil
}

// explainOwned explains a shard by its owner.
func (s *survey) explainOwned(ctx context.Context, e *explanation) error {
	w := s.workers[e.Owner]
	if w == nil {
		e.because(movesWaiting, "owner gone", "its owner %s has no heartbeat in the table; others take the shard when they have seen nothing of it for %s",
			e.Owner, s.cfg.Lease.Failover)
		return nil
	}
	if w.status, w.askErr = askWorker(ctx, w.AdminAddress, w.ID); w.status == nil {
		if err := s.watch(ctx, e.Owner); err != nil {
			return err
		}
		if !w.moved {
			e.because(movesWaiting, "owner dead", "its owner %s has written no heartbeat for %s at least; others take the shard after %s",
				e.Owner, roughly(w.watched), s.cfg.Lease.Failover)
			return nil
		}
		s.explainFromOutside(e)
		e.because("", "not asked", "its owner %s is alive and cannot be asked at %q: %v", e.Owner, w.AdminAddress, w.askErr)
		return nil
	}
	for _, stuck := range w.status.Stuck {
		if strings.Contains(stuck, e.Shard) {
			e.because(movesHeld, "stuck", "%s says: %s; restart it", e.Owner, stuck)
		}
	}
	sh, ok := w.status.Shards[e.Shard]
	if !ok {
		e.because(movesWaiting, "just taken", "%s owns it and has not begun or has just ended reading it", e.Owner)
		return nil
	}
	for _, h := range sh.Holds {
		moves := movesHeld
		if h.Reason == "nothing to read" {
			moves = movesIdle
		}
		e.because(moves, h.Reason, "%s", h.Detail)
		e.Reasons[len(e.Reasons)-1].For = h.For
	}
	if len(sh.Holds) == 0 {
		e.because(movesMoving, "reading", "%s reads it; %d events are in flight, %d of them in their handlers", e.Owner, sh.InFlight, sh.Running)
	}
	return nil
}

// explainFromOutside says what the table and the stream tell by themselves.
func (s *survey) explainFromOutside(e *explanation) {
	switch {
	case e.Problem != "":
		e.because(movesHeld, "unreadable", "%s", e.Problem)
	case e.Unread != nil && !*e.Unread:
		e.because(movesIdle, "nothing to read", "everything on it is checkpointed")
	default:
		e.because(movesMoving, "owned", "it is owned and has something to read")
	}
}

func writeExplanation(w io.Writer, e *explanation) error {
	if e == nil {
		return errors.New("nothing to explain")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "shard\t%s is %s\n", e.Shard, e.Moves)
	fmt.Fprintf(t, "state\t%s\n", e.State)
	if e.Owner != "" {
		fmt.Fprintf(t, "owner\t%s\n", e.Owner)
	}
	fmt.Fprintf(t, "checkpoint\t%s\n", orText(e.Checkpoint, "none"))
	if e.Behind != nil {
		fmt.Fprintf(t, "behind\t%.1f s\n", *e.Behind)
	}
	if text := e.catchUpText(); text != "" {
		fmt.Fprintf(t, "caught up\t%s\n", text)
	}
	if text := e.headroomText(); text != "" {
		fmt.Fprintf(t, "headroom\t%s until the oldest unread record expires\n", text)
	}
	for i, r := range e.Reasons {
		label := ""
		if i == 0 {
			label = "why"
		}
		ago := ""
		if r.For > 0 {
			ago = fmt.Sprintf(" (for %.0f s)", r.For)
		}
		fmt.Fprintf(t, "%s\t%s: %s%s\n", label, r.Reason, r.Detail, ago)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}
