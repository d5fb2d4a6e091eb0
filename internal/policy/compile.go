package policy

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
)

// Limits of an expression. The cost of one evaluation counts the steps of CEL's
// cost model; the rules that ship take fewer than 2,000 with fifty approvals.
const (
	costLimit     = 100_000
	maxExpression = 4000
	maxNesting    = 50
	maxRegexSize  = 1000
)

// Outcome is what a failed rule leads to, and what a decision is.
type Outcome string

// The outcomes.
const (
	Allow Outcome = "allow"
	Warn  Outcome = "warn"
	Deny  Outcome = "deny"
)

// Policy is a compiled file of rules. It is safe for use from many goroutines.
type Policy struct {
	version     string
	levels      Levels
	glassLabels []string
	rules       []rule
}

// rule is one compiled rule.
type rule struct {
	ruleText
	when, require cel.Program
	breakable     bool
}

// Version is the version that the file states.
func (p *Policy) Version() string { return p.version }

// Levels says how approvals are read.
func (p *Policy) Levels() *Levels { return &p.levels }

// Rules lists the ids of the rules in order.
func (p *Policy) Rules() []string {
	ids := make([]string, len(p.rules))
	for i := range p.rules {
		ids[i] = p.rules[i].ID
	}
	return ids
}

// Compile reads a file of rules in the form of rules.yaml. The error joins a
// *Fault for everything that is wrong.
func Compile(text []byte) (*Policy, error) {
	b, places, err := readBook(text)
	if err != nil {
		return nil, err
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("policy language: %w", err)
	}
	p := &Policy{version: b.Version, levels: b.Levels, glassLabels: b.BreakGlass.Labels}
	errs := b.check()
	seen := map[string]bool{}
	for i := range b.Rules {
		t := &b.Rules[i]
		errs = append(errs, t.check(places, i, seen)...)
		r := rule{ruleText: *t, breakable: t.BreakGlass == nil || *t.BreakGlass}
		var whenErr, requireErr error
		r.when, whenErr = compileField(env, places, i, "when", t.When)
		r.require, requireErr = compileField(env, places, i, "require", t.Require)
		errs = append(errs, whenErr, requireErr)
		p.rules = append(p.rules, r)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// check reports what is wrong with the file as a whole.
func (b *book) check() []error {
	var errs []error
	if b.Version == "" {
		errs = append(errs, &Fault{Path: "version", Problem: "missing", Mend: "give one, and a new one with each change: decisions name it"})
	}
	if len(b.Rules) == 0 {
		errs = append(errs, &Fault{Path: "rules", Problem: "there are none, so everything would be allowed", Mend: "write at least one rule"})
	}
	if len(b.Rules) > maxRules {
		errs = append(errs, &Fault{Path: "rules", Problem: fmt.Sprintf("%d rules are more than %d", len(b.Rules), maxRules), Mend: "join rules that ask the same"})
	}
	if len(b.Levels.Senior) == 0 {
		errs = append(errs, &Fault{Path: "levels.senior", Problem: "empty, so nobody is senior", Mend: "list the words that your approvals use, such as senior, staff"})
	}
	return errs
}

// environment declares the variables and functions of the rules' expressions.
func environment() (*cel.Env, error) {
	object := func(of any) *cel.Type { return cel.ObjectType(reflect.TypeOf(of).String()) }
	return cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[Change](), reflect.TypeFor[Provenance](), reflect.TypeFor[ApprovalFacts](), reflect.TypeFor[BreakGlass](), ext.ParseStructTags(true)),
		cel.Variable("change", object(Change{})),
		cel.Variable("provenance", object(Provenance{})),
		cel.Variable("approvals", cel.ListType(object(ApprovalFacts{}))),
		cel.Variable("break_glass", object(BreakGlass{})),
		cel.Variable("tier", cel.IntType),
		cel.Variable("after", cel.BoolType),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxNesting),
		cel.RegexProgramSizeLimit(maxRegexSize),
		cel.DefaultUTCTimeZone(true),
	)
}

// compileField compiles one expression of a rule, which must answer a bool.
func compileField(env *cel.Env, places *reader, i int, field, text string) (cel.Program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, places.fault(i, field, 0, 0, "missing", "write a CEL expression that is true or false, such as tier == 1; true is one")
	}
	if len(text) > maxExpression {
		return nil, places.fault(i, field, 0, 0, fmt.Sprintf("longer than %d signs", maxExpression), "split the rule in two")
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		var errs []error
		for _, issue := range issues.Errors() {
			errs = append(errs, places.fault(i, field, max(issue.Location.Line(), 1), max(issue.Location.Column(), 0), issue.Message, "docs/policy.md lists every variable"))
		}
		return nil, errors.Join(errs...)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, places.fault(i, field, 1, 0, fmt.Sprintf("answers %s, not true or false", ast.OutputType()), "compare it with something")
	}
	program, err := env.Program(ast, cel.CostLimit(costLimit), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, places.fault(i, field, 1, 0, err.Error(), "docs/policy.md shows what expressions may do")
	}
	return program, nil
}
