package policy

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// What an expression may use. A unit of cost is about one step of the evaluation, some hundred nanoseconds.
const (
	maxExpression = 4000      // code points
	maxDepth      = 60        // of nested expressions
	maxNodes      = 5000      // after macros are written out
	maxRegexp     = 2000      // instructions of a compiled regular expression
	resourceCost  = 100_000   // of one rule over one resource
	planCost      = 5_000_000 // of one rule over a plan
)

// RuleVariables describes the variables that expressions see, by name.
func RuleVariables() map[string]string {
	return map[string]string{
		"resource":    "the component that is judged: address, kind, service, component, stack, environment, spec (its fields, defaults filled in, durations as durations) and tags",
		"plan":        "the plan that is judged: operation, counts (create, update, replace, delete, noOp) and steps (address, kind, action, reasons, changes, stateful, deletionPolicy)",
		"environment": "the environment: name, account, region, approval, onFailure, drift, tags",
		"platform":    "the specs of the environment's networking, security and observability; null where there is no such document",
	}
}

// languages are the environments of CEL: one where resources are judged, one where plans are.
var languages = sync.OnceValue(func() map[string]*cel.Env {
	made := map[string]*cel.Env{}
	for _, subject := range []string{"resource", "plan"} {
		made[subject] = language(subject)
	}
	return made
})

func language(subject string) *cel.Env {
	object := cel.MapType(cel.StringType, cel.DynType)
	env, err := cel.NewEnv(
		cel.CustomTypeAdapter(adapter{}),
		cel.Variable(subject, object),
		cel.Variable("environment", cel.DynType),
		cel.Variable("platform", object),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.EnableMacroCallTracking(),
	)
	if err != nil {
		panic("policy: the language cannot be made: " + err.Error()) // the options above are constant
	}
	return env
}

// program is a compiled expression.
type program struct {
	text    string
	program cel.Program
	tree    ast.Expr
}

// expressionError says what is wrong with an expression, and where in it.
type expressionError struct {
	line, column int // from 1; 0 when the expression as a whole is meant
	message      string
}

func (e *expressionError) Error() string {
	if e.line == 0 {
		return e.message
	}
	return fmt.Sprintf("at %d:%d of the expression: %s", e.line, e.column, e.message)
}

// unlimited is the cost of what need not be watched: rules that come with deployer, whose expressions are known.
const unlimited = 0

// compile reads an expression over a subject (resource or plan). A condition comes to true or false.
func compile(subject, text string, condition bool, cost uint64) (*program, error) {
	env := languages()[subject]
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, firstIssue(issues)
	}
	if kind := tree.OutputType(); condition && !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		return nil, &expressionError{message: fmt.Sprintf("comes to %s, and true or false is wanted", kind)}
	}
	if err := checkPatterns(tree); err != nil {
		return nil, err
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if cost != unlimited {
		options = append(options, cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost), cel.CostLimit(cost))
	}
	made, err := env.Program(tree, options...)
	if err != nil {
		return nil, &expressionError{message: err.Error()}
	}
	return &program{text: text, program: made, tree: tree.NativeRep().Expr()}, nil
}

// checkPatterns wants the patterns of regular expressions written out and small. (CEL's own limit for their size does not
// know counted repetitions: it panics on x{2}.)
func checkPatterns(tree *cel.Ast) error {
	calls := ast.MatchDescendants(ast.NavigateAST(tree.NativeRep()), ast.FunctionMatcher(overloads.Matches))
	for _, call := range calls {
		args := call.AsCall().Args()
		pattern := args[len(args)-1]
		text, written := "", false
		if pattern.Kind() == ast.LiteralKind {
			text, written = pattern.AsLiteral().Value().(string)
		}
		if !written {
			return &expressionError{message: "matches() wants its pattern written out"}
		}
		parsed, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return &expressionError{message: err.Error()}
		}
		made, err := syntax.Compile(parsed.Simplify())
		if err != nil || len(made.Inst) > maxRegexp {
			return &expressionError{message: "the pattern of matches() is too large"}
		}
	}
	return nil
}

func firstIssue(issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return &expressionError{message: "cannot be understood"}
	}
	message, _, _ := strings.Cut(all[0].Message, " (in container")
	message, _, _ = strings.Cut(message, "\n")
	return &expressionError{line: max(all[0].Location.Line(), 0), column: all[0].Location.Column() + 1, message: strings.TrimPrefix(message, "Syntax error: ")}
}

// run evaluates the expression and says what it cost.
func (p *program) run(variables map[string]any) (ref.Val, uint64, error) {
	value, details, err := p.program.Eval(variables)
	var cost uint64
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	if err != nil {
		return nil, cost, err
	}
	return value, cost, nil
}

// holds evaluates a condition.
func (p *program) holds(variables map[string]any) (bool, uint64, error) {
	value, cost, err := p.run(variables)
	if err != nil {
		return false, cost, err
	}
	answer, ok := value.(types.Bool)
	if !ok {
		return false, cost, fmt.Errorf("comes to a %s, not to true or false", value.Type().TypeName())
	}
	return bool(answer), cost, nil
}
