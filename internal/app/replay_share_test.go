package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
	"korestream/localstack/embed"
)

// countingKinesis counts reads and those that are refused.
type countingKinesis struct {
	*kinesis.Client
	reads, refused atomic.Int64
}

func (c *countingKinesis) GetRecords(ctx context.Context, in *kinesis.GetRecordsInput, o ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	out, err := c.Client.GetRecords(ctx, in, o...)
	c.reads.Add(1)
	var throttled *types.ProvisionedThroughputExceededException
	if errors.As(err, &throttled) {
		c.refused.Add(1)
	}
	return out, err
}

// countingHandler handles everything.
type countingHandler struct{ n atomic.Int64 }

func (h *countingHandler) Dispatch(context.Context, *consumer.Delivery) (consumer.Outcome, error) {
	h.n.Add(1)
	return consumer.Handled, nil
}

func (h *countingHandler) Bury(context.Context, *consumer.DeadLetter) error { return nil }

const (
	loadRecords = 200
	loadBytes   = 1250
)

// loadFor puts 400 records a second of 1.2 KB: half of the bytes that a shard
// takes.
func loadFor(t *testing.T, kc *kinesis.Client, d time.Duration) (n int64) {
	t.Helper()
	pad := strings.Repeat("x", loadBytes-100)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		var entries []types.PutRecordsRequestEntry
		for i := range loadRecords {
			data := fmt.Sprintf(`{"specversion":"1.0","source":"s","id":"%d/%d","type":"t","data":{"sim_sid":"HS%d","pad":%q}}`, n, i, i, pad)
			entries = append(entries, types.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String("k")})
		}
		out, err := kc.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: entries})
		if err != nil || *out.FailedRecordCount > 0 {
			t.Errorf("put: %v, %d refused", err, *out.FailedRecordCount)
		}
		n += loadRecords
	}
	return n
}

// consume runs a consumer in the background; stop waits for it.
func consume(t *testing.T, cfg consumer.Config, table string, kc consumer.KinesisAPI, db *dynamodb.Client) (c *consumer.Consumer, h *countingHandler, stop func()) {
	t.Helper()
	leases := checkpoint.DefaultConfig()
	leases.Table, leases.Worker = table, cfg.Worker
	h = &countingHandler{}
	c, err := consumer.New(cfg, kc, checkpoint.New(db, leases), h, h)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return c, h, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestReplay_LeavesTheLiveConsumerItsShareOfAShard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ep := embed.New(embed.WithQuotas(true))
		kc, db := kinesis.NewFromConfig(ep.Config()), dynamodb.NewFromConfig(ep.Config())
		if _, err := kc.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		waiter := kinesis.NewStreamExistsWaiter(kc)
		if err := waiter.Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("s")}, time.Minute); err != nil {
			t.Fatal(err)
		}
		cfg := consumer.DefaultConfig()
		cfg.Stream, cfg.Worker = "s", "live"
		liveClient := &countingKinesis{Client: kc}
		live, handled, stopLive := consume(t, cfg, "live", liveClient, db)
		from := time.Now()
		n := loadFor(t, kc, 20*time.Second)
		to := time.Now()
		time.Sleep(10 * time.Second)
		alone := liveClient.refused.Load()

		settings, err := config.Load(config.Sources{NoFiles: true, Flags: map[string]string{"stream": "s"}})
		if err != nil {
			t.Fatal(err)
		}
		of := replayConfig(settings, "0123abcd")
		r := &replay{cfg: of, log: zap.NewNop(), plan: replayPlan{From: from, To: to}, daemon: &Daemon{cfg: of, memory: memoryOf(0)}}
		begun := time.Now()
		again, replayed, stopReplay := consume(t, r.consumerConfig(), of.LeaseTable(), kc, db)
		var took time.Duration
		worst := time.Duration(0)
		loaded := make(chan int64, 1)
		go func() { loaded <- loadFor(t, kc, 30*time.Second) }()
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			for _, s := range live.Status().Shards {
				worst = max(worst, s.Behind)
			}
			if again.Status().Complete && took == 0 {
				took = time.Since(begun)
			}
		}
		more := <-loaded
		time.Sleep(10 * time.Second)
		stopReplay()
		stopLive()
		t.Logf("replayed %d events (%d KB a second) in %s; live was at most %s behind, %d of its %d reads were refused, %d before the replay",
			replayed.n.Load(), n*loadBytes/1000/int64(took.Seconds()+1), took, worst, liveClient.refused.Load(), liveClient.reads.Load(), alone)
		if replayed.n.Load() != n || took == 0 {
			t.Errorf("replayed %d of %d events in %s", replayed.n.Load(), n, took)
		}
		if handled.n.Load() != n+more {
			t.Errorf("live handled %d of %d events", handled.n.Load(), n+more)
		}
		if worst > time.Second || liveClient.refused.Load() > alone {
			t.Errorf("live was %s behind, %d of its reads were refused", worst, liveClient.refused.Load()-alone)
		}
	})
}
