package checkpoint

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// refusal is one reason not to import.
type refusal struct {
	name string
	// stream is the stream's name given, theirs the rows of the other table.
	stream string
	theirs []item
	// prepare does the rest, before and during the import.
	prepare func(w *world) (undo func())
	reason  string
	// says is what the message must name, and how to mend it.
	says []string
}

func refusals() []refusal {
	good := []item{newest(theirLease{key: "shardId-1", owner: "worker-1", counter: 3, at: seqA})}
	orders := func(account, epoch string) item {
		return severalStreams(account+":orders:"+epoch, theirLease{key: "shardId-1", at: seqA})
	}
	list := []refusal{
		{name: "renewed leases", theirs: good, prepare: func(w *world) func() {
			return w.keepMoving(func(n int) {
				w.putAll(theirTable, newest(theirLease{key: "shardId-1", owner: "worker-1", counter: int64(3 + n), at: seqA}))
			})
		}, reason: RefusedFleet, says: []string{"worker-1", theirTable, "stop that application"}},
		{name: "a lease handed over", theirs: good, prepare: func(w *world) func() {
			return w.keepMoving(func(n int) {
				w.putAll(theirTable, newest(theirLease{key: "shardId-1", owner: "worker-2", handingOn: "worker-1", counter: int64(3 + n), at: seqA}))
			})
		}, reason: RefusedFleet, says: []string{"worker-1", "worker-2"}},
		{name: "a leader without leases", theirs: append(besideLeases(), good...), prepare: func(w *world) func() {
			return w.keepMoving(func(n int) {
				leader := besideLeases()[1]
				leader["recordVersionNumber"] = str(strings.Repeat("x", n))
				w.putAll(theirTable, leader)
			})
		}, reason: RefusedFleet, says: []string{"worker-1"}},
		{name: "our worker", theirs: good, prepare: func(w *world) func() {
			return w.start("our-worker").stop
		}, reason: RefusedOwnFleet, says: []string{"our-worker", "stop them"}},
		{name: "our worker that comes meanwhile", theirs: good, prepare: func(w *world) func() {
			return w.keepMoving(func(n int) {
				w.edit(workerKeyPrefix+"our-worker", "SET entityType = :kind, leaseCounter = :n", item{":kind": str(entityWorker), ":n": num(int64(n))})
			})
		}, reason: RefusedOwnFleet, says: []string{"our-worker"}},
		{name: "leases of ours elsewhere", theirs: good, prepare: func(w *world) func() {
			w.putAll(testTable, LeaseRow{Shard: "shardId-1", Checkpoint: Position{SequenceNumber: seqB}, Generation: 1}.item())
			return nil
		}, reason: RefusedMovedOn, says: []string{"shardId-1", seqA, seqB, "delete-table --table-name " + testTable}},
		{name: "leases of ours of a stream that is gone", theirs: good, prepare: func(w *world) func() {
			w.putAll(testTable, LeaseRow{Shard: "shardId-1", Checkpoint: Position{SequenceNumber: seqA}, Generation: 1}.item(),
				(application{start: Position{SequenceNumber: TrimHorizon}, generation: 2}).item())
			return nil
		}, reason: RefusedMovedOn, says: []string{"shardId-1"}},
		{name: "shards of ours that begin late", theirs: good, prepare: func(w *world) func() {
			s, _ := w.store("a")
			w.must(s.Bootstrap(w.t.Context(), Position{SequenceNumber: AtTimestamp, Timestamp: time.Now()}, w.shards))
			return nil
		}, reason: RefusedMovedOn, says: []string{"shardId-1", AtTimestamp}},
		{name: "a table of ours with another stream", stream: "orders", theirs: good, prepare: func(w *world) func() {
			s, _ := w.store("a")
			s.SetStream(Stream{Name: "invoices"})
			w.must(s.Bootstrap(w.t.Context(), Position{SequenceNumber: TrimHorizon}, w.shards))
			return nil
		}, reason: RefusedOtherStream, says: []string{testTable, "invoices", "lease.table"}},
		{name: "another stream's shards", theirs: []item{newest(theirLease{key: "shardId-1", at: seqA, from: "0", to: "77"})}, reason: RefusedOtherStream, says: []string{"shardId-1"}},
		{name: "two streams of a name", stream: "orders", theirs: []item{orders("111122223333", "1700000000"), orders("111122223333", "1710000000")}, reason: RefusedAmbiguous, says: []string{"111122223333:orders:1700000000", "111122223333:orders:1710000000"}},
		{name: "other streams only", stream: "invoices", theirs: []item{orders("111122223333", "1700000000")}, reason: RefusedNoLease, says: []string{theirTable, "111122223333:orders:1700000000"}},
		{name: "no lease at all", theirs: besideLeases(), reason: RefusedNoLease, says: []string{theirTable}},
		{name: "korestream's own", theirs: []item{(application{start: Position{SequenceNumber: TrimHorizon}}).item()}, reason: RefusedOwnTable, says: []string{"lease.table to " + theirTable}},
	}
	for _, at := range []string{"ABC", "-5", "12 ", "007", "1e9", "1" + strings.Repeat("0", 129)} {
		list = append(list, refusal{
			name: "checkpoint " + at, theirs: append(slices.Clone(good), newest(theirLease{key: "shardId-2", at: at})),
			reason: RefusedBadLease, says: []string{"shardId-2", at, theirTable},
		})
	}
	number := newest(theirLease{key: "shardId-2", at: seqA})
	number["checkpoint"] = num(5)
	return append(list, refusal{name: "checkpoint of another type", theirs: []item{number}, reason: RefusedBadLease, says: []string{"shardId-2"}},
		refusal{name: "sub-sequence number below zero", theirs: []item{newest(theirLease{key: "shardId-2", at: seqA, sub: -1})}, reason: RefusedBadLease, says: []string{"shardId-2"}})
}

func TestImport_RefusesWhatCouldLoseOrRepeatAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, r := range refusals() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "shardId-1", "shardId-2")
				w.makeTable(theirTable, "leaseKey", r.theirs...)
				s, _ := w.store("importer")
				w.must(s.Init(t.Context()))
				if r.prepare != nil {
					if undo := r.prepare(w); undo != nil {
						defer undo()
					}
				}
				before := w.leasesOf(testTable)
				for _, dry := range []bool{true, false} {
					_, err := w.imports(ImportOptions{Stream: r.stream, DryRun: dry})
					wantRefused(t, err, r.reason, r.says...)
				}
				if after := w.leasesOf(testTable); !maps.Equal(before, after) {
					t.Errorf("our leases: got %v, want them as before: %v", after, before)
				}
			})
		})
	}
}

// leasesOf is a table's contents without workers, which move by themselves.
func (w *world) leasesOf(table string) map[string]string {
	all := w.contents(table)
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, workerKeyPrefix) })
	return all
}

func wantRefused(t *testing.T, err error, reason string, says ...string) {
	t.Helper()
	var refused *ImportRefusedError
	if !errors.As(err, &refused) || !errors.Is(err, ErrImportRefused) {
		t.Fatalf("got %v, want %v", err, ErrImportRefused)
	}
	if refused.Reason != reason {
		t.Errorf("reason: got %q, want %q", refused.Reason, reason)
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message does not say %q: %v", want, err)
		}
	}
	if refused.Mend == "" {
		t.Errorf("the message does not say what to do: %v", err)
	}
}

func TestImport_RefusesTablesThatAreNotLeaseTables(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		w.makeTable("java-app-WorkerMetricStats", "wid", item{"wid": str("worker-1")})
		s, _ := w.store("importer")
		for table, reason := range map[string]string{
			"java-app-WorkerMetricStats": RefusedUnfit, "nowhere": RefusedNoTable, testTable: RefusedOwnTable,
		} {
			_, err := s.Import(t.Context(), table, w.shards, ImportOptions{})
			wantRefused(t, err, reason, table)
		}
		w.makeTable(theirTable, "leaseKey", newest(theirLease{key: "shardId-1", at: seqA}))
		s.cfg.Table, s.rows.table = "java-app-WorkerMetricStats", "java-app-WorkerMetricStats"
		if _, err := s.Import(t.Context(), theirTable, w.shards, ImportOptions{DryRun: true}); !errors.Is(err, ErrTableUnfit) {
			t.Errorf("into what is no lease table: got %v, want %v", err, ErrTableUnfit)
		}
	})
}

func TestImport_WaitsALittleLongerThanAFailoverForOurDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		w.makeTable(theirTable, "leaseKey", newest(theirLease{key: "shardId-1", at: seqA}))
		slow := func(c *Config) { c.Failover = time.Minute }
		dead := w.start("dead", slow)
		dead.gate.close()
		dead.cancel()
		s, _ := w.store("importer", slow)
		begun := time.Now()
		_, err := s.Import(t.Context(), theirTable, w.shards, ImportOptions{})
		w.must(err)
		if took := time.Since(begun); took <= time.Minute || took > 2*time.Minute {
			t.Errorf("watched for %s, want a little more than the failover time of 1m", took)
		}
		if got := w.row("shardId-1").Checkpoint.SequenceNumber; got != seqA {
			t.Errorf("checkpoint: got %s, want %s", got, seqA)
		}
		<-dead.done // its heartbeat could not be withdrawn
	})
}

func TestImport_IntoAnApplicationThatHasSeenAStreamRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "shardId-1")
		w.makeTable(theirTable, "leaseKey", newest(theirLease{key: "shardId-1", at: seqA}))
		s, _ := w.store("importer")
		w.must(s.Init(t.Context()))
		w.must(s.Bootstrap(t.Context(), Position{SequenceNumber: TrimHorizon}, w.shards))
		w.edit(applicationKey, "SET generation = :two", item{":two": num(2)})
		_, err := w.imports(ImportOptions{})
		w.must(err)
		a := w.start("a")
		if got := a.take("shardId-1").Start().SequenceNumber; got != seqA {
			t.Errorf("start: got %s, want %s: the lease must not count as of the stream before", got, seqA)
		}
		a.stop()
	})
}

func TestLease_IsReadableByAmazonsLibrary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := split(t)
		w.makeTable(theirTable, "leaseKey", rowsOf(kclVersions[2], splitLeases()[1:2])...) // one row imported, the others ours
		_, err := w.imports(ImportOptions{})
		w.must(err)
		a := w.start("a")
		l := a.take("shardId-0")
		l.MarkEnded([]string{"shardId-2", "shardId-3"})
		w.must(l.Finish(t.Context()))
		w.must(l.Release(t.Context()))
		l = a.take("shardId-2")
		w.must(l.Checkpoint(t.Context(), Position{SequenceNumber: seqA, SubSequenceNumber: 4}))
		w.must(l.Release(t.Context()))
		w.must(a.take("shardId-1").Checkpoint(t.Context(), Position{SequenceNumber: seqB}))
		a.take("shardId-3")

		out, err := w.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(testTable)})
		w.must(err)
		got, skipped := make(map[string]theirLease), 0
		for _, it := range out.Items {
			if l, ok := readAsTheirs(t, it); ok {
				got[l.key] = l
			} else {
				skipped++
			}
		}
		parents := []string{"shardId-0"}
		want := map[string]theirLease{
			"shardId-0": {key: "shardId-0", counter: 1, at: "SHARD_END", children: []string{"shardId-2", "shardId-3"}, from: "0", to: "9"},
			"shardId-1": {key: "shardId-1", owner: "a", counter: 1235, at: seqB, from: "10", to: "19"},
			"shardId-2": {key: "shardId-2", counter: 1, at: seqA, sub: 4, parents: parents, from: "0", to: "4"},
			"shardId-3": {key: "shardId-3", owner: "a", counter: 1, switches: 1, at: "TRIM_HORIZON", parents: parents, from: "5", to: "9"},
		}
		for id, want := range want {
			l := got[id]
			slices.Sort(l.children)
			if !equalLeases(l, want) {
				t.Errorf("got  %+v,\nwant %+v", l, want)
			}
		}
		if len(got) != len(want) || skipped != 2 {
			t.Errorf("got %d leases and %d rows skipped, want %d and those of the worker and the application", len(got), skipped, len(want))
		}
		a.stop()
	})
}

func equalLeases(a, b theirLease) bool {
	sets := slices.Equal(a.parents, b.parents) && slices.Equal(a.children, b.children)
	return sets && a.key == b.key && a.owner == b.owner && a.counter == b.counter && a.switches == b.switches && a.at == b.at &&
		a.sub == b.sub && a.from == b.from && a.to == b.to && a.pending == b.pending && a.handingOn == b.handingOn
}
