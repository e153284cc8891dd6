#!/bin/sh
# Runs in the LocalStack container once it is ready: the stream, and the lease
# table that korestream would otherwise create itself. Safe to run again.
set -eu

stream="${KORESTREAM_STREAM:-kore-events}"
table="${KORESTREAM_APPLICATION:-korestream}"

if ! awslocal kinesis describe-stream-summary --stream-name "$stream" >/dev/null 2>&1; then
	awslocal kinesis create-stream --stream-name "$stream" --shard-count 4
fi
awslocal kinesis wait stream-exists --stream-name "$stream"

if ! awslocal dynamodb describe-table --table-name "$table" >/dev/null 2>&1; then
	awslocal dynamodb create-table --table-name "$table" \
		--billing-mode PAY_PER_REQUEST \
		--attribute-definitions AttributeName=leaseKey,AttributeType=S \
		--key-schema AttributeName=leaseKey,KeyType=HASH
fi
awslocal dynamodb wait table-exists --table-name "$table"

echo "stream $stream and table $table are ready"
