package checkpoint

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestExport_WritesWhatEveryVersionOfAmazonsLibraryReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const to = "theirs"
		w := split(t)
		a := w.start("a")
		l := a.take("shardId-0")
		l.MarkEnded([]string{"shardId-2", "shardId-3"})
		w.must(l.Finish(t.Context()))
		w.must(l.Release(t.Context()))
		w.must(a.take("shardId-2").Checkpoint(t.Context(), Position{SequenceNumber: seqA, SubSequenceNumber: 4}))
		a.take("shardId-1")
		s, _ := w.store("exporter")
		if _, err := s.Export(t.Context(), to); !errors.Is(err, ErrExportRefused) || !strings.Contains(err.Error(), "worker a is alive") {
			t.Errorf("while a worker lives: got %v, want a refusal that names it", err)
		}
		a.gate.close() // it dies
		if n, err := s.Export(t.Context(), to); err != nil || n != 3 {
			t.Errorf("got %d leases, %v, want 3", n, err)
		}
		out, err := w.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(to)})
		w.must(err)
		got := make(map[string]theirLease)
		for _, it := range out.Items {
			l, ok := readAsTheirs(t, it)
			if !ok {
				t.Errorf("a row that is no lease: %v", it)
			}
			for _, own := range []string{attrHeir, attrAcquired, attrGeneration, attrAbove, attrAboveAfter, attrAboveFrom, attrEntityType} {
				if _, there := it[own]; there {
					t.Errorf("%s has our attribute %s", l.key, own)
				}
			}
			slices.Sort(l.children)
			got[l.key] = l
		}
		for _, want := range []theirLease{
			{key: "shardId-0", counter: 1, at: "SHARD_END", children: []string{"shardId-2", "shardId-3"}, from: "0", to: "9"},
			{key: "shardId-1", counter: 1, switches: 0, at: "TRIM_HORIZON", from: "10", to: "19"},
			{key: "shardId-2", counter: 1, at: seqA, sub: 4, parents: []string{"shardId-0"}, from: "0", to: "4"},
		} {
			if !equalLeases(got[want.key], want) {
				t.Errorf("got  %+v,\nwant %+v", got[want.key], want)
			}
		}
		if n, err := s.Export(t.Context(), to); err != nil || n != 3 {
			t.Errorf("made again: got %d, %v, want the same", n, err)
		}
		w.edit("shardId-2", "SET checkpoint = :at", item{":at": str(seqB)})
		if _, err := s.Export(t.Context(), to); !errors.Is(err, ErrExportRefused) || !strings.Contains(err.Error(), "shardId-2") {
			t.Errorf("over another lease: got %v, want a refusal that names it", err)
		}
		if _, err := s.Export(t.Context(), testTable); !errors.Is(err, ErrExportRefused) {
			t.Errorf("onto itself: got %v, want a refusal", err)
		}
		a.gate.open()
		a.stop()
	})
}
