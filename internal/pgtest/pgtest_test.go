package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"korestream/internal/pgtest"
)

func count(t *testing.T, dsn string) (n int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return n, conn.QueryRow(ctx, "select count(*) from things").Scan(&n)
}

func TestDatabase_IsEmptyAndTheTestsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		dsn := pgtest.Database(t)
		pgtest.Exec(t, dsn, "create table things as select 1")
		if got, err := count(t, dsn); err != nil || got != 1 {
			t.Errorf("got %d rows, error %v; want 1", got, err)
		}
	}
}

func TestServer_StopsAndKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	pgtest.Exec(t, s.DSN(), "create table things as select 1")
	s.Stop(t)
	if _, err := count(t, s.DSN()); err == nil {
		t.Error("got an answer of a server that was stopped")
	}
	s.Resume(t)
	if got, err := count(t, s.DSN()); err != nil || got != 1 {
		t.Errorf("started again: got %d rows, error %v; want 1", got, err)
	}
}
