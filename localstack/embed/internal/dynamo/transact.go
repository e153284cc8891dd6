package dynamo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/dynamo/attr"
)

// maxTransaction is the most items of a transaction, and tokenLife how long its
// token is remembered, see
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	maxTransaction = 100
	tokenLife      = 10 * time.Minute
)

type transactItem struct {
	ConditionCheck, Put, Update, Delete *writeInput
}

type transactWriteInput struct {
	TransactItems          []transactItem
	ClientRequestToken     string
	ReturnConsumedCapacity string
}

// tokenUse is a transaction that was made under a token.
type tokenUse struct {
	at   time.Time
	what [sha256.Size]byte
}

// reason is why a transaction was cancelled, for one of its items.
type reason struct {
	Code    string
	Message string    `json:",omitzero"`
	Item    attr.Item `json:",omitzero"`
}

func (s *Service) transactWrite(in *transactWriteInput) (any, error) {
	if n := len(in.TransactItems); n < 1 || n > maxTransaction {
		return nil, invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransaction)
	}
	done, err := s.tokenUsed(in)
	if err != nil || done {
		return struct{}{}, err
	}
	writes, err := s.transactWrites(in.TransactItems)
	if err != nil {
		return nil, err
	}
	nexts := make([]attr.Item, len(writes))
	reasons := make([]reason, len(writes))
	cancelled := false
	for i, w := range writes {
		old, next, err := w.next()
		nexts[i], reasons[i] = next, reasonOf(w, old, err)
		cancelled = cancelled || err != nil
	}
	if cancelled {
		return nil, cancellation(reasons)
	}
	for i, w := range writes {
		if w.verb != check {
			w.commit(nexts[i])
		}
	}
	if in.ClientRequestToken != "" {
		s.tokens[in.ClientRequestToken] = tokenUse{s.opts.Now(), digest(in)}
	}
	return struct{}{}, nil
}

// tokenUsed tells whether this very transaction was made before.
func (s *Service) tokenUsed(in *transactWriteInput) (bool, error) {
	use, ok := s.tokens[in.ClientRequestToken]
	switch {
	case in.ClientRequestToken == "" || !ok || s.opts.Now().Sub(use.at) > tokenLife:
		return false, nil
	case use.what != digest(in):
		return false, awsjson.Errorf("IdempotentParameterMismatchException", "Request parameters do not match the parameters used for the same ClientRequestToken")
	}
	return true, nil
}

func digest(in *transactWriteInput) [sha256.Size]byte {
	b, err := json.Marshal(in, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("encode what was just decoded: %v", err))
	}
	return sha256.Sum256(b)
}

func (s *Service) transactWrites(items []transactItem) ([]*write, error) {
	writes := make([]*write, 0, len(items))
	seen := newKeySet()
	for _, it := range items {
		var (
			in *writeInput
			v  verb
			n  int
		)
		for verb, one := range map[verb]*writeInput{check: it.ConditionCheck, put: it.Put, update: it.Update, remove: it.Delete} {
			if one != nil {
				in, v = one, verb
				n++
			}
		}
		if n != 1 {
			return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		w, err := s.newWrite(v, in)
		if err != nil {
			return nil, err
		}
		if !seen.add(w.table, w.key) {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		writes = append(writes, w)
	}
	return writes, nil
}

func reasonOf(w *write, old attr.Item, err error) reason {
	var failed *awsjson.Error
	switch {
	case err == nil:
		return reason{Code: "None"}
	case !errors.As(err, &failed):
		return reason{Code: "InternalServerError", Message: err.Error()}
	case failed.Code == "ConditionalCheckFailedException":
		r := reason{Code: "ConditionalCheckFailed", Message: failed.Message}
		if w.in.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
			r.Item = old
		}
		return r
	}
	return reason{Code: "ValidationError", Message: failed.Message}
}

func cancellation(reasons []reason) error {
	codes := make([]string, 0, len(reasons))
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	err := awsjson.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	b, encodeErr := json.Marshal(reasons)
	if encodeErr != nil {
		return encodeErr
	}
	err.Fields = map[string]any{"CancellationReasons": rawJSON(b)}
	return err
}

type transactGetInput struct {
	TransactItems []struct{ Get *getInput }
}

type transactGetOutput struct{ Responses []getOutput }

func (s *Service) transactGet(in *transactGetInput) (any, error) {
	if n := len(in.TransactItems); n < 1 || n > maxTransaction {
		return nil, invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransaction)
	}
	var out transactGetOutput
	for _, it := range in.TransactItems {
		if it.Get == nil {
			return nil, invalid("TransactItems can only contain Get")
		}
		_, item, err := s.get(it.Get)
		if err != nil {
			return nil, err
		}
		out.Responses = append(out.Responses, getOutput{Item: item})
	}
	return out, nil
}
