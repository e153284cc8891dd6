package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"korestream/event"
	"korestream/handlers/simstate"
)

// postgresSQL are the statements, with the schema's name in them.
type postgresSQL struct{ insert, addSIMs, lockSIMs, update, get, list string }

func newPostgresSQL(schema string) postgresSQL {
	in := func(statement string) string {
		return strings.ReplaceAll(statement, "$schema", pgx.Identifier{schema}.Sanitize())
	}
	return postgresSQL{
		insert: in(`insert into $schema.events (id, type, sim_sid, time, arrived_at,
			stream, shard, sequence_number, sub_sequence_number, payload, payload_raw, state_error)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (id) do nothing`),
		addSIMs:  in(`insert into $schema.sims (sim_sid) select unnest($1::text[]) on conflict (sim_sid) do nothing`),
		lockSIMs: in(`select sim_sid, state from $schema.sims where sim_sid = any($1::text[]) order by sim_sid for update`),
		update: in(`update $schema.sims set state = $2, iccid = $3, attached = $4, mcc = $5, mnc = $6, network = $7, country = $8, rat = $9,
			session_sid = $10, session_start = $11, session_download = $12, session_upload = $13, session_total = $14,
			error_code = $15, error_message = $16, error_at = $17, flaps_per_hour = $18,
			last_event_id = $19, last_event_type = $20, last_event_at = $21, updated_at = now() where sim_sid = $1`),
		get:  in(`select state from $schema.sims where sim_sid = $1 or iccid = $1 order by sim_sid = $1 desc, last_event_at desc limit 1`),
		list: in(`select state from $schema.sims where sim_sid > $1 order by sim_sid limit $2`),
	}
}

// store writes the rows in one transaction. All transactions take their locks
// in one order, events by id and then SIMs by key, so that none of them wait
// for one another in a circle. They read what is committed, whatever the
// database's default: a transaction that has waited for another one's row is to
// see what that has written.
func (p *Postgres) store(ctx context.Context, rows []*postgresRow) error {
	rows = slices.Clone(rows)
	if p.onlyStates {
		rows = slices.DeleteFunc(rows, func(r *postgresRow) bool { return r.sim == "" })
		if len(rows) == 0 {
			return nil
		}
	}
	slices.SortFunc(rows, func(a, b *postgresRow) int { return strings.Compare(a.id, b.id) })
	return pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		added := rows
		if !p.onlyStates {
			var err error
			if added, err = p.insert(ctx, tx, rows); err != nil {
				return err
			}
		}
		of := map[string][]*event.Event{}
		for _, r := range added {
			if r.sim != "" {
				of[r.sim] = append(of[r.sim], r.d.Event)
			}
		}
		if len(of) == 0 {
			return nil
		}
		return p.advance(ctx, tx, of)
	})
}

// insert returns the rows that were not there.
func (p *Postgres) insert(ctx context.Context, tx pgx.Tx, rows []*postgresRow) (added []*postgresRow, err error) {
	var inserts pgx.Batch
	for _, r := range rows {
		inserts.Queue(p.sql.insert, r.args()...)
	}
	answers := tx.SendBatch(ctx, &inserts)
	for _, r := range rows {
		tag, err := answers.Exec()
		if err != nil {
			_ = answers.Close() // it has the same error
			return nil, fmt.Errorf("insert event %s: %w", r.id, err)
		}
		if tag.RowsAffected() > 0 {
			added = append(added, r)
		}
	}
	return added, answers.Close()
}

// advance applies the events to the states of their SIMs.
func (p *Postgres) advance(ctx context.Context, tx pgx.Tx, of map[string][]*event.Event) error {
	states, err := p.lock(ctx, tx, slices.Sorted(maps.Keys(of)))
	if err != nil {
		return err
	}
	var updates pgx.Batch
	for _, sim := range slices.Sorted(maps.Keys(of)) {
		changed, err := applyAll(states[sim], of[sim])
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		state, err := json.Marshal(states[sim])
		if err != nil {
			return fmt.Errorf("encode state of SIM %s: %w", sim, err)
		}
		updates.Queue(p.sql.update, simArgs(sim, states[sim], string(state))...)
	}
	if updates.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, &updates).Close(); err != nil {
		return fmt.Errorf("update states: %w", err)
	}
	return nil
}

// lock returns the states of the SIMs, whose rows are made where there are none,
// and which nobody else changes until the transaction ends.
func (p *Postgres) lock(ctx context.Context, tx pgx.Tx, sims []string) (map[string]*simstate.State, error) {
	if _, err := tx.Exec(ctx, p.sql.addSIMs, sims); err != nil {
		return nil, fmt.Errorf("add SIMs: %w", err)
	}
	rows, err := tx.Query(ctx, p.sql.lockSIMs, sims)
	if err != nil {
		return nil, fmt.Errorf("lock SIMs: %w", err)
	}
	states := map[string]*simstate.State{}
	var sim string
	var text []byte
	_, err = pgx.ForEachRow(rows, []any{&sim, &text}, func() error {
		s, err := decodeState(text)
		states[sim] = s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lock SIMs: %w", err)
	}
	return states, nil
}

func decodeState(text []byte) (*simstate.State, error) {
	s := new(simstate.State)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	return s, nil
}

// SIM returns the state of the SIM with this sid or, where there is none, with
// this ICCID. It is nil when the SIM is not known.
func (p *Postgres) SIM(ctx context.Context, sidOrICCID string) (*simstate.State, error) {
	states, err := p.states(ctx, p.sql.get, sidOrICCID)
	if err != nil || len(states) == 0 {
		return nil, err
	}
	return states[0], nil
}

// SIMs returns up to limit states in the order of their sids, from the one
// behind after; the empty string is before all.
func (p *Postgres) SIMs(ctx context.Context, after string, limit int) ([]*simstate.State, error) {
	return p.states(ctx, p.sql.list, after, limit)
}

func (p *Postgres) states(ctx context.Context, query string, args ...any) ([]*simstate.State, error) {
	rows, err := p.pool.Query(ctx, query, args...)
	if err == nil {
		var texts [][]byte
		if texts, err = pgx.CollectRows(rows, pgx.RowTo[[]byte]); err == nil {
			states := make([]*simstate.State, len(texts))
			for i, text := range texts {
				if states[i], err = decodeState(text); err != nil {
					return nil, err
				}
			}
			return states, nil
		}
	}
	return nil, classifyPostgres(ctx, fmt.Errorf("read states: %w", err))
}
