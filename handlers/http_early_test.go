package handlers

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// acceptsEarly is an endpoint of HTTP/2 that accepts an event as soon as it has its
// headers, and reads the event when told that its answer was taken: RFC 9113, 8.1.
type acceptsEarly struct {
	conn  net.Conn
	taken chan struct{}
	// body gets what was sent of the event before and after that.
	body chan []byte
}

// Frames of RFC 9113, and the header block of a response with status 202.
const (
	frameData, frameHeaders, frameSettings, frameWindowUpdate = 0x0, 0x1, 0x4, 0x8
	flagEndStream, flagAck, flagEndHeaders                    = 0x1, 0x1, 0x4
	status202                                                 = "\x08\x03202"
)

func (e *acceptsEarly) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe() // which holds nothing
	e.conn = server
	go e.serve()
	return client, nil
}

func (e *acceptsEarly) serve() {
	defer e.conn.Close()
	var body []byte
	defer func() { e.body <- body }()
	if _, err := io.CopyN(io.Discard, e.conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	go e.send(frameSettings, 0, 0, "")
	for {
		var head [9]byte
		if _, err := io.ReadFull(e.conn, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(e.conn, payload); err != nil {
			return
		}
		stream := binary.BigEndian.Uint32(head[5:])
		switch kind, flags := head[3], head[4]; {
		case kind == frameHeaders:
			go func() {
				e.send(frameHeaders, flagEndStream|flagEndHeaders, stream, status202)
				<-e.taken
				e.send(frameWindowUpdate, 0, 0, "\x00\x40\x00\x00")
				e.send(frameWindowUpdate, 0, stream, "\x00\x40\x00\x00")
			}()
		case kind == frameSettings && flags&flagAck == 0:
			go e.send(frameSettings, flagAck, 0, "")
		case kind == frameData:
			if body = append(body, payload...); flags&flagEndStream != 0 {
				return
			}
		}
	}
}

func (e *acceptsEarly) send(kind, flags byte, stream uint32, payload string) {
	frame := []byte{0, 0, byte(len(payload)), kind, flags}
	frame = binary.BigEndian.AppendUint32(frame, stream)
	_, _ = e.conn.Write(append(frame, payload...)) // the client may be gone
}

// Once it is accepted the event is done, and its memory is another event's, while the
// transport still sends.
func TestHTTP_SendsNoMemoryOfAnEventThatIsDone(t *testing.T) {
	t.Parallel()
	for _, m := range []HTTPMode{HTTPStructured, HTTPBinary, HTTPBatched} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &acceptsEarly{taken: make(chan struct{}), body: make(chan []byte, 1)}
				h := openHTTP(t, "http://localhost/", mode(m))
				transport := h.client.Transport.(*http.Transport)
				transport.DialContext, transport.Protocols = e.dial, new(http.Protocols)
				transport.Protocols.SetUnencryptedHTTP2(true)
				const size = 1 << 20
				d := deliveryOf(t, fmt.Sprintf(`{"specversion":"1.0","source":"/s","id":"e","type":"t","data":{"text":%q}}`, strings.Repeat("a", size)))
				if err := h.Handle(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				clear(d.Event.Raw) // Data is a part of it
				close(e.taken)
				got := <-e.body
				if n := bytes.Count(got, []byte{0}); n > 0 || len(got) < size {
					t.Errorf("%d bytes were sent, and %d of them were another event's by then", len(got), n)
				}
			})
		})
	}
}
