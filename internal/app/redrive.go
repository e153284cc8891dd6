package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"korestream/consumer"
	"korestream/handlers"
	"korestream/internal/config"
)

// RedriveOptions are the settings of `dlq redrive`.
type RedriveOptions struct {
	Filter LetterFilter
	// Rate is how many letters a second at most; 0 is no bound.
	Rate   float64
	DryRun bool
	Output string
}

// redriveReport is what a redrive did.
type redriveReport struct {
	Picked   int            `json:"picked"`
	Redriven int            `json:"redriven"`
	Failed   []failedLetter `json:"failed"`
	DryRun   bool           `json:"dry_run"`
}

// failedLetter is a letter that stays, and why.
type failedLetter struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// redriveAttempts is how often a handler is tried for one letter: it is known to
// be a difficult one, and somebody waits.
const redriveAttempts = 3

// errRedriveFailed asks for exit code 1.
var errRedriveFailed = errors.New("letters are left that could not be handled")

// DLQRedrive runs the handlers again for the letters that a filter picks, one
// after another, the first buried first. A letter is removed when its event is
// handled, and only then, so a redrive that dies half way is simply made again:
// the one in its hands may be handled twice. Handlers are those of the
// configuration; a letter goes to the one that gave up on it, one that could not
// be decoded to all that match.
func DLQRedrive(ctx context.Context, cfg *config.Config, o RedriveOptions, log *zap.Logger, w, notes io.Writer) (err error) {
	s, err := openLetters(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	picked, err := pickLetters(ctx, s, o.Filter, notes)
	if err != nil {
		return err
	}
	report := redriveReport{Picked: len(picked), Failed: []failedLetter{}, DryRun: o.DryRun}
	if !o.DryRun {
		r, err := newRedriver(ctx, cfg, log)
		if err != nil {
			return &ExitError{ExitConfig, err}
		}
		defer r.daemon.Close()
		if err := r.all(ctx, s, picked, o.Rate, &report); err != nil {
			return err
		}
	}
	if err := writeRedrive(w, report, o.Output); err != nil {
		return err
	}
	if len(report.Failed) > 0 {
		return errRedriveFailed
	}
	return nil
}

// redriver runs handlers for letters.
type redriver struct {
	daemon *Daemon // has the handlers, and runs nothing
	routes []handlers.Route
	policy handlers.RetryPolicy
	muxes  map[redriveWay]*handlers.Mux
	gaveUp *refusal
}

// redriveWay is how a letter goes: to the handler that gave up on it, and whether
// that handler's condition is asked.
type redriveWay struct {
	handler string
	asked   bool
}

// refusal is the burier of a redrive: what is given up on again stays where it
// is.
type refusal struct{ err error }

// Bury notes why.
func (r *refusal) Bury(_ context.Context, l *consumer.DeadLetter) error {
	r.err = l.Err
	return nil
}

func newRedriver(ctx context.Context, cfg *config.Config, log *zap.Logger) (*redriver, error) {
	var c clients // most handlers need none
	var err error
	if slices.ContainsFunc(cfg.Handlers, func(h config.Handler) bool { return h.Type == "sqs" || h.Type == "s3" }) {
		if c, err = loadClients(ctx, cfg.Region); err != nil {
			return nil, err
		}
	}
	r := &redriver{daemon: &Daemon{cfg: cfg, log: log, clients: c}, policy: redrivePolicy(cfg.Retry), muxes: make(map[redriveWay]*handlers.Mux), gaveUp: &refusal{}}
	if r.routes, err = r.daemon.openHandlers(); err != nil {
		r.daemon.Close()
		return nil, err
	}
	for i, h := range cfg.Handlers {
		policy := redrivePolicy(h.Retry)
		r.routes[i].Policy, r.routes[i].Batch = &policy, handlers.BatchPolicy{}
	}
	for _, s := range r.daemon.starters {
		if err := s.start(ctx); err != nil {
			r.daemon.Close()
			return nil, fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	return r, nil
}

// redrivePolicy gives up soon: somebody waits, and what is given up on stays.
func redrivePolicy(r config.Retry) handlers.RetryPolicy {
	p := retryPolicy(r)
	p.MaxAttempts, p.OnExhausted, p.Breaker = redriveAttempts, handlers.DeadLetter, handlers.BreakerPolicy{}
	return p
}

func (r *redriver) all(ctx context.Context, s handlers.LetterStore, picked []*handlers.Letter, perSecond float64, report *redriveReport) error {
	limit := rate.NewLimiter(rate.Inf, 1)
	if perSecond > 0 {
		limit.SetLimit(rate.Limit(perSecond))
	}
	for _, l := range picked {
		if err := limit.Wait(ctx); err != nil {
			return fmt.Errorf("redrive cut short after %d letters: %w", report.Redriven, context.Cause(ctx))
		}
		if err := r.one(ctx, l); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("redrive cut short after %d letters: %w", report.Redriven, context.Cause(ctx))
			}
			report.Failed = append(report.Failed, failedLetter{l.ID(), err.Error()})
			continue
		}
		if err := s.Remove(ctx, l); err != nil {
			return fmt.Errorf("letter %s is handled and still there: %w", l.ID(), err)
		}
		report.Redriven++
	}
	return nil
}

// one handles one letter.
func (r *redriver) one(ctx context.Context, l *handlers.Letter) error {
	e, err := l.Event()
	if err != nil {
		return err
	}
	mux, err := r.mux(redriveWay{l.Handler, l.Reason == consumer.ReasonFilter})
	if err != nil {
		return err
	}
	r.gaveUp.err = nil
	outcome, err := mux.Dispatch(ctx, &consumer.Delivery{
		Origin: consumer.Origin{
			Stream: l.Stream, Shard: l.Shard, SequenceNumber: l.SequenceNumber, SubSequenceNumber: l.SubSequenceNumber,
			PartitionKey: l.PartitionKey, ArrivedAt: l.ArrivedAt,
		},
		Event: e,
	})
	if err != nil {
		return err
	}
	if outcome != consumer.Handled {
		return r.gaveUp.err
	}
	return nil
}

// mux returns what takes an event to the handler that gave up on it, or to all
// if none has.
func (r *redriver) mux(way redriveWay) (*handlers.Mux, error) {
	if m := r.muxes[way]; m != nil {
		return m, nil
	}
	routes := r.routes
	if way.handler != "" {
		routes = nil
		for _, route := range r.routes {
			if route.Name != way.handler {
				continue
			}
			// Whatever its patterns and its condition say now, this event was its,
			// unless it is the condition that has failed.
			route.Match = handlers.Everything()
			if !way.asked {
				route.Where = nil
			}
			routes = append(routes, route)
		}
		if len(routes) == 0 {
			return nil, fmt.Errorf("there is no handler %q in the configuration any more", way.handler)
		}
	}
	m, err := handlers.NewMux(routes, r.gaveUp, r.policy)
	if err != nil {
		return nil, err
	}
	r.muxes[way] = m
	return m, nil
}

func writeRedrive(w io.Writer, r redriveReport, output string) error {
	if output == "json" {
		return writeJSON(w, r)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(w, "%s stays: %s\n", f.ID, f.Error)
	}
	text := "%d letters picked, %d redriven, %d stay\n"
	if r.DryRun {
		text = "%d letters picked; this was a dry run: %d redriven, %d failed\n"
	}
	if _, err := fmt.Fprintf(w, text, r.Picked, r.Redriven, len(r.Failed)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// SinceTime reads a point in time: RFC 3339, or a duration before now.
func SinceTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a duration such as 2h nor an RFC 3339 time", text)
	}
	return t, nil
}
