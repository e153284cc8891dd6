package wire

import "io"

// window is the part of a body that is in memory: one chunk at a time, into which
// the body is read and in which the data of records stay. What is asked for and
// reaches beyond a chunk is moved to the next one. So data are never copied but
// for one record of a chunk, and a record that stays long keeps one chunk.
type window struct {
	filling
	src io.Reader
	// rest is the most that src has left. If it is exact it is what src says that it
	// has, and chunks are made to measure; if not, memory grows as bytes arrive.
	rest  int
	exact bool
	// Unread is buf from at to end; buf is the chunk's.
	buf     []byte
	at, end int
	read    int
	// err is what src failed with, other than by its end.
	err error
}

// newWindow is the window on a body, at its beginning.
func newWindow(src io.Reader, length int64, page *Page, pool *Pool) window {
	w := window{filling: filling{page: page, pool: pool}, src: src, rest: maxBody}
	if 0 <= length && length < maxBody {
		w.rest, w.exact = int(length), true
	}
	return w
}

// need reports whether n more bytes are there, from at on.
func (w *window) need(n int) bool { return w.end-w.at >= n || w.refill(n) }

func (w *window) refill(n int) bool {
	for w.end-w.at < n {
		if n > w.end-w.at+w.rest {
			return false
		}
		if w.end == len(w.buf) || w.exact && len(w.buf)-w.at < n {
			w.turn(n)
		}
		w.fetch()
	}
	return true
}

// fetch reads what there is into the chunk.
func (w *window) fetch() {
	n, err := w.src.Read(w.buf[w.end:min(len(w.buf), w.end+w.rest)])
	w.end += n
	w.read += n
	w.rest -= n
	switch {
	case err == nil:
		return
	case err != io.EOF:
		w.err = err
	case w.exact && w.rest > 0:
		w.err = io.ErrUnexpectedEOF
	}
	w.rest = 0
}

// turn makes room for n bytes from at on, or for as much more as has arrived.
func (w *window) turn(n int) {
	unread := w.buf[w.at:w.end]
	size := max(n, min(len(unread)+w.rest, chunkSize))
	if !w.exact {
		size = max(min(n, 2*len(unread)), min(len(unread)+w.rest, chunkSize))
	}
	if w.pending == 0 && len(w.buf) >= size {
		// Nobody has anything of this chunk.
		w.at, w.end = 0, copy(w.buf, unread)
		return
	}
	next := w.pool.get(size)
	copy(next.buf, unread)
	w.use(next)
	w.buf, w.at, w.end = next.buf, 0, len(unread)
}

// drop reads n bytes and forgets them, without memory for all of them at once.
func (w *window) drop(n int) bool {
	for {
		there := min(n, w.end-w.at)
		w.at += there
		if n -= there; n == 0 {
			return true
		}
		if n > w.rest || !w.need(1) {
			return false
		}
	}
}

// atEnd tells whether the body ends here.
func (w *window) atEnd() bool {
	if w.at < w.end {
		return false
	}
	w.rest, w.exact = max(w.rest, 1), false
	return !w.need(1) && w.err == nil
}
