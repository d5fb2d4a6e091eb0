package provenance

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/correlate"
)

func TestRulesThatAreWrongAreRefusedByName(t *testing.T) {
	for _, test := range []struct {
		name, rules string
		want        []string
	}{
		{"not YAML", "tools: [", nil},
		{"a field that does not exist", "version: '1'\nwieght: 1", []string{"wieght"}},
		{"no version", "tools: []", []string{"version"}},
		{
			"a weight above one",
			"version: '1'\ntools: [{name: x, branches: [{prefix: x/, weight: 2}]}]",
			[]string{`"x"`, "x/", "weight"},
		},
		{
			"an identity without weight",
			"version: '1'\ntools: [{name: x, identities: [{addresses: [a@b]}]}]",
			[]string{`"x"`, "weight"},
		},
		{
			"an address in capitals",
			"version: '1'\ntools: [{name: x, identities: [{weight: 1, addresses: [A@b]}]}]",
			[]string{"A@b", "lower case"},
		},
		{
			"a pair without address",
			"version: '1'\ntools: [{name: x, identities: [{weight: 1, pairs: [joe]}]}]",
			[]string{"joe", "name <address>"},
		},
		{
			"an unknown class",
			"version: '1'\ntools: [{name: x, trailers: [{key: k, class: wizard, weight: 1}]}]",
			[]string{`"k"`, "wizard", "authored"},
		},
		{
			"an unknown class of an author",
			"version: '1'\ntools: [{name: x, identities: [{author: wizard, weight: 1}]}]",
			[]string{"wizard"},
		},
		{
			"an unknown class of a co-author",
			"version: '1'\ntools: [{name: x, identities: [{coauthor: wizard, weight: 1}]}]",
			[]string{"wizard"},
		},
		{
			"a trailer without weight",
			"version: '1'\ntools: [{name: x, trailers: [{key: k}]}]",
			[]string{`"k"`, "weight"},
		},
		{
			"a pattern that does not compile",
			"version: '1'\ntools: [{name: x, lines: [{id: l, hints: [h], pattern: '(', weight: 1}]}]",
			[]string{`"l"`},
		},
		{
			"an answer that does not compile",
			"version: '1'\ntools: [{name: x, lines: [{id: l, hints: [h], pattern: a, answer: '(', weight: 1}]}]",
			[]string{`"l"`},
		},
		{
			"a value that does not compile",
			"version: '1'\ntools: [{name: x, trailers: [{key: k, value: '(', weight: 1}]}]",
			[]string{`"k"`},
		},
		{
			"a line without hints",
			"version: '1'\ntools: [{name: x, lines: [{id: l, pattern: a, weight: 1}]}]",
			[]string{`"l"`, "hints"},
		},
		{
			"a line without weight",
			"version: '1'\ntools: [{name: x, lines: [{id: l, hints: [h], pattern: a}]}]",
			[]string{`"l"`, "weight"},
		},
		{
			"a line of an unknown class",
			"version: '1'\ntools: [{name: x, lines: [{id: l, hints: [h], pattern: a, class: wizard, weight: 1}]}]",
			[]string{`"l"`, "wizard"},
		},
		{"a label without weight", "version: '1'\nany_tool: {labels: [{label: l}]}", []string{`"l"`, "weight"}},
		{"subjects that do not compile", "version: '1'\nautomation: {subjects: ['(']}", []string{"automation"}},
		{
			"AI subjects that do not compile",
			"version: '1'\nautomation: {ai_subjects: ['(']}",
			[]string{"automation"},
		},
		{"AI names that do not compile", "version: '1'\nautomation: {ai_names: ['(']}", []string{"automation"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New([]byte(test.rules))
			if err == nil {
				t.Fatal("the rules were accepted")
			}
			for _, word := range test.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("the error does not name %s: %v", word, err)
				}
			}
		})
	}
}

func builtinBook(t *testing.T) book {
	t.Helper()
	var b book
	if err := yaml.Unmarshal(Builtin(), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// identitiesOf builds the identities that an entry of the rules stands for.
func identitiesOf(r *identityRule) []string {
	var all []string
	for _, address := range r.Addresses {
		all = append(all, "Anyone <"+address+">")
	}
	for _, account := range r.Accounts {
		login, number, numbered := strings.Cut(account, "#")
		if numbered {
			login = number + "+" + login
		}
		all = append(all, "Anyone <"+login+githubHost+">")
	}
	for _, name := range r.Names {
		all = append(all, name+" <whoever@example.com>")
	}
	for _, pair := range r.Pairs {
		all = append(all, strings.Replace(pair, "*", " more", 1))
	}
	for _, text := range r.Endings {
		all = append(all, "Ann "+text+" <ann@example.com>")
	}
	return all
}

func TestEveryIdentityOfTheRulesIsRecognised(t *testing.T) {
	c, b := classifier(t), builtinBook(t)
	for _, tool := range b.Tools {
		for i := range tool.Identities {
			r := &tool.Identities[i]
			for _, identity := range identitiesOf(r) {
				p := c.Commit(&correlate.Commit{Message: "Add", Author: person(identity)})
				if len(p.Tools) != 1 || p.Tools[0].Name != tool.Name {
					t.Errorf("%s as author gives %s, want %s", identity, answer(p), tool.Name)
				}
				p = c.Commit(&correlate.Commit{Message: "Add\n\nCo-authored-by: " + identity, Author: person(ann)})
				if len(p.Tools) != 1 || p.Tools[0].Name != tool.Name {
					t.Errorf("%s as co-author gives %s, want %s", identity, answer(p), tool.Name)
				}
			}
		}
	}
}

func TestEveryBranchOfTheRulesIsRecognised(t *testing.T) {
	c, b := classifier(t), builtinBook(t)
	for _, tool := range b.Tools {
		for _, branch := range tool.Branches {
			p := c.Label(&correlate.Change{
				Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull(branch.Prefix + "x")},
			})
			if _, name, _ := strings.Cut(answer(p), " "); name != tool.Name {
				t.Errorf("%s gives %s", branch.Prefix, answer(p))
			}
		}
	}
}

func TestWordsOfTheRulesAreWhole(t *testing.T) {
	for _, test := range []struct {
		text, word string
		want       bool
	}{
		{"claude code", "claude", true},
		{"claude-opus", "claude", true},
		{"gpt5", "gpt", true},
		{"claudette", "claude", false},
		{"the main line", "ai", false},
		{"xclaude claude", "claude", true},
		{"", "ai", false},
	} {
		if got := hasWord(test.text, test.word); got != test.want {
			t.Errorf("hasWord(%q, %q) = %v", test.text, test.word, got)
		}
	}
}

func TestTheVersionOfTheRulesIsKnown(t *testing.T) {
	if v := classifier(t).Version(); v == "" {
		t.Error("the rules have no version")
	}
}
