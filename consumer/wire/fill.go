package wire

// filling is what is known of the chunk that a page is being filled into.
type filling struct {
	page *Page
	pool *Pool
	// chunk is the one being filled; pending counts its records, which become its
	// references when it is sealed.
	chunk   *Chunk
	pending int32
}

// use seals the chunk and goes on with the next one.
func (f *filling) use(next *Chunk) {
	f.seal()
	f.chunk = next
	f.page.Chunks = append(f.page.Chunks, next)
	f.page.Bytes += next.Cap()
}

// give gives the record data that lie in the chunk.
func (f *filling) give(r *Record, data []byte) {
	r.Data = data[:len(data):len(data)]
	if len(data) == 0 {
		return
	}
	r.Chunk = f.chunk
	f.pending++
}

// seal makes the references of the chunk being filled, so that the next record
// begins another. Nobody else can have the chunk before that.
func (f *filling) seal() {
	c := f.chunk
	if c == nil {
		return
	}
	if f.pending > 0 {
		c.refs.Store(f.pending)
	} else {
		last := len(f.page.Chunks) - 1
		f.page.Chunks[last] = nil
		f.page.Chunks = f.page.Chunks[:last]
		f.page.Bytes -= c.Cap()
		c.recycle()
	}
	f.chunk, f.pending = nil, 0
}

// room returns n bytes of a chunk that no record has yet.
func (d *decoder) room(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	if d.chunk == nil || len(d.chunk.buf)-d.used < n {
		// All that is left to read decodes to three quarters of it.
		rest := (len(d.text)-d.at)/4*3 + 3
		d.use(d.pool.get(max(n, min(rest, chunkSize))))
		d.used = 0
	}
	return d.chunk.buf[d.used : d.used+n : d.used+n]
}

// keep gives the record what was decoded into the room it asked for.
func (d *decoder) keep(r *Record, data []byte) {
	d.give(r, data)
	d.used += len(data)
	d.last = len(data)
}
