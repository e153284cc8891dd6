package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"korestream/checkpoint"
	"korestream/event"
	"korestream/handlers"
	"korestream/internal/config"
)

// VerifyOptions are the settings of `verify`.
type VerifyOptions struct {
	// WaitForKore waits for a test event that KORE sends, and puts none.
	WaitForKore bool
	// Timeout is how long the event may take, once it is on the stream; ForKore how
	// long KORE may take to send one.
	Timeout, ForKore time.Duration
	Output           string
}

// The hops of a test event, in order.
const (
	hopPut          = "put"
	hopOwner        = "owner"
	hopDecoded      = "decoded"
	hopHandled      = "handled"
	hopCheckpointed = "checkpointed"
)

// verification is the answer of `verify` for programs.
type verification struct {
	EventID        string `json:"event_id"`
	Shard          string `json:"shard,omitempty"`
	SequenceNumber string `json:"sequence_number,omitempty"`
	Hops           []hop  `json:"hops"`
	// LostAt names the hop that the event did not come to, empty if it came to all.
	LostAt string    `json:"lost_at,omitempty"`
	Why    []because `json:"why,omitempty"`
}

// hop is one step that the event has made.
type hop struct {
	Hop    string `json:"hop"`
	Detail string `json:"detail"`
	// Took is the time since the hop before, null if that cannot be known.
	Took *float64 `json:"took_seconds"`

	at time.Time
}

// errLost asks for exit code 1.
var errLost = errors.New("the test event did not come through")

// Verify follows a test event from the stream to its checkpoint, and writes to w
// how far it came, as a table or as JSON. The error says where it was lost.
func Verify(ctx context.Context, cfg *config.Config, o VerifyOptions, w, notes io.Writer) error {
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return err
	}
	if cfg.Worker == "" {
		cfg.Worker = "korestream verify" // it takes no lease
	}
	f := &follower{cfg: cfg, clients: c, begun: time.Now()}
	if o.WaitForKore {
		wait, cancel := context.WithTimeout(ctx, o.ForKore)
		defer cancel()
		fmt.Fprintf(notes, "waiting %s for a test event: press Test Event at the destination in KORE's portal\n", o.ForKore)
		err = f.await(wait)
	} else {
		err = f.put(ctx)
	}
	if err != nil {
		f.LostAt, f.Why = hopPut, []because{{Reason: "not on the stream", Detail: err.Error()}}
	} else {
		f.follow(ctx, o.Timeout)
	}
	if err := f.write(w, o.Output); err != nil {
		return err
	}
	if f.LostAt != "" {
		return fmt.Errorf("%w: it was lost before it was %s", errLost, lostWords[f.LostAt])
	}
	return nil
}

// lostWords say what a hop would have made of the event.
var lostWords = map[string]string{
	hopPut: "put on the stream", hopOwner: "any worker's", hopDecoded: "decoded", hopHandled: "handled", hopCheckpointed: "checkpointed",
}

// follower follows one test event.
type follower struct {
	verification
	cfg     *config.Config
	clients clients
	begun   time.Time
	leases  *checkpoint.Store

	owner string
	// answered says that the owner was asked, and silent why it does not tell.
	answered bool
	silent   error
	trace    *traceView // as it was told last
	told     time.Time
	// held is what the owner said that keeps the shard from moving.
	held []holdView
}

func (f *follower) came(name string, at time.Time, format string, args ...any) {
	before := f.begun
	if n := len(f.Hops); n > 0 {
		before = f.Hops[n-1].at
	}
	took := max(at.Sub(before), 0).Seconds() // a moment that was told may be rounded
	f.Hops = append(f.Hops, hop{Hop: name, Detail: fmt.Sprintf(format, args...), Took: &took, at: at})
}

// unseen notes a hop that the event must have made, of which nobody tells.
func (f *follower) unseen(name string) {
	f.Hops = append(f.Hops, hop{Hop: name, Detail: fmt.Sprintf("not known, its owner cannot be asked: %v", f.silent), at: f.Hops[len(f.Hops)-1].at})
}

func (f *follower) reached(name string) bool {
	for _, h := range f.Hops {
		if h.Hop == name {
			return true
		}
	}
	return false
}

// lookEvery is how often is looked how far the event has come.
const lookEvery = 100 * time.Millisecond

// follow looks how far the event has come, until that is the end or time is up.
func (f *follower) follow(ctx context.Context, timeout time.Duration) {
	f.leases = checkpoint.New(f.clients.dynamo, leaseConfig(f.cfg, ""))
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var problem error
	for {
		err := f.look(within)
		if err == nil && (f.reached(hopCheckpointed) || f.LostAt != "") {
			return
		}
		if within.Err() == nil { // else it was cut short
			problem = err
		}
		select {
		case <-tick.C:
		case <-within.Done():
			f.lost(ctx, problem)
			return
		}
	}
}

// look asks the table who owns the shard and how far it is done, and the owner
// what became of the event.
func (f *follower) look(ctx context.Context) error {
	lease, err := f.leases.Lease(ctx, f.Shard)
	if err != nil {
		return err
	}
	f.owner = orText(lease.Owner, f.owner)
	f.ask(ctx)
	done := lease.Checkpoint.Compare(checkpoint.Position{SequenceNumber: f.SequenceNumber}) >= 0
	f.note(done)
	switch {
	case f.LostAt != "":
	case done:
		f.came(hopCheckpointed, time.Now(), "at %s", lease.Checkpoint)
	case f.reached(hopHandled) && time.Since(f.Hops[len(f.Hops)-1].at) > f.cfg.Checkpoint.Interval+time.Second:
		f.askHolds(ctx)
	}
	return nil
}

// note writes down the hops that are new.
func (f *follower) note(done bool) {
	if !f.answered && !done || f.LostAt != "" {
		return
	}
	if !f.reached(hopOwner) {
		f.came(hopOwner, f.Hops[len(f.Hops)-1].at, "%s", orText(f.owner, "none any more"))
	}
	t := f.trace
	switch {
	case t != nil && !f.reached(hopDecoded):
		f.came(hopDecoded, f.ago(t.Decoded), "%s", t.EventID)
	case t == nil && done && !f.reached(hopDecoded):
		f.unseen(hopDecoded)
	}
	switch {
	case f.reached(hopHandled):
	case t == nil && done:
		f.unseen(hopHandled)
	case t != nil && (t.Outcome == "buried" || t.Outcome == "dropped"):
		f.LostAt = hopHandled
		f.why(t.Outcome, "handler %s failed %d times and gave it up: %s", orText(t.Handler, "of no name"), t.Failures, t.Problem)
	case t != nil && t.Done != nil:
		f.came(hopHandled, f.ago(*t.Done), "%s by %s", t.Outcome, f.handlers())
	}
}

func (f *follower) ago(seconds float64) time.Time {
	return f.told.Add(-time.Duration(seconds * float64(time.Second)))
}

// handlers names those that test events go to.
func (f *follower) handlers() string {
	var names []string
	for _, h := range f.cfg.Handlers {
		for _, m := range h.Match {
			if p, err := handlers.ParsePattern(m); err == nil && p.Match(event.TypeTest) {
				names = append(names, h.Name)
				break
			}
		}
	}
	if len(names) == 0 {
		return "no handler, for none of this configuration takes test events"
	}
	return strings.Join(names, ", ")
}

// ask asks the owner what became of the event.
func (f *follower) ask(ctx context.Context) {
	if f.owner == "" || f.trace != nil && f.trace.Done != nil {
		return
	}
	row, err := f.leases.Worker(ctx, f.owner)
	if err != nil {
		f.silent = err
		return
	}
	var v tracesView
	err = askAdmin(ctx, row.AdminAddress, "/test-events", &v)
	if err == nil {
		err = checkAnswered(row.AdminAddress, f.owner, v.Worker)
	}
	f.silent, f.answered = err, f.answered || err == nil
	if t := v.of(f.EventID, f.Shard, f.SequenceNumber); err == nil && t != nil {
		f.trace, f.told = t, time.Now()
	}
}

// askHolds asks the owner what keeps the shard's checkpoint back. It is asked in
// time: an owner that cannot write the table gives its shards up soon.
func (f *follower) askHolds(ctx context.Context) {
	row, err := f.leases.Worker(ctx, f.owner)
	if err != nil {
		return
	}
	v, err := askWorker(ctx, row.AdminAddress, f.owner)
	if err != nil {
		return
	}
	if h := v.Shards[f.Shard].Holds; len(h) > 0 {
		f.held = h
	}
}

func (f *follower) write(w io.Writer, output string) error {
	if output == "json" {
		return writeJSON(w, f.verification)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, h := range f.Hops {
		took := "?"
		if h.Took != nil {
			took = fmt.Sprintf("%.0f ms", *h.Took*1000)
		}
		fmt.Fprintf(t, "ok\t%s\t%s\t%s\n", h.Hop, took, h.Detail)
	}
	if f.LostAt != "" {
		fmt.Fprintf(t, "LOST\t%s\t\t\n", f.LostAt)
	}
	for _, r := range f.Why {
		fmt.Fprintf(t, "\twhy\t\t%s: %s\n", r.Reason, r.Detail)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}
