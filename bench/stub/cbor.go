package stub

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"

	"github.com/fxamacker/cbor/v2"
)

// cborType is the other protocol that the stub speaks, of GetRecords alone: AWS
// CBOR 1.1. Lists and maps are of indefinite length, as Jackson writes them.
const cborType = "application/x-amz-cbor-1.1"

// The major types of RFC 8949 that answers have, and lists and maps without a
// length, and what ends them.
const (
	cborUint  = 0 << 5
	cborBytes = 2 << 5
	cborText  = 3 << 5
	cborList  = 0x9f
	cborMap   = 0xbf
	cborBreak = 0xff
)

func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, major|27), n)
	}
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, cborText, uint64(len(s))), s...)
}

// newBinaryPage makes a page of events in AWS CBOR.
func newBinaryPage(events []made) *page {
	p := &page{binary: true}
	for _, e := range events {
		r := record{start: len(p.text), id: []byte(e.id)}
		p.text = appendText(append(p.text, cborMap), "ApproximateArrivalTimestamp")
		p.text = appendHead(append(p.text, 0xc1), cborUint, 1764147600123)
		p.text = appendHead(appendText(p.text, "Data"), cborBytes, uint64(len(e.payload)))
		for from := 0; ; {
			i := bytes.Index(e.payload[from:], []byte(e.id))
			if i < 0 {
				break
			}
			from += i + len(idPrefix)
			r.ids = append(r.ids, mark{at: len(p.text) + from})
		}
		p.text = append(p.text, e.payload...)
		p.text = appendText(appendText(p.text, "PartitionKey"), e.key)
		p.text = appendText(p.text, "SequenceNumber")
		p.text = append(appendHead(p.text, cborText, uint64(len(sequencePrefix)+sequenceDigits)), sequencePrefix...)
		r.sequence = len(p.text)
		p.text = append(fmt.Appendf(p.text, "%0*d", sequenceDigits, 0), cborBreak)
		r.end = len(p.text)
		p.records = append(p.records, r)
	}
	return p
}

// answerCBOR is answer in AWS CBOR.
func (s *Service) answerCBOR(b []byte, operation string, body []byte) ([]byte, error) {
	if operation != "GetRecords" {
		return nil, &apiError{"UnknownOperationException", "the stub does not know " + operation + " in CBOR"}
	}
	var in struct {
		ShardIterator string
		Limit         int64
	}
	if err := cbor.Unmarshal(body, &in); err != nil {
		return nil, &apiError{"SerializationException", err.Error()}
	}
	one, err := s.locate([]byte(in.ShardIterator), in.Limit)
	if err != nil {
		return nil, err
	}
	b = appendText(append(b, cborMap), "MillisBehindLatest")
	b = appendHead(b, cborUint, uint64(s.behind(one.next+one.count)))
	b = appendHead(appendText(b, "NextShardIterator"), cborText, uint64(len(iteratorPrefix)+iteratorDigits))
	b = appendIterator(b, one.shard, one.next+one.count)
	b = append(appendText(b, "Records"), cborList)
	return append(s.binary.appendSlice(b, one), cborBreak, cborBreak), nil
}

// refusalCBOR is refusal in AWS CBOR.
func refusalCBOR(err error) (status int, body []byte) {
	api := apiErrorOf(err)
	b := append(appendText([]byte{cborMap}, "__type"), appendText(nil, api.code)...)
	b = append(appendText(b, "message"), appendText(nil, api.message)...)
	return http.StatusBadRequest, append(b, cborBreak)
}
