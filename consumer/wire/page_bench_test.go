//go:build unix

package wire_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/segmentio/asm/base64"

	"korestream/consumer/wire"
)

// orders are those that records' members have, as AWS writes them and as our own
// endpoint does, for a number and data.
var orders = map[string]string{
	"aws":   `{"ApproximateArrivalTimestamp":1.76414830%04[1]dE9,"Data":"%[2]s","PartitionKey":"HS%032[1]d","SequenceNumber":"4954511524349098501828006771497314458218006259324420%04[1]d"}`,
	"embed": `{"SequenceNumber":"4954511524349098501828006771497314458218006259324420%04[1]d","ApproximateArrivalTimestamp":1764148%03[1]d.123,"Data":"%[2]s","PartitionKey":"HS%032[1]d"}`,
}

// ordered is an answer with a record of each of the data, in the orders given in
// turn.
func ordered(data []string, orders ...string) []byte {
	b := []byte(`{"MillisBehindLatest":0,"NextShardIterator":"it","Records":[`)
	for i, one := range data {
		b = fmt.Appendf(b, orders[i%len(orders)]+",", i, one)
	}
	return append(bytes.TrimSuffix(b, []byte(",")), "]}"...)
}

// BenchmarkPage decodes a body that is in memory, and beside it nothing but the
// base64 in it.
func BenchmarkPage(b *testing.B) {
	const size = 1083
	for _, n := range []int{10, 1000} {
		data := make([]string, n)
		for i := range data {
			data[i] = body64(bytes.Repeat([]byte{byte(i)}, size-i%31)) // one is seldom as long as the last
		}
		b.Run(fmt.Sprintf("base64/records=%d", n), func(b *testing.B) { benchmarkBase64(b, data) })
		for _, name := range []string{"aws", "embed"} {
			text := ordered(data, orders[name])
			b.Run(fmt.Sprintf("%s/records=%d", name, n), func(b *testing.B) { benchmarkPage(b, text, n) })
		}
		mixed := ordered(data, orders["aws"], orders["embed"])
		b.Run(fmt.Sprintf("mixed/records=%d", n), func(b *testing.B) { benchmarkPage(b, mixed, n) })
	}
}

func benchmarkBase64(b *testing.B, texts []string) {
	data := make([][]byte, len(texts))
	for i := range data {
		data[i] = []byte(texts[i])
	}
	room := make([]byte, 64<<10)
	began := processorTime(b)
	for b.Loop() {
		used := 0
		for _, text := range data {
			if used+len(text) > len(room) {
				used = 0
			}
			n, err := base64.StdEncoding.Decode(room[used:], text)
			if err != nil {
				b.Fatal(err)
			}
			used += n
		}
	}
	perRecord(b, len(data), began)
}

func benchmarkPage(b *testing.B, text []byte, n int) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	pool := wire.NewPool(testKept)
	var page wire.Page
	began := processorTime(b)
	for b.Loop() {
		if !wire.Decode(text, &page, pool) || len(page.Records) != n {
			b.Fatal("refused")
		}
		page.Release()
	}
	perRecord(b, n, began)
}
