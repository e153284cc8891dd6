package kinesis

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// filled returns a shard with n records, one a second from epoch on.
func filled(n int) *shard {
	sh := newShard(0, hashKey{}, lastHashKey, epoch)
	for i := range n {
		sh.append(record{data: []byte(strconv.Itoa(i)), key: "k"}, epoch.Add(time.Duration(i)*time.Second))
	}
	return sh
}

// after is a time in milliseconds, so many seconds after epoch.
func after(seconds int) int64 { return epoch.Add(time.Duration(seconds) * time.Second).UnixMilli() }

func TestShard_TrimsByArrivalAndKeepsPlaces(t *testing.T) {
	t.Parallel()
	const total = 3*chunkSize + 7
	for _, trimmed := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, total - 1, total} {
		sh := filled(total)
		held := sh.read(1, 5, maxGetBytes)
		sh.trim(after(trimmed))
		if got, want := sh.low, uint64(trimmed)+1; got != want {
			t.Errorf("%d trimmed: lowest index is %d, want %d", trimmed, got, want)
		}
		if got := len(sh.chunks) * chunkSize; got > total-trimmed+2*chunkSize {
			t.Errorf("%d trimmed: room for %d records is kept, want no more than needed", trimmed, got)
		}
		for i := trimmed; i < total; i += 100 {
			if got := string(sh.at(uint64(i) + 1).data); got != strconv.Itoa(i) {
				t.Errorf("%d trimmed: record %d is %q", trimmed, i, got)
			}
		}
		if r, _ := held.record(4); string(r.data) != "4" {
			t.Errorf("%d trimmed: a page that was read before holds %q now, want 4", trimmed, r.data)
		}
		seq := sh.append(record{data: []byte("new")}, epoch.Add(total*time.Second))
		if p := sh.read(seq.index, 10, maxGetBytes); p.count != 1 || p.remaining {
			t.Errorf("%d trimmed: after the tip %d records and more %v, want 1 and no more", trimmed, p.count, p.remaining)
		}
	}
}

func TestShard_ReadsPagesAcrossChunks(t *testing.T) {
	t.Parallel()
	const total = 2*chunkSize + 50
	sh := filled(total)
	sh.trim(after(10))
	rng := rand.New(rand.NewPCG(1, 1))
	want := 10
	for next := uint64(1); ; {
		p := sh.read(next, 1+rng.IntN(chunkSize), 200+rng.IntN(1000))
		if p.count == 0 {
			break
		}
		for i := range p.count {
			r, seq := p.record(i)
			if string(r.data) != strconv.Itoa(want) || seq.index != uint64(want)+1 {
				t.Fatalf("got record %s at index %d, want %d", r.data, seq.index, want)
			}
			want++
		}
		if next = p.next(); p.remaining != (want < total) {
			t.Fatalf("after record %d: remaining is %v", want-1, p.remaining)
		}
	}
	if want != total {
		t.Errorf("read up to record %d, want all %d", want, total)
	}
}

func TestShard_ReadKeepsToTheBytesButAlwaysGivesOne(t *testing.T) {
	t.Parallel()
	sh := newShard(0, hashKey{}, lastHashKey, epoch)
	for range 3 {
		sh.append(record{data: make([]byte, 99), key: "k"}, epoch)
	}
	for _, tt := range []struct{ bytes, want int }{{1, 1}, {100, 1}, {199, 1}, {200, 2}, {300, 3}, {1000, 3}} {
		if p := sh.read(1, 10, tt.bytes); p.count != tt.want || p.remaining != (tt.want < 3) {
			t.Errorf("at most %d bytes of records of 100: got %d (more: %v), want %d", tt.bytes, p.count, p.remaining, tt.want)
		}
	}
}

func TestShard_FindsTheFirstRecordFromATime(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		// The clock goes forth and back.
		sh := newShard(0, hashKey{}, lastHashKey, epoch)
		for range 1 + rng.IntN(40) {
			sh.append(record{}, epoch.Add(time.Duration(rng.IntN(20))*time.Second))
		}
		for at := range 22 {
			want := sh.next
			for i := sh.low; i < sh.next; i++ {
				if sh.at(i).arrived >= after(at) {
					want = i
					break
				}
			}
			if got := sh.firstFrom(after(at)); got != want {
				t.Fatalf("first record from second %d on: got index %d, want %d", at, got, want)
			}
		}
	}
}
