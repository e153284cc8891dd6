package handlers

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"korestream/consumer"
	"korestream/internal/pgtest"
	"korestream/localstack/embed"
)

// everySIMStore runs a claim that holds of all stores.
func everySIMStore(t *testing.T, claim func(*testing.T, simStore)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		claim(t, NewMemorySIMs(0))
	})
	t.Run("embed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { claim(t, openSIMs(t, dynamodb.NewFromConfig(embed.New().Config()), 0)) })
	})
	t.Run("dynalite", func(t *testing.T) {
		t.Parallel()
		claim(t, openSIMs(t, dynamodb.NewFromConfig(dynalite(t)), 0))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		cfg := postgresConfig(t, pgtest.Database(t))
		cfg.OnlyStates = true
		p := openPostgresWith(t, cfg)
		if err := p.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		claim(t, p)
	})
}

func TestSIMs_AreWhatTheirEventsAmountToByTime(t *testing.T) {
	t.Parallel()
	everySIMStore(t, func(t *testing.T, s simStore) {
		history := fleetHistory(t, 8, 400)
		want := folded(t, history)
		if len(want) < 8 {
			t.Fatalf("got events of %d SIMs, want 8", len(want))
		}
		for len(history) > 0 {
			n := min(30, len(history))
			if b, ok := s.(BatchHandler); ok && len(history)%2 == 0 {
				for i, err := range b.HandleBatch(t.Context(), history[:n]) {
					if err != nil {
						t.Fatalf("handle %s: got %v, want nil", history[i].Event.ID, err)
					}
				}
			} else {
				for _, d := range history[:n] {
					mustHandle(t, s, d)
				}
			}
			history = history[n:]
		}
		wantStates(t, s, want)
	})
}

func TestSIMs_AreListedInOrderAndFoundByICCID(t *testing.T) {
	t.Parallel()
	everySIMStore(t, func(t *testing.T, s simStore) {
		var names []string
		for i := range 30 {
			names = append(names, fmt.Sprintf("HS%02d", i))
		}
		for i := range names {
			d := usage(t, names[(i*7)%30], fmt.Sprint("EZ", i), i, 1)
			mustHandle(t, s, deliveryOf(t, strings.Replace(string(d.Event.Raw), anICCID, "8988"+d.Event.SIM(), 1)))
		}
		for _, tt := range []struct {
			after string
			limit int
			want  []string
		}{
			{"", 3, names[:3]},
			{"HS03", 4, names[4:8]},
			{"HS03x", 1, names[4:5]},
			{"HS27", 10, names[28:]},
			{"HS99", 10, nil},
			{"", 30, names},
		} {
			list, err := s.SIMs(t.Context(), tt.after, tt.limit)
			var got []string
			for _, one := range list {
				got = append(got, one.SIM)
			}
			if err != nil || strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("%d behind %q: got %v, %v; want %v", tt.limit, tt.after, got, err, tt.want)
			}
		}
		if one, err := s.SIM(t.Context(), "8988HS17"); err != nil || one == nil || one.SIM != "HS17" {
			t.Errorf("by ICCID: got %+v, %v; want HS17", one, err)
		}
		if one, err := s.SIM(t.Context(), "HS17x"); err != nil || one != nil {
			t.Errorf("a SIM that is not there: got %+v, %v; want nil", one, err)
		}
	})
}

func TestSIMs_TakeNothingFromAnEventThatCannotBeReadOrSaysNothing(t *testing.T) {
	t.Parallel()
	everySIMStore(t, func(t *testing.T, s simStore) {
		broken := deliveryOf(t, `{"id":"EZ1","type":"supersim.connection.attachment.accepted","data":{"sim_sid":"HS1","data_total":"many"}}`)
		if err := s.Handle(t.Context(), broken); !IsPermanent(err) {
			t.Errorf("data that cannot be read: got %v, want a permanent error", err)
		}
		silent := deliveryOf(t, `{"id":"EZ2","type":"supersim.command.sent","data":{"sim_sid":"HS1"}}`)
		mustHandle(t, s, silent)
		if b, ok := s.(BatchHandler); ok {
			errs := b.HandleBatch(t.Context(), []*consumer.Delivery{silent, broken, usage(t, "HS2", "EZ3", 1, 1)})
			if errs[0] != nil || !IsPermanent(errs[1]) || errs[2] != nil {
				t.Errorf("in a batch: got %v, want only the second to fail, for good", errs)
			}
		}
		if one, err := s.SIM(t.Context(), "HS1"); err != nil || one != nil {
			t.Errorf("got %+v, %v; want no state", one, err)
		}
	})
}

func TestMemorySIMs_ForgetsWhoHadLongestNoNews(t *testing.T) {
	t.Parallel()
	m := NewMemorySIMs(3)
	for i, sim := range []string{"HS1", "HS2", "HS3", "HS1", "HS4"} {
		mustHandle(t, m, usage(t, sim, fmt.Sprint("EZ", i), i, 1))
	}
	mustHandle(t, m, usage(t, "HS3", "EZ2", 2, 1)) // a repetition is no news
	mustHandle(t, m, usage(t, "HS5", "EZ9", 9, 1))
	for sim, want := range map[string]bool{"HS1": true, "HS2": false, "HS3": false, "HS4": true, "HS5": true} {
		if one, err := m.SIM(t.Context(), sim); err != nil || (one != nil) != want {
			t.Errorf("%s: got %+v, %v; want it known: %t", sim, one, err, want)
		}
	}
	if got, want := m.Stats(), (SIMStats{Kept: 3, Forgotten: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMemorySIMs_GivesAwayNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	m := NewMemorySIMs(50)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i, d := range usages(t, fmt.Sprint("HS", w%2), 200) {
				if err := m.Handle(context.Background(), d); err != nil {
					t.Error(err)
				}
				list, err := m.SIMs(context.Background(), "", 10)
				if err != nil || len(list) == 0 || len(list) > 2 {
					t.Errorf("at %d: got %d states, %v; want one or two", i, len(list), err)
				}
				for _, s := range list {
					s.Sessions = s.Sessions[:0]
				}
			}
		})
	}
	wg.Wait()
	for _, sim := range []string{"HS0", "HS1"} {
		if s, err := m.SIM(t.Context(), sim); err != nil || s.Session() == nil || s.Session().Usage().Total != 200 {
			t.Errorf("%s: got %+v, %v; want 200 bytes", sim, s, err)
		}
	}
}
