package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	sallyport "github.com/sallyport/sallyport"
)

// Bounds of conditions. They are written by administrators of tenants, who must
// not be able to stop the node that they share with others.
const (
	maxCondition      = 1024 // bytes of text
	maxConditionNodes = 2_000
	maxConditionDepth = 32
	maxConditionCost  = 10_000 // in CEL's units; the dearest that is known takes ten milliseconds
	maxRegexProgram   = 100
	maxConditions     = 10_000 // texts that are remembered
)

// Names in the language of conditions.
const (
	nameTime      = "time"
	nameClient    = "client"
	nameMethod    = "method"
	namePath      = "path"
	nameTenant    = "tenant"
	nameRealm     = "realm"
	nameValues    = "values"
	nameInNetwork = "in_network"
	nameMatches   = "matches" // of CEL itself
)

// conditions compiles conditions, each text once.
type conditions struct {
	env *cel.Env

	// mu guards known. A request does not take it.
	mu    sync.RWMutex
	known map[string]*condition
}

// newConditions prepares the language: CEL with the facts of a request and a
// function that asks whether an address is in a network.
func newConditions() (*conditions, error) {
	env, err := cel.NewEnv(
		cel.Variable(nameTime, cel.TimestampType),
		cel.Variable(nameClient, cel.StringType),
		cel.Variable(nameMethod, cel.StringType),
		cel.Variable(namePath, cel.StringType),
		cel.Variable(nameTenant, cel.StringType),
		cel.Variable(nameRealm, cel.StringType),
		cel.Variable(nameValues, cel.MapType(cel.StringType, cel.StringType)),
		cel.Function(nameInNetwork, cel.Overload("in_network_string_string",
			[]*cel.Type{cel.StringType, cel.StringType}, cel.BoolType, cel.BinaryBinding(inNetwork))),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ParserRecursionLimit(maxConditionDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ExpressionNodeLimit(maxConditionNodes),
		cel.RegexProgramSizeLimit(maxRegexProgram),
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateComprehensionNestingLimit(2), literals{}),
	)
	if err != nil {
		return nil, err
	}
	return &conditions{env: env, known: map[string]*condition{}}, nil
}

// get returns the compiled condition of a text. Its error is a
// [sallyport.Error] that says where the text is wrong.
func (c *conditions) get(text string) (*condition, error) {
	c.mu.RLock()
	known := c.known[text]
	c.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	made, err := c.compile(text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) < maxConditions {
		c.known[text] = made
	}
	return made, nil
}

func (c *conditions) compile(text string) (*condition, error) {
	if len(text) > maxCondition {
		return nil, conditionError(fmt.Sprintf("the condition is longer than %d bytes", maxCondition), nil)
	}
	tree, issues := c.env.Compile(text)
	if found := issues.Errors(); len(found) > 0 {
		return nil, conditionError(explainIssues(found), issues.Err())
	}
	if tree.OutputType() != cel.BoolType {
		return nil, conditionError(fmt.Sprintf("the condition is of type %s; it must be true or false, such as method == \"GET\"",
			tree.OutputType()), nil)
	}
	program, err := c.env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxConditionCost))
	if err != nil {
		return nil, conditionError("the condition cannot be evaluated: "+oneLine(err.Error()), err)
	}
	return &condition{text: text, program: program}, nil
}

func conditionError(message string, err error) error {
	return &sallyport.Error{Kind: sallyport.Invalid, Field: "condition", Message: message, Err: err}
}

// explainIssues tells what is wrong, each with its column.
func explainIssues(found []*cel.Error) string {
	const most = 3
	var parts []string
	for i, e := range found {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(found)-most))
			break
		}
		where := fmt.Sprintf("column %d", e.Location.Column()+1)
		if e.Location.Line() > 1 {
			where = fmt.Sprintf("line %d, %s", e.Location.Line(), where)
		}
		message := strings.TrimSuffix(e.Message, " (in container '')")
		parts = append(parts, where+": "+oneLine(message))
	}
	return "the condition is wrong at " + strings.Join(parts, "; ")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A condition is a compiled condition of a binding.
type condition struct {
	text    string
	program cel.Program
}

var _ sallyport.Condition = (*condition)(nil)

// Holds evaluates the condition. Whatever goes wrong is an error, which counts
// as no.
func (c *condition) Holds(facts *sallyport.Circumstances) (bool, error) {
	out, _, err := c.program.Eval(activation{facts})
	if err != nil {
		return false, fmt.Errorf("evaluate condition: %w", err)
	}
	holds, ok := out.Value().(bool)
	return ok && holds, nil
}

// never is the condition of a binding whose own condition cannot be read.
type never struct {
	text string
	err  error
}

// Holds returns false and why the condition cannot be read.
func (n never) Holds(*sallyport.Circumstances) (bool, error) { return false, n.err }

// conditionText returns what a condition was made of.
func conditionText(c sallyport.Condition) string {
	switch c := c.(type) {
	case *condition:
		return c.text
	case never:
		return c.text
	}
	return ""
}

// activation gives CEL the facts of a request by name.
type activation struct {
	facts *sallyport.Circumstances
}

// ResolveName returns a fact. One that is not known is no value at all, so that
// a condition which asks for it fails instead of comparing with nothing.
func (a activation) ResolveName(name string) (any, bool) {
	f := a.facts
	switch name {
	case nameTime:
		return types.Timestamp{Time: f.Time.UTC().Truncate(time.Microsecond)}, !f.Time.IsZero()
	case nameClient:
		return f.Client.Unmap().String(), f.Client.IsValid()
	case nameMethod:
		return f.Method, f.Method != ""
	case namePath:
		return f.Path, f.Path != ""
	case nameTenant:
		return string(f.Tenant), true
	case nameRealm:
		return f.Realm, true
	case nameValues:
		values := make(map[string]string, len(f.Names))
		for i := range min(len(f.Names), len(f.Values)) {
			values[f.Names[i]] = f.Values[i]
		}
		return values, true
	}
	return nil, false
}

// Parent returns nil: there are no other names.
func (activation) Parent() cel.Activation { return nil }

// inNetwork reports whether an address is in a network, such as "10.0.0.0/8".
func inNetwork(address, network ref.Val) ref.Val {
	a, okA := address.Value().(string)
	n, okN := network.Value().(string)
	if !okA || !okN {
		return types.NewErr("in_network takes two texts")
	}
	addr, err := netip.ParseAddr(a)
	if err != nil {
		return types.NewErr("in_network: %q is not an address", a)
	}
	prefix, err := parseNetwork(n)
	if err != nil {
		return types.NewErr("in_network: %v", err)
	}
	return types.Bool(prefix.Contains(addr.Unmap().WithZone("")))
}

func parseNetwork(s string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return prefix, fmt.Errorf("%q is not a network such as 10.0.0.0/8 or 2001:db8::/32", s)
	case prefix.Addr().Is4In6():
		return prefix, errors.New("write an IPv4 network as one, such as 10.0.0.0/8")
	}
	return prefix.Masked(), nil
}

// literals finds networks that cannot be read while the condition is written,
// not when it is first asked, and patterns that are not written in it: a request
// must not bring its own.
type literals struct{}

// Name identifies the validator to CEL.
func (literals) Name() string { return "sallyport.validator.literals" }

// Validate reports each network and each pattern that is not as it must be.
func (literals) Validate(_ *cel.Env, _ cel.ValidatorConfig, tree *ast.AST, issues *cel.Issues) {
	root := ast.NavigateAST(tree)
	for _, call := range ast.MatchDescendants(root, ast.FunctionMatcher(nameInNetwork)) {
		args := call.AsCall().Args()
		if len(args) != 2 || args[1].Kind() != ast.LiteralKind {
			continue
		}
		if text, ok := args[1].AsLiteral().Value().(string); ok {
			if _, err := parseNetwork(text); err != nil {
				issues.ReportErrorAtID(args[1].ID(), "%v", err)
			}
		}
	}
	for _, call := range ast.MatchDescendants(root, ast.FunctionMatcher(nameMatches)) {
		args := call.AsCall().Args()
		if len(args) == 0 {
			continue
		}
		if pattern := args[len(args)-1]; pattern.Kind() != ast.LiteralKind {
			issues.ReportErrorAtID(pattern.ID(), "the pattern of matches must be written out, such as path.matches(\"^/racks/\")")
		}
	}
}
