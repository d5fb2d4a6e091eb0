package provenance

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed rules.yaml
var builtin []byte

// Builtin returns the rules that come with the program.
func Builtin() []byte { return builtin }

// book is the file of rules as it is written.
type book struct {
	Version    string       `yaml:"version"`
	Tools      []toolRules  `yaml:"tools"`
	AnyTool    toolRules    `yaml:"any_tool"`
	Words      []wordRule   `yaml:"words"`
	Automation automation   `yaml:"automation"`
	Operators  []prefixRule `yaml:"operators"`
}

type toolRules struct {
	Name       string         `yaml:"name"`
	Identities []identityRule `yaml:"identities"`
	Trailers   []lineRule     `yaml:"trailers"`
	Lines      []lineRule     `yaml:"lines"`
	Branches   []prefixRule   `yaml:"branches"`
	Labels     []labelRule    `yaml:"labels"`
	Logins     []string       `yaml:"logins"`
}

type identityRule struct {
	Author    string   `yaml:"author"`
	Coauthor  string   `yaml:"coauthor"`
	Weight    float64  `yaml:"weight"`
	Addresses []string `yaml:"addresses"`
	Accounts  []string `yaml:"accounts"`
	// Pairs are "name <address>", where the name may end in "*".
	Pairs []string `yaml:"pairs"`
	// Names count with any address, Bare ones only without, Endings are the
	// last words of a name.
	Names   []string `yaml:"names"`
	Bare    []string `yaml:"bare"`
	Endings []string `yaml:"endings"`
}

// lineRule is a trailer (with Key and Value) or a line (with Hints and
// Pattern).
type lineRule struct {
	ID      string   `yaml:"id"`
	Key     string   `yaml:"key"`
	Value   string   `yaml:"value"`
	Where   string   `yaml:"where"`
	Hints   []string `yaml:"hints"`
	Pattern string   `yaml:"pattern"`
	// Answer must match the next line that is not empty.
	Answer string `yaml:"answer"`
	// Named asks for a value that names a tool; Denies lets a value such as
	// "none" declare that no AI was used.
	Named  bool    `yaml:"named"`
	Denies bool    `yaml:"denies"`
	Class  string  `yaml:"class"`
	Weight float64 `yaml:"weight"`
}

type prefixRule struct {
	Prefix string  `yaml:"prefix"`
	Tool   string  `yaml:"tool"`
	Weight float64 `yaml:"weight"`
	// Signs: the agent's commits have an account of its own as their author.
	Signs bool `yaml:"signs"`
}

type labelRule struct {
	Label  string  `yaml:"label"`
	Tool   string  `yaml:"tool"`
	Weight float64 `yaml:"weight"`
}

type wordRule struct {
	Word string `yaml:"word"`
	Tool string `yaml:"tool"`
}

type automation struct {
	Names      []string `yaml:"names"`
	Words      []string `yaml:"words"`
	Subjects   []string `yaml:"subjects"`
	AISubjects []string `yaml:"ai_subjects"`
	AINames    []string `yaml:"ai_names"`
}

// Classifier tells the provenance of changes by a set of rules. It is safe for
// use from many goroutines.
type Classifier struct {
	version  string
	identity identities
	trailers map[string][]trailer
	hints    []hint
	finder   *finder
	branches []branch
	labels   map[string]mark
	logins   map[string]mark
	words    []wordRule
	machines machines
	agents   []prefixRule
}

// New returns a classifier with the rules of a file in the form of rules.yaml.
// The error names the tool and the rule that is wrong.
func New(rules []byte) (*Classifier, error) {
	var b book
	if err := yaml.UnmarshalWithOptions(rules, &b, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("provenance rules: %w", err)
	}
	if b.Version == "" {
		return nil, fmt.Errorf("provenance rules: version is missing; give one, and a new one with each change")
	}
	c := &Classifier{
		version: b.Version, identity: newIdentities(), trailers: map[string][]trailer{},
		labels: map[string]mark{}, logins: map[string]mark{}, words: b.Words, agents: b.Operators,
	}
	for _, t := range append(b.Tools, b.AnyTool) {
		if err := c.addTool(&t); err != nil {
			return nil, fmt.Errorf("provenance rules: tool %q: %w", t.Name, err)
		}
	}
	var err error
	if c.machines, err = newMachines(&b.Automation); err != nil {
		return nil, fmt.Errorf("provenance rules: automation: %w", err)
	}
	texts := make([]string, len(c.hints))
	for i := range c.hints {
		texts[i] = c.hints[i].text
	}
	c.finder = newFinder(texts)
	return c, nil
}

// Version is the version of the rules.
func (c *Classifier) Version() string { return c.version }

func (c *Classifier) addTool(t *toolRules) error {
	for i := range t.Identities {
		if err := c.identity.add(t.Name, &t.Identities[i]); err != nil {
			return err
		}
	}
	for i := range t.Trailers {
		if err := c.addTrailer(t.Name, &t.Trailers[i]); err != nil {
			return fmt.Errorf("trailer %q: %w", t.Trailers[i].Key, err)
		}
	}
	for i := range t.Lines {
		if err := c.addLine(t.Name, &t.Lines[i]); err != nil {
			return fmt.Errorf("line %q: %w", t.Lines[i].ID, err)
		}
	}
	for _, b := range t.Branches {
		if err := weighed(b.Weight); err != nil {
			return fmt.Errorf("branch %q: %w", b.Prefix, err)
		}
		c.branches = append(c.branches, branch{prefix: b.Prefix, signs: b.Signs, mark: mark{
			rule: t.Name + ".branch", tool: t.Name, class: hinted, weight: b.Weight,
		}})
	}
	for _, l := range t.Labels {
		if err := weighed(l.Weight); err != nil {
			return fmt.Errorf("label %q: %w", l.Label, err)
		}
		c.labels[l.Label] = mark{rule: "any.label", tool: l.Tool, class: assisted, weight: l.Weight}
	}
	for _, login := range t.Logins {
		c.logins[login] = mark{rule: t.Name + ".login", tool: t.Name, class: authored, weight: 0.95}
	}
	return nil
}

func (c *Classifier) addTrailer(tool string, r *lineRule) error {
	class, err := classNamed(r.Class, assisted)
	if err != nil {
		return err
	}
	if err := weighed(r.Weight); err != nil {
		return err
	}
	t := trailer{named: r.Named, denies: r.Denies, mark: mark{
		rule: ruleName(tool, r, r.Key), tool: tool, class: class, weight: r.Weight,
	}}
	if r.Value != "" {
		if t.value, err = regexp.Compile("(?i)" + r.Value); err != nil {
			return err
		}
	}
	c.trailers[r.Key] = append(c.trailers[r.Key], t)
	return nil
}

func (c *Classifier) addLine(tool string, r *lineRule) error {
	class, err := classNamed(r.Class, assisted)
	if err != nil {
		return err
	}
	if err := weighed(r.Weight); err != nil {
		return err
	}
	if len(r.Hints) == 0 {
		return fmt.Errorf("hints are missing; without one every line of every message would be searched")
	}
	pattern, err := regexp.Compile("(?i)" + r.Pattern)
	if err != nil {
		return err
	}
	var answer *regexp.Regexp
	if r.Answer != "" {
		if answer, err = regexp.Compile("(?i)" + r.Answer); err != nil {
			return err
		}
	}
	l := &line{pattern: pattern, answer: answer, named: r.Named, subject: r.Where == "subject", mark: mark{
		rule: ruleName(tool, r, "line"), tool: tool, class: class, weight: r.Weight,
	}}
	for _, text := range r.Hints {
		c.addHint(text, l)
	}
	return nil
}

func (c *Classifier) addHint(text string, l *line) {
	for i := range c.hints {
		if c.hints[i].text == text {
			c.hints[i].lines = append(c.hints[i].lines, l)
			return
		}
	}
	c.hints = append(c.hints, hint{text: text, lines: []*line{l}})
}

// ruleName is "tool.id", with "any" for markers of whichever tool.
func ruleName(tool string, r *lineRule, otherwise string) string {
	if tool == "" {
		tool = "any"
	}
	if r.ID != "" {
		otherwise = r.ID
	}
	return tool + "." + strings.ReplaceAll(otherwise, " ", "-")
}

func weighed(w float64) error {
	if w <= 0 || w > 1 {
		return fmt.Errorf("weight is %v; it must be above 0 and at most 1", w)
	}
	return nil
}
