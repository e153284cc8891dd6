package handlers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"korestream/consumer"
)

// PostgresConfig says which database events go to.
type PostgresConfig struct {
	// DSNFile names a file that holds the connection string, a URL or key=value
	// words. It is read again for each connection, so that a new password needs
	// no restart; everything else of it is as it was at the start. Empty is the
	// environment: PGHOST and so on, as psql reads them.
	DSNFile string
	// Schema is the database schema that the tables are in: lower-case letters,
	// digits and underscores.
	Schema string
	// CreateSchema lets [Postgres.Migrate] make the schema and its tables, and
	// bring them up to date. Otherwise somebody else sees to that.
	CreateSchema bool
	// OnlyStates leaves the events out. What keeps an event that comes again from
	// counting twice is then the state itself, as package simstate has it.
	OnlyStates bool
	// MaxConns bounds the connections that are open at once, 1 to 1000.
	MaxConns int
	// ConnectTimeout bounds the making of one connection.
	ConnectTimeout time.Duration
}

// DefaultPostgresConfig returns a configuration that creates the schema
// korestream in the database that the environment names, over at most eight
// connections, each made within 5 s.
func DefaultPostgresConfig() PostgresConfig {
	return PostgresConfig{Schema: "korestream", CreateSchema: true, MaxConns: 8, ConnectTimeout: 5 * time.Second}
}

// schemaName leaves out what needs quotes, so that everybody's queries are
// plain. See https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Validate names the first field that is out of bounds. It does not look at
// the file.
func (c PostgresConfig) Validate() error {
	const mostConns = 1000
	switch {
	case !schemaName.MatchString(c.Schema):
		return fmt.Errorf("field Schema must be 1 to 63 lower-case letters, digits and underscores, and not begin with a digit (%q)", c.Schema)
	case strings.HasPrefix(c.Schema, "pg_"):
		return fmt.Errorf("field Schema must not begin with pg_, which PostgreSQL keeps to itself (%q)", c.Schema)
	case c.MaxConns < 1 || c.MaxConns > mostConns:
		return fmt.Errorf("field MaxConns must be 1 to %d (%d)", mostConns, c.MaxConns)
	case c.ConnectTimeout <= 0:
		return fmt.Errorf("field ConnectTimeout must be above 0 (%s)", c.ConnectTimeout)
	}
	return nil
}

// Postgres is the handler that keeps events, and the last known state of their
// SIMs, in PostgreSQL. It writes both in one transaction and an event's row only
// once, so that an event that comes again, to whichever process, changes
// nothing: exactly once in effect.
//
// Handle returns nil when the transaction is committed, as durably as the
// server's synchronous_commit says. An event whose data cannot be read is kept
// all the same, with the reason in state_error; where only states are kept, that
// is a permanent error. It is safe for concurrent use.
type Postgres struct {
	pool       *pgxpool.Pool
	schema     string
	create     bool
	onlyStates bool
	sql        postgresSQL
}

var _ Handler = (*Postgres)(nil)

// OpenPostgres reads the connection string and returns a handler that connects
// when the first event comes. Before that, call [Postgres.Migrate]. The pool
// runs a goroutine of its own, which looks for idle connections, until Close.
func OpenPostgres(cfg PostgresConfig) (*Postgres, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	pc, err := cfg.read()
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	pc.MaxConns, pc.MinConns, pc.MinIdleConns = int32(cfg.MaxConns), 0, 0
	pc.ConnConfig.ConnectTimeout = cfg.ConnectTimeout
	if cfg.DSNFile != "" {
		pc.BeforeConnect = cfg.renewPassword
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, fmt.Errorf("postgres: make pool: %w", err)
	}
	return &Postgres{pool: pool, schema: cfg.Schema, create: cfg.CreateSchema, onlyStates: cfg.OnlyStates, sql: newPostgresSQL(cfg.Schema)}, nil
}

// errNoDSN takes the place of the parser's error, which may repeat parts of
// the password when that is what it cannot read.
var errNoDSN = errors.New("not a connection string; want postgres://user@host:5432/database, or words such as host=db user=u dbname=d")

func (c PostgresConfig) read() (*pgxpool.Config, error) {
	var dsn, where string
	if c.DSNFile == "" {
		where = "the PG variables of the environment"
	} else {
		text, err := os.ReadFile(c.DSNFile)
		if err != nil {
			return nil, fmt.Errorf("read DSNFile: %w", err)
		}
		dsn, where = strings.TrimSpace(string(text)), c.DSNFile
		if dsn == "" {
			return nil, fmt.Errorf("parse %s: %w", where, errNoDSN)
		}
	}
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", where, errNoDSN)
	}
	return pc, nil
}

func (c PostgresConfig) renewPassword(_ context.Context, to *pgx.ConnConfig) error {
	pc, err := c.read()
	if err != nil {
		return Unavailable(err) // no event is to blame for a file that is being replaced
	}
	to.Password = pc.ConnConfig.Password
	return nil
}

// Handle implements [Handler].
func (p *Postgres) Handle(ctx context.Context, d *consumer.Delivery) error {
	r := newPostgresRow(d)
	if err := p.refuses(r); err != nil {
		return err
	}
	return p.handle(ctx, r)
}

// refuses returns an error for an event that neither table has a place for.
func (p *Postgres) refuses(r *postgresRow) error {
	if !p.onlyStates || r.stateError == "" {
		return nil
	}
	return Permanent(errors.New(r.stateError))
}

// handle stores one row; bytes take what jsonb refuses.
func (p *Postgres) handle(ctx context.Context, r *postgresRow) error {
	err := p.store(ctx, []*postgresRow{r})
	if refusesPayload(err) {
		r.asBytes = true
		err = p.store(ctx, []*postgresRow{r})
	}
	return classifyPostgres(ctx, err)
}

// HandleBatch handles the events in one transaction and returns an error, or
// nil, for each. If the transaction fails they are handled one by one, so that
// only those to blame fail; but not when the database is unavailable or ctx has
// ended, which is then the error of all that are left.
func (p *Postgres) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	errs := make([]error, len(ds))
	rows := make([]*postgresRow, len(ds))
	for i, d := range ds {
		rows[i] = newPostgresRow(d)
		errs[i] = p.refuses(rows[i])
	}
	err := classifyPostgres(ctx, p.store(ctx, rows))
	if err == nil {
		return errs
	}
	for i, r := range rows {
		switch {
		case errs[i] != nil:
		case ctx.Err() != nil || IsUnavailable(err):
			errs[i] = err
		default:
			if errs[i] = p.handle(ctx, r); IsUnavailable(errs[i]) {
				err = errs[i]
			}
		}
	}
	return errs
}

// Close closes all connections, once those in use are given back.
func (p *Postgres) Close() error {
	p.pool.Close()
	return nil
}
