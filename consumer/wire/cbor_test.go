package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"korestream/consumer/wire"
)

// writeJSON is a page as Kinesis sends it in AWS JSON.
func writeJSON(p *wire.Page) []byte {
	records := []map[string]any{}
	for _, r := range p.Records {
		at := json.RawMessage(fmt.Sprintf("%d.%03d", r.ArrivedAt.Unix(), r.ArrivedAt.UnixMilli()%1000))
		records = append(records, map[string]any{"SequenceNumber": r.SequenceNumber, "PartitionKey": r.PartitionKey, "Data": r.Data, "ApproximateArrivalTimestamp": at})
	}
	m := map[string]any{"Records": records, "MillisBehindLatest": p.MillisBehindLatest}
	if !p.Ended {
		m["NextShardIterator"] = p.NextShardIterator
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func TestCBOR_EveryFormReadsAsTheSamePage(t *testing.T) {
	t.Parallel()
	pages := map[string]*wire.Page{
		"none":            {NextShardIterator: "i"},
		"one":             pageOf(1, 1083),
		"empty data":      pageOf(3, 0),
		"a thousand":      pageOf(1000, 1083),
		"of chunks' size": pageOf(5, 64<<10),
		"large":           pageOf(2, 1200<<10),
		"the last":        {Ended: true, ChildShards: []string{"shardId-1", "shardId-2"}},
	}
	ways := map[string]func(*smithyhttp.Response){
		"at once":        func(*smithyhttp.Response) {},
		"unknown length": func(r *smithyhttp.Response) { r.ContentLength = -1 },
		"in halves":      func(r *smithyhttp.Response) { r.Body = io.NopCloser(iotest.HalfReader(r.Body)) },
		"end with data":  func(r *smithyhttp.Response) { r.Body = io.NopCloser(iotest.DataErrReader(r.Body)) },
	}
	for form, f := range forms {
		for name, page := range pages {
			for way, change := range ways {
				t.Run(form+"/"+name+"/"+way, func(t *testing.T) {
					t.Parallel()
					resp := answerCBOR(f.write(page))
					change(resp)
					var got wire.Page
					if err := throughCBOR(wire.NewCBOR(silently), resp, &got, wire.NewPool(testKept)); err != nil {
						t.Fatal(err)
					}
					if !got.Filled() || !same(&got, page) {
						t.Errorf("got %.300v, want %.300v", content(&got), page)
					}
					checkMemory(t, &got)
				})
			}
		}
	}
}

func TestCBOR_ARecordKeepsOneChunk(t *testing.T) {
	t.Parallel()
	body := forms["Jackson"].write(pageOf(1000, 1083))
	var page wire.Page
	if err := throughCBOR(wire.NewCBOR(silently), answerCBOR(body), &page, wire.NewPool(testKept)); err != nil {
		t.Fatal(err)
	}
	for _, c := range page.Chunks {
		if c.Cap() > 64<<10 {
			t.Errorf("a chunk of %d bytes", c.Cap())
		}
	}
	if page.Bytes > len(body)*11/10+64<<10 || page.WireBytes != len(body) {
		t.Errorf("a body of %d bytes is held in %d, and was %d", len(body), page.Bytes, page.WireBytes)
	}
	checkMemory(t, &page)
}

// oneRecordWith is an answer of one record with one member.
func oneRecordWith(name string, value ...byte) []byte {
	f := form{}
	return f.members("Records", f.list(4, [][]byte{f.members(name, value)}))
}

func TestCBOR_TimesAreMillisecondsOrSeconds(t *testing.T) {
	t.Parallel()
	const millis = 1764147600123
	tests := []struct {
		name  string
		value []byte
		want  int64 // milliseconds; -1 is a refusal
	}{
		{"milliseconds", scalar(uint64(millis)), millis},
		{"milliseconds, tagged", append([]byte{0xc1}, scalar(uint64(millis))...), millis},
		{"milliseconds, a double", scalar(float64(millis)), millis},
		{"seconds, a double", scalar(float64(millis) / 1000), millis},
		{"seconds, a double, tagged", append([]byte{0xc1}, scalar(float64(millis)/1000)...), millis},
		{"seconds", scalar(uint64(millis / 1000)), millis / 1000 * 1000},
		{"seconds, a float", scalar(float32(1764147584)), 1764147584000},
		{"another tag", append([]byte{0xc2}, scalar(uint64(millis))...), -1},
		{"text", scalar("2025-11-26T09:00:00Z"), -1},
		{"negative", scalar(-1), -1},
		{"not a number", scalar(math.NaN()), -1},
		{"infinite", scalar(math.Inf(1)), -1},
		{"beyond all time", scalar(uint64(math.MaxUint64)), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var page wire.Page
			err := throughCBOR(wire.NewCBOR(silently), answerCBOR(oneRecordWith("ApproximateArrivalTimestamp", tt.value...)), &page, wire.NewPool(testKept))
			if tt.want < 0 {
				if !errors.Is(err, wire.ErrDialect) {
					t.Errorf("got %v, want ErrDialect", err)
				}
				return
			}
			if err != nil || page.Records[0].ArrivedAt.UnixMilli() != tt.want {
				t.Errorf("got %v and %v, want %d", page.Records, err, tt.want)
			}
		})
	}
}

func TestCBOR_WhatIsOddIsRefused(t *testing.T) {
	t.Parallel()
	records := append(scalar("Records"), 0x80)
	deep := bytes.Repeat([]byte{0x81}, 100)
	tests := map[string][]byte{
		"nothing":                  {},
		"no map":                   {0x80},
		"no records":               {0xa0},
		"records that are null":    append(append([]byte{0xa1}, scalar("Records")...), 0xf6),
		"a record that is null":    append(append([]byte{0xa1}, scalar("Records")...), 0x81, 0xf6),
		"a member twice":           slices.Concat([]byte{0xa2}, records, records),
		"a name of bytes":          slices.Concat([]byte{0xa2}, records, []byte{0x41, 'a', 0x00}),
		"bytes behind":             slices.Concat([]byte{0xa1}, records, []byte{0}),
		"a break too many":         slices.Concat([]byte{0xa2}, records, []byte{0xff}),
		"nesting beyond reason":    slices.Concat([]byte{0xa2}, records, scalar("x"), deep, []byte{0}),
		"a reserved length":        slices.Concat([]byte{0xa2}, records, scalar("x"), []byte{0x1c}),
		"a simple value in two":    slices.Concat([]byte{0xa2}, records, scalar("x"), []byte{0xf8, 0x10}),
		"a time that is a list":    slices.Concat([]byte{0xa2}, records, scalar("x"), []byte{0xc1, 0x80}),
		"a piece of another type":  oneRecordWith("Data", 0x5f, 0x61, 'a', 0xff),
		"a piece in pieces":        oneRecordWith("Data", 0x5f, 0x5f, 0xff, 0xff),
		"a key that is no UTF-8":   oneRecordWith("PartitionKey", 0x61, 0xff),
		"half a character a piece": oneRecordWith("PartitionKey", 0x7f, 0x61, 0xd0, 0x61, 0x96, 0xff),
		"a number for data":        oneRecordWith("Data", 0x01),
		"data of 2^64 bytes":       oneRecordWith("Data", 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"data of 30 MB":            oneRecordWith("Data", 0x5a, 0x01, 0xc9, 0xc3, 0x80),
		"2^64 records":             slices.Concat([]byte{0xa1}, scalar("Records"), []byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xa0}),
		"more records than Kinesis": slices.Concat([]byte{0xa1}, scalar("Records"), []byte{0x9f},
			bytes.Repeat([]byte{0xa0}, 10_001), []byte{0xff}),
	}
	for name, text := range tests {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/length=%v", name, known), func(t *testing.T) {
				t.Parallel()
				resp := answerCBOR(text)
				if !known {
					resp.ContentLength = -1
				}
				var page wire.Page
				err := throughCBOR(wire.NewCBOR(silently), resp, &page, wire.NewPool(testKept))
				if !errors.Is(err, wire.ErrDialect) || len(page.Records) > 0 || page.Bytes > 0 {
					t.Errorf("got %v, %d records in %d bytes: want ErrDialect and an empty page", err, len(page.Records), page.Bytes)
				}
			})
		}
	}
}

func TestCBOR_LengthsThatAreLiesTakeNoMemory(t *testing.T) {
	const runs = 50
	text := oneRecordWith("Data", 0x5a, 0x01, 0xc9, 0xc3, 0x80)
	for _, known := range []bool{true, false} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			resp := answerCBOR(text)
			if !known {
				resp.ContentLength = -1
			}
			var page wire.Page
			if err := throughCBOR(wire.NewCBOR(silently), resp, &page, wire.NewPool(0)); err == nil {
				t.Fatal("taken")
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > 256<<10 {
			t.Errorf("length known %v: %d bytes for a body of %d", known, got, len(text))
		}
	}
}

func TestCBOR_ACutAnswerIsNotAnOddOne(t *testing.T) {
	t.Parallel()
	text := forms["Jackson"].write(pageOf(200, 1083))
	broken := errors.New("connection reset")
	for name, body := range map[string]struct {
		rest io.Reader
		want error
	}{"reset": {iotest.ErrReader(broken), broken}, "ended": {bytes.NewReader(nil), io.ErrUnexpectedEOF}} {
		for _, at := range []int{0, 1, 100, len(text) / 2, len(text) - 1} {
			resp := answerCBOR(text)
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:at]), body.rest))
			var page wire.Page
			err := throughCBOR(wire.NewCBOR(silently), resp, &page, wire.NewPool(testKept))
			if !errors.Is(err, body.want) || errors.Is(err, wire.ErrDialect) || page.Bytes > 0 {
				t.Errorf("%s at %d: got %v, %d bytes", name, at, err, page.Bytes)
			}
		}
	}
}

func TestCBOR_APageTakesNoMemoryPerRecord(t *testing.T) {
	if wire.Checked {
		t.Skip("checks allocate")
	}
	const records = 1000
	text := forms["Jackson"].write(pageOf(records, 1083))
	pool, page, c := wire.NewPool(testKept), &wire.Page{}, wire.NewCBOR(silently)
	allocs := testing.AllocsPerRun(20, func() {
		if err := throughCBOR(c, answerCBOR(text), page, pool); err != nil {
			t.Fatal(err)
		}
		page.Release()
	})
	if per := allocs / records; per > 0.05 {
		t.Errorf("got %v allocations per record, want 0.05 at most", per)
	}
}
