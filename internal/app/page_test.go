package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"

	"korestream/consumer"
	"korestream/handlers"
	"korestream/internal/page"
)

// talksOfSIMs is a handler that fails and says of which SIM in every way it has.
type talksOfSIMs struct{ options handlers.Options }

func (h talksOfSIMs) Handle(_ context.Context, d *consumer.Delivery) error {
	text := "of " + string(d.Event.Raw) + d.Event.SIM()
	h.options.Logger.Error("cannot handle an event " + text)
	switch d.Event.ID {
	case "panics":
		panic(text)
	case "coded":
		return handlers.Permanent(&smithy.GenericAPIError{Code: theSIM["iccid"], Message: text})
	case "permanent":
		return handlers.Permanent(errors.New(text))
	}
	return errors.New(text)
}

func init() {
	handlers.Register("talks", func(o handlers.Options) (handlers.Handler, error) { return talksOfSIMs{o}, nil })
}

// theSIM is all that a SIM may be known by.
var theSIM = map[string]string{
	"sid": "HS089c2ebe4906b715923c1ccf354f6bf7", "iccid": "89883070000000000001", "imsi": "901430000000001", "imei": "350000000000017",
	"unique_name": "pump-seventeen-at-the-weir", "msisdn": "882350000000017", "ip": "100.65.109.189",
}

func eventOfTheSIM(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":"com.twilio.iot.supersim.connection.data-session.started","source":"kore-events","specversion":"1.0","time":"2026-03-01T12:00:00Z",`+
		`"data":{"sim_sid":%q,"sim_iccid":%q,"imsi":%q,"imei":%q,"sim_unique_name":%q,"msisdn":%q,"ip_address":%q,"timestamp":"2026-03-01T12:00:00Z"}}`,
		id, theSIM["sid"], theSIM["iccid"], theSIM["imsi"], theSIM["imei"], theSIM["unique_name"], theSIM["msisdn"], theSIM["ip"])
}

// putOfTheSIM puts what may fail in each way, under keys that tell the SIM too.
func (a *account) putOfTheSIM() {
	a.t.Helper()
	kc := kinesis.NewFromConfig(a.ep.Config())
	for i, data := range []string{eventOfTheSIM("fails"), eventOfTheSIM("panics"), eventOfTheSIM("coded"), eventOfTheSIM("permanent"), "no event: " + eventOfTheSIM("broken")} {
		key := fmt.Sprintf("%s-%d", theSIM["iccid"], i)
		_, err := kc.PutRecord(a.t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("kore-events"), PartitionKey: &key, Data: []byte(data)})
		if err != nil {
			a.t.Fatal(err)
		}
	}
}

// seen is what a daemon's page shows after a while: the document and the data.
func (a *account) seen(flags map[string]string, sink consumer.Burier) (document, data string) {
	a.t.Helper()
	daemon, err := newDaemon(a.t.Context(), a.load(flags), a.clients, discard)
	if err != nil {
		a.t.Fatal(err)
	}
	if sink != nil {
		daemon.onPage.letters.next = sink
	}
	ctx, stop := context.WithCancel(a.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx) }()
	time.Sleep(20 * time.Second)
	for path, into := range map[string]*string{page.PathDocument: &document, page.PathData: &data} {
		w := httptest.NewRecorder()
		daemon.onPage.page.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody))
		*into = w.Body.String()
	}
	stop()
	if err := <-ended; err != nil && ExitCode(err) != ExitDrainTimeout {
		a.t.Fatal(err)
	}
	return document, data
}

// failingSink keeps nothing and says of what.
type failingSink struct{}

func (failingSink) Bury(_ context.Context, letter *consumer.DeadLetter) error {
	return fmt.Errorf("cannot keep %s of %s: %w", letter.Payload, letter.PartitionKey, os.ErrPermission)
}

func TestStatusPage_ShowsTroubleAndNoSIM(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, exhausted string
		sink            consumer.Burier
		want            []string
	}{
		{"events are buried", "dead_letter", nil, []string{`"by_reason":{"handler_failed":4,`, `"message":"event buried"`, `"message":"record buried"`, `"handler":"loud"`, `"reason":"handler_failed"`, `"class":"refused for good"`}},
		{"letters cannot be written", "dead_letter", failingSink{}, []string{`"parked":1`, `Dead letters cannot be written`, `"message":"key parked: its event can be neither handled nor buried; the checkpoint stays below it"`, `"class":"no permission"`}},
		{"events are parked", "park", nil, []string{`"events_parked":`, `"message":"event parked, trying again"`}},
		{"events are dropped", "drop", nil, []string{`"message":"event dropped"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				a.putOfTheSIM()
				document, data := a.seen(map[string]string{
					"handlers": "[{name: loud, type: talks, retry: {max_attempts: 2, on_exhausted: " + tt.exhausted + "}}]",
				}, tt.sink)
				for name, value := range theSIM {
					for where, text := range map[string]string{"document": document, "data": data} {
						if strings.Contains(strings.ToLower(text), strings.ToLower(value)) {
							t.Errorf("the %s has the SIM's %s, %s", where, name, value)
						}
					}
				}
				for _, want := range tt.want {
					if !strings.Contains(data, want) {
						t.Errorf("the data do not have %s:\n%s", want, data)
					}
				}
			})
		})
	}
}

func TestStatusPage_ShowsTheFleetOfAnyWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t)
		for i := range 40 {
			a.put(fmt.Sprintf(`{"id":"E%d","type":"test","source":"kore-events","specversion":"1.0","time":"2026-03-01T12:00:00Z","data":{"sim_sid":"HS%d"}}`, i, i))
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		begin := func(worker string) {
			d, err := newDaemon(ctx, a.load(map[string]string{"worker": worker, "lease.max_per_worker": "2"}), a.clients, discard)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { ended <- d.Run(ctx) }()
		}
		begin("other")
		time.Sleep(10 * time.Second)
		time.AfterFunc(10*time.Second, func() { begin("late") })
		_, data := a.seen(map[string]string{"worker": "idle", "lease.max_per_worker": "1"}, nil)
		var got struct {
			Shards  []struct{ ID, Owner string }
			Workers []struct {
				ID, Version string
				Mine, Alive bool
				Shards      int
				StartedAt   int64 `json:"started_at"`
			}
			Moves []struct{ Text string }
		}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Fatal(err)
		}
		owners := make(map[string]int)
		for _, s := range got.Shards {
			owners[s.Owner]++
		}
		if len(got.Shards) != 2 || owners["other"] != 1 || owners["idle"] != 1 {
			t.Errorf("shards: got %+v, want one of each worker", got.Shards)
		}
		if len(got.Workers) != 3 || got.Workers[0].ID != "idle" || !got.Workers[0].Mine || got.Workers[1].Mine || got.Workers[2].Mine {
			t.Fatalf("workers: got %+v, want idle, which is this one, and others", got.Workers)
		}
		for _, w := range got.Workers {
			if w.Version != versionText() || w.StartedAt == 0 || !w.Alive || w.Shards != 1 && w.ID != "late" {
				t.Errorf("got %+v, want version, start, life and one shard", w)
			}
		}
		// What idle took it may have had before its page first looked.
		if len(got.Moves) == 0 || got.Moves[0].Text != "late joined with "+versionText() {
			t.Errorf("moves: got %+v, want that late joined", got.Moves)
		}
		stop()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
	})
}

func TestStatusPage_KnowsTheConsumersWords(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		page.HoldThrottled: consumer.HoldThrottled, page.HoldFailing: consumer.HoldFailing,
		page.HoldCheckpoint: consumer.HoldCheckpoint, page.HoldHandler: consumer.HoldHandler, page.HoldFails: consumer.HoldFails, page.HoldParked: consumer.HoldParked,
	} {
		if got != want {
			t.Errorf("the page waits for %q, the consumer says %q", got, want)
		}
	}
}

func TestStatusPage_IsForThisHostWhereTheAddressIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, listens, host string
		want                int
	}{
		{"by its address", "127.0.0.1:9090", "127.0.0.1:9090", http.StatusOK},
		{"through a tunnel", "127.0.0.1:9090", "localhost:8080", http.StatusOK},
		{"by a name that a page has made mean it", "127.0.0.1:9090", "evil.example:9090", http.StatusForbidden},
		{"where everybody may ask", "0.0.0.0:9090", "korestream.example", http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at, err := net.ResolveTCPAddr("tcp", tt.listens)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, page.PathData, http.NoBody)
			r.Host = tt.host
			atHome(at, page.New(time.Second)).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
		})
	}
}
