package localstack_test

import (
	"slices"
	"strings"
	"testing"

	"korestream/localstack/engines"
)

// disagreement is something that an engine does otherwise than AWS. The suite
// fails when one that is listed does not show any more, and when one shows that
// is not listed.
type disagreement struct {
	engine string
	name   string // of the case
	does   string // the engine; the case's name says what AWS does
	shows  string // is part of what the case finds
	page   string // of AWS's documentation, which settles it
}

// disagreements is the list. Nothing of ours can be on it: where the embedded
// endpoint disagrees with AWS, that is a bug.
var disagreements = slices.Concat(ofKinesisLocal, ofDynalite, transactionsOfDynalite())

// Where AWS documents its services.
const (
	kinesisPages  = "https://docs.aws.amazon.com/kinesis/latest/APIReference/"
	dynamodbPages = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
	dynamodbGuide = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
	cliPages      = "https://docs.aws.amazon.com/cli/latest/reference/kinesis/"
)

var ofKinesisLocal = []disagreement{
	{
		engine: engines.KinesisLocal, name: "CreateStream/divides the hash keys evenly",
		does: "gives each shard but the last one key too few", shows: "0-85070591730234615865843651857942052862",
		page: cliPages + "describe-stream.html",
	},
	{
		engine: engines.KinesisLocal, name: "CreateStream/refuses zero shards",
		does: "answers LimitExceededException", shows: "got LimitExceededException",
		page: kinesisPages + "API_CreateStream.html",
	},
	{
		engine: engines.KinesisLocal, name: "ListStreams/pages by NextToken in the order of names",
		does: "ignores the token and begins at the first name", shows: "second page: got [",
		page: kinesisPages + "API_ListStreams.html",
	},
	{
		engine: engines.KinesisLocal, name: "ListStreams/summarises what it lists",
		does: "leaves out the summaries", shows: "StreamSummaries: got none",
		page: kinesisPages + "API_ListStreams.html",
	},
	{
		engine: engines.KinesisLocal, name: "ListShards/AT_TRIM_HORIZON keeps the oldest shards",
		does: "adds the shards that a reshard opened later", shows: "shards: got [shardId-000000000000 shardId-000000000001 shardId-000000000002 shardId-000000000003]",
		page: kinesisPages + "API_ShardFilter.html",
	},
	{
		engine: engines.KinesisLocal, name: "ListShards/refuses an unknown filter",
		does: "answers SerializationException", shows: "got SerializationException",
		page: kinesisPages + "API_ShardFilter.html",
	},
	{
		engine: engines.KinesisLocal, name: "PutRecord/refuses a record above 1 MiB",
		does: "takes it, as if every stream had the largest limit", shows: "got no error",
		page: kinesisPages + "API_PutRecord.html",
	},
	{
		engine: engines.KinesisLocal, name: "PutRecords/refuses 501 records",
		does: "takes them", shows: "got no error",
		page: kinesisPages + "API_PutRecords.html",
	},
	{
		engine: engines.KinesisLocal, name: "PutRecords/refuses no records",
		does: "takes them", shows: "got no error",
		page: kinesisPages + "API_PutRecords.html",
	},
	{
		engine: engines.KinesisLocal, name: "GetShardIterator/AT_TIMESTAMP refuses the future",
		does: "answers an iterator", shows: "got no error",
		page: kinesisPages + "API_GetShardIterator.html",
	},
	{
		engine: engines.KinesisLocal, name: "GetShardIterator/refuses a sequence number of another shard",
		does: "answers an iterator", shows: "got no error",
		page: kinesisPages + "API_GetShardIterator.html",
	},
	{
		engine: engines.KinesisLocal, name: "GetShardIterator/refuses an unknown type",
		does: "answers SerializationException", shows: "got SerializationException",
		page: kinesisPages + "API_GetShardIterator.html",
	},
	{
		engine: engines.KinesisLocal, name: "GetRecords/refuses an iterator of its client's own",
		does: "answers status 500 without an error code, which clients retry", shows: "got UnknownError",
		page: kinesisPages + "API_GetRecords.html",
	},
	{
		engine: engines.KinesisLocal, name: "SplitShard/closes the parent behind its last record",
		does: "ends every closed shard at the largest 64-bit number", shows: "got 9223372036854775807",
		page: kinesisPages + "API_SequenceNumberRange.html",
	},
	{
		engine: engines.KinesisLocal, name: "SplitShard/refuses the first hash key of the shard",
		does: "leaves the lower child without a hash key", shows: "got no error",
		page: kinesisPages + "API_SplitShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "MergeShards/takes the shards in either order",
		does: "wants the lower one first", shows: "Provided shards are not adjacent",
		page: kinesisPages + "API_MergeShards.html",
	},
	{
		engine: engines.KinesisLocal, name: "UpdateStreamMode/on demand cannot be resharded",
		does: "splits it", shows: "SplitShard: got no error",
		page: kinesisPages + "API_SplitShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "ListStreamConsumers/pages by NextToken",
		does: "has no token for the second page", shows: "got [a b]",
		page: kinesisPages + "API_ListStreamConsumers.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/pushes what is there and what comes",
		does: "sends no initial-response, so that the SDK gives every subscription up", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/a subscription goes on from a continuation",
		does: "sends no initial-response, so that the SDK gives every subscription up", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/at the end of a shard names the children and ends",
		does: "sends no initial-response, so that the SDK gives every subscription up", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/refuses a second subscription within five seconds",
		does: "sends no initial-response, so that the SDK gives every subscription up", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/refuses an unknown shard",
		does: "answers a stream of events, and no exception", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "SubscribeToShard/refuses an unknown consumer",
		does: "answers a stream of events, and no exception", shows: "expected initial-response",
		page: kinesisPages + "API_SubscribeToShard.html",
	},
	{
		engine: engines.KinesisLocal, name: "AddTagsToStream/takes 50 tags at once",
		does: "takes ten", shows: "Can only add 10 tags",
		page: kinesisPages + "API_AddTagsToStream.html",
	},
	{
		engine: engines.KinesisLocal, name: "StreamARN/what is no ARN is refused",
		does: "answers SerializationException", shows: "got SerializationException",
		page: kinesisPages + "API_DescribeStreamSummary.html",
	},
}

var ofDynalite = []disagreement{
	{
		engine: engines.Dynalite, name: "GlobalSecondaryIndex/is filled when it is added later",
		does: "wants provisioned throughput for an index of a table that is billed by request", shows: "provisionedThroughput",
		page: dynamodbPages + "API_CreateGlobalSecondaryIndexAction.html",
	},
	{
		engine: engines.Dynalite, name: "Scan/refuses a segment without their number",
		does: "scans all of it", shows: "Scan: got no error",
		page: dynamodbPages + "API_Scan.html",
	},
	{
		engine: engines.Dynalite, name: "UpdateExpression/removes elements of a list by the places before",
		does: "removes elements one after another, each from what the last has left", shows: "list: got [1]",
		page: dynamodbGuide + "Expressions.UpdateExpressions.html",
	},
	{
		engine: engines.Dynalite, name: "ReturnValuesOnConditionCheckFailure/ALL_OLD returns the item",
		does: "leaves the item out", shows: "item of the error: got map[]",
		page: dynamodbPages + "API_UpdateItem.html",
	},
	{
		engine: engines.Dynalite, name: "UpdateTimeToLive/shows in its description",
		does: "does not know the operation", shows: "UnknownOperationException",
		page: dynamodbPages + "API_UpdateTimeToLive.html",
	},
}

// transactionsOfDynalite are all cases of transactions, of which it has none.
func transactionsOfDynalite() []disagreement {
	var all []disagreement
	for _, c := range transactCases {
		operation, _, _ := strings.Cut(c.name, "/")
		all = append(all, disagreement{
			engine: engines.Dynalite, name: c.name,
			does: "does not know the operation", shows: "UnknownOperationException",
			page: dynamodbPages + "API_" + operation + ".html",
		})
	}
	return all
}

func disagreementOf(engine, name string) (disagreement, bool) {
	i := slices.IndexFunc(disagreements, func(d disagreement) bool { return d.engine == engine && d.name == name })
	if i < 0 {
		return disagreement{}, false
	}
	return disagreements[i], true
}

func TestDisagreements_AreSettledByAWSDocumentation(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range disagreements {
		id := d.engine + " " + d.name
		if seen[id] {
			t.Errorf("%s: got two entries, want one", id)
		}
		seen[id] = true
		if d.engine != engines.KinesisLocal && d.engine != engines.Dynalite {
			t.Errorf("%s: got an engine that may not disagree, want %s or %s", id, engines.KinesisLocal, engines.Dynalite)
		}
		if !strings.HasPrefix(d.page, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: got page %q, want one of AWS's documentation", id, d.page)
		}
		if d.does == "" || d.shows == "" {
			t.Errorf("%s: got no words for what the engine does and how it shows", id)
		}
		if !slices.ContainsFunc(casesOf(d.engine), func(c conformanceCase) bool { return c.name == d.name }) {
			t.Errorf("%s: got a case that %s does not run", id, d.engine)
		}
	}
}
