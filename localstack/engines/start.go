package engines

import (
	"context"
	"path/filepath"
)

// The names of the engines, which are those of their npm packages.
const (
	KinesisLocal = "kinesis-local"
	Dynalite     = "dynalite"
	Fauxqs       = "fauxqs"
)

// StartKinesis starts kinesis-local: Kinesis without quotas and without a
// fan-out that the SDK could read. The context bounds the start.
func StartKinesis(ctx context.Context) (*Engine, error) {
	dir, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	home := filepath.Join("node_modules", KinesisLocal)
	return start(ctx, dir, launch{
		name:   KinesisLocal,
		script: filepath.Join(home, "main.js"),
		health: "/healthcheck",
		env: []string{
			// It looks for its certificate in the working directory.
			"KINESIS_MOCK_CERT_PATH=" + filepath.Join(home, "server.json"),
			"KINESIS_MOCK_PLAIN_PORT=" + askedPort, "KINESIS_MOCK_TLS_PORT=4568",
			"LOG_LEVEL=ERROR", "SHARD_LIMIT=1000",
			"CREATE_STREAM_DURATION=20ms", "DELETE_STREAM_DURATION=20ms",
			"SPLIT_SHARD_DURATION=20ms", "MERGE_SHARDS_DURATION=20ms", "UPDATE_SHARD_COUNT_DURATION=20ms",
			"REGISTER_STREAM_CONSUMER_DURATION=20ms", "DEREGISTER_STREAM_CONSUMER_DURATION=20ms",
			"START_STREAM_ENCRYPTION_DURATION=20ms", "STOP_STREAM_ENCRYPTION_DURATION=20ms",
			"UPDATE_STREAM_MODE_DURATION=20ms",
		},
	})
}

// StartDynamoDB starts dynalite: DynamoDB in memory, without transactions and
// without time to live. The context bounds the start.
func StartDynamoDB(ctx context.Context) (*Engine, error) {
	dir, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, dir, launch{
		name:   Dynalite,
		script: filepath.Join("node_modules", Dynalite, "cli.js"),
		args:   []string{"--port", askedPort, "--createTableMs", "20", "--deleteTableMs", "20", "--updateTableMs", "20"},
		health: "/",
	})
}

// StartSQS starts fauxqs: SQS with FIFO queues, deduplication, visibility and the
// limits of size, but one that refuses characters above U+FFFF. Its version is
// the last one for Node 20. The context bounds the start.
func StartSQS(ctx context.Context) (*Engine, error) {
	dir, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, dir, launch{
		name:   Fauxqs,
		script: filepath.Join("node_modules", Fauxqs, "dist", "server.js"),
		health: "/health",
		env:    []string{"FAUXQS_PORT=" + askedPort, "FAUXQS_LOGGER=false"},
	})
}
