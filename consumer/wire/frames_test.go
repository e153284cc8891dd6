package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

func encode(t testing.TB, msg eventstream.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, msg); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everyType has a header of every type.
func everyType() (h eventstream.Headers) {
	h.Set("true", eventstream.BoolValue(true))
	h.Set("false", eventstream.BoolValue(false))
	h.Set("8", eventstream.Int8Value(1))
	h.Set("16", eventstream.Int16Value(1))
	h.Set("32", eventstream.Int32Value(1))
	h.Set("64", eventstream.Int64Value(1))
	h.Set("bytes", eventstream.BytesValue{1, 2})
	h.Set("time", eventstream.TimestampValue(time.UnixMilli(1)))
	h.Set("uuid", eventstream.UUIDValue{1})
	h.Set(":message-type", eventstream.StringValue("event"))
	h.Set(":event-type", eventstream.StringValue("SubscribeToShardEvent"))
	h.Set(":event-type-of-ours", eventstream.StringValue("x"))
	return h
}

// FuzzFrames holds the reading of frames against the SDK's: what ours takes, the
// SDK must take with the same payload and headers, and leave the same rest.
func FuzzFrames(f *testing.F) {
	whole := encode(f, eventstream.Message{Headers: everyType(), Payload: []byte("payload")})
	f.Add(whole, true)
	f.Add(append(bytes.Clone(whole), whole...), false)
	f.Add(whole[:len(whole)-1], false)
	f.Add(encode(f, eventstream.Message{}), true)
	f.Fuzz(func(t *testing.T, stream []byte, mend bool) {
		if mend {
			mendFrame(stream)
		}
		r := bytes.NewReader(stream)
		fr, err := (&frames{body: r, bodies: new(bodies)}).next()
		sdk := bytes.NewReader(stream)
		msg, sdkErr := eventstream.NewDecoder().Decode(sdk, nil)
		if errors.Is(err, io.EOF) != (len(stream) == 0) {
			t.Fatalf("%q: got %v", stream, err)
		}
		if err != nil {
			if sdkErr == nil && plain(msg, stream[:len(stream)-sdk.Len()]) {
				t.Fatalf("%q: got %v, the SDK reads %+v", stream, err, msg)
			}
			return
		}
		if sdkErr != nil || !bytes.Equal(fr.payload, msg.Payload) || r.Len() != sdk.Len() || fr.headers != ours(msg) {
			t.Fatalf("%q: got %+v, the SDK reads %+v and %v", stream, fr, msg, sdkErr)
		}
	})
}

// mendFrame makes the checksums right, so that what is behind them is reached.
func mendFrame(b []byte) {
	if len(b) < frameSize {
		return
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
}

// ours are the headers of the SDK's message that we read.
func ours(msg eventstream.Message) (h headers) {
	for _, m := range msg.Headers {
		if to := h.known([]byte(m.Name)); to != nil {
			*to = m.Value.String()
		}
	}
	return h
}

// plain tells whether a frame is what the SDK's encoder makes of the message in it
// (its decoder also takes headers that break off after a length) and whether the
// headers that we read are strings.
func plain(msg eventstream.Message, frame []byte) bool {
	var h headers
	for _, m := range msg.Headers {
		if _, isString := m.Value.(eventstream.StringValue); h.known([]byte(m.Name)) != nil && !isString {
			return false
		}
	}
	var again bytes.Buffer
	return eventstream.NewEncoder().Encode(&again, msg) == nil && bytes.Equal(again.Bytes(), frame)
}

func TestFrames_HeadersOfEveryTypeAreReadOrSkipped(t *testing.T) {
	t.Parallel()
	b := encode(t, eventstream.Message{Headers: everyType(), Payload: []byte("payload")})
	fr, err := (&frames{body: bytes.NewReader(b), bodies: new(bodies)}).next()
	want := headers{messageType: "event", eventType: "SubscribeToShardEvent"}
	if err != nil || fr.headers != want || string(fr.payload) != "payload" {
		t.Errorf("got %+v and %v", fr, err)
	}
}

func TestFrames_AnyChangedByteIsSeen(t *testing.T) {
	t.Parallel()
	whole := encode(t, eventstream.Message{Headers: everyType(), Payload: []byte("payload")})
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		if _, err := (&frames{body: bytes.NewReader(b), bodies: new(bodies)}).next(); !errors.Is(err, ErrFrame) {
			t.Errorf("byte %d changed: got %v, want ErrFrame", i, err)
		}
	}
}

func TestFrames_ALengthBeyondReasonTakesNoMemory(t *testing.T) {
	t.Parallel()
	b := make([]byte, frameSize)
	binary.BigEndian.PutUint32(b, 1<<31)
	binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
	if _, err := (&frames{body: bytes.NewReader(b), bodies: new(bodies)}).next(); !errors.Is(err, ErrFrame) {
		t.Errorf("got %v, want ErrFrame", err)
	}
}
