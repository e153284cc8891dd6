package checkpoint

// SeenStart says that the record at the position that the tracker began with was
// read again, before any after it: so none was trimmed between.
func (t *Tracker) SeenStart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before.anchored = true
}

// AddDone adds the next record if it was done above the start already, and tells
// whether it was. If not, Add it.
func (t *Tracker) AddDone(p Position) bool {
	if !t.above.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	done := t.before.next(p.SequenceNumber)
	t.above.Store(t.before.left())
	if done {
		t.put(p, 0)
	}
	return done
}

// Progress returns the watermark and what is done above it, also of records that
// were done above the start and not read again yet. It takes as long as records are
// pending; Done does not wait for it.
func (t *Tracker) Progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance()
	p := Progress{Position: t.watermark}
	r, rest := t.ring.Load(), t.before.rest()
	if t.head < t.next {
		p.Above.First = r.at(t.head).position.SequenceNumber
	} else if !t.before.begun {
		p.Above.First = t.before.above.First
	}
	var runs runs
	for k := t.head; k < t.next; k++ {
		runs.add(r.at(k).done(), 1) // the first may be by now
	}
	for i, n := range rest {
		runs.add(i%2 == 1, n)
	}
	p.Above.Runs = runs.untilDone()
	if len(p.Above.Runs) == 0 {
		p.Above.First = ""
	}
	return p
}

// runs are numbers of records, in turn not done and done.
type runs []int

func (r *runs) add(done bool, n int) {
	if n == 0 {
		return
	}
	if len(*r) == 0 {
		*r = append(*r, 0)
	}
	if last := (len(*r)-1)%2 == 1; last != done {
		*r = append(*r, 0)
	}
	(*r)[len(*r)-1] += n
}

// untilDone leaves the last ones out that are not done.
func (r runs) untilDone() []int {
	if len(r)%2 == 1 {
		r = r[:len(r)-1]
	}
	return r
}
