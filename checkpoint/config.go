package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDB is what a Store needs of *dynamodb.Client, which implements it.
type DynamoDB interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Config says how a Store leases.
type Config struct {
	// Table is the lease table's name, the application's.
	Table string
	// Worker is this process's ID among the application's. Two live processes
	// must not share one; the second waits until the first is gone.
	Worker string
	// AdminAddress is where this process can be asked about itself, for people;
	// it may be empty.
	AdminAddress string
	// Failover is how long a worker's heartbeat must stand still before its
	// leases are taken: 1 s or more. It should be the same for all workers.
	Failover time.Duration
	// MaxLeases bounds how many leases one worker is given; 0 is no bound. It
	// should be the same for all workers.
	MaxLeases int
	// CreateTable says that Init creates a table that is not there.
	CreateTable bool
}

// DefaultConfig returns the defaults. Table and Worker are left to be set.
func DefaultConfig() Config {
	return Config{Failover: 10 * time.Second, CreateTable: true}
}

// tableName is what DynamoDB allows, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// minFailover leaves room for a heartbeat to be late: four of them fit in it.
const minFailover = time.Second

// Validate returns an error that names everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if !tableName.MatchString(c.Table) {
		errs = append(errs, fmt.Errorf("lease table %q: 3 to 255 letters, digits, dots, dashes or underscores make a table's name", c.Table))
	}
	if c.Worker == "" {
		errs = append(errs, errors.New("worker: the ID is empty"))
	}
	if c.Failover < minFailover {
		errs = append(errs, fmt.Errorf("failover %s is less than %s", c.Failover, minFailover))
	}
	if c.MaxLeases < 0 {
		errs = append(errs, fmt.Errorf("max leases %d is negative", c.MaxLeases))
	}
	return errors.Join(errs...)
}

// heartbeatEvery leaves three more tries within the failover time.
func (c Config) heartbeatEvery() time.Duration { return c.Failover / 4 }

// scanEvery is how often a table of so many rows is read. A scan costs half a
// read unit for 4 KiB
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html),
// about ten leases. So that the bill grows slower than the table, large ones are
// read less often: up to two seconds, which is what a failover may take beyond
// its time.
func (c Config) scanEvery(rows int) time.Duration {
	every := min(time.Second, c.Failover/5)
	return every + every*time.Duration(min(rows, scanSlowest))/scanSlowest
}

// scanSlowest is from how many rows on a table is read half as often.
const scanSlowest = 512

// deadline is how long after sending the last heartbeat that arrived the
// worker's leases count as lost to itself. What is left of the failover time is
// for handlers to stop before another worker starts.
func (c Config) deadline() time.Duration { return c.Failover * 8 / 10 }

// callTimeout bounds one call. A call that hangs must leave time for another
// before the deadline.
func (c Config) callTimeout() time.Duration { return min(5*time.Second, c.Failover/3) }
