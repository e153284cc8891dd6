package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"korestream/consumer/wire"
)

// FuzzCBOR holds the decoder against one of others: what ours takes, that one
// takes too, as the same page; and what ours refuses, that one refuses, or there
// is a member twice, a tag, nesting beyond reason or more records than Kinesis sends.
func FuzzCBOR(f *testing.F) {
	for _, form := range forms {
		f.Add(form.write(pageOf(2, 40)), false)
		f.Add(form.write(&wire.Page{Ended: true, ChildShards: []string{"a", "b"}}), true)
	}
	f.Add([]byte{0xa1, 0x67, 'R', 'e', 'c', 'o', 'r', 'd', 's', 0x9f, 0xa1, 0x61, 'X', 0xd8, 0x20, 0x9f, 0xf9, 0x3c, 0, 0xff, 0xff}, true)
	f.Add([]byte{0xbf, 0xff}, false)
	loose, strict := modes(f)
	f.Fuzz(func(t *testing.T, body []byte, slowly bool) {
		before := bytes.Clone(body)
		resp := answerCBOR(body)
		if slowly {
			resp.ContentLength = -1
			resp.Body = io.NopCloser(iotest.OneByteReader(resp.Body))
		}
		var got wire.Page
		err := throughCBOR(wire.NewCBOR(silently), resp, &got, wire.NewPool(testKept))
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err == nil {
			want, refused := reference(body, loose)
			if refused != nil || !same(&got, want) {
				t.Fatalf("%x: got %.500v; the reference has %.500v and %v", body, content(&got), want, refused)
			}
		} else if want, refused := reference(body, strict); refused == nil && len(want.Records) <= 10_000 {
			t.Fatalf("%x: refused with %v; the reference has %.500v", body, err, content(want))
		} else if !errors.Is(err, wire.ErrDialect) || len(got.Records)+len(got.Chunks) > 0 {
			t.Fatalf("%x: got %v and %d records", body, err, len(got.Records))
		}
		checkMemory(t, &got)
	})
}

// FuzzBothDialects writes a page in AWS JSON and in every form of AWS CBOR: it is
// read as the same.
func FuzzBothDialects(f *testing.F) {
	f.Add([]byte("payload"), "key", "4954", "iterator", uint32(1), uint16(3), uint16(40), int64(12), true)
	f.Add([]byte{0, 0xff}, "ключ \"\\", "", "", uint32(999), uint16(700), uint16(200), int64(-1), false)
	f.Add(bytes.Repeat([]byte("x"), 3000), "k", "1", "a", uint32(0), uint16(1), uint16(60_000), int64(0), false)
	f.Fuzz(func(t *testing.T, data []byte, key, sequence, next string, millis uint32, n, repeat uint16, behind int64, ended bool) {
		p := &wire.Page{Ended: ended, MillisBehindLatest: behind}
		if !ended {
			p.NextShardIterator = strings.ToValidUTF8(next, "?")
		}
		size := len(data) * (int(repeat)%100 + 1)
		for i := range int(n) % (1 + min(700, 256<<10/(size+1))) {
			p.Records = append(p.Records, wire.Record{
				SequenceNumber: strings.ToValidUTF8(sequence, "?") + strconv.Itoa(i), PartitionKey: strings.ToValidUTF8(key, "?"),
				// Of this decade, in which AWS JSON has every millisecond.
				ArrivedAt: time.UnixMilli(1.7e12 + int64(millis) + int64(i)).UTC(), Data: bytes.Repeat(data, int(repeat)%100+1),
			})
		}
		pool := wire.NewPool(testKept)
		var inJSON wire.Page
		if _, err := through(answer(writeJSON(p)), &inJSON, pool); err != nil {
			t.Fatal(err)
		}
		for name, form := range forms {
			var inCBOR wire.Page
			if err := throughCBOR(wire.NewCBOR(silently), answerCBOR(form.write(p)), &inCBOR, pool); err != nil {
				t.Fatal(name, err)
			}
			if !same(&inCBOR, &inJSON) || !same(&inCBOR, p) {
				t.Fatalf("%s: got %.500v, in JSON %.500v", name, content(&inCBOR), content(&inJSON))
			}
			checkMemory(t, &inCBOR)
		}
		checkMemory(t, &inJSON)
	})
}
