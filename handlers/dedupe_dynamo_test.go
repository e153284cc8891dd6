package handlers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/localstack/embed"
)

// dedupeWorld is one table and the processes that share it.
type dedupeWorld struct {
	t  *testing.T
	ep *embed.Endpoint
	db *dynamodb.Client
}

func newDedupeWorld(t *testing.T) *dedupeWorld {
	t.Helper()
	ep := embed.New()
	w := &dedupeWorld{t, ep, dynamodb.NewFromConfig(ep.Config())}
	if err := w.process().Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

const testClaimTimeout = 20 * time.Second

func (w *dedupeWorld) process() *DynamoDeduper {
	cfg := DynamoDedupeConfig{Table: "handled", MaxAge: time.Hour, ClaimTimeout: testClaimTimeout}
	if err := cfg.Validate(); err != nil {
		w.t.Fatal(err)
	}
	return NewDynamoDeduper(w.db, cfg, zap.NewNop())
}

// claim claims and tells how long that took.
func (w *dedupeWorld) claim(d Deduper, id string) (Claim, time.Duration) {
	w.t.Helper()
	begun := time.Now()
	c, err := d.Claim(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c, time.Since(begun)
}

func TestDynamoDeduper_HandledIsHandledForEveryProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newDedupeWorld(t)
		a, b := w.process(), w.process()
		c, _ := w.claim(a, "EZ1")
		c.Done(t.Context())
		if c, _ := w.claim(b, "EZ1"); c != nil {
			t.Error("another process handles it again")
		}
		time.Sleep(59 * time.Minute)
		if c, _ := w.claim(w.process(), "EZ1"); c != nil {
			t.Error("a process that started later handles it again")
		}
		time.Sleep(2 * time.Minute)
		c, _ = w.claim(b, "EZ1")
		if c == nil {
			t.Fatal("it is remembered for longer than MaxAge")
		}
		c.Release(t.Context())
	})
}

func TestDynamoDeduper_WaitsForAnotherProcessAndFollowsItsOutcome(t *testing.T) {
	t.Parallel()
	for _, released := range []bool{false, true} {
		t.Run(fmt.Sprint("released=", released), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newDedupeWorld(t)
				a, b := w.process(), w.process()
				held, _ := w.claim(a, "EZ1")
				const long = 5 * testClaimTimeout // it is alive all the time
				time.AfterFunc(long, func() {
					if released {
						held.Release(context.Background())
					} else {
						held.Done(context.Background())
					}
				})
				c, took := w.claim(b, "EZ1")
				if took < long || took > long+2*claimPoll {
					t.Errorf("waited %s for a claim of %s", took, long)
				}
				if released != (c != nil) {
					t.Errorf("got claim %v though released is %t", c, released)
				}
				if c != nil {
					c.Done(t.Context())
				}
			})
		})
	}
}

func TestDynamoDeduper_TakesOverFromAProcessThatDied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newDedupeWorld(t)
		dead, _ := w.claim(w.process(), "EZ1")
		dead.(*dynamoClaim).stop() // it says nothing any more
		c, took := w.claim(w.process(), "EZ1")
		if c == nil || took < testClaimTimeout || took > testClaimTimeout+3*time.Second {
			t.Fatalf("got claim %v after %s, want one after %s", c, took, testClaimTimeout)
		}
		dead.Done(t.Context()) // it was only slow
		dead.Release(t.Context())
		c.Done(t.Context())
		if c, _ := w.claim(w.process(), "EZ1"); c != nil {
			t.Error("it is handled a third time")
		}
	})
}

func TestDynamoDeduper_LostAnswersNeitherRepeatNorLose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newDedupeWorld(t)
		for _, op := range []string{"UpdateItem", "DeleteItem"} {
			w.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: op, Kind: embed.ServerError, Applied: true, Rate: 0.6})
		}
		handled := make(map[string]int)
		var mu sync.Mutex
		handler := HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			handled[d.Event.ID]++
			return nil
		})
		var muxes []*Mux
		for range 2 {
			m, err := NewMux([]Route{to(t, "h", handler)}, &memoryBurier{}, DefaultRetryPolicy(), WithDeduper(Layered(NewMemoryDeduper(0, 0), w.process())))
			if err != nil {
				t.Fatal(err)
			}
			muxes = append(muxes, m)
		}
		var all sync.WaitGroup
		for n := range 50 {
			for _, m := range append(muxes, muxes...) { // each event twice at each process
				all.Go(func() {
					if _, err := m.Dispatch(t.Context(), delivery(t, fmt.Sprint("EZ", n), sessionUpdated)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		for n := range 50 {
			if got := handled[fmt.Sprint("EZ", n)]; got != 1 {
				t.Errorf("EZ%d: handled %d times, want once", n, got)
			}
		}
	})
}

func TestDynamoDeduper_ManyMayMakeTheTableAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &dedupeWorld{t: t, ep: embed.New()}
		w.db = dynamodb.NewFromConfig(w.ep.Config())
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := w.process().Init(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestDynamoDeduper_WaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newDedupeWorld(t)
		held, _ := w.claim(w.process(), "EZ1")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(errLeaseLost) })
		if _, err := w.process().Claim(ctx, "EZ1"); !errors.Is(err, errLeaseLost) {
			t.Errorf("got %v, want the context's cause", err)
		}
		held.Release(t.Context())
	})
}

func TestDynamoDeduper_RefusesATableOfAnotherKind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newDedupeWorld(t)
		_, err := w.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: aws.String("leases"), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("leaseKey"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("leaseKey"), KeyType: types.KeyTypeHash}},
		})
		if err != nil {
			t.Fatal(err)
		}
		d := NewDynamoDeduper(w.db, DynamoDedupeConfig{Table: "leases", MaxAge: time.Hour, ClaimTimeout: time.Minute}, zap.NewNop())
		if err := d.Init(t.Context()); err == nil {
			t.Error("a lease table was taken for a dedupe table")
		}
		ttl, err := w.db.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("handled")})
		if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != claimExpiry {
			t.Errorf("time to live: got %+v, %v, want %s", ttl, err, claimExpiry)
		}
	})
}
