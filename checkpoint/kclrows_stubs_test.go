package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// theirTable is the lease table of an application of Amazon's KCL.
const theirTable = "java-app"

// A sequence number as Kinesis gives them, and the next.
const (
	seqA = "49590338271490256608559692538361571095921575989136588898"
	seqB = "49590338271490256608559692538361571095921575989136588899"
)

// theirLease is a lease in the memory of Amazon's KCL. What is empty is null.
type theirLease struct {
	key, owner                string
	counter, switches         int64
	at                        string
	sub                       int64
	parents, children         []string
	from, to                  string
	pending, state, handingOn string
	throughput                string // as Java prints a Double
}

// theirs is how one version writes a lease.
type theirs struct {
	name  string
	write func(theirLease) item
}

// kclVersions are all layouts there ever were; only some attributes differ.
var kclVersions = []theirs{
	{"1.0 to 1.3", func(l theirLease) item { // before KPL aggregates
		it := l.first()
		delete(it, attrSubSequence)
		return it
	}},
	{"1.4 to 1.8, 2.0 to 2.2", theirLease.first},
	{"1.14, 1.15", theirLease.ranged},
	{"2.3 to 2.7", theirLease.ranged},
	{"3.0 to 3.4", theirLease.three},
	{"3.5", func(l theirLease) item {
		it := l.three()
		it[attrEntityType] = str("LEASE")
		return it
	}},
}

func (l theirLease) first() item {
	it := item{
		"leaseKey": str(l.key), "leaseCounter": num(l.counter), "ownerSwitchesSinceCheckpoint": num(l.switches),
		"checkpoint": str(l.at), "checkpointSubSequenceNumber": num(l.sub),
	}
	if l.owner != "" {
		it["leaseOwner"] = str(l.owner)
	}
	if len(l.parents) > 0 {
		it["parentShardId"] = strs(l.parents)
	}
	if l.pending != "" {
		it["pendingCheckpoint"], it["pendingCheckpointSubSequenceNumber"] = str(l.pending), num(0)
	}
	return it
}

func (l theirLease) ranged() item {
	it := l.first()
	if len(l.children) > 0 {
		it["childShardIds"] = strs(l.children)
	}
	if l.from != "" {
		it["startingHashKey"], it["endingHashKey"] = str(l.from), str(l.to)
	}
	if l.state != "" {
		it["pendingCheckpointState"] = &types.AttributeValueMemberB{Value: []byte(l.state)}
	}
	return it
}

func (l theirLease) three() item {
	it := l.ranged()
	if l.throughput != "" {
		it["throughputKBps"] = &types.AttributeValueMemberN{Value: l.throughput}
	}
	if l.handingOn != "" {
		it["checkpointOwner"] = str(l.handingOn)
	}
	return it
}

// severalStreams is a lease of an application of several streams, since 2.3.
func severalStreams(stream string, l theirLease) item {
	shard := l.key
	l.key = stream + ":" + shard
	it := l.three()
	it["streamName"], it["shardId"] = str(stream), str(shard)
	return it
}

// besideLeases are the rows that KCL 3.5 keeps among the leases.
func besideLeases() []item {
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	return []item{
		{
			"leaseKey": str("worker-1"), "entityType": str("WORKER_METRIC_STATS"), "lut": n("1760000000"), "sup": n("1"), "slu": n("1760000000"),
			"sts": &types.AttributeValueMemberM{Value: item{"C": &types.AttributeValueMemberL{Value: []types.AttributeValue{n("12.5")}}}},
		},
		{
			"leaseKey": str("Leader"), "entityType": str("LEADER"), "ownerName": str("worker-1"), "leaseDuration": str("10000"),
			"recordVersionNumber": str("0b4c0f0e-0d65-4f35-8ae2-6cc9d7b4f1f5"),
		},
		{"leaseKey": str("TableMigration3.5"), "entityType": str("TABLE_MIGRATION"), "state": str("COMPLETE")},
		{"leaseKey": str("111122223333:orders:1700000000"), "entityType": str("STREAM"), "streamId": str("abc")},
	}
}

// makeTable creates a table with one string key and puts the rows in it.
func (w *world) makeTable(table, key string, items ...item) {
	w.t.Helper()
	_, err := w.db.CreateTable(w.t.Context(), &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
	})
	w.must(err)
	time.Sleep(time.Minute) // until it is ACTIVE
	w.putAll(table, items...)
}

func (w *world) putAll(table string, items ...item) {
	w.t.Helper()
	for _, it := range items {
		_, err := w.db.PutItem(w.t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: it})
		w.must(err)
	}
}

// contents is a whole table as text, by key; nil if it does not exist.
func (w *world) contents(table string) map[string]string {
	w.t.Helper()
	out, err := w.db.Scan(w.t.Context(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil
	}
	all := make(map[string]string)
	for _, it := range out.Items {
		l, err := leaseOf(it)
		w.must(err)
		all[textOf(it, attrKey)] = fmt.Sprint(fingerprint(it), l.Parents, l.Children)
	}
	return all
}

// imports imports from their table with a store of its own.
func (w *world) imports(opt ImportOptions) (ImportReport, error) {
	w.t.Helper()
	s, _ := w.store("importer")
	return s.Import(w.t.Context(), theirTable, w.shards, opt)
}

// keepMoving does something every few seconds until the test ends.
func (w *world) keepMoving(do func(n int)) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-time.After(3 * time.Second):
				do(n)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// dying is a client of a process that dies at a write: that one still arrives,
// its answer and all later ones do not.
type dying struct {
	DynamoDB
	left int // writes before that one
}

var errDead = errors.New("dead")

func (d *dying) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	d.left--
	if d.left < -1 {
		return nil, errDead
	}
	out, err := d.DynamoDB.PutItem(ctx, in, o...)
	if d.left == -1 {
		return nil, errors.Join(errDead, err)
	}
	return out, err
}

// digits is what Amazon's KCL accepts of a checkpoint besides its sentinels.
var digits = regexp.MustCompile(`^\d+$`)

// readAsTheirs reads a row as Amazon's KCL 3.5 does, by name and type and not by
// anything of ours, and refuses what would make it stumble: another type, a
// number that is null, a range that is none. It is false for a row that it
// skips.
func readAsTheirs(t *testing.T, it map[string]types.AttributeValue) (theirLease, bool) {
	t.Helper()
	text := func(name string) string {
		v, ok := it[name]
		if !ok {
			return ""
		}
		s, ok := v.(*types.AttributeValueMemberS)
		if !ok || s.Value == "" {
			t.Errorf("%s: got %#v, want a string", name, v)
			return ""
		}
		return s.Value
	}
	number := func(name string) string {
		v, ok := it[name].(*types.AttributeValueMemberN)
		if !ok {
			t.Errorf("%s: got %#v, want a number", name, it[name])
			return "0"
		}
		return v.Value
	}
	long := func(name string) int64 {
		n, err := strconv.ParseInt(number(name), 10, 64)
		if err != nil {
			t.Errorf("%s: got %v, want a Long", name, err)
		}
		return n
	}
	set := func(name string) []string {
		v, ok := it[name]
		if !ok {
			return nil
		}
		s, ok := v.(*types.AttributeValueMemberSS)
		if !ok || len(s.Value) == 0 {
			t.Errorf("%s: got %#v, want a set of strings", name, v)
			return nil
		}
		return s.Value
	}
	if kind := text("entityType"); kind != "" && kind != "LEASE" {
		return theirLease{}, false
	}
	l := theirLease{
		key: text("leaseKey"), owner: text("leaseOwner"), counter: long("leaseCounter"), switches: long("ownerSwitchesSinceCheckpoint"),
		at: text("checkpoint"), sub: long("checkpointSubSequenceNumber"), parents: set("parentShardId"), children: set("childShardIds"),
		from: text("startingHashKey"), to: text("endingHashKey"), pending: text("pendingCheckpoint"), handingOn: text("checkpointOwner"),
	}
	if _, ok := it["throughputKBps"]; ok {
		l.throughput = number("throughputKBps")
	}
	switch l.at {
	case "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END":
	default:
		if !digits.MatchString(l.at) {
			t.Errorf("checkpoint of %s: got %q, want digits or a sentinel", l.key, l.at)
		}
	}
	if l.from != "" && l.to != "" {
		from, ok := new(big.Int).SetString(l.from, 10)
		to, ok2 := new(big.Int).SetString(l.to, 10)
		if !ok || !ok2 || from.Cmp(to) >= 0 {
			t.Errorf("range of %s: got %s to %s, want decimal numbers that grow", l.key, l.from, l.to)
		}
	}
	return l, true
}
