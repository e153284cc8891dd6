package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"korestream/consumer"
	"korestream/event"
	"korestream/event/fleet"
	"korestream/handlers/simstate"
	"korestream/localstack/engines"
)

// simStore is what every store of states is.
type simStore interface {
	Handler
	SIM(ctx context.Context, sidOrICCID string) (*simstate.State, error)
	SIMs(ctx context.Context, after string, limit int) ([]*simstate.State, error)
}

const simTable = "korestream-sims"

// openSIMs returns a handler on a table that is there.
func openSIMs(t testing.TB, db DynamoSIMsAPI, ttl time.Duration) *DynamoSIMs {
	t.Helper()
	s, err := OpenDynamoSIMs(db, DynamoSIMsConfig{Table: simTable, TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// dynalite starts a DynamoDB that is not ours.
func dynalite(t *testing.T) aws.Config {
	t.Helper()
	engine, err := engines.StartDynamoDB(t.Context())
	if errors.Is(err, engines.ErrNoNode) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Stop() })
	return engine.Config()
}

// countedDynamo counts what is asked of a table.
type countedDynamo struct {
	DynamoSIMsAPI
	gets, puts atomic.Int64
}

func (c *countedDynamo) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.gets.Add(1)
	return c.DynamoSIMsAPI.GetItem(ctx, in, o...)
}

func (c *countedDynamo) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.puts.Add(1)
	return c.DynamoSIMsAPI.PutItem(ctx, in, o...)
}

// fleetHistory is what a fleet sends, in no order, with some of it twice.
func fleetHistory(t testing.TB, sims, events int) []*consumer.Delivery {
	t.Helper()
	cfg := fleet.DefaultConfig()
	cfg.Seed, cfg.SIMs, cfg.Broken = 11, sims, 0
	traffic := fleet.New(cfg)
	var history []*consumer.Delivery
	for range events {
		history = append(history, deliveryOf(t, string(traffic.Next().Data)))
	}
	return shuffled(append(history, history[:events/4]...), 1)
}

func shuffled(ds []*consumer.Delivery, seed uint64) []*consumer.Delivery {
	ds = slices.Clone(ds)
	rand.New(rand.NewPCG(seed, 9)).Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
	return ds
}

// folded are the states, as text, that all the events amount to when each is
// taken in once, by the time at which it happened.
func folded(t testing.TB, ds []*consumer.Delivery) map[string]string {
	t.Helper()
	at := func(e *event.Event) time.Time {
		c, err := e.Connection()
		if err != nil || c.Timestamp.IsZero() {
			return e.Time
		}
		return c.Timestamp
	}
	ds = slices.Clone(ds)
	slices.SortStableFunc(ds, func(a, b *consumer.Delivery) int {
		return cmp.Or(at(a.Event).Compare(at(b.Event)), a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	states, seen := map[string]*simstate.State{}, map[string]bool{}
	for _, d := range ds {
		key, err := stateKey(d.Event)
		if err != nil {
			t.Fatal(err)
		}
		if key == "" || seen[d.Event.ID] {
			continue
		}
		seen[d.Event.ID] = true
		if states[key] == nil {
			states[key] = new(simstate.State)
		}
		if _, err := states[key].Apply(d.Event); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[string]string{}
	for key, s := range states {
		texts[key] = stateText(t, s)
	}
	return texts
}

func stateText(t testing.TB, s *simstate.State) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantStates compares all that a store has with what it should.
func wantStates(t testing.TB, s simStore, want map[string]string) {
	t.Helper()
	all, err := s.SIMs(t.Context(), "", len(want)+10)
	if err != nil || len(all) != len(want) {
		t.Fatalf("list: got %d states, %v; want %d", len(all), err, len(want))
	}
	for _, one := range all {
		if got := stateText(t, one); got != want[one.SIM] {
			t.Errorf("state of %s: got\n%s\nwant\n%s", one.SIM, got, want[one.SIM])
		}
		if alone, err := s.SIM(t.Context(), one.SIM); err != nil || alone == nil || stateText(t, alone) != want[one.SIM] {
			t.Errorf("state of %s, asked alone: got %+v, %v", one.SIM, alone, err)
		}
	}
}

// usages are reports of one SIM's session, each of which counts once.
func usages(t testing.TB, sim string, n int) []*consumer.Delivery {
	t.Helper()
	var ds []*consumer.Delivery
	for i := range n {
		ds = append(ds, usage(t, sim, fmt.Sprint("EZ", i), i, 1))
	}
	return ds
}
