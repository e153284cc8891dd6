package dynamo

import (
	"slices"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/dynamo/attr"
	"korestream/localstack/embed/internal/dynamo/expr"
)

// writeInput is what the operations that write one item have in common, also as
// parts of a transaction.
type writeInput struct {
	TableName                           string
	Key                                 attr.Item
	Item                                attr.Item
	ConditionExpression                 *string
	UpdateExpression                    *string
	ExpressionAttributeNames            expr.Names
	ExpressionAttributeValues           expr.Values
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	// Legacy parameters, which are refused.
	Expected, AttributeUpdates map[string]any
	ConditionalOperator        string
}

// verb is what a write does.
type verb uint8

const (
	put verb = iota
	update
	remove
	check
)

// write is one write that was checked and not made yet.
type write struct {
	verb      verb
	table     *table
	key       attr.Item
	item      attr.Item // of put
	update    *expr.Update
	condition *expr.Condition
	in        *writeInput
}

// newWrite checks everything that does not depend on the item that is there.
func (s *Service) newWrite(v verb, in *writeInput) (*write, error) {
	if in.Expected != nil || in.AttributeUpdates != nil || in.ConditionalOperator != "" {
		return nil, invalid("Expected, AttributeUpdates and ConditionalOperator are legacy parameters, which this endpoint has not: use expressions")
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	w := &write{verb: v, table: t, key: in.Key, item: in.Item, in: in}
	if err := w.parse(); err != nil {
		return nil, err
	}
	if v == put {
		if err := t.checkItem(in.Item); err != nil {
			return nil, err
		}
		w.key = t.keyOf(in.Item)
		return w, nil
	}
	if err := t.checkKey(in.Key); err != nil {
		return nil, err
	}
	if w.update != nil {
		for _, root := range w.update.Roots() {
			if slices.Contains(t.key.names(), root) {
				return nil, invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", root)
			}
		}
	}
	return w, nil
}

func (w *write) parse() error {
	if err := expressionsGiven(w.in); err != nil {
		return err
	}
	scope, err := expr.NewScope(w.in.ExpressionAttributeNames, w.in.ExpressionAttributeValues)
	if err != nil {
		return err
	}
	if w.in.UpdateExpression != nil && w.verb == update {
		if w.update, err = scope.Update(*w.in.UpdateExpression); err != nil {
			return err
		}
	}
	if w.in.ConditionExpression != nil {
		if w.condition, err = scope.Condition("ConditionExpression", *w.in.ConditionExpression); err != nil {
			return err
		}
	}
	return scope.Unused()
}

func expressionsGiven(in *writeInput) error {
	none := in.UpdateExpression == nil && in.ConditionExpression == nil
	switch {
	case in.ExpressionAttributeNames != nil && none:
		return invalid("ExpressionAttributeNames can only be specified when using expressions")
	case in.ExpressionAttributeValues != nil && none:
		return invalid("ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null")
	case in.ExpressionAttributeValues != nil && len(in.ExpressionAttributeValues) == 0:
		return invalid("ExpressionAttributeValues must not be empty")
	case in.ExpressionAttributeNames != nil && len(in.ExpressionAttributeNames) == 0:
		return invalid("ExpressionAttributeNames must not be empty")
	}
	return nil
}

// next returns the item as it is and as it would be, nil being none. The error
// of a condition that failed is a ConditionalCheckFailedException.
func (w *write) next() (old, next attr.Item, err error) {
	old = w.table.get(w.key)
	if w.condition != nil {
		ok, err := w.condition.Eval(old)
		if err != nil {
			return old, nil, err
		}
		if !ok {
			return old, nil, w.conditionFailed(old)
		}
	}
	switch w.verb {
	case put:
		return old, w.item, nil
	case remove:
		return old, nil, nil
	case check:
		return old, old, nil
	}
	base := old
	if base == nil {
		base = w.key.Clone()
	}
	next = base
	if w.update != nil {
		if next, err = w.update.Apply(base); err != nil {
			return old, nil, err
		}
	}
	return old, next, w.table.checkItem(next)
}

func (w *write) conditionFailed(old attr.Item) error {
	err := awsjson.Errorf("ConditionalCheckFailedException", "The conditional request failed")
	if w.in.ReturnValuesOnConditionCheckFailure == "ALL_OLD" && old != nil {
		err.Fields = map[string]any{"Item": encoded(old)}
	}
	return err
}

// commit makes the write.
func (w *write) commit(next attr.Item) {
	if next == nil {
		w.table.remove(w.key)
		return
	}
	w.table.put(next)
}

type writeOutput struct {
	Attributes       attr.Item `json:",omitzero"`
	ConsumedCapacity *consumed `json:",omitzero"`
}

// run makes one write on its own.
func (s *Service) run(v verb, in *writeInput, returns ...string) (any, error) {
	if in.ReturnValues != "" && !slices.Contains(returns, in.ReturnValues) {
		return nil, invalid("ReturnValues can only be %s", listOf(returns))
	}
	w, err := s.newWrite(v, in)
	if err != nil {
		return nil, err
	}
	old, next, err := w.next()
	if err != nil {
		return nil, err
	}
	w.commit(next)
	return writeOutput{w.returned(old, next), consumedBy(in.ReturnConsumedCapacity, w.table, writeUnits(old, next))}, nil
}

func (w *write) returned(old, next attr.Item) attr.Item {
	switch w.in.ReturnValues {
	case "ALL_OLD":
		return old
	case "ALL_NEW":
		return next
	case "UPDATED_OLD":
		if w.update != nil && old != nil {
			return w.update.Touched(old)
		}
	case "UPDATED_NEW":
		if w.update != nil {
			return w.update.Touched(next)
		}
	}
	return nil
}

func (s *Service) putItem(in *writeInput) (any, error) {
	return s.run(put, in, "NONE", "ALL_OLD")
}

func (s *Service) updateItem(in *writeInput) (any, error) {
	return s.run(update, in, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
}

func (s *Service) deleteItem(in *writeInput) (any, error) {
	return s.run(remove, in, "NONE", "ALL_OLD")
}
