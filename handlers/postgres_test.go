package handlers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"korestream/consumer"
	"korestream/event"
	"korestream/internal/pgtest"
)

func TestPostgres_KeepsAnEventOnceAndTheStateByEventTime(t *testing.T) {
	t.Parallel()
	p := openPostgres(t, pgtest.Database(t))
	for _, d := range []*consumer.Delivery{
		usage(t, aSIM, "EZ2", 12, 200), usage(t, aSIM, "EZ1", 6, 100), usage(t, aSIM, "EZ2", 12, 200), usage(t, aSIM, "EZ3", 18, 1),
	} {
		mustHandle(t, p, d)
	}
	wantAnswer(t, p, 3, "select count(*)::int from korestream.events where payload->>'id' = id and payload_raw is null")
	wantAnswer(t, p, "kore-events/shardId-000000000001/4959/2/"+sessionUpdated,
		"select concat_ws('/', stream, shard, sequence_number, sub_sequence_number, type) from korestream.events where id = 'EZ1'")
	wantAnswer(t, p, "2026-03-01 12:06:00 2026-03-01 12:00:00",
		"select (time at time zone 'utc')::text || ' ' || (arrived_at at time zone 'utc')::text from korestream.events where id = 'EZ1' and sim_sid = $1", aSIM)
	wantAnswer(t, p, "true,310,170,AT&T,US,NB-IoT,PI1,301,EZ3,0",
		"select concat_ws(',', attached::text, mcc, mnc, network, country, rat, session_sid, session_total, last_event_id, flaps_per_hour) from korestream.sims where sim_sid = $1", aSIM)
	s, err := p.SIM(t.Context(), anICCID)
	if err != nil || s == nil || s.SIM != aSIM || s.Session().Usage().Total != 301 {
		t.Errorf("state by ICCID: got %+v, %v; want %s with 301 bytes", s, err, aSIM)
	}
	if s, err := p.SIM(t.Context(), "HSnone"); err != nil || s != nil {
		t.Errorf("unknown SIM: got %+v, %v; want nil", s, err)
	}
	mustHandle(t, p, usage(t, "HSother", "EZ4", 1, 1))
	all, err := p.SIMs(t.Context(), aSIM, 10)
	if err != nil || len(all) != 1 || all[0].SIM != "HSother" {
		t.Errorf("SIMs behind %s: got %+v, %v; want HSother", aSIM, all, err)
	}
}

func TestPostgres_IsExactlyOnceUnderConcurrentRepeats(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	const sims, events, workers = 3, 40, 6
	var history []*consumer.Delivery
	for i := range sims * events {
		history = append(history, usage(t, fmt.Sprint("HS", i%sims), fmt.Sprint("EZ", i), i/sims, 1))
	}
	p := openPostgres(t, dsn)
	var wg sync.WaitGroup
	for w := range workers {
		// Each has its own pool, as each process has, and its own order.
		own := openPostgresWith(t, postgresConfig(t, dsn))
		wg.Go(func() {
			mixed := append([]*consumer.Delivery(nil), history...)
			r := rand.New(rand.NewPCG(uint64(w), 1))
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			for len(mixed) > 0 {
				n := min(1+r.IntN(30)*(w%2), len(mixed))
				for i, err := range own.HandleBatch(context.Background(), mixed[:n]) {
					if err != nil {
						t.Errorf("handle %s: got %v, want nil", mixed[i].Event.ID, err)
					}
				}
				mixed = mixed[n:]
			}
		})
	}
	wg.Wait()
	wantAnswer(t, p, sims*events, "select count(*)::int from korestream.events")
	wantAnswer(t, p, sims, "select count(*)::int from korestream.sims where session_total = $1", events)
}

func TestPostgres_DoesNotTouchAStateTwice(t *testing.T) {
	t.Parallel()
	p := openPostgres(t, pgtest.Database(t))
	mustHandle(t, p, usage(t, aSIM, "EZ1", 6, 100))
	const version = "select string_agg(xmin::text || ' ' || ctid::text, ',') from (select xmin, ctid from korestream.sims union all select xmin, ctid from korestream.events) rows"
	before := ask[string](t, p, version)
	mustHandle(t, p, usage(t, aSIM, "EZ1", 6, 100))
	wantAnswer(t, p, before, version)
}

func TestPostgres_KeepsWhatJSONBRefuses(t *testing.T) {
	t.Parallel()
	p := openPostgres(t, pgtest.Database(t))
	long := "" // and such as no compression shortens
	for r := rand.New(rand.NewPCG(1, 1)); len(long) < 10_000; {
		long += fmt.Sprintf("%x", r.Uint64())
	}
	broken := usage(t, aSIM, "EZbroken", 3, 1)
	event := *broken.Event
	event.Raw = []byte("{not JSON")
	broken.Event = &event
	for _, tt := range []struct {
		name     string
		d        *consumer.Delivery
		inBytes  bool
		hasError bool
	}{
		{"NUL in the data", deliveryOf(t, `{"id":"EZ1","type":"supersim.connection.attachment.accepted","data":{"sim_sid":"HS1","rat_type":"4G\u0000"}}`), true, false},
		{"NUL in the keys", deliveryOf(t, `{"id":"EZ\u00002","type":"a\u0000b","data":{"sim_sid":"HS\u0000"}}`), true, false},
		{"a backslash and no NUL", deliveryOf(t, `{"id":"EZ3","type":"t","data":"\\u0000"}`), false, false},
		{"a number beyond numeric", deliveryOf(t, `{"id":"EZ4","type":"t","data":{"n":1e999999}}`), true, false},
		{"long keys", deliveryOf(t, `{"id":"`+long+`","type":"t","data":{"sim_sid":"`+long+`"}}`), false, false},
		{"data that cannot be read", deliveryOf(t, `{"id":"EZ5","type":"supersim.connection.attachment.accepted","data":{"sim_sid":"HS1","data_total":"many"}}`), false, true},
		{"data that cannot be read, with a NUL", deliveryOf(t, `{"id":"EZ6","type":"supersim.connection.attachment.accepted","data":{"sim_sid":"HS1","data_total":"\u0000"}}`), true, true},
		{"no JSON at all", broken, true, false},
	} {
		for range 2 {
			mustHandle(t, p, tt.d)
		}
		const query = "select payload is null, state_error is not null from korestream.events where coalesce(payload_raw, convert_to($2, 'utf8')) = convert_to($2, 'utf8') and id = $1"
		var inBytes, hasError bool
		if err := p.pool.QueryRow(t.Context(), query, postgresID(tt.d), string(tt.d.Event.Raw)).Scan(&inBytes, &hasError); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if inBytes != tt.inBytes || hasError != tt.hasError {
			t.Errorf("%s: got in bytes %t, state error %t; want %t, %t", tt.name, inBytes, hasError, tt.inBytes, tt.hasError)
		}
	}
	wantAnswer(t, p, 8, "select count(*)::int from korestream.events")
	wantAnswer(t, p, "4G\uFFFD", "select rat from korestream.sims where sim_sid = 'HS1'")
}

func TestPostgres_KeepsEveryTestEventOfTheLegacyProducer(t *testing.T) {
	t.Parallel()
	p := openPostgres(t, pgtest.Database(t))
	for i := range 3 {
		d := deliveryOf(t, `{"id":"AC00000000000000000000000000000001","type":"com.twilio.eventstreams.test-event","data":{}}`)
		d.SequenceNumber = fmt.Sprint(i)
		for range 2 {
			mustHandle(t, p, d)
		}
	}
	wantAnswer(t, p, 3, "select count(*)::int from korestream.events")
}

func TestPostgres_InABatchOnlyTheBadEventFails(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	p := openPostgres(t, dsn)
	pgtest.Exec(t, dsn, "alter table korestream.events add constraint no_bad_events check (id <> 'EZbad')")
	ds := []*consumer.Delivery{
		usage(t, aSIM, "EZ2", 12, 1),
		usage(t, aSIM, "EZbad", 18, 1),
		deliveryOf(t, `{"id":"EZnul","type":"t","data":"\u0000"}`),
		usage(t, aSIM, "EZ1", 6, 1),
	}
	for i, err := range p.HandleBatch(t.Context(), ds) {
		if bad := ds[i].Event.ID == "EZbad"; bad != IsPermanent(err) || bad != (err != nil) {
			t.Errorf("%s: got %v, want a permanent error for EZbad and nil for others", ds[i].Event.ID, err)
		}
	}
	wantAnswer(t, p, "EZ1,EZ2,EZnul", "select string_agg(id, ',' order by id) from korestream.events")
	wantAnswer(t, p, int64(2), "select session_total from korestream.sims")
	if got := p.HandleBatch(t.Context(), nil); len(got) != 0 {
		t.Errorf("no events: got %v", got)
	}
}

func TestPostgres_TellsTheDatabasesFaultsFromTheEvents(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"08006": "unavailable", "57P01": "unavailable", "57P03": "unavailable", "53300": "unavailable", "53100": "unavailable",
		"40P01": "unavailable", "40001": "unavailable", "28P01": "unavailable", "42P01": "unavailable", "25006": "unavailable",
		"22P02": "permanent", "23514": "permanent", "54000": "permanent", "XX000": "plain", "P0001": "plain", "": "plain",
	} {
		err := classifyPostgres(context.Background(), fmt.Errorf("insert: %w", &pgconn.PgError{Code: code}))
		got := "plain"
		if IsUnavailable(err) {
			got = "unavailable"
		} else if IsPermanent(err) {
			got = "permanent"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", code, got, want)
		}
	}
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(errLeaseLost)
	if err := classifyPostgres(ended, errors.New("canceled")); !errors.Is(err, errLeaseLost) {
		t.Errorf("context ended: got %v, want its cause", err)
	}
}

func TestPostgres_StoresAFleetAsItIs(t *testing.T) {
	t.Parallel()
	p := openPostgres(t, pgtest.Database(t))
	var ds []*consumer.Delivery
	ids := map[string]bool{}
	for _, data := range fleetOf(t, 400) {
		items, err := event.Decode(data)
		if err != nil || items[0].Err != nil {
			continue
		}
		d := &consumer.Delivery{Origin: consumer.Origin{ArrivedAt: time.Now()}, Event: items[0].Event}
		ds, ids[postgresID(d)] = append(ds, d), true
	}
	began := time.Now()
	for i := 0; i < len(ds); i += 50 {
		for j, err := range p.HandleBatch(t.Context(), ds[i:min(i+50, len(ds))]) {
			if err != nil {
				t.Errorf("event %s: got %v, want nil", ds[i+j].Event.ID, err)
			}
		}
	}
	t.Logf("%d events in batches of 50: %s", len(ds), time.Since(began))
	wantAnswer(t, p, len(ids), "select count(*)::int from korestream.events")
}
