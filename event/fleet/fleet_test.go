package fleet

import (
	"bytes"
	"math"
	"testing"

	"korestream/event"
)

func TestFleet_SameSeedSameBytes(t *testing.T) {
	t.Parallel()
	a, b, other := New(DefaultConfig()), New(DefaultConfig()), DefaultConfig()
	other.Seed++
	c := New(other)
	differs := false
	for range 2000 {
		x, y, z := a.Next(), b.Next(), c.Next()
		if x.PartitionKey != y.PartitionKey || x.Kind != y.Kind || !bytes.Equal(x.Data, y.Data) {
			t.Fatalf("two fleets of one seed differ: %q and %q", x.Data, y.Data)
		}
		differs = differs || !bytes.Equal(x.Data, z.Data)
	}
	if !differs {
		t.Error("another seed gives the same bytes")
	}
}

func TestFleet_EveryRecordIsWhatItSays(t *testing.T) {
	t.Parallel()
	const n = 10_000
	cfg := DefaultConfig()
	f := New(cfg)
	kinds := map[Kind]int{}
	suffixes := map[string]int{}
	reasons := map[string]int{}
	seen := map[string]bool{}
	for range n {
		r := f.Next()
		kinds[r.Kind]++
		items, err := event.Decode(r.Data)
		if r.Kind == Broken {
			switch {
			case err != nil:
				reasons[err.(*event.DecodeError).Reason]++
			case len(items) == 1 && items[0].Err != nil:
				reasons[items[0].Err.Reason]++
			default:
				t.Fatalf("a broken record holds an event: %q", r.Data)
			}
			continue
		}
		if err != nil || len(items) != 1 || items[0].Err != nil {
			t.Fatalf("%s record: got %v, %v, want one event: %q", r.Kind, items, err, r.Data)
		}
		e := items[0].Event
		suffixes[e.Suffix()]++
		id := e.DedupeID()
		if id == "" {
			t.Fatalf("an event without an identity: %q", r.Data)
		}
		if seen[id] != (r.Kind == Duplicate) {
			t.Fatalf("%s record whose id was seen: %t", r.Kind, seen[id])
		}
		seen[id] = true
		if e.SIM() != "" && e.SIM() != r.PartitionKey {
			t.Fatalf("partition key %q for SIM %q", r.PartitionKey, e.SIM())
		}
	}
	for kind, share := range map[Kind]float64{Duplicate: cfg.Duplicates, Broken: cfg.Broken} {
		if got := float64(kinds[kind]) / n; math.Abs(got-share) > share/4+0.002 {
			t.Errorf("share of %s: got %.4f, want %.4f", kind, got, share)
		}
	}
	for _, s := range []string{event.SuffixAttachmentAccepted, event.SuffixAttachmentRejected, event.SuffixDataSessionStarted, event.SuffixDataSessionUpdated, event.SuffixDataSessionEnded} {
		if suffixes[s] == 0 {
			t.Errorf("no %s among %v", s, suffixes)
		}
	}
	if len(reasons) < 6 {
		t.Errorf("too few ways to be broken: %v", reasons)
	}
}

func TestFleet_OddRecordsAreGoodAndUnusual(t *testing.T) {
	t.Parallel()
	f := New(Config{Seed: 3, SIMs: 10, Odd: 1, Start: DefaultConfig().Start})
	arrays, strings, spaced, unknown := 0, 0, 0, 0
	for range 3000 {
		r := f.Next()
		items, err := event.Decode(r.Data)
		if err != nil || len(items) != 1 || items[0].Err != nil {
			t.Fatalf("got %v, %v for %q", items, err, r.Data)
		}
		switch {
		case r.Data[0] == '[':
			arrays++
		case r.Data[0] != '{':
			spaced++
		case bytes.Contains(r.Data, []byte(`"data":"{`)):
			strings++
		case items[0].Event.Suffix() == "" && !items[0].Event.IsTest():
			unknown++
		}
	}
	if arrays == 0 || strings == 0 || spaced == 0 || unknown == 0 {
		t.Errorf("got %d arrays, %d strings, %d spaced, %d of unknown types, want some of each", arrays, strings, spaced, unknown)
	}
}

func TestFleet_OutOfOrderRecordsComeAfterALaterOneOfTheirSIM(t *testing.T) {
	t.Parallel()
	late := func(share float64) int {
		f := New(Config{Seed: 5, SIMs: 20, OutOfOrder: share, Start: DefaultConfig().Start})
		last := map[string]int64{}
		n := 0
		for range 5000 {
			items, err := event.Decode(f.Next().Data)
			if err != nil {
				t.Fatal(err)
			}
			e := items[0].Event
			if sim := e.SIM(); sim != "" {
				if at := e.Time.UnixNano(); at < last[sim] {
					n++
				} else {
					last[sim] = at
				}
			}
		}
		return n
	}
	if n := late(0); n != 0 {
		t.Errorf("without disorder %d records came late", n)
	}
	if n := late(0.1); n < 200 {
		t.Errorf("with a tenth out of order %d of 5000 came late", n)
	}
}

func TestConfig_ValidateNamesTheField(t *testing.T) {
	t.Parallel()
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for name, c := range map[string]Config{
		"SIMs":   {},
		"shares": {SIMs: 1, Broken: 0.7, Odd: 0.7},
		"share":  {SIMs: 1, Duplicates: -1},
	} {
		if c.Validate() == nil {
			t.Errorf("%s: a bad config is valid", name)
		}
	}
	wild := New(Config{Broken: 2, Odd: -1})
	for range 100 {
		if r := wild.Next(); r.Kind != Broken {
			t.Fatalf("a share above 1: got %s, want broken", r.Kind)
		}
	}
}

func TestKind_HasAName(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{Fresh, Duplicate, Broken, 0} {
		if k.String() == "" {
			t.Errorf("kind %d has no name", k)
		}
	}
}
