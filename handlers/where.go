package handlers

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/types"

	"korestream/event"
)

// The bounds of a condition. KORE's events cost an expression a few dozen
// units; the cost limit stops one that would be at it for some ten milliseconds.
const (
	maxWhere     = 4096 // characters
	maxWhereNest = 64
	maxWhereCost = 100_000
)

// Where is a condition on an event, written in CEL (https://cel.dev). Its
// variables are the envelope's attributes, each a text: id, type, source,
// subject, dataschema, datacontenttype, specversion; time, a timestamp; and
// data. It is compiled once and safe for concurrent use.
//
// A member that the event does not have, or that is null, makes the condition
// not hold, unless that does not matter for it: data.a == 1 || data.b == 2 holds
// for an event with a b of 2 and no a. has(data.network.sid) asks for one, and
// may be asked at any depth. Anything else that goes wrong while a condition is
// computed is an error: a number that is compared with a text, a division by
// zero, a condition that is too costly for this event.
type Where struct {
	text    string
	program cel.Program
	// lookups are the nodes of the expression that look something up: an error
	// of theirs says that it is not there.
	lookups map[int64]bool
	needs   members
}

// ParseWhere reads a condition such as data.network.iso_country == "US". The
// error names the place in the text, and what is expected there.
func ParseWhere(text string) (*Where, error) {
	env, err := whereEnv()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if found := issues.Errors(); len(found) > 0 {
		return nil, whereError(found[0])
	}
	if out := checked.OutputType(); !out.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("is of type %s; want a condition, true or false, such as data.network.iso_country == \"US\"", out)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxWhereCost))
	if err != nil {
		return nil, fmt.Errorf("plan condition: %w", err)
	}
	root := checked.NativeRep().Expr()
	return &Where{text: text, program: program, lookups: lookups(root), needs: membersOf(root)}, nil
}

// whereError says where in the text something is wrong. A place of zero is all
// of it.
func whereError(e *common.Error) error {
	at := e.Location
	if at.Line() <= 0 {
		return fmt.Errorf("%s; want a condition in CEL, such as data.network.iso_country == \"US\"", e.Message)
	}
	return fmt.Errorf("line %d, column %d: %s; want a condition in CEL over %s", at.Line(), at.Column()+1, e.Message, whereVariables)
}

// String is the condition as it was written.
func (w *Where) String() string { return w.text }

// Match tells whether the condition holds for an event.
func (w *Where) Match(e *event.Event) (bool, error) { return w.holds(&facts{event: e, needs: w.needs}) }

// holds is Match of an event that others look at too.
func (w *Where) holds(f *facts) (bool, error) {
	out, _, err := w.program.Eval(f)
	switch {
	case f.err != nil:
		return false, f.err
	case err == nil:
		return out == types.True, nil
	}
	// By the place and not by the text: an error of a node that looks something
	// up says that it is not there.
	var failed *types.Err
	if errors.As(err, &failed) && w.lookups[failed.NodeID()] {
		return false, nil
	}
	return false, fmt.Errorf("compute %s: %w", w.text, err)
}
