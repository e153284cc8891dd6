package kinesis

import (
	"context"
	"sync"
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

// Options say what a Service is like.
type Options struct {
	Region, Account string
	// Now is the service's clock: everything it stamps and lets expire goes by
	// it. It may be called concurrently.
	Now func() time.Time
	// Delay is how long changes of a stream or consumer take.
	Delay time.Duration
	// Quotas says whether the quotas of shards are enforced.
	Quotas bool
	// ShardLimit is how many open shards the account may have; 0 is AWS's
	// default.
	ShardLimit int
	// RecordFault, if set, is asked for each record of a PutRecords and may
	// refuse it with an error, which becomes that record's result. It may be
	// called concurrently.
	RecordFault func(stream, shard string) *awsjson.Error
}

// Service is the Kinesis of one account in one region.
type Service struct {
	opts Options

	mu         sync.RWMutex // guards everything below
	streams    map[string]*stream
	lastStream uint64
}

var _ awsjson.Service = (*Service)(nil)

// New returns a Service without streams.
func New(opts Options) *Service {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.ShardLimit == 0 {
		opts.ShardLimit = defaultShardLimit
	}
	return &Service{opts: opts, streams: map[string]*stream{}}
}

// call runs one operation on its body.
type call func(s *Service, body []byte) (any, error)

// on makes a call of a method that takes the decoded request.
func on[In any](method func(*Service, *In) (any, error)) call {
	return func(s *Service, body []byte) (any, error) {
		in := new(In)
		if err := awsjson.Decode(body, in); err != nil {
			return nil, err
		}
		return method(s, in)
	}
}

// operations are those that are implemented.
var operations = map[string]call{
	"AddTagsToStream":               on((*Service).addTagsToStream),
	"CreateStream":                  on((*Service).createStream),
	"DecreaseStreamRetentionPeriod": on((*Service).decreaseRetention),
	"DeleteStream":                  on((*Service).deleteStream),
	"DeregisterStreamConsumer":      on((*Service).deregisterStreamConsumer),
	"DescribeLimits":                on((*Service).describeLimits),
	"DescribeStream":                on((*Service).describeStream),
	"DescribeStreamConsumer":        on((*Service).describeStreamConsumer),
	"DescribeStreamSummary":         on((*Service).describeStreamSummary),
	"DisableEnhancedMonitoring":     on((*Service).disableEnhancedMonitoring),
	"EnableEnhancedMonitoring":      on((*Service).enableEnhancedMonitoring),
	"GetRecords":                    on((*Service).getRecords),
	"GetShardIterator":              on((*Service).getShardIterator),
	"IncreaseStreamRetentionPeriod": on((*Service).increaseRetention),
	"ListShards":                    on((*Service).listShards),
	"ListStreamConsumers":           on((*Service).listStreamConsumers),
	"ListStreams":                   on((*Service).listStreams),
	"ListTagsForResource":           on((*Service).listTagsForResource),
	"ListTagsForStream":             on((*Service).listTagsForStream),
	"MergeShards":                   on((*Service).mergeShards),
	"PutRecord":                     on((*Service).putRecord),
	"PutRecords":                    on((*Service).putRecords),
	"RegisterStreamConsumer":        on((*Service).registerStreamConsumer),
	"RemoveTagsFromStream":          on((*Service).removeTagsFromStream),
	"SplitShard":                    on((*Service).splitShard),
	"StartStreamEncryption":         on((*Service).startStreamEncryption),
	"StopStreamEncryption":          on((*Service).stopStreamEncryption),
	"SubscribeToShard":              on((*Service).subscribeToShard),
	"TagResource":                   on((*Service).tagResource),
	"UntagResource":                 on((*Service).untagResource),
	"UpdateMaxRecordSize":           on((*Service).updateMaxRecordSize),
	"UpdateShardCount":              on((*Service).updateShardCount),
	"UpdateStreamMode":              on((*Service).updateStreamMode),
}

// Call implements awsjson.Service. Its answers are values for encoding/json,
// awsjson.Raw and *awsjson.Stream.
func (s *Service) Call(_ context.Context, operation string, body []byte) (any, error) {
	run, ok := operations[operation]
	if !ok {
		return nil, &awsjson.Error{Status: 400, Code: "UnknownOperationException"}
	}
	return run(s, body)
}
