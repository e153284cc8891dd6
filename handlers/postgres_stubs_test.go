package handlers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"korestream/consumer"
)

func postgresConfig(t testing.TB, dsn string) PostgresConfig {
	t.Helper()
	cfg := DefaultPostgresConfig()
	cfg.DSNFile = filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(cfg.DSNFile, []byte(dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// openPostgres returns a handler on an open database, with its tables made.
func openPostgres(t testing.TB, dsn string) *Postgres {
	t.Helper()
	p := openPostgresWith(t, postgresConfig(t, dsn))
	if err := p.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func openPostgresWith(t testing.TB, cfg PostgresConfig) *Postgres {
	t.Helper()
	p, err := OpenPostgres(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// usage is a report of a session of schema version 1, minutes after noon, which
// only counts right if every window counts once.
func usage(t testing.TB, sim, id string, minutes, bytes int) *consumer.Delivery {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, minutes, 0, 0, time.UTC).Format(time.RFC3339)
	return deliveryOf(t, fmt.Sprintf(`{"id": %q, "type": %q, "time": %q, "data": {"sim_sid": %q, "sim_iccid": %q, "timestamp": %q,
		"network": {"mcc": "310", "mnc": "170", "friendly_name": "AT&T", "iso_country": "US"}, "rat_type": "NB-IoT",
		"data_session_sid": "PI1", "data_session_start_time": "2026-03-01T12:00:00Z", "data_session_update_end_time": %q, "data_total": %d}}`,
		id, sessionUpdated, at, sim, anICCID, at, at, bytes))
}

// ask returns the one value that the query gives.
func ask[T any](t testing.TB, p *Postgres, query string, args ...any) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	rows, err := p.pool.Query(ctx, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func wantAnswer[T comparable](t testing.TB, p *Postgres, want T, query string, args ...any) {
	t.Helper()
	if got := ask[T](t, p, query, args...); got != want {
		t.Errorf("%s: got %v, want %v", query, got, want)
	}
}

func mustHandle(t testing.TB, h Handler, d *consumer.Delivery) {
	t.Helper()
	if err := h.Handle(t.Context(), d); err != nil {
		t.Fatalf("handle %s: got %v, want nil", d.Event.ID, err)
	}
}
