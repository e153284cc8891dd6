package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"korestream/handlers"
	"korestream/handlers/simstate"
	"korestream/internal/config"
)

// simReader is where states are read.
type simReader interface {
	// SIM returns the state of the SIM with this sid or, where there is none, with
	// this ICCID; nil when the SIM is not known.
	SIM(ctx context.Context, sidOrICCID string) (*simstate.State, error)
	// SIMs returns up to limit states in the order of their sids, from the one
	// behind after.
	SIMs(ctx context.Context, after string, limit int) ([]*simstate.State, error)
}

// withSIMs opens what a handler keeps the states of SIMs in.
func withSIMs(ctx context.Context, cfg *config.Config, name string, notes io.Writer, use func(context.Context, simReader) error) (err error) {
	h, err := simHandler(cfg, name)
	if err != nil {
		return &ExitError{ExitConfig, err}
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	switch {
	case h.Type == "simstate" && h.Store == config.SIMsInMemory:
		s, err := newTableSurvey(ctx, cfg)
		if err != nil {
			return err
		}
		return use(ctx, &workerSIMs{survey: s, handler: h.Name, notes: notes})
	case h.Type == "simstate" && h.Store == config.SIMsInDynamoDB:
		c, err := loadClients(ctx, cfg.Region)
		if err != nil {
			return err
		}
		table, err := handlers.OpenDynamoSIMs(c.dynamo, cfg.DynamoSIMs(h))
		if err != nil {
			return &ExitError{ExitConfig, err}
		}
		return use(ctx, table)
	}
	p, err := handlers.OpenPostgres(h.Postgres())
	if err != nil {
		return &ExitError{ExitConfig, err}
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return use(ctx, p)
}

func simHandler(cfg *config.Config, name string) (*config.Handler, error) {
	var found *config.Handler
	for i := range cfg.Handlers {
		h := &cfg.Handlers[i]
		if h.Type != "postgres" && h.Type != "simstate" || name != "" && h.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("handlers %s and %s both keep the states of SIMs; choose one with --handler", found.Name, h.Name)
		}
		found = h
	}
	if found == nil {
		return nil, errors.New("no such handler keeps the states of SIMs; one of type simstate or postgres does")
	}
	return found, nil
}

// workerSIMs reads the states that the workers of an application have in memory.
type workerSIMs struct {
	survey  *survey
	handler string
	// notes is told who did not answer.
	notes io.Writer
}

var _ simReader = (*workerSIMs)(nil)

// SIM implements simReader.
func (r *workerSIMs) SIM(ctx context.Context, sidOrICCID string) (*simstate.State, error) {
	states, err := r.ask(ctx, url.Values{"sim": {sidOrICCID}})
	if err != nil {
		return nil, err
	}
	var youngest *simstate.State
	for _, s := range states {
		if youngest == nil || s.Younger(youngest) {
			youngest = s
		}
	}
	return youngest, nil
}

// SIMs implements simReader.
func (r *workerSIMs) SIMs(ctx context.Context, after string, limit int) ([]*simstate.State, error) {
	states, err := r.ask(ctx, url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}})
	if err != nil {
		return nil, err
	}
	of := make(map[string]*simstate.State)
	for _, s := range states {
		if o := of[s.SIM]; o == nil || s.Younger(o) {
			of[s.SIM] = s
		}
	}
	states = slices.SortedFunc(maps.Values(of), func(a, b *simstate.State) int { return cmp.Compare(a.SIM, b.SIM) })
	return states[:min(limit, len(states))], nil
}

// ask puts a question to every worker and returns all states that they answer.
// It is an error if none that lives has answered.
func (r *workerSIMs) ask(ctx context.Context, question url.Values) ([]*simstate.State, error) {
	question.Set("handler", r.handler)
	path := "/sims?" + question.Encode()
	var (
		g      sync.WaitGroup
		mu     sync.Mutex // guards everything below
		states []*simstate.State
		silent []string
	)
	for id, w := range r.survey.workers {
		g.Go(func() {
			var a simAnswer
			err := askAdmin(ctx, w.AdminAddress, path, &a)
			if err == nil {
				err = checkAnswered(w.AdminAddress, id, a.Worker)
			}
			mu.Lock()
			defer mu.Unlock()
			if w.askErr = err; err != nil {
				silent = append(silent, id)
				return
			}
			states = append(states, a.States...)
		})
	}
	g.Wait()
	return states, r.tell(ctx, silent)
}

// tell says who did not answer, and whether that one lives.
func (r *workerSIMs) tell(ctx context.Context, silent []string) error {
	if err := r.survey.watch(ctx, silent...); err != nil {
		return err
	}
	slices.Sort(silent)
	alive := len(r.survey.workers)
	for _, id := range silent {
		w := r.survey.workers[id]
		why := w.askErr.Error()
		if !w.moved {
			alive--
			why = fmt.Sprintf("it has written no heartbeat for %s at least, so it is dead and what it knew is lost", roughly(w.watched))
		} else {
			why = "it is alive and " + why
		}
		if _, err := fmt.Fprintf(r.notes, "worker %s did not answer: %s\n", id, why); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	switch {
	case alive == 0:
		return errors.New("no worker is alive, and the states were in their memory")
	case len(silent) == len(r.survey.workers):
		return errors.New("no worker that is alive has answered, and the states are in their memory")
	}
	return nil
}
