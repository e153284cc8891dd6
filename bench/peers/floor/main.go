// Command floor is the cheapest program we know that still reads every event: it asks by
// hand, unsigned, keeps one buffer a shard, looks for the data of each record
// with the fastest search there is, takes it out of base64 with SIMD
// instructions, and walks through the envelope to the id without making
// anything. No consumer that is of any use can be there; it is what a ratio is
// taken to.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/segmentio/asm/base64"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

func main() { peers.Main(consume) }

// consume reads every shard in a goroutine.
func consume(ctx context.Context, t peers.Target, c *tally.Counter) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: t.Shards, DisableCompression: true}}
	defer client.CloseIdleConnections()
	return peers.EachShard(ctx, t.Shards, func(ctx context.Context, shard string) error {
		f := &floorShard{client: client, url: t.Kinesis}
		if err := f.run(ctx, t.Stream, shard, c); err != nil {
			return fmt.Errorf("read %s: %w", shard, err)
		}
		return nil
	})
}

// floorShard reads one shard.
type floorShard struct {
	client  *http.Client
	url     string
	answer  bytes.Buffer
	payload []byte
}

func (f *floorShard) run(ctx context.Context, stream, shard string, c *tally.Counter) error {
	begin := fmt.Sprintf(`{"StreamName":%q,"ShardId":%q,"ShardIteratorType":"TRIM_HORIZON"}`, stream, shard)
	if err := f.call(ctx, "GetShardIterator", begin); err != nil {
		return err
	}
	next := quoted(f.answer.Bytes(), `"ShardIterator":"`)
	for {
		if err := f.call(ctx, "GetRecords", `{"Limit":10000,"ShardIterator":"`+next+`"}`); err != nil {
			return err
		}
		next = quoted(f.answer.Bytes(), `"NextShardIterator":"`)
		page, err := f.count(f.answer.Bytes())
		if err != nil {
			return err
		}
		if page.Records == 0 {
			return nil
		}
		c.AddAll(page)
	}
}

// call leaves the answer in f.answer.
func (f *floorShard) call(ctx context.Context, operation, in string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, io.NopCloser(strings.NewReader(in)))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	r.ContentLength = int64(len(in))
	r.Header["X-Amz-Target"] = []string{"Kinesis_20131202." + operation}
	r.Header["Content-Type"] = []string{"application/x-amz-json-1.1"}
	out, err := f.client.Do(r)
	if err != nil {
		return fmt.Errorf("call %s: %w", operation, err)
	}
	defer out.Body.Close()
	f.answer.Reset()
	f.answer.Grow(int(out.ContentLength) + bytes.MinRead)
	if _, err := f.answer.ReadFrom(out.Body); err != nil {
		return fmt.Errorf("read answer of %s: %w", operation, err)
	}
	if out.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", operation, out.Status, f.answer.Bytes())
	}
	return nil
}

var errNotAsExpected = errors.New("an event is not as the stub makes it")

// count goes through the records of an answer.
func (f *floorShard) count(answer []byte) (tally.Tally, error) {
	var t tally.Tally
	mark := []byte(`"Data":"`)
	for {
		i := bytes.Index(answer, mark)
		if i < 0 {
			return t, nil
		}
		answer = answer[i+len(mark):]
		end := bytes.IndexByte(answer, '"')
		if end < 0 {
			return t, errNotAsExpected
		}
		if want := base64.StdEncoding.DecodedLen(end); cap(f.payload) < want {
			f.payload = make([]byte, 2*want)
		}
		n, err := base64.StdEncoding.Decode(f.payload[:cap(f.payload)], answer[:end])
		if err != nil {
			return t, fmt.Errorf("read data: %w", err)
		}
		id := idOf(f.payload[:n])
		if id == nil {
			return t, errNotAsExpected
		}
		t.Add(id)
		answer = answer[end:]
	}
}

// quoted returns a copy of what stands between mark and the next quote.
func quoted(text []byte, mark string) string {
	_, after, _ := bytes.Cut(text, []byte(mark))
	value, _, _ := bytes.Cut(after, []byte{'"'})
	return string(value)
}
