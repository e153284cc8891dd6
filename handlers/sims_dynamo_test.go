package handlers

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/handlers/simstate"
	"korestream/localstack/embed"
)

// race lets two processes, of several lanes each, write the same SIMs at once,
// with an overlap of what they are given, and returns how often they met.
func race(t *testing.T, history []*consumer.Delivery, open func() *DynamoSIMs) (conflicts int64) {
	t.Helper()
	var wg sync.WaitGroup
	var stores []*DynamoSIMs
	const lanes = 3
	for process := range 2 {
		s := open()
		stores = append(stores, s)
		given := shuffled(history, uint64(process))[:len(history)*3/4]
		if process == 1 { // what the first was not given, and some that it was
			given = append(shuffled(history, 0)[len(history)*3/4:], given[:len(history)/2]...)
		}
		for lane := range lanes {
			wg.Go(func() {
				for i := lane; i < len(given); i += lanes {
					for IsUnavailable(s.Handle(context.Background(), given[i])) {
						time.Sleep(10 * time.Millisecond)
					}
				}
			})
		}
	}
	wg.Wait()
	for _, s := range stores {
		conflicts += s.Conflicts()
	}
	wantStates(t, stores[0], folded(t, history))
	return conflicts
}

func TestDynamoSIMs_TwoProcessesWithOneSIMLoseNothing(t *testing.T) {
	t.Parallel()
	history := append(fleetHistory(t, 2, 150), usages(t, "HS1", 60)...)
	t.Run("embed", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(2) {
			synctest.Test(t, func(t *testing.T) {
				ep := embed.New()
				ep.Faults().Seed(seed)
				openSIMs(t, dynamodb.NewFromConfig(ep.Config()), 0)
				ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "PutItem", Kind: embed.Slow, Delay: 7 * time.Millisecond, Rate: 0.5})
				ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "GetItem", Kind: embed.Slow, Delay: 3 * time.Millisecond, Rate: 0.5})
				for _, f := range []embed.Fault{{Kind: embed.ServerError, Applied: true}, {Kind: embed.Throttle}} {
					f.Service, f.Operation, f.Rate = embed.DynamoDB, "PutItem", 0.1
					ep.Faults().Add(f)
				}
				n := race(t, history, func() *DynamoSIMs { return openSIMs(t, dynamodb.NewFromConfig(ep.Config()), 0) })
				if n < 10 {
					t.Errorf("seed %d: got %d conflicts, want many: the processes hardly met", seed, n)
				}
			})
		}
	})
	t.Run("dynalite", func(t *testing.T) {
		t.Parallel()
		cfg := dynalite(t)
		n := race(t, history, func() *DynamoSIMs { return openSIMs(t, dynamodb.NewFromConfig(cfg), 0) })
		t.Logf("%d conflicts over %d events", n, len(history))
		if n == 0 {
			t.Error("got no conflict: the processes did not meet")
		}
	})
}

func TestDynamoSIMs_WriteOnceForABatchAndNeverForARepetition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := &countedDynamo{DynamoSIMsAPI: dynamodb.NewFromConfig(embed.New().Config())}
		s := openSIMs(t, db, 0)
		batch := append(usages(t, "HS1", 20), usages(t, "HS2", 5)...)
		for round := range 3 {
			for _, err := range s.HandleBatch(t.Context(), batch) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := db.puts.Load(); got != 2 {
				t.Errorf("after batch %d: got %d writes, want one a SIM and none for what came again", round+1, got)
			}
		}
		mustHandle(t, s, batch[3])
		if gets, puts := db.gets.Load(), db.puts.Load(); gets != 7 || puts != 2 {
			t.Errorf("got %d reads and %d writes, want 7 and 2", gets, puts)
		}
	})
}

func TestDynamoSIMs_TellsWhatIsAwayFromWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault embed.Fault
		want  func(error) bool
	}{
		{"throttled", embed.Fault{Kind: embed.Throttle}, IsUnavailable},
		{"500", embed.Fault{Kind: embed.ServerError}, IsUnavailable},
		{"503", embed.Fault{Kind: embed.Unavailable}, IsUnavailable},
		{"no right", embed.Fault{Kind: embed.AccessDenied}, IsUnavailable},
		{"no key", embed.Fault{Kind: embed.Custom, Status: 400, Code: "KMSAccessDeniedException"}, IsUnavailable},
		{"cut", embed.Fault{Kind: embed.CutConnection}, IsUnavailable},
		{"silent", embed.Fault{Kind: embed.Hang}, IsUnavailable},
		{"no table", embed.Fault{Kind: embed.Custom, Status: 400, Code: "ResourceNotFoundException"}, IsUnavailable},
		{"expired", embed.Fault{Kind: embed.Custom, Status: 400, Code: "ExpiredTokenException"}, IsUnavailable},
		{"not valid", embed.Fault{Kind: embed.Custom, Status: 400, Code: "ValidationException"}, IsPermanent},
		{"unheard of", embed.Fault{Kind: embed.Custom, Status: 400, Code: "NewException"}, func(err error) bool {
			return err != nil && !IsPermanent(err) && !IsUnavailable(err)
		}},
	} {
		for _, op := range []string{"GetItem", "PutItem"} {
			t.Run(tt.name+"/"+op, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ep := embed.New()
					s := openSIMs(t, dynamodb.NewFromConfig(ep.Config()), 0)
					fault := tt.fault // which the other operation has too
					fault.Service, fault.Operation = embed.DynamoDB, op
					in := ep.Faults().Add(fault)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					if err := s.Handle(ctx, usage(t, "HS1", "EZ1", 1, 1)); !tt.want(err) {
						t.Errorf("got %v (permanent %t, unavailable %t)", err, IsPermanent(err), IsUnavailable(err))
					}
					if in.Hits() != 1 {
						t.Errorf("got %d tries, want one: the caller decides on more", in.Hits())
					}
					in.Remove()
					mustHandle(t, s, usage(t, "HS1", "EZ1", 1, 1))
				})
			})
		}
	}
}

func TestDynamoSIMs_TheLargestStateFitsAnItem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	long := func() string {
		b := make([]byte, 300)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	s := new(simstate.State)
	tell := func(suffix string, second int, more string) {
		at := time.Date(2026, 3, 1, 12, 0, second, 0, time.UTC).Format(time.RFC3339)
		d := deliveryOf(t, fmt.Sprintf(`{"id":%q,"type":"supersim.connection.%s","data":{"sim_sid":%q,"timestamp":%q%s}}`, long(), suffix, aSIM, at, more))
		if _, err := s.Apply(d.Event); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 256 {
		tell("attachment.accepted", i, "")
	}
	for n := range 16 {
		sid := long()
		for i := range 256 {
			end := time.Date(2026, 3, 1, 12, 0, 0, r.IntN(1e9), time.UTC).AddDate(0, 0, n*256+i).Format(time.RFC3339Nano)
			tell("data-session.updated", 256, fmt.Sprintf(`,"data_session_sid":%q,"data_download":%d,"data_upload":%d,"data_total":%d,"data_session_update_end_time":%q`,
				sid, r.Int64(), r.Int64(), r.Int64(), end))
		}
	}
	item, err := (&simItem{state: s}).encode(aSIM, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	size := len(item[simState].(*types.AttributeValueMemberB).Value)
	t.Logf("the largest state, of what nothing compresses, has %d bytes", size)
	if size < 100_000 || len(s.Sessions) != 16 || len(s.Attachments) != 256 {
		t.Errorf("got %d bytes, %d sessions, %d attachments: not the largest", size, len(s.Sessions), len(s.Attachments))
	}
	again, err := decodeSIM(item)
	if err != nil || stateText(t, again.state) != stateText(t, s) || again.version != 1 {
		t.Errorf("read again: got version %d, %v, or another state", again.version, err)
	}
}

func TestDynamoSIMs_ItemsAreForgottenOnlyIfToldTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := dynamodb.NewFromConfig(embed.New().Config())
		for _, ttl := range []time.Duration{0, 48 * time.Hour} {
			s := openSIMs(t, db, ttl)
			mustHandle(t, s, usage(t, "HS1", fmt.Sprint("EZ", ttl), int(ttl/time.Hour), 1))
			out, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(simTable), Key: dynamoItem{simKey: text("HS1")}})
			if err != nil {
				t.Fatal(err)
			}
			expiry, got := out.Item[simExpiry].(*types.AttributeValueMemberN)
			if got != (ttl > 0) || got && expiry.Value != fmt.Sprint(time.Now().Add(ttl).Unix()) {
				t.Errorf("time to live %s: got %+v", ttl, out.Item[simExpiry])
			}
			live, err := db.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(simTable)})
			if err != nil || (aws.ToString(live.TimeToLiveDescription.AttributeName) == simExpiry) != (ttl > 0) {
				t.Errorf("time to live %s: the table has %+v, %v", ttl, live.TimeToLiveDescription, err)
			}
			if network, _ := out.Item["network"].(*types.AttributeValueMemberS); network == nil || network.Value != "AT&T" {
				t.Errorf("network for queries: got %+v, want AT&T", out.Item["network"])
			}
		}
	})
}

func TestDynamoSIMs_LeaveAloneWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := dynamodb.NewFromConfig(embed.New().Config())
		s := openSIMs(t, db, 0)
		foreign := dynamoItem{simKey: text("HS1"), "owner": text("somebody")}
		if _, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(simTable), Item: foreign}); err != nil {
			t.Fatal(err)
		}
		if err := s.Handle(t.Context(), usage(t, "HS1", "EZ1", 1, 1)); err == nil {
			t.Error("an item without a version was written over")
		}
		other, err := OpenDynamoSIMs(db, DynamoSIMsConfig{Table: "handled"})
		if err != nil {
			t.Fatal(err)
		}
		dedupe := NewDynamoDeduper(db, DynamoDedupeConfig{Table: "handled", MaxAge: time.Hour, ClaimTimeout: time.Minute}, zap.NewNop())
		if err := dedupe.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := other.Init(t.Context()); err == nil || !containsAll(err.Error(), "handled", "simstate") {
			t.Errorf("a dedupe table: got %v, want it refused", err)
		}
	})
}
