package wire

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func pageOf(t *testing.T, pool *Pool, records int, data string) *Page {
	t.Helper()
	one := fmt.Sprintf(`{"SequenceNumber":"1","Data":%q,"PartitionKey":"k"}`, data)
	body := `{"Records":[` + strings.TrimSuffix(strings.Repeat(one+",", records), ",") + `]}`
	page := &Page{}
	if !decode(getRecords, []byte(body), page, pool) {
		t.Fatalf("%.100s was refused", body)
	}
	return page
}

// testKept is what the pool of a test keeps.
const testKept = 32 << 20

func TestPool_SizeClassesHoldWhatIsAsked(t *testing.T) {
	t.Parallel()
	pool := NewPool(testKept)
	for _, n := range []int{0, 1, smallest, smallest + 1, 2 * smallest, chunkSize, chunkSize + 1, largest, largest + 1} {
		c := pool.get(n)
		if c.Cap() < n || c.Cap() > max(smallest, 2*n) {
			t.Errorf("%d bytes: got a chunk of %d", n, c.Cap())
		}
		if (c.pool == nil) != (n > largest) {
			t.Errorf("%d bytes: pooled %v", n, c.pool != nil)
		}
	}
}

func TestPool_KeepsNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	pool := NewPool(testKept)
	var out []*Chunk
	for range 2 * testKept / largest {
		c := pool.get(largest)
		c.refs.Store(1)
		out = append(out, c)
	}
	for _, c := range out {
		c.Release()
	}
	if kept := pool.kept.Load(); kept != testKept {
		t.Errorf("kept %d bytes, want %d", kept, testKept)
	}
	pool.get(largest)
	if kept := pool.kept.Load(); kept != testKept-largest {
		t.Errorf("kept %d bytes with one taken, want %d", kept, testKept-largest)
	}
}

func TestChunk_IsFreeWithItsLastReference(t *testing.T) {
	t.Parallel()
	page := pageOf(t, NewPool(testKept), 3, "aGk=")
	c, freed := page.Chunks[0], 0
	c.OnFree = func(n int) { freed += n }
	c.Retain(2)
	for range 4 {
		c.Release()
	}
	if freed != 0 {
		t.Fatal("freed with a reference left")
	}
	if got := string(page.Records[2].Data); got != "hi" {
		t.Errorf("got %q, want hi", got)
	}
	if c.Release(); freed != smallest {
		t.Errorf("freed %d bytes, want %d", freed, smallest)
	}
}

func panics(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestChunk_UseAfterTheLastReleaseShowsAtOnce(t *testing.T) {
	t.Parallel()
	pool := NewPool(testKept)
	page := pageOf(t, pool, 1, "aGk=")
	c, data := page.Chunks[0], page.Records[0].Data
	c.Release()
	if checked && !bytes.Equal(data, []byte{0xDB, 0xDB}) {
		t.Errorf("got %q after the release, want poison", data)
	}
	if panics(c.Release) == nil {
		t.Error("a second release went unseen")
	}
	if panics(func() { c.Retain(1) }) == nil {
		t.Error("a retain after the release went unseen")
	}
}

func TestChunk_ALateReleaseDoesNotHitTheNextOwner(t *testing.T) {
	t.Parallel()
	if !checked {
		t.Skip("only with the race detector")
	}
	pool := NewPool(testKept)
	page := pageOf(t, pool, 1, "aGk=")
	old := page.Chunks[0]
	page.Release()
	next := pageOf(t, pool, 1, "aG8=")
	if &next.Chunks[0].buf[0] != &old.buf[0] {
		t.Fatal("the memory was not used again")
	}
	if panics(old.Release) == nil || string(next.Records[0].Data) != "ho" {
		t.Errorf("got %q, want ho and a panic", next.Records[0].Data)
	}
}

func TestPage_StringsOutliveIt(t *testing.T) {
	t.Parallel()
	pool, page := NewPool(testKept), &Page{}
	var kept []string
	for i := range 300 {
		key := strings.Repeat(fmt.Sprint(i), 10)
		body := fmt.Sprintf(`{"Records":[{"SequenceNumber":"%d","Data":"aGk=","PartitionKey":%q}],"NextShardIterator":"it"}`, i, key)
		if !decode(getRecords, []byte(body), page, pool) {
			t.Fatal("refused")
		}
		kept = append(kept, page.Records[0].PartitionKey)
		page.Release()
	}
	for i, got := range kept {
		if want := strings.Repeat(fmt.Sprint(i), 10); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestPage_FilledAgainTakesNoMemoryPerRecord(t *testing.T) {
	if checked {
		t.Skip("checks allocate")
	}
	const records = 1000
	pool, page := NewPool(testKept), &Page{}
	one := `{"SequenceNumber":"49545115243490985018280067714973144582180062593244200001","Data":"` + strings.Repeat("A", 1444) + `","PartitionKey":"HS0123456789abcdef0123456789abcdef"}`
	body := []byte(`{"Records":[` + strings.Repeat(one+",", records-1) + one + `]}`)
	allocs := testing.AllocsPerRun(20, func() {
		if !decode(getRecords, body, page, pool) {
			t.Fatal("refused")
		}
		page.Release()
	})
	if per := allocs / records; per > 0.05 {
		t.Errorf("got %v allocations per record, want 0.05 at most", per)
	}
}

func TestPool_ManyPagesAtOnce(t *testing.T) {
	t.Parallel()
	pool := NewPool(testKept)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			text := strings.Repeat(string(rune('a'+g)), 4000)
			for range 30 {
				page := pageOf(t, pool, 40, text)
				want := bytes.Clone(page.Records[0].Data)
				for _, r := range page.Records {
					all.Go(func() {
						if !bytes.Equal(r.Data, want) {
							t.Error("a record's data is another's")
						}
						r.Chunk.Release()
					})
				}
				page.Reset()
			}
		})
	}
	all.Wait()
}

func TestInto_EmptiesThePage(t *testing.T) {
	t.Parallel()
	pool := NewPool(testKept)
	page := pageOf(t, pool, 1, "aGk=")
	page.Records[0].Chunk.Release()
	Into(context.Background(), page, pool)
	if page.Filled() || len(page.Records) != 0 || page.MillisBehindLatest != -1 {
		t.Errorf("got %+v", page)
	}
}
