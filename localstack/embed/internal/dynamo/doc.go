// Package dynamo is DynamoDB in memory: tables, items, conditional and
// transactional writes, queries, scans and global secondary indexes, with the
// checks and messages of the service. Reads are always consistent. One lock
// guards everything: what it is for has little load and wants atomicity.
//
// Items that have outlived their time to live are deleted an hour after, by the
// endpoint's clock; the service takes up to a few days.
package dynamo
