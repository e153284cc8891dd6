package kinesis

import "time"

// Limits of the service, from
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
// and the API reference of the operation that each belongs to.
const (
	maxCreating        = 5       // streams or consumers in CREATING at once
	maxShardsPerStream = 10_000  // UpdateShardCount
	maxShardCount      = 100_000 // CreateStream's model
	maxScalings        = 10      // UpdateShardCount, a stream and 24 hours
	scalingWindow      = 24 * time.Hour
	defaultShardLimit  = 20_000 // of an account, in the large regions
	onDemandShards     = 4      // that an on-demand stream begins with
	onDemandLimit      = 50     // on-demand streams of an account

	minRetention = 24   // hours
	maxRetention = 8760 // hours

	maxPutRecords    = 500      // records in a PutRecords
	maxPutBytes      = 10 << 20 // data and partition keys in a PutRecords
	maxPartitionKey  = 256      // characters
	defaultMaxRecord = 1024     // KiB
	maxMaxRecord     = 10_240   // KiB

	maxGetRecords = 10_000   // records in a GetRecords
	maxGetBytes   = 10 << 20 // bytes in a GetRecords

	iteratorLife = 5 * time.Minute
	tokenLife    = 5 * time.Minute

	maxConsumers  = 20 // of a stream
	maxTags       = 50 // of a resource
	maxTagKey     = 128
	maxTagValue   = 256
	maxListShards = 1000 // shards in an answer, whatever was asked for

	subscriptionLife  = 5 * time.Minute
	subscriptionGrace = 5 * time.Second // before another may take over
	// keepAlive is how often an idle subscription sends an empty event. AWS
	// states no number; clients see about one in five seconds.
	keepAlive = 5 * time.Second
	// maxEventBytes bounds the records of one SubscribeToShardEvent.
	maxEventBytes   = 1 << 20
	maxEventRecords = 1000
)

// Quotas of one shard, from the same page.
const (
	writeRecords   = 1000    // a second
	writeBytes     = 1 << 20 // a second
	readCalls      = 5       // GetRecords a second
	readBytes      = 2 << 20 // a second
	iteratorCalls  = 5       // GetShardIterator a second
	subscribeCalls = 1       // SubscribeToShard a second and consumer
)
