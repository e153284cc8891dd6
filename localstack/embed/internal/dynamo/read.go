package dynamo

import (
	"slices"

	"korestream/localstack/embed/internal/dynamo/attr"
	"korestream/localstack/embed/internal/dynamo/expr"
)

type getInput struct {
	TableName                string
	Key                      attr.Item
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames expr.Names
	ReturnConsumedCapacity   string
	AttributesToGet          []string // legacy
}

type getOutput struct {
	Item             attr.Item `json:",omitzero"`
	ConsumedCapacity *consumed `json:",omitzero"`
}

func (s *Service) getItem(in *getInput) (any, error) {
	t, item, err := s.get(in)
	if err != nil {
		return nil, err
	}
	return getOutput{item, consumedBy(in.ReturnConsumedCapacity, t, readUnits(item.Size(), in.ConsistentRead))}, nil
}

// get reads one item, projected; nil if there is none.
func (s *Service) get(in *getInput) (*table, attr.Item, error) {
	if in.AttributesToGet != nil {
		return nil, nil, errLegacyRead
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, nil, err
	}
	scope, err := expr.NewScope(in.ExpressionAttributeNames, nil)
	if err != nil {
		return nil, nil, err
	}
	project, err := projector(scope, in.ProjectionExpression)
	if err != nil {
		return nil, nil, err
	}
	if err := scope.Unused(); err != nil {
		return nil, nil, err
	}
	if err := t.checkKey(in.Key); err != nil {
		return nil, nil, err
	}
	item := t.get(in.Key)
	if item == nil {
		return t, nil, nil
	}
	return t, project(item), nil
}

var errLegacyRead = invalid("AttributesToGet, KeyConditions, QueryFilter, ScanFilter and ConditionalOperator are legacy parameters, which this endpoint has not: use expressions")

func projector(scope *expr.Scope, src *string) (func(attr.Item) attr.Item, error) {
	if src == nil {
		return func(item attr.Item) attr.Item { return item }, nil
	}
	p, err := scope.Projection(*src)
	if err != nil {
		return nil, err
	}
	return p.Apply, nil
}

// readInput is what Query and Scan have in common, and both of their own.
type readInput struct {
	TableName                 string
	IndexName                 string
	Limit                     *int
	Select                    string
	ConsistentRead            bool
	ExclusiveStartKey         attr.Item
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  expr.Names
	ExpressionAttributeValues expr.Values
	ReturnConsumedCapacity    string

	KeyConditionExpression *string // of Query
	ScanIndexForward       *bool

	Segment, TotalSegments *int // of Scan

	// Legacy parameters, which are refused.
	KeyConditions, QueryFilter, ScanFilter map[string]any
	AttributesToGet                        []string
	ConditionalOperator                    string
}

type readOutput struct {
	Items            *[]attr.Item `json:",omitzero"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey attr.Item `json:",omitzero"`
	ConsumedCapacity *consumed `json:",omitzero"`
}

// reading is a Query or Scan that was checked.
type reading struct {
	in      *readInput
	view    view
	scope   *expr.Scope
	filter  func(attr.Item) (bool, error)
	project func(attr.Item) attr.Item
	start   *place
	// filtered are the top-level names that the filter looks at.
	filtered []string
}

func (s *Service) newReading(in *readInput) (*reading, error) {
	if in.KeyConditions != nil || in.QueryFilter != nil || in.ScanFilter != nil || in.AttributesToGet != nil || in.ConditionalOperator != "" {
		return nil, errLegacyRead
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	r := &reading{in: in, filter: func(attr.Item) (bool, error) { return true, nil }}
	if r.view, err = t.view(in.IndexName); err != nil {
		return nil, err
	}
	if err := consistentIndexRead(r.view, in.ConsistentRead); err != nil {
		return nil, err
	}
	if in.Limit != nil && *in.Limit < 1 {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
	}
	if r.scope, err = expr.NewScope(in.ExpressionAttributeNames, in.ExpressionAttributeValues); err != nil {
		return nil, err
	}
	if r.project, err = projector(r.scope, in.ProjectionExpression); err != nil {
		return nil, err
	}
	if in.FilterExpression != nil {
		c, err := r.scope.Condition("FilterExpression", *in.FilterExpression)
		if err != nil {
			return nil, err
		}
		r.filter, r.filtered = c.Eval, c.Roots()
	}
	if in.ExclusiveStartKey != nil {
		at, err := r.view.after(in.ExclusiveStartKey)
		if err != nil {
			return nil, err
		}
		r.start = &at
	}
	return r, nil
}

// maxPage is how many bytes one Query or Scan reads, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
const maxPage = 1 << 20

// page reads entries, which are those after the start, until a limit.
func (r *reading) page(entries []entry) (any, error) {
	var out readOutput
	items := []attr.Item{}
	size := 0
	for i, e := range entries {
		out.ScannedCount++
		size += e.item.Size()
		ok, err := r.filter(e.item)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Count++
			items = append(items, r.project(e.item))
		}
		full := r.in.Limit != nil && out.ScannedCount == *r.in.Limit || size >= maxPage
		if full && (i < len(entries)-1 || r.in.Limit != nil) {
			out.LastEvaluatedKey = r.view.position(e.item)
			break
		}
	}
	if r.in.Select != "COUNT" {
		out.Items = &items
	}
	out.ConsumedCapacity = consumedBy(r.in.ReturnConsumedCapacity, r.view.table, readUnits(size, r.in.ConsistentRead))
	return out, nil
}

func (s *Service) scan(in *readInput) (any, error) {
	r, err := s.newReading(in)
	if err != nil {
		return nil, err
	}
	if err := r.scope.Unused(); err != nil {
		return nil, err
	}
	segment, total, err := segments(in)
	if err != nil {
		return nil, err
	}
	entries := slices.DeleteFunc(slices.Clone(r.view.entries), func(e entry) bool {
		return r.start != nil && e.place.compare(*r.start) <= 0 || total > 1 && int(e.place.hash%uint64(total)) != segment
	})
	return r.page(entries)
}

// maxSegments is AWS's, see
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
const maxSegments = 1_000_000

func segments(in *readInput) (segment, total int, err error) {
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return 0, 1, nil
	case in.TotalSegments == nil:
		return 0, 0, invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return 0, 0, invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *in.TotalSegments < 1 || *in.TotalSegments > maxSegments:
		return 0, 0, invalid("1 validation error detected: Value '%d' at 'totalSegments' failed to satisfy constraint: Member must have value between 1 and %d", *in.TotalSegments, maxSegments)
	case *in.Segment < 0 || *in.Segment >= *in.TotalSegments:
		return 0, 0, invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	return *in.Segment, *in.TotalSegments, nil
}

func (s *Service) query(in *readInput) (any, error) {
	r, err := s.newReading(in)
	if err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	k := r.view.key
	cond, err := r.scope.KeyCondition(*in.KeyConditionExpression, k.hash, k.rang)
	if err != nil {
		return nil, err
	}
	if err := r.scope.Unused(); err != nil {
		return nil, err
	}
	if err := r.checkCondition(cond); err != nil {
		return nil, err
	}
	for _, root := range r.filtered {
		if root == k.hash || root == k.rang {
			return nil, invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", root)
		}
	}
	backwards := in.ScanIndexForward != nil && !*in.ScanIndexForward
	var entries []entry
	for _, e := range r.view.entries {
		if !e.place.key.Equal(cond.Hash) || cond.Range != nil && !cond.Range.Match(e.place.rang) {
			continue
		}
		if r.start != nil {
			if c := e.place.compare(*r.start); c == 0 || (c < 0) != backwards {
				continue
			}
		}
		entries = append(entries, e)
	}
	if backwards {
		slices.Reverse(entries)
	}
	return r.page(entries)
}

// checkCondition refuses values of other kinds than the key's.
func (r *reading) checkCondition(c *expr.KeyCondition) error {
	bad := c.Hash.Kind != r.view.table.types[r.view.key.hash]
	if c.Range != nil {
		for _, v := range c.Range.Values {
			bad = bad || v.Kind != r.view.table.types[r.view.key.rang]
		}
	}
	if bad {
		return invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
	}
	return nil
}
