package pgtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the server of the whole test binary. It ends with the binary.
var shared = sync.OnceValues(func() (*Server, error) {
	s, err := create()
	if err != nil {
		return nil, err
	}
	return s, s.start()
})

// databases numbers the databases of the shared server.
var databases atomic.Int64

// Database returns the DSN of an empty database of the server that the tests of
// this binary share. It skips the test where there is no PostgreSQL.
func Database(t testing.TB) string {
	t.Helper()
	s, err := shared()
	skipOrFail(t, err)
	name := fmt.Sprintf("test%d", databases.Add(1))
	Exec(t, s.DSN(), "create database "+name)
	return s.dsn(name)
}

// Start returns a running server that belongs to the test and ends with it. It
// skips the test where there is no PostgreSQL.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := create()
	skipOrFail(t, err)
	t.Cleanup(s.remove)
	if err := s.start(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	return s
}

// Exec runs a statement on a connection of its own.
func Exec(t testing.TB, dsn, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("run %s: %v", statement, err)
	}
}
