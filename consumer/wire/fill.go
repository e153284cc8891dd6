package wire

// room returns n bytes of a chunk that no record has yet.
func (d *decoder) room(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	if d.chunk == nil || len(d.chunk.buf)-d.used < n {
		d.seal()
		// All that is left to read decodes to three quarters of it.
		rest := (len(d.text)-d.at)/4*3 + 3
		d.chunk = d.pool.get(max(n, min(rest, chunkSize)))
		d.page.Chunks = append(d.page.Chunks, d.chunk)
		d.page.Bytes += d.chunk.Cap()
	}
	return d.chunk.buf[d.used : d.used+n : d.used+n]
}

// keep gives the record what was decoded into the room it asked for.
func (d *decoder) keep(r *Record, data []byte) {
	r.Data = data[:len(data):len(data)]
	if len(data) == 0 {
		return
	}
	r.Chunk = d.chunk
	d.used += len(data)
	d.pending++
}

// seal makes the references of the chunk being filled, so that the next record
// begins another. Nobody else can have the chunk before that.
func (d *decoder) seal() {
	c := d.chunk
	if c == nil {
		return
	}
	if d.pending > 0 {
		c.refs.Store(d.pending)
	} else {
		last := len(d.page.Chunks) - 1
		d.page.Chunks[last] = nil
		d.page.Chunks = d.page.Chunks[:last]
		d.page.Bytes -= c.Cap()
		c.recycle()
	}
	d.chunk, d.used, d.pending = nil, 0, 0
}
