package handlers

import (
	"bytes"
	"encoding/json"
)

// maxTail bounds how much of a file is read to find the beginning of its last
// line. It is above the largest line that we write: a Kinesis record of 10 MiB
// in base64.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const maxTail = 32 << 20

// mendTail makes the file end in a whole line. A crash leaves the beginning of
// one; it is cut off, because its event was not reported as handled and comes
// again. What is complete but for its line break is kept and gets one. So does
// a fragment when another process has the file open, because what looks torn
// may be that one's line, and anything that is too long to be one of ours.
func mendTail(f file) error {
	mended, err := alone(f, func() error { return cutTail(f) })
	if mended || err != nil {
		return err
	}
	tail, _, err := lastLine(f)
	if err != nil || len(tail) == 0 {
		return err
	}
	return endLine(f)
}

// cutTail is mendTail for a file that nobody else has open.
func cutTail(f file) error {
	tail, start, err := lastLine(f)
	switch {
	case err != nil || len(tail) == 0:
		return err
	case start < 0 || json.Valid(tail):
		return endLine(f)
	}
	return f.Truncate(start)
}

func endLine(f file) error {
	_, err := f.Write([]byte{'\n'})
	return err
}

// lastLine returns what follows the last line break, and where it begins: -1
// if that is further than maxTail from the end.
func lastLine(f file) (tail []byte, start int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	const chunk = 64 << 10
	for start = info.Size(); start > 0; {
		if len(tail) > maxTail {
			return tail, -1, nil
		}
		n := min(chunk, start)
		buf := make([]byte, n, int(n)+len(tail))
		if _, err := f.ReadAt(buf, start-n); err != nil {
			return nil, 0, err
		}
		if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
			return append(buf[i+1:], tail...), start - n + int64(i) + 1, nil
		}
		tail, start = append(buf, tail...), start-n
	}
	return tail, 0, nil
}
