package consumer

import "hash/maphash"

// laneIndex finds the lanes that are in use by their keys. It is a hash table
// whose chains run through the lanes themselves: nearly every event makes a lane
// and forgets it, and a map would search for the key at each of looking, making
// and forgetting, where this searches once.
//
// Keys come from outside, so they are hashed with a secret of the process. The
// table grows with the lanes and never shrinks; there are as many lanes at once as
// pieces in flight at most, which the shard's budget bounds.
type laneIndex struct {
	// buckets are a power of two in number, nil before the first lane.
	buckets []*lane
	lanes   int
}

// laneSeed is for all shards: a secret is one however often it is used.
var laneSeed = maphash.MakeSeed()

// leastBuckets is enough for the lanes of a shard whose handlers are quick.
const leastBuckets = 64

// hash mixes the key and its kind.
func (id laneID) hash() uint64 { return maphash.String(laneSeed, id.key) + uint64(id.kind) }

// find returns the lane of a key whose hash that is, nil if there is none.
func (x *laneIndex) find(id laneID, hash uint64) *lane {
	if x.lanes == 0 {
		return nil
	}
	for ln := x.buckets[hash&uint64(len(x.buckets)-1)]; ln != nil; ln = ln.chain {
		if ln.hash == hash && ln.id == id {
			return ln
		}
	}
	return nil
}

// add puts in a lane that is not in it.
func (x *laneIndex) add(ln *lane) {
	if x.lanes == len(x.buckets) {
		x.grow()
	}
	x.lanes++
	b := &x.buckets[ln.hash&uint64(len(x.buckets)-1)]
	ln.chain, *b = *b, ln
}

// remove takes out a lane that is in it.
func (x *laneIndex) remove(ln *lane) {
	x.lanes--
	at := &x.buckets[ln.hash&uint64(len(x.buckets)-1)]
	for *at != ln {
		at = &(*at).chain
	}
	*at, ln.chain = ln.chain, nil
}

// grow doubles the buckets, so that there is one a lane at least.
func (x *laneIndex) grow() {
	old := x.buckets
	x.buckets = make([]*lane, max(2*len(old), leastBuckets))
	for _, ln := range old {
		for ln != nil {
			next := ln.chain
			b := &x.buckets[ln.hash&uint64(len(x.buckets)-1)]
			ln.chain, *b = *b, ln
			ln = next
		}
	}
}
