package handlers

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// migrations are the steps from nothing to the current schema. A step that was
// released is never changed: what comes after it is a step of its own.
//
//go:embed pgschema_*.sql
var migrations embed.FS

// ErrSchemaVersion is in the error of [Postgres.Migrate] when the tables are not
// those that this program writes to and it is not to change them.
var ErrSchemaVersion = errors.New("tables are of another version")

// migrationLock is the first part of the advisory lock's key; the second is a
// hash of the schema's name. The number has no meaning but to be ours.
const migrationLock = 0x6b6f7265

// Migrate brings the tables up to date, and makes them where there are none, if
// CreateSchema says so; otherwise it only checks their version. Processes that
// start at the same time wait for one another. It is to be called before the
// first event; its error is [Unavailable] when it may be called again.
func (p *Postgres) Migrate(ctx context.Context) error {
	steps, err := migrations.ReadDir(".") // by name, so by number
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	err = pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if p.create {
			if err := p.prepare(ctx, tx); err != nil {
				return err
			}
		}
		done, err := p.version(ctx, tx)
		if err != nil || done == len(steps) {
			return err
		}
		if !p.create || done > len(steps) {
			return Permanent(fmt.Errorf("schema %s: %w: %d, not %d", p.schema, ErrSchemaVersion, done, len(steps)))
		}
		for i := done; i < len(steps); i++ {
			if err := p.step(ctx, tx, i+1, steps[i].Name()); err != nil {
				return err
			}
		}
		return nil
	})
	if err = classifyPostgres(ctx, err); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// prepare takes the lock and makes what the version is kept in. A role that may
// not create schemas can still use one that is there, so we look first.
func (p *Postgres) prepare(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1, hashtext($2))", migrationLock, p.schema); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	name := pgx.Identifier{p.schema}.Sanitize()
	var there bool
	if err := tx.QueryRow(ctx, "select to_regnamespace($1) is not null", name).Scan(&there); err != nil {
		return fmt.Errorf("look for schema %s: %w", p.schema, err)
	}
	if !there {
		if _, err := tx.Exec(ctx, "create schema "+name); err != nil {
			return fmt.Errorf("create schema %s: %w", p.schema, err)
		}
	}
	// The steps name their tables without a schema.
	if _, err := tx.Exec(ctx, "set local search_path to "+name); err != nil {
		return fmt.Errorf("choose schema %s: %w", p.schema, err)
	}
	const versions = `create table if not exists migrations (version integer primary key, applied_at timestamptz not null default now())`
	if _, err := tx.Exec(ctx, versions); err != nil {
		return fmt.Errorf("create table of versions: %w", err)
	}
	return nil
}

// version is the number of the last step that was taken, 0 without any.
func (p *Postgres) version(ctx context.Context, tx pgx.Tx) (int, error) {
	table := pgx.Identifier{p.schema, "migrations"}.Sanitize()
	var there bool
	if err := tx.QueryRow(ctx, "select to_regclass($1) is not null", table).Scan(&there); err != nil || !there {
		return 0, err
	}
	var version int
	if err := tx.QueryRow(ctx, "select coalesce(max(version), 0) from "+table).Scan(&version); err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	return version, nil
}

func (p *Postgres) step(ctx context.Context, tx pgx.Tx, version int, file string) error {
	sql, err := migrations.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read migration: %w", err)
	}
	// The simple protocol, which takes several statements at once.
	if _, err := tx.Exec(ctx, string(sql), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("run %s: %w", file, err)
	}
	if _, err := tx.Exec(ctx, "insert into migrations (version) values ($1)", version); err != nil {
		return fmt.Errorf("record %s: %w", file, err)
	}
	return nil
}
