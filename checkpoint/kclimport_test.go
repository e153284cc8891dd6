package checkpoint

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"korestream/localstack/embed"
)

// split is a stream whose first shard was split into two, beside a third.
func split(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.shards = []Shard{
		{ID: "shardId-0", Children: []string{"shardId-2", "shardId-3"}, StartingHashKey: "0", EndingHashKey: "9", Closed: true},
		{ID: "shardId-1", StartingHashKey: "10", EndingHashKey: "19"},
		{ID: "shardId-2", Parents: []string{"shardId-0"}, StartingHashKey: "0", EndingHashKey: "4"},
		{ID: "shardId-3", Parents: []string{"shardId-0"}, StartingHashKey: "5", EndingHashKey: "9"},
	}
	return w
}

// splitLeases are the leases of a fleet that has read the first shard to its
// end, the second to inside an aggregate, and the others not yet.
func splitLeases() []theirLease {
	return []theirLease{
		{key: "shardId-0", counter: 40, at: "SHARD_END", children: []string{"shardId-2", "shardId-3"}, from: "0", to: "9"},
		{key: "shardId-1", owner: "worker-1", counter: 1234, switches: 3, at: seqA, sub: 7, from: "10", to: "19", throughput: "12.5"},
		{key: "shardId-2", owner: "worker-2", counter: 5, at: "TRIM_HORIZON", parents: []string{"shardId-0"}, from: "0", to: "4", handingOn: "worker-1"},
		{key: "shardId-3", at: "LATEST", parents: []string{"shardId-0"}, from: "5", to: "9"},
	}
}

func rowsOf(v theirs, leases []theirLease) []item {
	var items []item
	for _, l := range leases {
		items = append(items, v.write(l))
	}
	return items
}

// newest is a row as the last version writes it.
func newest(l theirLease) item { return kclVersions[len(kclVersions)-1].write(l) }

// reported is a report by shard.
func reported(r ImportReport) map[string]ImportedShard {
	out := make(map[string]ImportedShard)
	for _, s := range r.Shards {
		out[s.Shard] = s
	}
	return out
}

func TestImport_GoesOnExactlyWhereEachVersionStopped(t *testing.T) {
	t.Parallel()
	several := theirs{"several streams", func(l theirLease) item { return severalStreams("111122223333:orders:1700000000", l) }}
	for _, v := range append(slices.Clone(kclVersions), several) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := split(t)
				w.makeTable(theirTable, "leaseKey", rowsOf(v, splitLeases())...)
				want := Position{SequenceNumber: seqA, SubSequenceNumber: 7}
				if v.name == "1.0 to 1.3" {
					want.SubSequenceNumber = 0
				}
				report, err := w.imports(ImportOptions{Stream: "orders"})
				w.must(err)
				trim := Position{SequenceNumber: TrimHorizon}
				got := reported(report)
				for id, s := range map[string]ImportedShard{
					"shardId-0": {"shardId-0", Position{SequenceNumber: ShardEnd}, ImportFinished, ""},
					"shardId-1": {"shardId-1", want, ImportDone, ""},
					"shardId-2": {"shardId-2", trim, ImportDone, ""},
					"shardId-3": {"shardId-3", trim, ImportDone, "never checkpointed (LATEST): from its beginning, so that nothing is lost"},
				} {
					if got[id] != s {
						t.Errorf("report: got %+v, want %+v", got[id], s)
					}
				}
				row := w.row("shardId-1")
				if row.Owner != "" || row.Counter != 1234 || row.OwnerSwitches != 3 || row.EndingHashKey != "19" || row.Checkpoint != want {
					t.Errorf("row: got %+v, want no owner, counter 1234, 3 switches, a range up to 19, at %s", row, want)
				}
				if row := w.row("shardId-0"); !slices.Equal(row.Children, []string{"shardId-2", "shardId-3"}) {
					t.Errorf("children: got %v, want two", row.Children)
				}
				a := w.start("a")
				for id, from := range map[string]Position{"shardId-1": want, "shardId-2": trim, "shardId-3": trim} {
					if l := a.take(id); l.Start() != from {
						t.Errorf("%s starts at %s, want %s", id, l.Start(), from)
					}
				}
				if _, err := a.Acquire(t.Context(), "shardId-0"); reasonOf(err) != WaitFinished {
					t.Errorf("finished shard: got %v, want %s", err, WaitFinished)
				}
				w.must(a.held["shardId-1"].Checkpoint(t.Context(), Position{SequenceNumber: seqB}))
				a.stop()
			})
		})
	}
}

func TestImport_LeavesAloneWhatIsNoLeaseOfTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		others := append(besideLeases(), newest(theirLease{key: "shardId-1", at: seqB}))
		others[len(others)-1]["entityType"] = str("KIND_OF_TOMORROW")
		w.makeTable(theirTable, "leaseKey", others...)
		w.putAll(theirTable, severalStreams("111122223333:orders:1700000000", theirLease{key: "shardId-1", at: seqA}),
			severalStreams("111122223333:invoices:1700000000", theirLease{key: "shardId-1", at: seqB}),
			severalStreams("111122223333:invoices:1700000000", theirLease{key: "shardId-7", at: "no number"}))
		report, err := w.imports(ImportOptions{Stream: "orders"})
		w.must(err)
		if got := w.row("shardId-1").Checkpoint.SequenceNumber; got != seqA {
			t.Errorf("checkpoint: got %s, want %s", got, seqA)
		}
		if report.Others != len(others) || len(report.Shards) != 1 ||
			!slices.Equal(report.OtherStreams, []string{"111122223333:invoices:1700000000"}) {
			t.Errorf("report: got %+v, want one shard, %d other rows, one other stream", report, len(others))
		}
		if n := len(w.contents(testTable)); n != 1 {
			t.Errorf("our table: got %d rows, want 1", n)
		}
	})
}

func TestImport_TakesTheOneOfTwoStreamsOfANameThatIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		w.makeTable(theirTable, "leaseKey", severalStreams("111122223333:orders:1700000000", theirLease{key: "shardId-1", at: seqB}),
			severalStreams("111122223333:orders:1710000000", theirLease{key: "shardId-1", at: seqA}))
		_, err := w.imports(ImportOptions{Stream: "111122223333:orders:1710000000"})
		w.must(err)
		if got := w.row("shardId-1").Checkpoint.SequenceNumber; got != seqA {
			t.Errorf("checkpoint: got %s, want that of the later stream, %s", got, seqA)
		}
	})
}

func TestImport_APreparedCheckpointDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		w.makeTable(theirTable, "leaseKey", newest(theirLease{key: "shardId-1", at: seqA, pending: seqB, state: "half"}))
		report, err := w.imports(ImportOptions{})
		w.must(err)
		if got := w.row("shardId-1").Checkpoint.SequenceNumber; got != seqA {
			t.Errorf("checkpoint: got %s, want %s", got, seqA)
		}
		if got := report.Shards[0].Reason; !strings.Contains(got, seqB) {
			t.Errorf("reason: got %q, want one that names %s", got, seqB)
		}
	})
}

func TestImport_ShardsThatOneSideDoesNotHave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := split(t) // its children have leases, the first shard's was cleaned up
		w.shards = append(w.shards, Shard{ID: "shardId-4", Closed: true}, Shard{ID: "shardId-5", Parents: []string{"shardId-4"}},
			Shard{ID: "shardId-6", Closed: true}, Shard{ID: "shardId-7", Parents: []string{"shardId-6"}, Closed: true}, Shard{ID: "shardId-8", Parents: []string{"shardId-7"}})
		w.makeTable(theirTable, "leaseKey", rowsOf(kclVersions[3], splitLeases()[1:])...)
		w.putAll(theirTable, newest(theirLease{key: "shardId-80", at: seqA}), newest(theirLease{key: "shardId-81", at: "SHARD_END", counter: 2}),
			newest(theirLease{key: "shardId-8", at: seqA}))
		report, err := w.imports(ImportOptions{})
		w.must(err)
		got := reported(report)
		for id, want := range map[string][2]string{
			"shardId-0":  {ImportFinished, ShardEnd}, // done with, and its lease removed
			"shardId-4":  {ImportDone, TrimHorizon},  // never leased, and its child neither
			"shardId-5":  {ImportDone, TrimHorizon},
			"shardId-6":  {ImportFinished, ShardEnd}, // its grandchild is leased
			"shardId-7":  {ImportFinished, ShardEnd},
			"shardId-8":  {ImportDone, seqA},
			"shardId-80": {ImportSkipped, ""}, // expired unread
			"shardId-81": {ImportFinished, ShardEnd},
		} {
			s := got[id]
			if at := w.row(id).Checkpoint.SequenceNumber; s.Action != want[0] || at != want[1] {
				t.Errorf("%s: got %q at %q, want %q at %q", id, s.Action, at, want[0], want[1])
			}
			if s.Reason == "" && want[1] != seqA && id != "shardId-81" {
				t.Errorf("%s: no reason is given", id)
			}
		}
		a := w.start("a")
		a.take("shardId-2") // does not wait for a parent that is done with
		if _, err := a.Acquire(t.Context(), "shardId-5"); reasonOf(err) != WaitParent {
			t.Errorf("child of an unread shard: got %v, want %s", err, WaitParent)
		}
		a.stop()
	})
}

func TestImport_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := split(t)
		w.makeTable(theirTable, "leaseKey", rowsOf(kclVersions[3], splitLeases())...)
		before := w.contents(theirTable)
		dry, err := w.imports(ImportOptions{DryRun: true})
		w.must(err)
		if ours := w.contents(testTable); ours != nil {
			t.Errorf("our table: got %v, want none", ours)
		}
		wet, err := w.imports(ImportOptions{})
		w.must(err)
		if !dry.DryRun || !reflect.DeepEqual(dry.Shards, wet.Shards) {
			t.Errorf("dry run: got %+v, want what was then done: %+v", dry, wet.Shards)
		}
		if after := w.contents(theirTable); !maps.Equal(before, after) {
			t.Errorf("their table: got %v, want it as before: %v", after, before)
		}
	})
}

func TestImport_MadeTwiceOrCutShortEndsTheSame(t *testing.T) {
	t.Parallel()
	for cut := range 4 {
		synctest.Test(t, func(t *testing.T) {
			w := split(t)
			w.makeTable(theirTable, "leaseKey", rowsOf(kclVersions[5], splitLeases())...)
			s, _ := w.store("importer")
			s.rows.db = &dying{DynamoDB: w.db, left: cut}
			if _, err := s.Import(t.Context(), theirTable, w.shards, ImportOptions{}); !errors.Is(err, errDead) {
				t.Fatalf("cut short after %d rows: got %v, want its error", cut, err)
			}
			if n := len(w.contents(testTable)); n != cut+1 { // the answer to the last write was lost
				t.Errorf("cut short: got %d rows, want %d", n, cut+1)
			}
			_, err := w.imports(ImportOptions{})
			w.must(err)
			first := w.contents(testTable)
			again, err := w.imports(ImportOptions{})
			w.must(err)
			for _, got := range again.Shards {
				if got.Action != ImportThere {
					t.Errorf("again: %s is %q, want %q", got.Shard, got.Action, ImportThere)
				}
			}
			if now := w.contents(testTable); len(first) != 4 || !maps.Equal(first, now) {
				t.Errorf("our table: got %v, want it as after the first time: %v", now, first)
			}
		})
	}
}

func TestImport_RidesOutAThrottledTable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := split(t)
		w.makeTable(theirTable, "leaseKey", rowsOf(kclVersions[4], splitLeases())...)
		w.ep.Faults().Add(embed.Fault{Kind: embed.Throttle, Operation: "PutItem", Count: 3})
		w.ep.Faults().Add(embed.Fault{Kind: embed.Throttle, Operation: "PutItem", Count: 1, Applied: true}) // only its answer is lost
		report, err := w.imports(ImportOptions{})
		w.must(err)
		if n := len(w.contents(testTable)); n != 4 || len(report.Shards) != 4 {
			t.Errorf("got %d rows and %d reported, want 4", n, len(report.Shards))
		}
	})
}
