// Package kinesis is Amazon Kinesis Data Streams in memory: its operations,
// validation, errors, quotas and enhanced fan-out, as the API reference of
// version 2013-12-02 describes them
// (https://docs.aws.amazon.com/kinesis/latest/APIReference/).
//
// Nothing happens by itself. What AWS does some seconds after a call (a stream
// becomes ACTIVE, a split takes effect, a record expires) is worked out when
// somebody next looks, from the service's clock; so there is no goroutine and
// no timer except in an open subscription.
//
// Locks are taken in this order: Service.mu, stream.mu, shard.mu. A put holds
// its stream's lock for reading until its records are appended, and a reshard
// takes it for writing, so no record can enter a shard that was closed.
package kinesis
