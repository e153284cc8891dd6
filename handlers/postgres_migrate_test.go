package handlers

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"korestream/internal/pgtest"
)

func TestPostgres_MigratesOnceHoweverManyBegin(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		p := openPostgresWith(t, postgresConfig(t, dsn))
		wg.Go(func() {
			if err := p.Migrate(t.Context()); err != nil {
				t.Errorf("got %v, want nil", err)
			}
		})
	}
	wg.Wait()
	p := openPostgres(t, dsn)
	wantAnswer(t, p, 1, "select count(*)::int from korestream.migrations")
	mustHandle(t, p, usage(t, aSIM, "EZ1", 0, 1))
}

func TestPostgres_ChangesNoSchemaUnasked(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	cfg := postgresConfig(t, dsn)
	cfg.Schema, cfg.CreateSchema = "events_2", false
	p := openPostgresWith(t, cfg)
	if err := p.Migrate(t.Context()); !errors.Is(err, ErrSchemaVersion) || !IsPermanent(err) {
		t.Errorf("no schema: got %v, want a permanent ErrSchemaVersion", err)
	}
	if err := p.Handle(t.Context(), usage(t, aSIM, "EZ1", 0, 1)); !IsUnavailable(err) {
		t.Errorf("handle without tables: got %v, want an unavailable error", err)
	}
	cfg.CreateSchema = true
	if err := openPostgresWith(t, cfg).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Migrate(t.Context()); err != nil {
		t.Errorf("tables are there: got %v, want nil", err)
	}
	mustHandle(t, p, usage(t, aSIM, "EZ1", 0, 1))
	pgtest.Exec(t, dsn, "insert into events_2.migrations (version) values (99)")
	for _, create := range []bool{true, false} {
		cfg.CreateSchema = create
		if err := openPostgresWith(t, cfg).Migrate(t.Context()); !errors.Is(err, ErrSchemaVersion) {
			t.Errorf("newer tables, CreateSchema %t: got %v, want ErrSchemaVersion", create, err)
		}
	}
}

func TestPostgres_NeedsNoRightToCreateWhatIsThere(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t) // roles belong to all databases of a server
	openPostgres(t, server.DSN())
	pgtest.Exec(t, server.DSN(), `create role writer login; grant usage on schema korestream to writer;
		grant select, insert, update on all tables in schema korestream to writer`)
	cfg := postgresConfig(t, strings.Replace(server.DSN(), "user=korestream", "user=writer", 1))
	cfg.CreateSchema = false
	p := openPostgresWith(t, cfg)
	if err := p.Migrate(t.Context()); err != nil {
		t.Errorf("check: got %v, want nil", err)
	}
	mustHandle(t, p, usage(t, aSIM, "EZ1", 0, 1))
}

func TestPostgresConfig_NamesTheFieldThatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		change     func(*PostgresConfig)
	}{
		{"nothing", "", func(*PostgresConfig) {}},
		{"no schema", "Schema", func(c *PostgresConfig) { c.Schema = "" }},
		{"a schema in need of quotes", "Schema", func(c *PostgresConfig) { c.Schema = `a"; drop table events; --` }},
		{"a schema of PostgreSQL's", "Schema", func(c *PostgresConfig) { c.Schema = "pg_mine" }},
		{"no connection", "MaxConns", func(c *PostgresConfig) { c.MaxConns = 0 }},
		{"too many connections", "1000", func(c *PostgresConfig) { c.MaxConns = 1001 }},
		{"no time", "ConnectTimeout", func(c *PostgresConfig) { c.ConnectTimeout = 0 }},
	} {
		cfg := DefaultPostgresConfig()
		tt.change(&cfg)
		if err := cfg.Validate(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that names %q", tt.name, err, tt.want)
		}
	}
}

func TestOpenPostgres_NeverRepeatsThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://user:hunter2:x@host:port/db", "postgres://user:hunter2@host:5432x/db", "postgres://us er:hunter2%@host/db",
		"password=hunter2 port=x", "password='hunter2", "hunter2", "",
	} {
		_, err := OpenPostgres(postgresConfig(t, dsn))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the password", dsn, err)
		}
	}
	cfg := DefaultPostgresConfig()
	cfg.DSNFile = t.TempDir() + "/none"
	if _, err := OpenPostgres(cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want that it does not exist", err)
	}
}

func TestPostgres_ReadsANewPasswordWithoutARestart(t *testing.T) {
	t.Parallel()
	cfg := postgresConfig(t, "postgres://user:old@127.0.0.1:1/db")
	p := openPostgresWith(t, cfg)
	if err := os.WriteFile(cfg.DSNFile, []byte("postgres://user:new@127.0.0.1:1/db"), 0o600); err != nil {
		t.Fatal(err)
	}
	cc := p.pool.Config().ConnConfig.Copy()
	if err := p.pool.Config().BeforeConnect(t.Context(), cc); err != nil || cc.Password != "new" {
		t.Errorf("got password %q, error %v; want the new one", cc.Password, err)
	}
	if err := os.Truncate(cfg.DSNFile, 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Handle(t.Context(), usage(t, aSIM, "EZ1", 0, 1)); !IsUnavailable(err) || !errors.Is(err, errNoDSN) {
		t.Errorf("file is being written: got %v, want an unavailable error that says so", err)
	}
}
