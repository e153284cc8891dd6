// Command vmware is vmware-go-kcl-v2 as it comes, with a lease table of its own,
// a checkpoint after every batch, and one setting that is not its default: it
// looks for another shard to take ten times a second instead of once a minute.
// Without that 64 shards would take it an hour.
//
// It is built twice from this folder: by go.mod with the SDK that the library
// pins, by newest.mod with the newest one.
package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/sirupsen/logrus"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/checkpoint"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/config"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/interfaces"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/worker"
	"github.com/vmware/vmware-go-kcl-v2/logger"

	"korestream/bench/peers"
	"korestream/bench/tally"
)

// shardSync is the time between two looks for a shard to take, in milliseconds.
const shardSync = 100

func main() { peers.Main(consume) }

func consume(ctx context.Context, t peers.Target, c *tally.Counter) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel)
	cfg := config.NewKinesisClientLibConfigWithCredentials("bench-vmware", t.Stream, "us-east-1", "bench", aws.AnonymousCredentials{}, aws.AnonymousCredentials{}).
		WithInitialPositionInStream(config.TRIM_HORIZON).
		WithShardSyncIntervalMillis(shardSync).
		WithLogger(logger.NewLogrusLogger(log))
	p := &processors{decode: t.Decode, counter: c, fail: fail}
	w := worker.NewWorker(p, cfg).
		WithKinesis(kinesis.NewFromConfig(t.AWS(t.Kinesis))).
		WithCheckpointer(checkpoint.NewDynamoCheckpoint(cfg).WithDynamoDB(dynamodb.NewFromConfig(t.AWS(t.Dynamo))))
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	<-ctx.Done()
	w.Shutdown()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// processors makes one processor a shard and keeps what went wrong first, for the
// library has no way to say so.
type processors struct {
	decode  peers.Decoder
	counter *tally.Counter
	fail    context.CancelCauseFunc

	mu     sync.Mutex // guards failed
	failed error
}

// CreateProcessor implements interfaces.IRecordProcessorFactory.
func (p *processors) CreateProcessor() interfaces.IRecordProcessor { return &processor{p} }

func (p *processors) gaveUp(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = err
	}
	p.fail(err)
}

// processor counts the events of one shard.
type processor struct{ all *processors }

// Initialize implements interfaces.IRecordProcessor.
func (p *processor) Initialize(*interfaces.InitializationInput) {}

// ProcessRecords implements interfaces.IRecordProcessor.
func (p *processor) ProcessRecords(in *interfaces.ProcessRecordsInput) {
	if len(in.Records) == 0 {
		return
	}
	for _, r := range in.Records {
		id, err := p.all.decode.ID(r.Data)
		if err != nil {
			p.all.gaveUp(err)
			return
		}
		p.all.counter.Add(id)
	}
	last := in.Records[len(in.Records)-1]
	if err := in.Checkpointer.Checkpoint(last.SequenceNumber); err != nil {
		p.all.gaveUp(fmt.Errorf("checkpoint: %w", err))
	}
}

// Shutdown implements interfaces.IRecordProcessor.
func (p *processor) Shutdown(*interfaces.ShutdownInput) {}
