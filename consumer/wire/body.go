package wire

import (
	"io"
	"math/bits"
	"sync"
)

const (
	// maxBody is the longest answer that we read ourselves; Kinesis's are at most
	// 10 MiB of data and its base64.
	maxBody = 32 << 20
	// firstRead is the buffer for a body whose length is not known.
	firstRead = 64 << 10
)

// bodies keeps buffers for answers on their way to be decoded, by the power of
// two of their size. The collector takes those that nobody asks for.
type bodies [26]sync.Pool

func (b *bodies) get(n int) []byte {
	k := bits.Len(uint(max(n, smallest) - 1))
	if buf, ok := b[k].Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, 1<<k)
}

func (b *bodies) put(buf []byte) {
	if checked {
		poison(buf)
	}
	b[bits.Len(uint(len(buf)-1))].Put(&buf)
}

// read reads a body to its end, or to maxBody. It returns what it read in a
// buffer that goes back with put, also when it fails.
func (b *bodies) read(r io.Reader, length int64) (buf []byte, n int, err error) {
	size := firstRead
	if length >= 0 && length < maxBody {
		size = int(length) + 1 // so that the end is seen without growing
	}
	buf = b.get(size)
	for {
		if n == len(buf) {
			if n >= maxBody {
				return buf, n, nil
			}
			next := b.get(2 * n)
			copy(next, buf)
			b.put(buf)
			buf = next
		}
		got, err := r.Read(buf[n:])
		n += got
		if err == io.EOF {
			return buf, n, nil
		}
		if err != nil {
			return buf, n, err
		}
	}
}
