package policy

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

//go:embed rules.yaml
var builtin []byte

// Builtin returns the rules that come with the program.
func Builtin() []byte { return builtin }

// maxBookBytes bounds a file of rules, maxRules what it holds.
const (
	maxBookBytes = 1 << 20
	maxRules     = 200
)

// book is a file of rules as it is written.
type book struct {
	Version    string     `yaml:"version"`
	Levels     Levels     `yaml:"levels"`
	BreakGlass glassRule  `yaml:"break_glass"`
	Rules      []ruleText `yaml:"rules"`
}

type glassRule struct {
	Labels []string `yaml:"labels"`
}

// ruleText is one rule as it is written.
type ruleText struct {
	ID      string `yaml:"id"`
	Title   string `yaml:"title"`
	When    string `yaml:"when"`
	Require string `yaml:"require"`
	// Otherwise is deny or warn.
	Otherwise Outcome `yaml:"otherwise"`
	Reason    string  `yaml:"reason"`
	Mend      string  `yaml:"mend"`
	// BreakGlass false keeps the rule even then.
	BreakGlass *bool `yaml:"break_glass"`
	// Checks is "approval" when the rule asks for an approval: then its failure
	// is explained by what is wrong with the approvals.
	Checks string `yaml:"checks"`
}

// Fault is one thing that is wrong with a file of rules. Line and Column count
// from 1 and are 0 where there is no place.
type Fault struct {
	Line, Column int
	// Path is the field, such as rules[2].when.
	Path    string
	Problem string
	Mend    string
}

// Error says where, what and how to mend it.
func (f *Fault) Error() string {
	text := f.Path + ": " + f.Problem
	if f.Line > 0 {
		text = fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, text)
	}
	if f.Mend != "" {
		text += "; " + f.Mend
	}
	return text
}

// reader finds the places of fields in a file of rules.
type reader struct {
	lines []string
	rules []ast.Node
}

// readBook reads a file of rules. Errors are *Fault, joined.
func readBook(text []byte) (*book, *reader, error) {
	if len(text) > maxBookBytes {
		return nil, nil, &Fault{Path: "file", Problem: fmt.Sprintf("larger than %d bytes", maxBookBytes), Mend: "split the rules or shorten them"}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, nil, syntaxFault(err)
	}
	if err := plainYAML(file); err != nil {
		return nil, nil, err
	}
	var b book
	if err := yaml.UnmarshalWithOptions(text, &b, yaml.Strict()); err != nil {
		return nil, nil, syntaxFault(err)
	}
	r := &reader{lines: strings.Split(string(text), "\n")}
	if list, ok := child(file.Docs[0].Body, "rules").(*ast.SequenceNode); ok {
		r.rules = list.Values
	}
	return &b, r, nil
}

// plainYAML refuses what rules have no use for and what can blow up a small file
// or hide rules: a second document is one that nothing reads.
func plainYAML(file *ast.File) error {
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return &Fault{Path: "file", Problem: "is not one document that holds rules", Mend: "write all rules below one rules key, without --- between them"}
	}
	var found ast.Node
	ast.Walk(visitor(func(n ast.Node) bool {
		switch n.Type() {
		case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
			found = n
		}
		return found == nil
	}), file.Docs[0].Body)
	if found == nil {
		return nil
	}
	at := found.GetToken().Position
	return &Fault{Line: at.Line, Column: at.Column, Path: "file", Problem: "anchors, aliases and tags are not taken", Mend: "write the value out"}
}

// visitor calls a function for each node while it returns true.
type visitor func(ast.Node) bool

// Visit implements ast.Visitor.
func (v visitor) Visit(n ast.Node) ast.Visitor {
	if !v(n) {
		return nil
	}
	return v
}

// syntaxFault gives an error of the YAML library its place.
func syntaxFault(err error) error {
	var placed yaml.Error
	if !errors.As(err, &placed) {
		return &Fault{Path: "file", Problem: err.Error(), Mend: "write YAML as docs/policy.md shows it"}
	}
	f := &Fault{Path: "file", Problem: placed.GetMessage(), Mend: "write YAML as docs/policy.md shows it"}
	if token := placed.GetToken(); token != nil && token.Position != nil {
		f.Line, f.Column = token.Position.Line, token.Position.Column
	}
	return f
}

// child is the value of a key of a mapping, nil if there is none.
func child(n ast.Node, key string) ast.Node {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	}
	for _, pair := range pairs {
		if pair.Key != nil && pair.Key.GetToken().Value == key {
			return pair.Value
		}
	}
	return nil
}

// fault is a fault of a field of a rule, at its place. Line and column are those
// within the value, from 1 and from 0 as CEL counts; 0 means the value as a whole.
func (r *reader) fault(rule int, field string, line, column int, problem, mend string) *Fault {
	f := &Fault{Path: fmt.Sprintf("rules[%d].%s", rule, field), Problem: problem, Mend: mend}
	if rule >= len(r.rules) {
		return f
	}
	node := child(r.rules[rule], field)
	if node == nil {
		at := r.rules[rule].GetToken().Position
		f.Line, f.Column = at.Line, at.Column
		return f
	}
	at := node.GetToken().Position
	f.Line, f.Column = at.Line, at.Column
	if line == 0 {
		return f
	}
	if block, ok := node.(*ast.LiteralNode); ok {
		// CEL counts from the block's first sign; a folded block has lost its lines.
		f.Line, f.Column = at.Line+1, r.indent(at.Line+1)+1
		if strings.HasPrefix(block.Start.Value, "|") {
			f.Line, f.Column = f.Line+line-1, f.Column+column
		}
		return f
	}
	if quoted := node.GetToken().Origin; strings.ContainsAny(strings.TrimSpace(quoted)+" ", `'"`) && strings.IndexAny(strings.TrimSpace(quoted), `'"`) == 0 {
		column++
	}
	f.Column += column
	return f
}

// indent counts the spaces at the start of a line. Lines count from 1.
func (r *reader) indent(line int) int {
	if line < 1 || line > len(r.lines) {
		return 0
	}
	text := r.lines[line-1]
	return len(text) - len(strings.TrimLeft(text, " "))
}

// check reports what is wrong with a rule apart from its expressions.
func (t *ruleText) check(r *reader, i int, seen map[string]bool) []error {
	var errs []error
	wrong := func(field, problem, mend string) { errs = append(errs, r.fault(i, field, 0, 0, problem, mend)) }
	switch {
	case t.ID == "":
		wrong("id", "missing", "give a short name that stays the same, such as senior-approval")
	case strings.Trim(t.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		wrong("id", fmt.Sprintf("%q has other signs than small letters, digits and -", t.ID), "rename it")
	case seen[t.ID]:
		wrong("id", fmt.Sprintf("%q is taken by a rule above", t.ID), "give each rule a name of its own")
	}
	seen[t.ID] = true
	if !slices.Contains([]Outcome{Deny, Warn}, t.Otherwise) {
		wrong("otherwise", fmt.Sprintf("%q is no outcome", string(t.Otherwise)), "write deny or warn")
	}
	if strings.TrimSpace(t.Reason) == "" {
		wrong("reason", "missing", "say in a sentence what is asked, for whoever is denied")
	}
	if t.Checks != "" && t.Checks != checksApproval {
		wrong("checks", fmt.Sprintf("%q is unknown", t.Checks), "write approval, or leave it out")
	}
	return errs
}

// checksApproval marks rules that ask for an approval.
const checksApproval = "approval"
