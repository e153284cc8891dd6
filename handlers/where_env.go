package handlers

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// whereVariables lists the variables for people.
const whereVariables = "id, type, source, subject, time, dataschema, datacontenttype, specversion and data"

// whereEnv is what conditions are compiled in.
var whereEnv = sync.OnceValues(func() (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.Variable("time", cel.TimestampType),
		cel.Variable("data", cel.DynType),
		cel.ParserExpressionSizeLimit(maxWhere),
		cel.ParserRecursionLimit(maxWhereNest),
		cel.ClearMacros(),
		cel.Macros(
			cel.GlobalMacro(operators.Has, 1, expandHas),
			cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro,
		),
	}
	for _, name := range []string{"id", "type", "source", "subject", "dataschema", "datacontenttype", "specversion"} {
		opts = append(opts, cel.Variable(name, cel.StringType))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("make an environment for conditions: %w", err)
	}
	return env, nil
})

// expandHas makes has(data.a.b) has(data.a) && has(data.a.b). CEL's own asks only
// for the last name and fails if one before it is absent.
func expandHas(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if args[0].Kind() != ast.SelectKind {
		return nil, f.NewError(args[0].ID(), "has() asks for a member, such as has(data.error)")
	}
	at := args[0].AsSelect()
	asked := f.NewPresenceTest(f.Copy(at.Operand()), at.FieldName())
	for at.Operand().Kind() == ast.SelectKind {
		at = at.Operand().AsSelect()
		asked = f.NewCall(operators.LogicalAnd, f.NewPresenceTest(f.Copy(at.Operand()), at.FieldName()), asked)
	}
	return asked, nil
}
