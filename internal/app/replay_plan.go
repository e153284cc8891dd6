package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
)

// ReplayOptions are the settings of `replay`.
type ReplayOptions struct {
	// Resume is the ID of a replay to go on with; its range, filters and handlers
	// are then those that it was begun with.
	Resume string
	// From and To bound the arrival times: From is in, To is out.
	From, To time.Time
	// Type is a pattern, SIM a sid or ICCID, Shard an ID or its number; what is
	// empty picks all.
	Type, SIM, Shard string
	// Handlers names those that get the events; AllHandlers is all.
	Handlers []string
	// Rate is how many events a second at most; 0 is no bound.
	Rate   float64
	DryRun bool
	// Bar is where a progress bar is drawn; nil is lines in the log.
	Bar io.Writer
}

// AllHandlers stands for all handlers of the configuration.
const AllHandlers = "*"

// replayPlan is what a replay is, for whoever resumes or joins it.
type replayPlan struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Type     string    `json:"type,omitempty"`
	SIM      string    `json:"sim,omitempty"`
	Shard    string    `json:"shard,omitempty"`
	Handlers []string  `json:"handlers,omitempty"`
	DryRun   bool      `json:"dry_run,omitempty"`
}

// replayID is what an ID looks like; it is a part of a table's name.
var replayID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// planReplay settles what is replayed, by the options or as it was settled when
// the replay was begun. It writes nothing.
func planReplay(ctx context.Context, live *config.Config, c clients, o ReplayOptions, log *zap.Logger) (*replay, error) {
	r := &replay{id: o.Resume, fresh: o.Resume == ""}
	if r.fresh {
		r.id = uuid.NewString()[:8]
	}
	if !replayID.MatchString(r.id) {
		return nil, &ExitError{ExitUsage, fmt.Errorf("%q is no ID of a replay: it has eight digits, 0 to f", r.id)}
	}
	r.log = log.With(zap.String("replay", r.id))
	r.cfg = replayConfig(live, r.id)
	report, err := consumer.CheckStartup(ctx, c.kinesis, live.StreamName(), live.StreamARN(), consumer.Requirements{}, nil)
	if err == nil {
		err = report.Err()
	}
	if err != nil {
		return nil, startupFailed(err)
	}
	oldest := time.Now().Add(-report.Retention)
	if r.fresh {
		r.plan, err = newReplayPlan(ctx, live, c, o, report)
	} else {
		r.plan, err = r.readPlan(ctx, c, live)
	}
	if err != nil {
		return nil, err
	}
	if !r.fresh && r.plan.From.Before(oldest) {
		r.log.Warn("the start of the range has left the stream: what was not replayed of it is lost",
			zap.Time("from", r.plan.From), zap.Time("oldest", oldest))
	}
	if r.cfg.Handlers, err = chosenHandlers(live.Handlers, r.plan.Handlers); err != nil {
		return nil, &ExitError{ExitUsage, err}
	}
	r.daemon = &Daemon{cfg: r.cfg, log: r.log, clients: c, memory: memoryOf(live.Limits.Memory), sims: newSIMStores(r.cfg.Worker, false)}
	return r, nil
}

// replayConfig is the live configuration with what must not be shared taken out:
// the lease table, the worker's ID and the admin server's port. What was handled
// live is to be handled again, so the table of handled events is neither asked
// nor told; repeats within the replay are known from memory.
func replayConfig(live *config.Config, id string) *config.Config {
	cfg := *live
	cfg.Lease.Table = live.LeaseTable() + "-replay-" + id
	cfg.Lease.CreateTable, cfg.Lease.MaxPerWorker = true, 0
	cfg.Worker = workerID()
	cfg.Admin.Listen = ""
	if cfg.Dedupe.Store == "dynamodb" {
		cfg.Dedupe.Store = "memory"
	}
	return &cfg
}

func newReplayPlan(ctx context.Context, live *config.Config, c clients, o ReplayOptions, report *consumer.Report) (replayPlan, error) {
	p := replayPlan{
		// Arrival times have no more than milliseconds.
		From: o.From.UTC().Truncate(time.Millisecond), To: o.To.UTC().Truncate(time.Millisecond),
		Type: o.Type, SIM: o.SIM, Handlers: o.Handlers, DryRun: o.DryRun,
	}
	now := time.Now()
	if err := checkRange(p.From, p.To, now); err != nil {
		return p, &ExitError{ExitUsage, err}
	}
	if oldest := now.Add(-report.Retention); p.From.Before(oldest) {
		return p, startupFailed(fmt.Errorf("--from %s is before what the stream still has: it keeps %s, so since %s",
			p.From.Format(time.RFC3339), report.Retention, oldest.UTC().Format(time.RFC3339)))
	}
	if o.Shard == "" {
		return p, nil
	}
	listed, err := consumer.ListShards(ctx, c.kinesis, live.StreamName(), live.StreamARN())
	if err != nil {
		return p, startupFailed(err)
	}
	s := &survey{cfg: live, shards: make(map[string]checkpoint.Shard)}
	for _, sh := range listed {
		s.shards[sh.ID] = sh
	}
	p.Shard, err = s.find(o.Shard)
	return p, err
}

// checkRange refuses what is no range of the past.
func checkRange(from, to, now time.Time) error {
	switch {
	case from.After(now):
		return fmt.Errorf("--from %s is in the future: a replay is of what was", from.Format(time.RFC3339))
	case to.After(now):
		return fmt.Errorf("--to %s is in the future: a replay is of what was", to.Format(time.RFC3339))
	case !from.Before(to):
		return fmt.Errorf("--from %s is not before --to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return nil
}

// readPlan reads what a replay is that was begun before.
func (r *replay) readPlan(ctx context.Context, c clients, live *config.Config) (p replayPlan, _ error) {
	text, err := checkpoint.New(c.dynamo, leaseConfig(r.cfg, "")).Memo(ctx)
	if tableMissing(err) || err == nil && text == "" {
		return p, &ExitError{ExitUsage, fmt.Errorf("application %s has no replay %s to go on with: it may be complete", live.Application, r.id)}
	}
	if err != nil {
		return p, startupFailed(err)
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, startupFailed(fmt.Errorf("read what replay %s is: %w", r.id, err))
	}
	return p, nil
}

// chosenHandlers returns the handlers of the names.
func chosenHandlers(all []config.Handler, names []string) ([]config.Handler, error) {
	if slices.Contains(names, AllHandlers) {
		return all, nil
	}
	var chosen []config.Handler
	var errs []error
	for _, name := range names {
		i := slices.IndexFunc(all, func(h config.Handler) bool { return h.Name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("there is no handler %q in the configuration: it has %s", name, handlerNames(all)))
			continue
		}
		chosen = append(chosen, all[i])
	}
	return chosen, errors.Join(errs...)
}

func handlerNames(all []config.Handler) string {
	names := make([]string, 0, len(all))
	for _, h := range all {
		names = append(names, h.Name)
	}
	return strings.Join(names, ", ")
}
