package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
)

// ofRules compiles rules behind a common head.
func ofRules(t testing.TB, rules string) *policy.Policy {
	t.Helper()
	p, err := policy.Compile([]byte("version: t\nlevels: {senior: [senior]}\nbreak_glass: {labels: [break-glass]}\nrules:\n" + rules))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// only is the one finding of a decision.
func only(t testing.TB, d policy.Decision) policy.RuleFinding {
	t.Helper()
	if len(d.Findings) != 1 {
		t.Fatalf("%+v", d.Findings)
	}
	return d.Findings[0]
}

func TestTheLapseIsWhatIsWrongWithTheClosestApproval(t *testing.T) {
	approval := func(by, level string, minutes int) correlate.Approval {
		return correlate.Approval{By: by, Level: level, At: before(minutes)}
	}
	untimed := correlate.Approval{By: "grace", Level: "senior"}
	for name, tc := range map[string]struct {
		approvals []correlate.Approval
		want      policy.Lapse
	}{
		"nobody":                     {nil, policy.LapseNone},
		"a machine":                  {[]correlate.Approval{approval("x[bot]", "senior", 30)}, policy.LapseByMachine},
		"the author":                 {[]correlate.Approval{approval("ada", "senior", 30)}, policy.LapseByAuthor},
		"a peer":                     {[]correlate.Approval{byPeer}, policy.LapseNotSenior},
		"too late":                   {[]correlate.Approval{approval("grace", "senior", -5)}, policy.LapseLate},
		"without time":               {[]correlate.Approval{untimed}, policy.LapseUntimed},
		"an older commit":            {[]correlate.Approval{approval("grace", "senior", 90)}, policy.LapseOlderCommit},
		"a peer, and a senior late":  {[]correlate.Approval{byPeer, approval("grace", "senior", -5)}, policy.LapseLate},
		"the author, and a machine":  {[]correlate.Approval{approval("x[bot]", "", 30), approval("ada", "", 30)}, policy.LapseByAuthor},
		"a late one and an outdated": {[]correlate.Approval{approval("grace", "senior", -5), approval("barbara", "senior", 90)}, policy.LapseOlderCommit},
	} {
		t.Run(name, func(t *testing.T) {
			d := shipped(t).Judge(&policy.Input{Change: aChange(correlate.KindDeploy, tc.approvals...), Provenance: classed(correlate.ProvenanceAuthored), Tier: 1})
			f := only(t, d)
			if f.Lapse != tc.want || f.Outcome != policy.Deny || !strings.Contains(f.Reason, ": ") {
				t.Errorf("%+v, want %s", f, tc.want)
			}
		})
	}
}

func TestBrokenGlassLetsThroughWithItsReasonAndIsFoundAfterwards(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	in := &policy.Input{Change: c, Provenance: classed(correlate.ProvenanceAuthored), Tier: 1, Now: start}
	for _, empty := range []map[string]string{nil, {"break-glass": ""}, {"break-glass": "  "}, {"break-the-glass": "x"}} {
		c.Labels = empty
		if d := shipped(t).Judge(in); d.Decision != policy.Deny || d.BreakGlass.Used {
			t.Errorf("%v without a reason lets through: %+v", empty, d)
		}
	}
	c.Labels = map[string]string{"break-glass": "the shop is down"}
	gate := shipped(t).Judge(in)
	if f := only(t, gate); gate.Decision != policy.Warn || !strings.Contains(f.Reason, "the shop is down") || f.Lapse != policy.LapseNone {
		t.Errorf("%+v", gate)
	}
	in.Now = time.Time{}
	if f := only(t, shipped(t).Judge(in)); f.Lapse != policy.LapseBreakGlass || !strings.Contains(f.Reason, "the shop is down") {
		t.Errorf("%+v", f)
	}
}

func TestSomeRulesHoldEvenThen(t *testing.T) {
	p := ofRules(t, "  - {id: freeze, when: 'true', require: 'false', otherwise: deny, reason: no, break_glass: false}\n")
	c := aChange(correlate.KindDeploy)
	c.Labels = map[string]string{"break-glass": "the shop is down"}
	if d := p.Judge(&policy.Input{Change: c}); d.Decision != policy.Deny || only(t, d).Lapse != policy.LapseRule {
		t.Errorf("%+v", d)
	}
}

func TestDenyOutweighsWarnInAnyOrder(t *testing.T) {
	warn, deny := "  - {id: w, when: 'true', require: 'false', otherwise: warn, reason: no}\n", "  - {id: d, when: 'true', require: 'false', otherwise: deny, reason: no}\n"
	for rules, want := range map[string]policy.Outcome{warn: policy.Warn, warn + deny: policy.Deny, deny + warn: policy.Deny} {
		if d := ofRules(t, rules).Judge(&policy.Input{Change: aChange(correlate.KindDeploy)}); d.Decision != want {
			t.Errorf("%s: %s", rules, d.Decision)
		}
	}
}

func TestARuleThatCannotBeJudgedIsNotKept(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	c.Labels = map[string]string{"break-glass": "x"}
	for range 200 {
		c.Approvals = append(c.Approvals, byPeer)
	}
	for name, condition := range map[string]string{
		"a label that is not there": `change.labels["none"] == "x"`,
		"a cost without bound":      `approvals.all(a, approvals.all(b, approvals.all(c, a.by + b.by + c.by != "")))`,
		"a division by zero":        `tier / 0 == 1`,
	} {
		p := ofRules(t, "  - {id: broken, when: 'true', require: '"+condition+"', otherwise: deny, reason: no}\n")
		d := p.Judge(&policy.Input{Change: c, Provenance: classed(correlate.ProvenanceHuman)})
		if f := only(t, d); d.Decision != policy.Deny || f.Lapse != policy.LapseBroken || f.Mend == "" {
			t.Errorf("%s: %+v", name, d)
		}
		p = ofRules(t, "  - {id: broken, when: '"+condition+"', require: 'false', otherwise: warn, reason: no}\n")
		if d := p.Judge(&policy.Input{Change: c}); d.Decision != policy.Warn {
			t.Errorf("%s in when: %+v", name, d)
		}
	}
}

func TestExpressionsSeeEveryDocumentedVariable(t *testing.T) {
	c := reviewed()
	c.Title, c.Regions, c.Status, c.Version, c.RollbackOf = "Retry", []string{"eu"}, correlate.StatusSucceeded, "2", "d-0"
	c.Actor = &correlate.Actor{ID: "bot", Type: correlate.ActorAIAgent}
	c.Commits[0].Additions, c.Commits[0].Deletions = 30, 12
	c.Labels = map[string]string{"team": "web", "break-glass": "x"}
	c.Approvals = []correlate.Approval{bySenior}
	given := classed(correlate.ProvenanceAssisted)
	given.Tools, given.CommitShare = []correlate.AITool{{Name: "aider"}}, 0.5
	given.Override = &correlate.ProvenanceOverride{Class: correlate.ProvenanceAssisted}
	for _, condition := range []string{
		`change.id == "d-1" && change.source == "cd" && change.kind == "deploy" && change.title == "Retry"`,
		`change.services == ["checkout"] && change.environment == "production" && "eu" in change.regions`,
		`change.status == "succeeded" && change.version == "2" && change.rollback_of == "d-0"`,
		`change.started_at == timestamp("2026-05-04T10:00:00Z") && change.started_at.getDayOfWeek() == 1`,
		`change.actor_id == "bot" && change.actor_type == "ai_agent"`,
		`change.labels["team"] == "web" && change.commits == 1 && change.lines == 42`,
		`provenance.class == "ai_assisted" && provenance.ai && !provenance.unknown && provenance.confidence > 0.5`,
		`"aider" in provenance.tools && provenance.overridden && provenance.commit_share == 0.5`,
		`approvals.size() == 1 && approvals[0].by == "grace" && approvals[0].level == "Senior" && approvals[0].timed`,
		`approvals[0].at < change.started_at && change.started_at - approvals[0].at >= duration("30m")`,
		`approvals.all(a, a.senior && a.human && !a.by_author && a.before_start && a.latest && a.counts)`,
		`break_glass.used && break_glass.reason == "x" && tier == 2 && after`,
	} {
		p := ofRules(t, "  - {id: r, when: 'true', require: '"+condition+"', otherwise: deny, reason: no}\n")
		if d := p.Judge(&policy.Input{Change: c, Provenance: given, Tier: 2}); d.Decision != policy.Allow {
			t.Errorf("%s is not true: %+v", condition, d.Findings)
		}
	}
}

func TestTheTierIsThatOfTheMostCriticalService(t *testing.T) {
	tiers := map[string]int{"a": 3, "b": 1, "c": 0}
	for _, tc := range []struct {
		services []string
		want     int
	}{{nil, 0}, {[]string{"x"}, 0}, {[]string{"c"}, 0}, {[]string{"a"}, 3}, {[]string{"a", "b", "x"}, 1}} {
		if got := policy.TierOf(tc.services, tiers); got != tc.want {
			t.Errorf("%v: %d", tc.services, got)
		}
	}
}
