package wire

import (
	"encoding/binary"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// encodeRequest is the input of a GetRecords call in AWS CBOR: a map of the
// members that are set.
func encodeRequest(in *kinesis.GetRecordsInput) []byte {
	var e cborEncoder
	e.text("StreamARN", in.StreamARN)
	e.text("StreamId", in.StreamId)
	e.text("ShardIterator", in.ShardIterator)
	if in.Limit != nil {
		e.name("Limit")
		e.integer(int64(*in.Limit))
	}
	if in.DryRun != nil {
		e.name("DryRun")
		e.bool(*in.DryRun)
	}
	// Fewer than 24 pairs: the head is one byte.
	return append([]byte{majorMap<<5 | e.members}, e.body...)
}

// cborEncoder appends the members of one map.
type cborEncoder struct {
	body    []byte
	members byte
}

func (e *cborEncoder) name(name string) {
	e.members++
	e.string(name)
}

func (e *cborEncoder) text(name string, value *string) {
	if value != nil {
		e.name(name)
		e.string(*value)
	}
}

func (e *cborEncoder) string(s string) {
	e.head(majorText, uint64(len(s)))
	e.body = append(e.body, s...)
}

func (e *cborEncoder) integer(n int64) {
	if n < 0 {
		e.head(majorNegative, uint64(^n))
		return
	}
	e.head(majorUint, uint64(n))
}

func (e *cborEncoder) bool(b bool) {
	if b {
		e.body = append(e.body, cborTrue)
		return
	}
	e.body = append(e.body, cborFalse)
}

// head appends the beginning of an item in its shortest form.
func (e *cborEncoder) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		e.body = append(e.body, major|byte(n))
	case n < 1<<8:
		e.body = append(e.body, major|24, byte(n))
	case n < 1<<16:
		e.body = binary.BigEndian.AppendUint16(append(e.body, major|25), uint16(n))
	case n < 1<<32:
		e.body = binary.BigEndian.AppendUint32(append(e.body, major|26), uint32(n))
	default:
		e.body = binary.BigEndian.AppendUint64(append(e.body, major|27), n)
	}
}

// errorText is an error as AWS JSON has it, for the SDK to find its type.
type errorText struct {
	Type    string `json:"__type,omitempty"`
	Message string `json:"message,omitempty"`
}

// errorJSON is an error in AWS CBOR as AWS JSON has it.
func errorJSON(body []byte) (text []byte, code string, ok bool) {
	code, message, ok := cborError(body)
	if !ok {
		return nil, "", false
	}
	text, err := json.Marshal(errorText{code, message})
	return text, code, err == nil
}

// cborError is the code and the message of an error in AWS CBOR.
func cborError(body []byte) (code, message string, ok bool) {
	s := cborScanner{window: window{buf: body, end: len(body)}}
	text := func(to *string) bool {
		if s.null() {
			return true
		}
		got, ok := s.text()
		*to = string(got)
		return ok
	}
	ok = s.object(func(name []byte) bool {
		switch string(name) {
		case "__type", "code":
			return text(&code)
		case "message", "Message":
			return text(&message)
		}
		return s.other(name)
	})
	return code, message, ok && s.at == s.end
}
