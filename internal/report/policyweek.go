package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// Auditor tells how the policy was kept by the changes that started in a stretch
// of time, judged from what really happened.
type Auditor interface {
	Audit(ctx context.Context, from, to time.Time) (PolicyWeek, error)
}

// PolicyWeek is how the policy was kept in the week.
type PolicyWeek struct {
	// Version is that of the rules; empty where this process has none.
	Version string `json:"version,omitempty"`
	// Judged counts the changes that were judged after the fact, Kept those that
	// keep every rule, Denied those that break a rule that denies, Warned those
	// that break only rules that warn, Glass those that were let through with a
	// reason.
	Judged int `json:"judged"`
	Kept   int `json:"kept"`
	Denied int `json:"denied"`
	Warned int `json:"warned"`
	Glass  int `json:"glass"`
	// Rules counts by rule and by what was wrong, the most frequent first.
	Rules []BrokenRule `json:"rules"`
	// Violations are changes that break a rule that denies, and GlassBroken those
	// that went through with a reason: at most some of each, those to the most
	// critical services first.
	Violations  []PolicyCase `json:"violations"`
	GlassBroken []PolicyCase `json:"glass_broken"`
}

// BrokenRule is how often a rule was not kept for one reason.
type BrokenRule struct {
	Rule string `json:"rule"`
	// Lapse says in words what was wrong.
	Lapse   string `json:"lapse"`
	Changes int    `json:"changes"`
}

// PolicyCase is a change that did not keep a rule.
type PolicyCase struct {
	Change string `json:"change"`
	// Tier is 0 when unknown.
	Tier  int    `json:"tier"`
	Rule  string `json:"rule"`
	Class string `json:"class"`
	// Reason is what was wrong, or why the glass was broken.
	Reason string `json:"reason"`
	URL    string `json:"url,omitempty"`
}

// policyWords say in a sentence how the policy was kept.
func (r *Report) policyWords() string {
	p := &r.Policy
	if p.Version == "" {
		return "The policy was not applied to the week's changes."
	}
	if p.Judged == 0 {
		return "No change of this week was judged by the policy (version " + p.Version + ")."
	}
	return fmt.Sprintf("Of %s of this week, judged by what really happened, %s kept every rule of the policy (version %s), %s broke a rule that denies, %s broke rules that only warn, and %s went through on break-glass.",
		counted(p.Judged, "change", "changes"), thousands(p.Kept), p.Version, thousands(p.Denied), thousands(p.Warned), thousands(p.Glass))
}

// decisions are what somebody must decide about the policy.
func (p *PolicyWeek) decisions() []string {
	var out []string
	if p.Denied > 0 {
		out = append(out, fmt.Sprintf("%s of this week broke a rule of the policy that denies. Were they meant to?", counted(p.Denied, "change", "changes")))
	}
	if p.Glass > 0 {
		out = append(out, fmt.Sprintf("%s went through on break-glass. Do the reasons hold?", counted(p.Glass, "change", "changes")))
	}
	return out
}

func (r *Report) policyTables() []table {
	p := &r.Policy
	rules := table{Title: "Rules that were not kept", Head: []string{"Rule", "What was wrong", "Changes"}}
	for _, b := range p.Rules {
		rules.Rows = append(rules.Rows, []string{b.Rule, capital(b.Lapse), thousands(b.Changes)})
	}
	violations := caseTable("Changes that broke a rule that denies", p.Violations, p.Denied)
	glass := caseTable("Let through on break-glass, with the reason given", p.GlassBroken, p.Glass)
	gate := table{Title: "Answers of the policy gate in this week", Head: []string{"Answer", "Times"}}
	for _, c := range r.Gate {
		gate.Rows = append(gate.Rows, []string{c.Answer, thousands(c.Count)})
	}
	return []table{rules, violations, glass, gate}
}

func caseTable(title string, cases []PolicyCase, all int) table {
	t := table{Title: title, Head: []string{"Change", "Tier", "Origin", "Rule", "Reason"}}
	for i := range cases {
		c := &cases[i]
		tier := "unknown"
		if c.Tier > 0 {
			tier = fmt.Sprint(c.Tier)
		}
		t.Rows = append(t.Rows, []string{c.Change, tier, originWords(c.Class), c.Rule, c.Reason})
		t.Link = append(t.Link, c.URL)
	}
	if all > len(cases) {
		t.Note = fmt.Sprintf("%s of %s are shown, those to the most critical services first; the page of policy violations lists all.", thousands(len(cases)), thousands(all))
	}
	return t
}

// originWords write a class for readers: ai_assisted as "AI-assisted".
func originWords(class string) string {
	if rest, ai := strings.CutPrefix(class, "ai_"); ai {
		return "AI-" + rest
	}
	return class
}

// chanceTable holds the incidents that a group's changes stood before against
// how many chance alone would show.
func (r *Report) chanceTable() table {
	c := &r.Impact.Chance
	t := table{
		Title: fmt.Sprintf("Incidents with a change to one of their services in the %.0f hours before, %s, since %s", c.LookbackHours, counted(c.Incidents, "incident", "incidents"), day(c.From)),
		Head:  []string{"A change of this group stood before", "Incidents", "By chance alone", "More than chance"},
		Note:  "Chance is what remains when all incidents are shifted together round the period. It needs no verdict, so no judge can have been biased; it says nothing of cause.",
	}
	if c.Insufficient != "" {
		t.Note = c.Insufficient
	}
	for _, g := range c.Groups {
		t.Rows = append(t.Rows, []string{capital(g.Group), thousands(g.Observed), fmt.Sprintf("%.1f (up to %.0f)", g.Expected, g.High), excessWords(g)})
	}
	return t
}

// excessWords say whether a group stands before incidents more often than
// chance has it.
func excessWords(g figures.Chance) string {
	excess := float64(g.Observed) - g.Expected
	switch {
	case g.Observed == 0 && g.Expected == 0:
		return "nothing to compare"
	case excess > 0 && float64(g.Observed) > g.High:
		return fmt.Sprintf("yes, by %.1f", excess)
	}
	return "no more than chance"
}

// groupTiles put AI-assisted, human and unknown changes side by side, and the
// ratio of the first two.
func groupTiles(i *figures.Impact) []Tile {
	names := map[string]string{"AI-assisted changes": "AI-assisted changes", "human changes": "Human changes", "changes of unknown origin": "Changes of unknown origin"}
	var tiles []Tile
	for _, g := range i.Groups {
		name, shown := names[g.Group]
		if !shown {
			continue
		}
		t := Tile{Name: name, Value: "–", Basis: "no matured change", Before: "since " + day(i.From)}
		if g.Rate != nil {
			t.Value = fmt.Sprintf("%.2f%%", 100*g.Rate.Value)
			t.Basis = fmt.Sprintf("%s of %s changes with an incident; 95%% interval %.2f%% to %.2f%%", thousands(g.Rate.Events), thousands(g.Rate.N), 100*g.Rate.Lo, 100*g.Rate.Hi)
		}
		tiles = append(tiles, t)
	}
	return append(tiles, ratioTile(i), unknownTile(i))
}

func ratioTile(i *figures.Impact) Tile {
	h := &i.Headline
	t := Tile{Name: "AI-assisted against human", Value: "–", Basis: "insufficient data", Before: capital(verdictNames[h.Verdict])}
	if r := h.Adjusted; r != nil && r.Value != nil && h.Verdict != figures.Insufficient {
		t.Value, t.Basis = fmt.Sprintf("%.2f×", *r.Value), "the risk, like with like; 95% interval "+figures.RangeWords(r)
		t.Before += "; not proof of cause"
	}
	return t
}

func unknownTile(i *figures.Impact) Tile {
	t := Tile{Name: "Share of unknown origin", Value: "–", Basis: "no matured change", Before: "they may be on either side"}
	if u := i.Population.Unknown; u != nil {
		t.Value, t.Basis = fmt.Sprintf("%.1f%%", 100*u.Value), fmt.Sprintf("%s of %s", thousands(u.Events), thousands(u.N))
	}
	return t
}
