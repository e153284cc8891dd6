package consumer

import (
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	kclconfig "github.com/vmware/vmware-go-kcl-v2/clientlibrary/config"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/worker"

	"korestream/checkpoint"
)

const (
	// kclTurn is the mean time of one turn of the KCL's event loop, which takes
	// at most one lease: 64 shards in about 6 s. A turn costs no call: shards
	// come from the listing, leases from the store's last scan.
	kclTurn = 100 * time.Millisecond
	// kclRenewal is how often the KCL asks whether a lease is still held.
	kclRenewal = time.Second
)

// newWorker builds the KCL's Worker on our three seams: the checkpointer, the
// Kinesis client and the processor factory. Lease stealing and its own fan-out
// stay off; its limits stay out of the way, for the lease store decides.
func (c *Consumer) newWorker() *worker.Worker {
	cfg := kclconfig.NewKinesisClientLibConfigWithCredentials(
		c.cfg.Application, c.cfg.Stream, c.region(), c.cfg.Worker, aws.AnonymousCredentials{}, aws.AnonymousCredentials{}).
		WithInitialPositionInStream(kclconfig.TRIM_HORIZON).
		WithShardSyncIntervalMillis(int(kclTurn.Milliseconds())).
		WithLeaseRefreshWaitTime(int(kclRenewal.Milliseconds())).
		WithMaxLeasesForWorker(math.MaxInt32).
		WithIdleTimeBetweenReadsInMillis(1).
		WithMaxRecords(1).
		WithLogger(newKCLLogger(c.log))
	return worker.NewWorker(&processorFactory{c}, cfg).
		WithKinesis(c.claimClient()).
		WithCheckpointer(checkpoint.NewKCL(c.leases))
}

// region is for the KCL's configuration, which insists on one; nothing is sent
// there.
func (c *Consumer) region() string { return "local" }
