package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"korestream/checkpoint"
	"korestream/internal/iam"
)

// tableOf says what a table of ours is to be like.
type tableOf struct {
	part iam.Part
	name string
	// setting is what names it.
	setting string
	// key is its only key, a string, and expiry the attribute of its time to live,
	// empty if it has none.
	key, expiry string
	// created says that a daemon makes it if it is not there.
	created bool
}

// lookAtTables looks at every table, and returns the lease table if it is there.
func (e *exam) lookAtTables(ctx context.Context) *types.TableDescription {
	leases := tableOf{part: iam.Leases, name: e.cfg.LeaseTable(), setting: "lease.table", key: "leaseKey", created: e.cfg.Lease.CreateTable}
	found := e.lookAtTable(ctx, leases)
	if found != nil {
		e.checkBackups(ctx, leases)
	}
	if e.cfg.Dedupe.Store == "dynamodb" {
		e.lookAtTable(ctx, tableOf{part: iam.Dedupe, name: e.cfg.DedupeTable(), setting: "dedupe.table", key: "eventId", expiry: "expiresAt", created: true})
	}
	for i := range e.cfg.Handlers {
		h := &e.cfg.Handlers[i]
		if h.Type != "simstate" || h.Store != "dynamodb" {
			continue
		}
		t := tableOf{part: iam.SIMs, name: e.cfg.SIMTable(h), setting: "the table of handler " + h.Name, key: "sim", created: true}
		if h.TTL > 0 {
			t.expiry = "expiresAt"
		}
		e.lookAtTable(ctx, t)
	}
	return found
}

func (e *exam) lookAtTable(ctx context.Context, t tableOf) *types.TableDescription {
	check := string(t.part)
	out, err := e.c.Dynamo.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
	var missing *types.ResourceNotFoundException
	create := fmt.Sprintf("aws dynamodb create-table --table-name %s --billing-mode PAY_PER_REQUEST "+
		"--attribute-definitions AttributeName=%s,AttributeType=S --key-schema AttributeName=%[2]s,KeyType=HASH", t.name, t.key)
	switch {
	case errors.As(err, &missing) && t.created:
		e.ok(check, "none yet; run makes it", "table "+t.name)
		return nil
	case errors.As(err, &missing):
		e.fault(check, "no table "+t.name, "the table, for lease.create_table is false", "run does not start without it", create)
		return nil
	case err != nil:
		if !denied(err) {
			e.fault(check, err.Error(), "an answer of DynamoDB", "nothing is known of the table", "check AWS_REGION and AWS_ENDPOINT_URL")
		}
		return nil
	}
	d := out.Table
	if d.TableStatus != types.TableStatusActive && d.TableStatus != types.TableStatusUpdating {
		e.fault(check, t.name+" is "+string(d.TableStatus), "ACTIVE", "nothing can be read or written", "aws dynamodb wait table-exists --table-name "+t.name)
		return nil
	}
	if len(d.KeySchema) != 1 || aws.ToString(d.KeySchema[0].AttributeName) != t.key || d.AttributeDefinitions[0].AttributeType != types.ScalarAttributeTypeS {
		e.fault(check, t.name+" has the key "+keyOf(d), t.key+" (S) as its only key", "it is the table of something else", "give "+t.setting+" another name, or: "+create)
		return nil
	}
	e.ok(check, t.name+" is ACTIVE", t.key+" as its only key")
	e.checkBilling(t, d)
	if t.expiry != "" || t.part == iam.Leases {
		e.checkTTL(ctx, t)
	}
	return d
}

func keyOf(d *types.TableDescription) string {
	text := ""
	for _, k := range d.KeySchema {
		text += aws.ToString(k.AttributeName) + " "
	}
	return text + "(" + string(d.AttributeDefinitions[0].AttributeType) + ")"
}

// checkBilling advises against provisioned capacity.
func (e *exam) checkBilling(t tableOf, d *types.TableDescription) {
	check, want := string(t.part)+" billing", "on demand"
	if d.BillingModeSummary != nil && d.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		e.ok(check, "on demand", want)
		return
	}
	found := "provisioned"
	if p := d.ProvisionedThroughput; p != nil {
		found = fmt.Sprintf("provisioned: %d writes, %d reads a second", aws.ToInt64(p.WriteCapacityUnits), aws.ToInt64(p.ReadCapacityUnits))
	}
	e.advise(check, found, want, "a fleet that starts at once, or a burst, is throttled where capacity is fixed",
		"aws dynamodb update-table --table-name "+t.name+" --billing-mode PAY_PER_REQUEST")
}

// checkTTL looks at a table's time to live: without one a table of events grows
// for ever, and with one leases would go.
func (e *exam) checkTTL(ctx context.Context, t tableOf) {
	out, err := e.c.Dynamo.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.name})
	if err != nil {
		return // found with the actions, where a daemon needs it
	}
	check, on := string(t.part)+" time to live", aws.ToString(out.TimeToLiveDescription.AttributeName)
	switch s := out.TimeToLiveDescription.TimeToLiveStatus; s {
	case types.TimeToLiveStatusDisabled, types.TimeToLiveStatusDisabling:
		on = ""
	}
	set := "aws dynamodb update-time-to-live --table-name " + t.name + " --time-to-live-specification Enabled=%t,AttributeName=%s"
	switch {
	case on == t.expiry:
		e.ok(check, orNone(on), orNone(t.expiry))
	case t.expiry == "":
		e.fault(check, on, "none", "leases and checkpoints would be deleted by it", fmt.Sprintf(set, false, on))
	default:
		e.fault(check, orNone(on), t.expiry, "nothing is ever removed, and the table grows for ever", fmt.Sprintf(set, true, t.expiry))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// checkBackups advises point-in-time recovery for the lease table. An endpoint
// that does not know of it says nothing.
func (e *exam) checkBackups(ctx context.Context, t tableOf) {
	const check, want = "lease table recovery", "point-in-time recovery"
	out, err := e.c.Dynamo.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.name})
	if err != nil {
		return
	}
	if p := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription; p != nil && p.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		e.ok(check, "on", want)
		return
	}
	e.advise(check, "off", want, "checkpoints that are lost while no worker runs can only be brought back from a backup",
		"aws dynamodb update-continuous-backups --table-name "+t.name+" --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true")
}

// checkWorkers looks whether several processes share one ID: those that came
// later are refused their heartbeats, again and again, as is seen in its row.
func (e *exam) checkWorkers(ctx context.Context) {
	const check, want = "workers", "an ID of its own for each process"
	before := make(map[string]checkpoint.WorkerRow)
	for _, w := range e.table.Workers {
		before[w.ID] = w
	}
	if len(before) == 0 {
		return
	}
	wait := min(e.cfg.Lease.Failover/4+time.Second, 5*time.Second)
	if pause(ctx, wait-time.Since(e.table.At)) != nil {
		return
	}
	now, err := e.leases.Load(ctx)
	if err != nil {
		return
	}
	live := 0
	for _, w := range now.Workers {
		was, known := before[w.ID]
		if !known || w.Heartbeat == was.Heartbeat {
			continue // one that died is not in the way for long
		}
		live++
		if w.Refused != was.Refused {
			e.fault(check, "several processes run as "+w.ID, want, "only the first of them works; the others wait for it to go",
				"give each its own worker, or none: korestream makes one up")
			return
		}
	}
	e.ok(check, fmt.Sprintf("%d alive", live), want)
}
