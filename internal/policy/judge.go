package policy

import (
	"fmt"

	"github.com/google/cel-go/cel"

	"github.com/faultline/faultline/correlate"
)

// Decision is the answer about one change.
type Decision struct {
	Decision Outcome                   `json:"decision"`
	Change   correlate.Key             `json:"change"`
	Class    correlate.ProvenanceClass `json:"class"`
	// Tier is that of the most critical changed service, 0 when unknown.
	Tier int `json:"tier"`
	// Findings are the rules that the change does not keep, in the order of the
	// file.
	Findings []RuleFinding `json:"findings"`
	// Approvals are those that were looked at.
	Approvals  []ApprovalFacts `json:"approvals"`
	BreakGlass BreakGlass      `json:"break_glass"`
	// Policy is the version of the rules.
	Policy string `json:"policy"`
}

// RuleFinding is a rule that a change does not keep.
type RuleFinding struct {
	Rule  string `json:"rule"`
	Title string `json:"title,omitempty"`
	// Outcome is what it led to: a rule that denies only warns when the glass
	// was broken.
	Outcome Outcome `json:"outcome"`
	// Lapse says what is wrong in one word; see [Lapse].
	Lapse  Lapse  `json:"lapse"`
	Reason string `json:"reason"`
	Mend   string `json:"mend,omitempty"`
}

// Lapse is what is wrong, in one word.
type Lapse string

// The lapses. All but LapseRule, LapseBreakGlass and LapseBroken belong to rules
// that ask for an approval, and tell why no approval served.
const (
	LapseNone        Lapse = "no_approval"
	LapseNotSenior   Lapse = "not_senior"
	LapseByAuthor    Lapse = "by_author"
	LapseLate        Lapse = "after_start"
	LapseUntimed     Lapse = "without_time"
	LapseOlderCommit Lapse = "older_commit"
	LapseByMachine   Lapse = "by_machine"
	LapseRule        Lapse = "rule"
	LapseBreakGlass  Lapse = "break_glass"
	LapseBroken      Lapse = "not_judged"
)

// Lapses lists every lapse.
func Lapses() []Lapse {
	return []Lapse{
		LapseNone, LapseNotSenior, LapseByAuthor, LapseLate, LapseUntimed, LapseOlderCommit, LapseByMachine,
		LapseRule, LapseBreakGlass, LapseBroken,
	}
}

// Judge decides about a change. Any rule that denies denies; otherwise any that
// warns warns.
func (p *Policy) Judge(in *Input) Decision {
	f := p.facts(in)
	d := Decision{
		Decision: Allow, Change: in.Change.Key(), Class: correlate.ProvenanceClass(f.provenance.Class), Tier: in.Tier,
		Findings: []RuleFinding{}, Approvals: f.approvals, BreakGlass: f.glass, Policy: p.version,
	}
	values := f.values()
	for i := range p.rules {
		finding, kept := p.rules[i].judge(&f, values)
		if kept {
			continue
		}
		d.Findings = append(d.Findings, finding)
		if finding.Outcome == Deny || d.Decision == Allow {
			d.Decision = finding.Outcome
		}
	}
	return d
}

// values are the variables by name.
func (f *facts) values() map[string]any {
	return map[string]any{
		"change": f.change, "provenance": f.provenance, "approvals": f.approvals, "break_glass": f.glass,
		"tier": f.tier, "after": f.after,
	}
}

// judge applies one rule. A rule that cannot be judged is not kept.
func (r *rule) judge(f *facts, values map[string]any) (RuleFinding, bool) {
	finding := RuleFinding{Rule: r.ID, Title: r.Title, Outcome: r.Otherwise, Reason: r.Reason, Mend: r.Mend}
	applies, err := truth(r.when, values)
	if err == nil && !applies {
		return RuleFinding{}, true
	}
	kept := false
	if err == nil {
		kept, err = truth(r.require, values)
	}
	switch {
	case err != nil:
		finding.Lapse = LapseBroken
		finding.Reason = fmt.Sprintf("the rule could not be judged: %v", err)
		finding.Mend = "mend the expression of the rule, or what it looks at in the change"
	case kept:
		return RuleFinding{}, true
	case r.Checks == checksApproval:
		finding.Lapse = lapseOf(f.approvals)
		finding.Reason += ": " + finding.Lapse.Words()
	default:
		finding.Lapse = LapseRule
	}
	if f.glass.Used && r.breakable && finding.Lapse != LapseBroken {
		finding.Outcome = Warn
		finding.Reason += "; let through because: " + f.glass.Reason
		if f.after {
			finding.Lapse = LapseBreakGlass
		}
	}
	return finding, false
}

// truth evaluates an expression that answers true or false.
func truth(program cel.Program, values map[string]any) (bool, error) {
	value, _, err := program.Eval(values)
	if err != nil {
		return false, err
	}
	answer, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("the expression answers %v", value.Type())
	}
	return answer, nil
}

// lapseOf says why no approval served: what is wrong with the one that comes
// closest to serving.
func lapseOf(approvals []ApprovalFacts) Lapse {
	best, closest := LapseNone, -1
	for i := range approvals {
		a := &approvals[i]
		lapse, steps := firstLapse(a)
		if steps > closest {
			best, closest = lapse, steps
		}
	}
	return best
}

// firstLapse is the first thing that is wrong with an approval, and how many
// things before it are right.
func firstLapse(a *ApprovalFacts) (Lapse, int) {
	for steps, check := range []struct {
		lapse Lapse
		wrong bool
	}{
		{LapseByMachine, !a.Human},
		{LapseByAuthor, a.ByAuthor},
		{LapseNotSenior, !a.Senior},
		{LapseUntimed, !a.BeforeStart && !a.Timed},
		{LapseLate, !a.BeforeStart},
		{LapseOlderCommit, !a.Latest},
	} {
		if check.wrong {
			return check.lapse, steps
		}
	}
	return LapseRule, len(Lapses())
}

// Words tell a person what the lapse is.
func (l Lapse) Words() string {
	switch l {
	case LapseNone:
		return "nobody approved it"
	case LapseNotSenior:
		return "nobody senior approved it"
	case LapseByAuthor:
		return "the approval is the author's own"
	case LapseLate:
		return "the approval came after the start"
	case LapseUntimed:
		return "the approval has no time, so it cannot be shown to have come before the start"
	case LapseOlderCommit:
		return "the approval is of an older commit"
	case LapseByMachine:
		return "the approval is a machine's"
	case LapseBreakGlass:
		return "the glass was broken"
	case LapseBroken:
		return "it could not be judged"
	case LapseRule:
		return "the rule is not kept"
	default:
		return string(l)
	}
}
