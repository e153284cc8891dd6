package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrFrame is what a stream fails with whose bytes are no event stream: a wrong
// checksum, an impossible length, headers that do not fit.
var ErrFrame = errors.New("not an event stream")

const (
	// preludeSize is two lengths and their checksum, frameSize the least that a
	// frame has: a prelude and a checksum of all.
	preludeSize = 12
	frameSize   = preludeSize + 4
	// maxFrame is the longest frame that memory is set aside for.
	maxFrame = maxBody
)

// frames reads the frames of an event stream, as they are described at
// https://smithy.io/2.0/aws/amazon-eventstream.html.
type frames struct {
	body    io.Reader
	bodies  *bodies
	prelude [preludeSize]byte
}

// frame is one message. Its bytes are those of buf, which goes back with put.
type frame struct {
	headers headers
	payload []byte
	buf     []byte
}

// next reads a frame. The error is io.EOF only between two frames: a stream that
// ends inside of one was cut.
func (f *frames) next() (frame, error) {
	if _, err := io.ReadFull(f.body, f.prelude[:]); err != nil {
		return frame{}, err
	}
	total := binary.BigEndian.Uint32(f.prelude[0:])
	head := binary.BigEndian.Uint32(f.prelude[4:])
	// The checksum comes first: a length that is not what was sent is no length.
	sum := crc32.ChecksumIEEE(f.prelude[:8])
	if sum != binary.BigEndian.Uint32(f.prelude[8:]) {
		return frame{}, fmt.Errorf("%w: checksum of a prelude", ErrFrame)
	}
	if total < frameSize || total > maxFrame || head > total-frameSize {
		return frame{}, fmt.Errorf("%w: %d bytes with %d of headers", ErrFrame, total, head)
	}
	buf := f.bodies.get(int(total - preludeSize))
	rest := buf[:total-preludeSize]
	fr, err := f.read(rest, head)
	if err != nil {
		f.bodies.put(buf)
		return frame{}, err
	}
	fr.buf = buf
	return fr, nil
}

func (f *frames) read(rest []byte, head uint32) (frame, error) {
	if _, err := io.ReadFull(f.body, rest); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frame{}, err
	}
	sum := crc32.ChecksumIEEE(f.prelude[:])
	end := len(rest) - 4
	if crc32.Update(sum, crc32.IEEETable, rest[:end]) != binary.BigEndian.Uint32(rest[end:]) {
		return frame{}, fmt.Errorf("%w: checksum of a message", ErrFrame)
	}
	h, ok := parseHeaders(rest[:head])
	if !ok {
		return frame{}, fmt.Errorf("%w: headers of a message", ErrFrame)
	}
	return frame{headers: h, payload: rest[head:end]}, nil
}

// headers are those that say what a message is; empty if it does not have them.
type headers struct {
	messageType, eventType, exceptionType, errorCode, errorMessage string
}

// known returns where the header of a name goes, nil if it goes nowhere.
func (h *headers) known(name []byte) *string {
	switch string(name) {
	case ":message-type":
		return &h.messageType
	case ":event-type":
		return &h.eventType
	case ":exception-type":
		return &h.exceptionType
	case ":error-code":
		return &h.errorCode
	case ":error-message":
		return &h.errorMessage
	default:
		return nil
	}
}

// The types of header values.
const (
	typeTrue = iota
	typeFalse
	typeInt8
	typeInt16
	typeInt32
	typeInt64
	typeBytes
	typeString
	typeTimestamp
	typeUUID
)

// sizes are those of values that do not say their size.
var sizes = [...]int{typeTrue: 0, typeFalse: 0, typeInt8: 1, typeInt16: 2, typeInt32: 4, typeInt64: 8, typeTimestamp: 8, typeUUID: 16}

func parseHeaders(b []byte) (h headers, ok bool) {
	for len(b) > 0 {
		n := int(b[0]) + 1
		if len(b) < n+1 {
			return h, false
		}
		name, typ := b[1:n], b[n]
		b = b[n+1:]
		if int(typ) >= len(sizes) {
			return h, false
		}
		size := sizes[typ]
		if typ == typeBytes || typ == typeString {
			if len(b) < 2 {
				return h, false
			}
			size = int(binary.BigEndian.Uint16(b))
			b = b[2:]
		}
		if len(b) < size {
			return h, false
		}
		if to := h.known(name); to != nil {
			if typ != typeString {
				return h, false
			}
			*to = constant(b[:size])
		}
		b = b[size:]
	}
	return h, true
}

// constant is string(b), without memory for the words that every event has.
func constant(b []byte) string {
	switch string(b) {
	case messageEvent:
		return messageEvent
	case eventRecords:
		return eventRecords
	default:
		return string(b)
	}
}
