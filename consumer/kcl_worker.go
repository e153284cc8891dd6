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
	// at most one lease. A turn costs no call: shards come from the listing, leases
	// from the store's last scan.
	kclTurn = 100 * time.Millisecond
	// kclQuickTurn is that of a turn after one that took a lease, for where there was
	// one there may be more: a fleet that starts, or has lost a worker, does not wait
	// for its event loops. 512 leases are taken in some 5 s.
	kclQuickTurn = 5 * time.Millisecond
	// kclRenewal is how often the KCL asks whether a lease is still held. It hears the
	// answer only when the claim check is redeemed, and the lease over anyway; so this
	// is no more than seldom.
	kclRenewal = time.Minute
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
	leases := checkpoint.NewKCL(c.leases)
	pace := kclPace{cfg: cfg, acquired: leases.Acquired}
	return worker.NewWorker(&processorFactory{c}, cfg).
		WithKinesis(c.claimClient(pace.turn)).
		WithCheckpointer(leases)
}

// kclPace says how long the turns of the KCL's event loop are.
type kclPace struct {
	cfg      *kclconfig.KinesisClientLibConfiguration
	acquired func() int64
	before   int64
}

// turn is called once in each turn of the event loop, in its goroutine, which is
// the only one that reads the interval: before each turn, to wait for it.
func (p *kclPace) turn() {
	now, next := p.acquired(), kclTurn
	if now > p.before {
		next = kclQuickTurn
	}
	p.before = now
	p.cfg.ShardSyncIntervalMillis = int(next.Milliseconds())
}

// region is for the KCL's configuration, which insists on one; nothing is sent
// there.
func (c *Consumer) region() string { return "local" }
