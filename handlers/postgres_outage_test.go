package handlers

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"korestream/consumer"
	"korestream/event/fleet"
	"korestream/internal/pgtest"
)

func fleetOf(t testing.TB, n int) [][]byte {
	t.Helper()
	traffic := fleet.New(fleet.DefaultConfig())
	all := make([][]byte, n)
	for i := range all {
		all[i] = traffic.Next().Data
	}
	return all
}

func TestPostgres_LosesNothingInAnOutage(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	p := openPostgres(t, server.DSN())
	burier := &memoryBurier{}
	policy := attempts(1) // an attempt of the event's own would bury it
	policy.InitialBackoff, policy.MaxBackoff = 10*time.Millisecond, 50*time.Millisecond
	m := newMux(t, burier, policy, []Route{to(t, "postgres", p)})

	const lanes = 4
	stop := make(chan struct{})
	var handled atomic.Int64
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d := usage(t, fmt.Sprint("HS", lane), fmt.Sprint("EZ", lane, "-", i), i, 1)
				if outcome, err := m.Dispatch(context.Background(), d); err != nil || outcome != consumer.Handled {
					t.Errorf("got outcome %d, error %v; want handled", outcome, err)
				}
				handled.Add(1)
			}
		})
	}
	waitHandled(t, &handled, 50)
	server.Stop(t)
	err := p.Handle(t.Context(), usage(t, "HSdown", "EZdown", 0, 1))
	if !IsUnavailable(err) {
		t.Errorf("server down: got %v, want an unavailable error", err)
	}
	for _, err := range p.HandleBatch(t.Context(), []*consumer.Delivery{usage(t, "HSdown", "EZdown", 0, 1), usage(t, "HSdown", "EZdown2", 1, 1)}) {
		if !IsUnavailable(err) {
			t.Errorf("server down: got %v for an event of a batch, want an unavailable error", err)
		}
	}
	server.Resume(t)
	waitHandled(t, &handled, handled.Load()+50)
	close(stop)
	wg.Wait()
	if letters := burier.buried(); len(letters) > 0 {
		t.Errorf("got %d dead letters, the first for %v; want none", len(letters), letters[0].Err)
	}
	wantAnswer(t, p, handled.Load(), "select count(*) from korestream.events")
	wantAnswer(t, p, handled.Load(), "select sum(session_total)::bigint from korestream.sims")
}

func waitHandled(t *testing.T, handled *atomic.Int64, want int64) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for handled.Load() < want {
		if time.Now().After(deadline) {
			t.Fatalf("got %d events handled after a minute, want %d", handled.Load(), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestPostgres_IsUnavailableWhereNobodyListens(t *testing.T) {
	t.Parallel()
	p := openPostgresWith(t, postgresConfig(t, "postgres://u:secret@127.0.0.1:1/db?sslmode=disable"))
	if err := p.Handle(t.Context(), usage(t, aSIM, "EZ1", 0, 1)); !IsUnavailable(err) {
		t.Errorf("handle: got %v, want an unavailable error", err)
	}
	if err := p.Migrate(t.Context()); !IsUnavailable(err) {
		t.Errorf("migrate: got %v, want an unavailable error", err)
	}
	if _, err := p.SIMs(t.Context(), "", 1); !IsUnavailable(err) {
		t.Errorf("read: got %v, want an unavailable error", err)
	}
}

func TestPostgres_IsUnavailableWithoutTheTLSThatItIsToHave(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, c, 8) // the request for TLS
			_, _ = c.Write([]byte("N"))
			_ = c.Close()
		}
	})
	p := openPostgresWith(t, postgresConfig(t, "postgres://u:secret@"+l.Addr().String()+"/db?sslmode=require"))
	if err := p.Handle(t.Context(), usage(t, aSIM, "EZ1", 0, 1)); !IsUnavailable(err) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an unavailable error without the password", err)
	}
}

func TestPostgres_IsUnavailableWhenItDoesNotAnswerInTime(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	p := openPostgres(t, dsn)
	tx, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "lock table korestream.events in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, ErrTimeout)
	defer cancel()
	if err := p.Handle(ctx, usage(t, aSIM, "EZ1", 0, 1)); !IsUnavailable(err) {
		t.Errorf("got %v, want an unavailable error", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustHandle(t, p, usage(t, aSIM, "EZ1", 0, 1))
	wantAnswer(t, p, 1, "select count(*)::int from korestream.events")
}
