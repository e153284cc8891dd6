package consumer

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
	kcl "github.com/vmware/vmware-go-kcl-v2/clientlibrary/interfaces"
	"go.uber.org/zap"

	"korestream/checkpoint"
)

// processor is the KCL's view of one lease. Its callbacks carry no context and
// return no error, so it holds the lease, and the lease's context with it.
type processor struct {
	consumer *Consumer
	shard    string
	lease    *checkpoint.Lease
}

var (
	_ kcl.IRecordProcessor        = (*processor)(nil)
	_ kcl.IRecordProcessorFactory = (*processorFactory)(nil)
)

type processorFactory struct{ consumer *Consumer }

// CreateProcessor makes the processor for one lease.
func (f *processorFactory) CreateProcessor() kcl.IRecordProcessor {
	return &processor{consumer: f.consumer}
}

// Initialize offers the claim check of the lease. If the lease is gone already
// there is none, and the KCL's first GetRecords tells it so.
func (p *processor) Initialize(in *kcl.InitializationInput) {
	p.shard = in.ShardId
	lease, ok := p.consumer.leases.Held(p.shard)
	if !ok {
		p.consumer.claims.set(p.shard, claimNone)
		return
	}
	p.lease = lease
	p.consumer.claims.set(p.shard, claimOffered)
}

// ProcessRecords redeems the claim check: it runs the shard for the whole
// lease. The KCL renews the lease beside it.
func (p *processor) ProcessRecords(*kcl.ProcessRecordsInput) {
	after := claimNone
	if p.consumer.runShard(p.lease) {
		after = claimEnded
	}
	p.consumer.claims.set(p.shard, after)
}

// Shutdown writes SHARD_END after the shard's end. On a requested stop nothing
// is left to do: ProcessRecords has drained and checkpointed before it returned.
func (p *processor) Shutdown(in *kcl.ShutdownInput) {
	defer p.consumer.claims.set(p.shard, claimNone)
	if in.ShutdownReason != kcl.TERMINATE {
		return
	}
	if err := p.endShard(p.lease.Context(), in.Checkpointer); err != nil {
		p.consumer.log.Warn("end of shard not recorded; its last records will be read again",
			zap.String(KeyShard, p.shard), zap.NamedError(KeyError, err))
		return
	}
	p.consumer.listing.refreshSoon()
}

// endShard tries to record the end for as long as the lease lasts: without it
// the children cannot start.
func (p *processor) endShard(ctx context.Context, c kcl.IRecordProcessorCheckpointer) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 50*time.Millisecond, time.Second
	for {
		err := c.Checkpoint(nil)
		if err == nil {
			return nil
		}
		if p.consumer.abandon.Err() != nil || wait(ctx, b.NextBackOff()) != nil {
			return err
		}
	}
}
