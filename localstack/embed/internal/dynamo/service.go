package dynamo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"korestream/localstack/embed/internal/awsjson"
)

// Options are the settings of a Service.
type Options struct {
	Region, Account string
	Now             func() time.Time
}

// Service answers DynamoDB's operations. It is safe for concurrent use.
type Service struct {
	opts Options
	ops  map[string]operation

	mu     sync.Mutex // guards all below
	tables map[string]*table
	tokens map[string]tokenUse // of TransactWriteItems
}

var _ awsjson.Service = (*Service)(nil)

// operation decodes a request's body and answers it. The caller holds mu.
type operation func(body []byte) (any, error)

// New returns a service without tables.
func New(o Options) *Service {
	s := &Service{opts: o, tables: make(map[string]*table), tokens: make(map[string]tokenUse)}
	s.ops = map[string]operation{
		"CreateTable": answer(s.createTable), "DescribeTable": answer(s.describeTable), "DeleteTable": answer(s.deleteTable),
		"ListTables": answer(s.listTables), "UpdateTable": answer(s.updateTable),
		"UpdateTimeToLive": answer(s.updateTimeToLive), "DescribeTimeToLive": answer(s.describeTimeToLive),
		"TagResource": answer(s.tagResource), "UntagResource": answer(s.untagResource), "ListTagsOfResource": answer(s.listTags),
		"GetItem": answer(s.getItem), "PutItem": answer(s.putItem), "UpdateItem": answer(s.updateItem), "DeleteItem": answer(s.deleteItem),
		"Query": answer(s.query), "Scan": answer(s.scan),
		"BatchGetItem": answer(s.batchGet), "BatchWriteItem": answer(s.batchWrite),
		"TransactWriteItems": answer(s.transactWrite), "TransactGetItems": answer(s.transactGet),
		"DescribeLimits": answer(s.describeLimits), "DescribeEndpoints": answer(s.describeEndpoints),
	}
	return s
}

// answer makes an operation of a function of a request.
func answer[In any](f func(in *In) (any, error)) operation {
	return func(body []byte) (any, error) {
		var in In
		if err := awsjson.Decode(body, &in); err != nil {
			return nil, err
		}
		return f(&in)
	}
}

// Call implements awsjson.Service.
func (s *Service) Call(_ context.Context, op string, body []byte) (any, error) {
	f, ok := s.ops[op]
	if !ok {
		return nil, awsjson.Errorf("UnknownOperationException", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	out, err := f(body)
	if err != nil || out == nil {
		return nil, err
	}
	raw, err := json.Marshal(out)
	return awsjson.Raw(raw), err
}

func invalid(format string, args ...any) *awsjson.Error {
	return awsjson.Errorf("ValidationException", format, args...)
}

// table returns an ACTIVE table.
func (s *Service) table(nameOrARN string) (*table, error) {
	name := tableOf(nameOrARN)
	if name == "" {
		return nil, invalid("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	}
	t, ok := s.tables[name]
	if !ok {
		return nil, awsjson.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}

func (s *Service) arn(table string) string {
	return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", s.opts.Region, s.opts.Account, table)
}

// epoch is a time as AWS's JSON has it: seconds, with decimals.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type noInput struct{}

func (s *Service) describeLimits(*noInput) (any, error) {
	// The initial quotas of an account, see
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
	return map[string]int{
		"AccountMaxReadCapacityUnits": 80_000, "AccountMaxWriteCapacityUnits": 80_000,
		"TableMaxReadCapacityUnits": 40_000, "TableMaxWriteCapacityUnits": 40_000,
	}, nil
}

func (s *Service) describeEndpoints(*noInput) (any, error) {
	return map[string]any{"Endpoints": []map[string]any{
		{"Address": "dynamodb." + s.opts.Region + ".amazonaws.com", "CachePeriodInMinutes": 1440},
	}}, nil
}
