package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/bench/peers"
	"korestream/bench/tally"
	"korestream/event"
	"korestream/event/fleet"
	"korestream/localstack/embed"
)

// Latency is how long after they were put the events were handled, in
// milliseconds.
type Latency struct {
	// Source is source.type of the consumer, if it is not the default.
	Source string `json:"source,omitempty"`
	Shards int    `json:"shards"`
	// Rate is how many events a second each shard got, Events how many in all.
	Rate   int     `json:"rate"`
	Events int64   `json:"events"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Most   float64 `json:"max_ms"`
	// Requests are those to DynamoDB while events came, by operation, an hour.
	Requests map[string]float64 `json:"dynamodb_requests_per_hour"`
}

// Manner says how the shards were read, if that is not the default.
func (l Latency) Manner() string {
	if l.Source == "" {
		return ""
	}
	return ", " + l.Source
}

// latencyStream is the stream on which latency is measured.
const latencyStream = "bench-latency"

// RunLatency puts events on the embedded endpoint, which korestream consumes over
// HTTP, at so many a second and shard.
func RunLatency(ctx context.Context, bin string, e Entrant, shards, rate int, d time.Duration) (_ Latency, err error) {
	endpoint := embed.New()
	db, err := startDynamo(ctx)
	if err != nil {
		return Latency{}, err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	server := httptest.NewServer(http.Handler(endpoint))
	defer server.Close()
	kc := kinesis.NewFromConfig(endpoint.Config())
	if _, err := kc.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(latencyStream), ShardCount: aws.Int32(int32(shards))}); err != nil {
		return Latency{}, fmt.Errorf("create stream: %w", err)
	}
	events := makeEvents(int(d.Seconds()) * rate * shards)
	t := peers.Target{
		Kinesis: server.URL, Dynamo: db.url, Stream: latencyStream, Shards: shards, Records: events.tally.Records, Patience: 10 * time.Minute,
		Settings: peers.Settings{"lease.table": leaseTable, "worker": "one"}, Latency: true,
	}
	p, err := e.start(ctx, bin, t)
	if err != nil {
		return Latency{}, err
	}
	defer p.kill()
	if _, err := until(ctx, t, func(owned map[string]int) bool { return owned["one"] == shards }); err != nil {
		return Latency{}, err
	}
	before, began := db.counts(), time.Now()
	if err := events.put(ctx, kc, rate*shards); err != nil {
		return Latency{}, err
	}
	after, took := db.counts(), time.Since(began)
	r, err := p.wait(events.tally)
	if err != nil {
		return Latency{}, err
	}
	return Latency{
		Shards: shards, Rate: rate, Events: r.Records, Requests: anHour(before, after, took),
		P50: Percentile(r.Latencies, 50), P99: Percentile(r.Latencies, 99), Most: Percentile(r.Latencies, 100),
	}, nil
}

// timed are events whose time is set when they are put.
type timed struct {
	records []fleet.Record
	// at is where the time of each is, in a text as long as timeLayout.
	at    []int
	tally tally.Tally
}

// timeLayout is a time as KORE writes it.
const timeLayout = "2006-01-02T15:04:05.0000000+00:00"

func makeEvents(n int) *timed {
	f := fleet.New(fleet.Config{Seed: 1, SIMs: 2000, Start: time.Now()})
	e := &timed{}
	for len(e.records) < n {
		r := f.Next()
		items, err := event.Decode(r.Data)
		if err != nil || len(items) != 1 || items[0].Err != nil {
			continue
		}
		at := bytes.LastIndex(r.Data, []byte(`"`+items[0].Event.TimeText+`"`)) + 1
		if len(items[0].Event.TimeText) != len(timeLayout) || at == 0 {
			continue
		}
		e.tally.Add([]byte(items[0].Event.ID))
		e.records, e.at = append(e.records, r), append(e.at, at)
	}
	return e
}

// put puts the events at so many a second, a few at a time.
func (e *timed) put(ctx context.Context, kc *kinesis.Client, rate int) error {
	const most, turn = 500, 10 * time.Millisecond
	tick := time.NewTicker(turn)
	defer tick.Stop()
	began, done := time.Now(), 0
	for done < len(e.records) {
		due := min(len(e.records), int(time.Since(began).Seconds()*float64(rate)), done+most)
		if due > done {
			if err := e.putRange(ctx, kc, done, due); err != nil {
				return err
			}
			done = due
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (e *timed) putRange(ctx context.Context, kc *kinesis.Client, from, to int) error {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(latencyStream)}
	now := time.Now().UTC().Format(timeLayout)
	for i := from; i < to; i++ {
		copy(e.records[i].Data[e.at[i]:], now)
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			Data: e.records[i].Data, PartitionKey: aws.String(e.records[i].PartitionKey), ExplicitHashKey: anyHashKey(),
		})
	}
	out, err := kc.PutRecords(ctx, in)
	if err != nil {
		return fmt.Errorf("put records: %w", err)
	}
	if n := aws.ToInt32(out.FailedRecordCount); n > 0 {
		return fmt.Errorf("%d records were not taken", n)
	}
	return nil
}

// anyHashKey spreads events over the shards evenly.
func anyHashKey() *string {
	key := new(big.Int).SetUint64(rand.Uint64())
	key.Lsh(key, 64)
	return aws.String(key.String())
}
