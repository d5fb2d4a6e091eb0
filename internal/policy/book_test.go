package policy_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/policy"
)

const head = "version: '1'\nlevels: {senior: [senior]}\nrules:\n"

// faultOf compiles a file that is wrong and returns its first fault.
func faultOf(t *testing.T, text string) *policy.Fault {
	t.Helper()
	_, err := policy.Compile([]byte(text))
	var fault *policy.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%q is taken, or its error is no fault: %v", text, err)
	}
	return fault
}

func TestFaultsNameLineColumnAndMend(t *testing.T) {
	for name, tc := range map[string]struct {
		rules, path  string
		line, column int
		problem      string
	}{
		"unknown variable in quotes": {"  - id: a\n    when: 'tier == 1 && nope'\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 5, 25, "nope"},
		"unknown variable, plain":    {"  - id: a\n    when: tier == 1 && nope\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 5, 24, "nope"},
		"unknown variable in block":  {"  - id: a\n    when: |\n      tier == 1\n        && nope\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 7, 12, "nope"},
		"unknown field":              {"  - id: a\n    when: 'true'\n    require: change.size > 3\n    otherwise: deny\n    reason: x\n", "rules[0].require", 6, 20, "size"},
		"number against text":        {"  - id: a\n    when: tier == \"1\"\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 5, 16, "overload"},
		"no bool":                    {"  - id: a\n    when: tier\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 5, 11, "int"},
		"syntax":                     {"  - id: a\n    when: tier ==\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 5, 18, "Syntax"},
		"missing when":               {"  - id: a\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].when", 4, 7, "missing"},
		"unknown outcome":            {"  - id: a\n    when: 'true'\n    require: 'true'\n    otherwise: refuse\n    reason: x\n", "rules[0].otherwise", 7, 16, "refuse"},
		"no reason":                  {"  - id: a\n    when: 'true'\n    require: 'true'\n    otherwise: deny\n", "rules[0].reason", 4, 7, "missing"},
		"no id":                      {"  - when: 'true'\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].id", 4, 9, "missing"},
		"bad id":                     {"  - id: A b\n    when: 'true'\n    require: 'true'\n    otherwise: deny\n    reason: x\n", "rules[0].id", 4, 9, "A b"},
		"unknown check":              {"  - id: a\n    when: 'true'\n    require: 'true'\n    otherwise: deny\n    reason: x\n    checks: all\n", "rules[0].checks", 9, 13, "all"},
		"unknown key":                {"  - id: a\n    whenn: 'true'\n", "file", 5, 5, "whenn"},
	} {
		t.Run(name, func(t *testing.T) {
			f := faultOf(t, head+tc.rules)
			if f.Path != tc.path || f.Line != tc.line || f.Column != tc.column || !strings.Contains(f.Problem, tc.problem) || f.Mend == "" {
				t.Errorf("%+v, want %s at %d:%d about %q", f, tc.path, tc.line, tc.column, tc.problem)
			}
			if text := f.Error(); !strings.Contains(text, "line ") || !strings.Contains(text, "column ") || !strings.Contains(text, f.Mend) {
				t.Errorf("%q does not name place and mend", text)
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := policy.Compile([]byte("rules:\n  - {id: a, when: nope, require: nada, otherwise: deny, reason: x}\n  - {id: a, when: 'true', require: 'true', otherwise: deny, reason: x}\n"))
	for _, want := range []string{"version", "levels.senior", "nope", "nada", "taken by a rule above"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	rule := func(when string) string {
		return head + "  - {id: a, when: " + when + ", require: 'true', otherwise: deny, reason: x}\n"
	}
	for name, text := range map[string]string{
		"aliases that multiply": bomb, "an anchor": head + "  - &r {id: a}\n", "a merge key": "x: &x {a: 1}\ny: {<<: *x}\n", "a tag": "version: !!binary aGk=\n",
		"nothing": "", "a list": "- a\n", "a text": "hello", "tabs": "\tversion: 1", "an open quote": "version: 'x", "bytes": "\x00\xff\xfe",
		"a huge file":      strings.Repeat("# x\n", 1<<19),
		"deep nesting":     rule("'" + strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500) + "'"),
		"a long condition": rule("'" + strings.Repeat("true && ", 2000) + "true'"),
		"a huge pattern":   rule(`'change.title.matches("(((a{1000}){1000}){1000})")'`),
		"many rules":       head + strings.Repeat("  - {id: a, when: 'true', require: 'true', otherwise: deny, reason: x}\n", 300),
		"rules of no kind": head + "  - 7\n", "a rule that is null": head + "  -\n", "rules as text": "version: '1'\nrules: all\n",
		"a duplicate key": "version: '1'\nversion: '2'\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := policy.Compile([]byte(text)); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// FuzzCompile feeds files as they come. Nothing may break, and whatever compiles
// judges.
func FuzzCompile(f *testing.F) {
	f.Add(string(policy.Builtin()))
	f.Add(head + "  - {id: a, when: 'true', require: 'false', otherwise: deny, reason: x}\n")
	f.Add("rules: [{id: &a x}]")
	f.Fuzz(func(_ *testing.T, text string) {
		p, err := policy.Compile([]byte(text))
		if err == nil {
			p.Judge(&policy.Input{Change: aChange("deploy", bySenior), Tier: 1})
		}
	})
}

func TestTheGuideNamesEveryVariableRuleAndLapse(t *testing.T) {
	guide, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append([]string{
		"change.id", "change.source", "change.kind", "change.title", "change.services", "change.environment", "change.regions", "change.status", "change.version",
		"change.rollback_of", "change.started_at", "change.actor_id", "change.actor_type", "change.labels", "change.commits", "change.lines",
		"provenance.class", "provenance.ai", "provenance.unknown", "provenance.confidence", "provenance.tools", "provenance.overridden", "provenance.commit_share",
		"by", "level", "at", "timed", "senior", "human", "by_author", "before_start", "latest", "counts", "break_glass.used", "break_glass.reason", "tier", "after",
	}, shipped(t).Rules()...)
	for _, lapse := range policy.Lapses() {
		names = append(names, string(lapse))
	}
	for _, name := range names {
		if !strings.Contains(string(guide), "`"+name+"`") {
			t.Errorf("docs/policy.md does not tell about %s", name)
		}
	}
}

func TestTheExamplesOfTheGuideCompile(t *testing.T) {
	guide, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```yaml\n")[1:]
	tried := 0
	for _, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		switch {
		case strings.HasPrefix(text, "version:"):
		case strings.HasPrefix(text, "# Two people"):
			text = head + text
		default:
			continue
		}
		tried++
		if _, err := policy.Compile([]byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if tried != 2 {
		t.Errorf("%d examples were tried", tried)
	}
}
