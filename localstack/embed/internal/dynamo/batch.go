package dynamo

import (
	"korestream/localstack/embed/internal/dynamo/attr"
	"korestream/localstack/embed/internal/dynamo/expr"
)

// The most items of a batch, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-api
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
)

type keysAndAttributes struct {
	Keys                     []attr.Item
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames expr.Names
}

type batchGetInput struct {
	RequestItems           map[string]keysAndAttributes
	ReturnConsumedCapacity string
}

type batchGetOutput struct {
	Responses        map[string][]attr.Item
	UnprocessedKeys  struct{}
	ConsumedCapacity []*consumed `json:",omitzero"`
}

func (s *Service) batchGet(in *batchGetInput) (any, error) {
	count := 0
	for _, r := range in.RequestItems {
		count += len(r.Keys)
	}
	switch {
	case count == 0:
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case count > maxBatchGet:
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	out := batchGetOutput{Responses: make(map[string][]attr.Item)}
	for _, name := range sortedKeys(in.RequestItems) {
		r := in.RequestItems[name]
		seen := newKeySet()
		items := []attr.Item{}
		units := 0.0
		for _, key := range r.Keys {
			t, item, err := s.get(&getInput{
				TableName: name, Key: key, ProjectionExpression: r.ProjectionExpression, ExpressionAttributeNames: r.ExpressionAttributeNames,
			})
			if err != nil {
				return nil, err
			}
			if !seen.add(t, key) {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			units += readUnits(item.Size(), r.ConsistentRead)
			if item != nil {
				items = append(items, item)
			}
		}
		out.Responses[name] = items
		if c := consumedBy(in.ReturnConsumedCapacity, s.tables[tableOf(name)], units); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

// keySet finds repeated keys.
type keySet map[string]bool

func newKeySet() keySet { return make(keySet) }

// add is false if the key was there.
func (k keySet) add(t *table, key attr.Item) bool {
	id := t.name
	for _, n := range t.key.names() {
		id += "\x00" + key[n].S
	}
	if k[id] {
		return false
	}
	k[id] = true
	return true
}

type writeRequest struct {
	PutRequest    *struct{ Item attr.Item }
	DeleteRequest *struct{ Key attr.Item }
}

type batchWriteInput struct {
	RequestItems           map[string][]writeRequest
	ReturnConsumedCapacity string
}

type batchWriteOutput struct {
	UnprocessedItems struct{}
	ConsumedCapacity []*consumed `json:",omitzero"`
}

func (s *Service) batchWrite(in *batchWriteInput) (any, error) {
	writes, err := s.batchWrites(in)
	if err != nil {
		return nil, err
	}
	units := make(map[string]float64)
	for _, w := range writes {
		old, next, err := w.next()
		if err != nil {
			return nil, err
		}
		w.commit(next)
		units[w.table.name] += writeUnits(old, next)
	}
	var out batchWriteOutput
	for _, name := range sortedKeys(units) {
		if c := consumedBy(in.ReturnConsumedCapacity, s.tables[name], units[name]); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

// batchWrites checks all writes before one is made.
func (s *Service) batchWrites(in *batchWriteInput) ([]*write, error) {
	var writes []*write
	seen := newKeySet()
	for _, name := range sortedKeys(in.RequestItems) {
		for _, r := range in.RequestItems[name] {
			one, v := &writeInput{TableName: name}, put
			switch {
			case (r.PutRequest == nil) == (r.DeleteRequest == nil):
				return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
			case r.PutRequest != nil:
				one.Item = r.PutRequest.Item
			default:
				one.Key, v = r.DeleteRequest.Key, remove
			}
			w, err := s.newWrite(v, one)
			if err != nil {
				return nil, err
			}
			if !seen.add(w.table, w.key) {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			writes = append(writes, w)
		}
	}
	switch {
	case len(writes) == 0:
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(writes) > maxBatchWrite:
		return nil, invalid("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]")
	}
	return writes, nil
}
