package webhook

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"korestream/handlers"
	"korestream/localstack/embed"
)

func TestTokens_ARetryGetsTheSame2xxAndIsNotPutAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		first, again := w.post(batch(0, 50), "t"), w.post(batch(0, 50), "t")
		if first.Code != 200 || again.Code != first.Code || again.Body.String() != first.Body.String() {
			t.Errorf("got %d %q, then %d %q; want one 200", first.Code, first.Body, again.Code, again.Body)
		}
		if s := w.h.Stats(); s.Requests["repeated"] != 1 || s.Put != 50 {
			t.Errorf("got %v, %d put, want one repeat and 50 put", s.Requests, s.Put)
		}
	})
}

func TestTokens_AnotherBodyOfTheSameTokenIsPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.post(batch(0, 10), "t")
		if got := w.post(batch(5, 20), "t"); got.Code != 200 {
			t.Errorf("got %d, want 200", got.Code)
		}
		if n := len(w.records()); n != 20 || w.h.Stats().Repeated != 5 {
			t.Errorf("got %d records, %d left out; want each of 20 events once", n, w.h.Stats().Repeated)
		}
	})
}

func TestTokens_OfTwoAtOnceTheSecondWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.ep.Faults().Add(embed.Fault{Operation: "PutRecords", Kind: embed.Slow, Delay: claimWait / 2})
		codes := make(chan int, 2)
		for range 2 {
			go func() { codes <- w.post(batch(0, 10), "t").Code }()
		}
		if a, b := <-codes, <-codes; a != 200 || b != 200 {
			t.Errorf("got %d and %d, want 200", a, b)
		}
		if n := len(w.records()); n != 10 {
			t.Errorf("got %d records, want each of 10 once", n)
		}
	})
}

// table is a deduper in the world's DynamoDB, as another process has it.
func (w *world) table() handlers.Deduper {
	w.t.Helper()
	d := handlers.NewDynamoDeduper(w.db, handlers.DynamoDedupeConfig{Table: "handled", MaxAge: time.Hour, ClaimTimeout: 30 * time.Second}, zap.NewNop())
	if err := d.Init(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return handlers.Layered(handlers.NewMemoryDeduper(0, 0), d)
}

func TestTokens_TableAnswersARetryAtAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.h = w.handler(testSecret, nil, WithTokens(w.table()))
		w.post(batch(0, 10), "t")
		if err := w.h.Wait(t.Context()); err != nil { // it is recorded after the answer
			t.Fatal(err)
		}
		w.h = w.handler(testSecret, nil, WithTokens(w.table()))
		if got := w.post(batch(0, 10), "t"); got.Code != 200 || w.h.Stats().Requests["repeated"] != 1 {
			t.Errorf("got %d, %v, want 200 for a repeat", got.Code, w.h.Stats().Requests)
		}
		if n := len(w.records()); n != 10 {
			t.Errorf("got %d records, want 10", n)
		}
	})
}

func TestTokens_ARequestThatDiedWithItsProcessIsPutAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		dead := w.table()
		claim, err := dead.Claim(t.Context(), tokenKey+fingerprint([]byte("t"), []byte(batch(0, 10))))
		if err != nil || claim == nil {
			t.Fatal(claim, err)
		}
		w.h = w.handler(testSecret, nil, WithTokens(w.table()))
		begun := time.Now()
		got := w.post(batch(0, 10), "t")
		if took := time.Since(begun); got.Code != 200 || took > time.Second {
			t.Errorf("got %d after %s, want 200 within a second", got.Code, took)
		}
		if n := len(w.ids()); n != 10 {
			t.Errorf("got %d events, want 10", n)
		}
		claim.Release(t.Context())
	})
}

func TestTokens_NoTableDoesNotStopEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.h = w.handler(testSecret, nil, WithTokens(w.table()), WithLogger(w.h.log))
		for _, kind := range []embed.Kind{embed.AccessDenied, embed.Hang} {
			fault := w.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Kind: kind})
			begun := time.Now()
			got := w.post(batch(10*int(kind), 10*int(kind)+10), kind.String())
			if took := time.Since(begun); got.Code != http.StatusOK || took > time.Second {
				t.Errorf("%s: got %d after %s, want 200 within a second", kind, got.Code, took)
			}
			fault.Remove()
		}
		if s := w.h.Stats(); s.Put != 20 || s.Unclaimed != 2 {
			t.Errorf("got %d put, %d without a claim, want 20 and 2", s.Put, s.Unclaimed)
		}
	})
}

func TestTrouble_IsToldWhenItBeginsChangesAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		tr := trouble{log: w.h.log, begins: "begins", over: "over"}
		for range 3 {
			tr.note(errors.New("no route"))
		}
		tr.note(nil)
		time.Sleep(time.Minute)
		tr.note(nil)
		if b, o := w.logs.FilterMessage("begins").Len(), w.logs.FilterMessage("over").Len(); b != 1 || o != 1 {
			t.Errorf("got %d and %d lines, want one each", b, o)
		}
	})
}
