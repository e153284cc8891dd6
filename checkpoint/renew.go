package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/zap"
)

// SetStream tells the store which stream this is, as it was just described. If
// it is a later one than that of the leases, Run makes those void, and reading
// begins at the new stream's beginning: all that it holds is new, and nothing of
// the old one is left to be read.
func (s *Store) SetStream(stream Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = stream
	if s.settled && (s.app.succeededBy(stream) || s.app.lacks(stream)) {
		wish(s.rescan)
	}
}

// lacks tells whether the application's row does not say yet which stream it is
// of: one of an earlier version, or of a service that does not tell.
func (a application) lacks(s Stream) bool {
	return a.stream.Name == "" && s.Name != "" || a.stream.CreatedAt.IsZero() && !s.CreatedAt.IsZero()
}

// renew brings the application's row up to the stream that there is.
func (s *Store) renew(ctx context.Context) error {
	s.mu.Lock()
	app, stream := s.app, s.stream
	due := s.settled && (app.succeededBy(stream) || app.lacks(stream))
	s.mu.Unlock()
	if !due {
		return nil
	}
	next := app.generation
	update := "SET streamName = :stream, generation = :next"
	values := item{":stream": str(stream.Name), ":seen": num(app.generation), ":one": num(1)}
	if !stream.CreatedAt.IsZero() {
		update += ", streamCreated = :created"
		values[":created"] = str(stream.CreatedAt.UTC().Format(time.RFC3339Nano))
	}
	if app.succeededBy(stream) {
		next++
		update += ", checkpoint = :begin REMOVE startTimestamp, initialShards"
		values[":begin"] = str(TrimHorizon)
	}
	values[":next"] = num(next)
	it, err := s.rows.update(ctx, applicationKey, update,
		"generation = :seen OR attribute_exists(leaseKey) AND attribute_not_exists(generation) AND :seen = :one", values)
	if _, failed := conditionFailed(err); failed {
		return nil // another worker was first; the next scan shows it
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", applicationKey, err)
	}
	if app, err = applicationOf(it); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adopt(app)
	return nil
}

// adopt takes over what the application's row says now. Leases of an earlier
// generation end. The caller holds mu.
func (s *Store) adopt(app application) {
	old := s.app
	s.app = app
	if !s.settled || app.generation <= old.generation {
		s.settled = true
		return
	}
	s.log.Error("stream was deleted and made anew: its old leases are void, reading begins at the new one's beginning; "+
		"what was not read of the old one is lost", zap.String("stream", app.stream.Name),
		zap.Time("created_before", old.stream.CreatedAt), zap.Time("created", app.stream.CreatedAt), zap.Int64("generation", app.generation))
	for _, l := range s.held {
		l.cancel(fmt.Errorf("%w: %s", ErrStreamRenewed, l.shard))
	}
	for id, l := range s.leases {
		s.leases[id] = app.void(l)
	}
	s.reassign(time.Now())
}

// errRestored says that what a scan found is older than what was written since.
var errRestored = errors.New("lease table was written again")

// restore writes the table again as this process knows it, after it was deleted
// or emptied while workers run: what is lost then is a second of checkpoints at
// most, where a new beginning would handle the whole stream again. Each worker
// writes the leases that it holds, of which it knows best; the others follow
// when everybody had the time for that, and the application's row comes last.
func (s *Store) restore(ctx context.Context, found content) error {
	rows, app, due := s.lost(found)
	if !due {
		return nil
	}
	items := make([]item, 0, len(rows)+1)
	for _, l := range rows {
		items = append(items, l.item())
	}
	if app != nil {
		items = append(items, app.item())
	}
	for _, it := range items {
		err := s.rows.put(ctx, it)
		if _, there := conditionFailed(err); err != nil && !there {
			return fmt.Errorf("restore %s: %w", textOf(it, attrKey), err)
		}
	}
	if app != nil {
		wish(s.rescan)
	}
	return errRestored
}

// lost returns what the table should hold and does not, and the application's
// row if it is time for that.
func (s *Store) lost(found content) (rows []LeaseRow, app *application, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saidGone = false // it is there
	replaced := found.app != nil && s.app.id != "" && found.app.id != s.app.id
	if !s.settled || s.scannedAt.IsZero() || found.app != nil && !replaced {
		s.emptySince = time.Time{}
		return nil, nil, false
	}
	if s.emptySince.IsZero() {
		s.emptySince = time.Now()
		s.log.Error("lease table was emptied: writing it again from memory", zap.Int("leases", len(s.leases)))
	}
	all := replaced || time.Since(s.emptySince) >= s.cfg.heartbeatEvery()
	for id, l := range s.leases {
		_, there := found.leases[id]
		if held := s.held[id]; !there && (all || held != nil && held.counter == l.Counter) {
			rows = append(rows, l)
		}
	}
	switch {
	case replaced: // somebody began anew before us
		s.adopt(*found.app)
		s.emptySince = time.Time{}
	case all:
		a := s.app
		app = &a
	}
	return rows, app, true
}

// recreate creates the table again after it was deleted.
func (s *Store) recreate(ctx context.Context) error {
	s.mu.Lock()
	due, said := s.cfg.CreateTable && s.settled, s.saidGone
	s.saidGone = true
	s.mu.Unlock()
	if !said {
		s.log.Error("lease table was deleted", zap.Bool("create_again", due))
	}
	if !due {
		return nil
	}
	return s.Init(ctx)
}

// tableGone tells whether an error says that there is no such table.
func tableGone(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}
