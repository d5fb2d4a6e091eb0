package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
)

// after is a moment so many minutes after the start.
func after(minutes int) *time.Time {
	at := start.Add(time.Duration(minutes) * time.Minute)
	return &at
}

func TestWhatIsKnownOfAnApproval(t *testing.T) {
	levels := shipped(t).Levels()
	for name, tc := range map[string]struct {
		by, level string
		at        *time.Time
		now       time.Time
		want      policy.ApprovalFacts
	}{
		"a senior in time":                      {"grace", " SENIOR ", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, BeforeStart: true, Latest: true, Counts: true}},
		"a peer in time":                        {"linus", "", before(30), time.Time{}, policy.ApprovalFacts{Human: true, BeforeStart: true, Latest: true, Counts: true}},
		"the author by login":                   {"Ada", "staff", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, ByAuthor: true, BeforeStart: true, Latest: true}},
		"the author by address":                 {"ada@example.com", "staff", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, ByAuthor: true, BeforeStart: true, Latest: true}},
		"a bot":                                 {"approver[bot]", "senior", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, BeforeStart: true, Latest: true}},
		"a reviewing agent":                     {"CodeRabbitAI", "senior", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, BeforeStart: true, Latest: true}},
		"nobody":                                {" ", "senior", before(30), time.Time{}, policy.ApprovalFacts{Senior: true, BeforeStart: true, Latest: true}},
		"after the start":                       {"grace", "lead", after(1), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, Latest: true}},
		"at the very start":                     {"grace", "lead", after(0), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, BeforeStart: true, Latest: true, Counts: true}},
		"of an older commit":                    {"grace", "lead", before(61), time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, BeforeStart: true}},
		"without time, afterwards":              {"grace", "lead", nil, time.Time{}, policy.ApprovalFacts{Senior: true, Human: true, Latest: true}},
		"without time, at the gate":             {"grace", "lead", nil, start, policy.ApprovalFacts{Senior: true, Human: true, BeforeStart: true, Latest: true, Counts: true}},
		"at the gate, pipeline began before it": {"grace", "lead", after(5), start.Add(10 * time.Minute), policy.ApprovalFacts{Senior: true, Human: true, BeforeStart: true, Latest: true, Counts: true}},
		"from the future":                       {"grace", "lead", after(20), start.Add(10 * time.Minute), policy.ApprovalFacts{Senior: true, Human: true, Latest: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := levels.Approvals(aChange(correlate.KindDeploy, correlate.Approval{By: tc.by, Level: tc.level, At: tc.at}), tc.now)
			tc.want.By, tc.want.Level = tc.by, tc.level
			if tc.at != nil {
				tc.want.At, tc.want.Timed = *tc.at, true
			}
			if diff := cmp.Diff([]policy.ApprovalFacts{tc.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// reviewed is a change with one pull request by eve and these reviews.
func reviewed(reviews ...correlate.Review) *correlate.Change {
	c := aChange(correlate.KindDeploy)
	c.PullRequests = []correlate.PullRequest{{Number: 1, Author: &correlate.PullRequestAuthor{Login: "eve"}, Reviews: reviews}}
	return c
}

func TestTheLastReviewOfAPersonDecides(t *testing.T) {
	review := func(who, state string, minutes int) correlate.Review {
		return correlate.Review{Reviewer: who, State: state, Level: "senior", At: before(minutes)}
	}
	for name, tc := range map[string]struct {
		reviews []correlate.Review
		want    []string
	}{
		"approved":             {[]correlate.Review{review("grace", "APPROVED", 30)}, []string{"grace"}},
		"only commented":       {[]correlate.Review{review("grace", "commented", 30)}, nil},
		"a comment afterwards": {[]correlate.Review{review("grace", "approved", 30), review("grace", "commented", 20)}, []string{"grace"}},
		"taken back":           {[]correlate.Review{review("grace", "approved", 30), review("grace", "changes_requested", 20)}, nil},
		"dismissed":            {[]correlate.Review{review("grace", "dismissed", 20), review("grace", "approved", 30)}, nil},
		"approved in the end":  {[]correlate.Review{review("grace", "changes_requested", 30), review("Grace", "approved", 20)}, []string{"Grace"}},
		"two people":           {[]correlate.Review{review("linus", "approved", 20), review("grace", "approved", 30)}, []string{"grace", "linus"}},
		"one takes back":       {[]correlate.Review{review("linus", "approved", 30), review("grace", "approved", 30), review("linus", "dismissed", 10)}, []string{"grace"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range shipped(t).Levels().Approvals(reviewed(tc.reviews...), time.Time{}) {
				got = append(got, a.By)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhoeverTookPartIsAnAuthor(t *testing.T) {
	c := reviewed()
	c.Actor = &correlate.Actor{ID: "mallory", Type: correlate.ActorHuman}
	c.Commits[0].Message += "\n\nCo-authored-by: Joan Clarke <joan@example.com>"
	for by, author := range map[string]bool{
		"Ada": true, "eve": true, "mallory": true, "joan clarke": true, "JOAN@example.com": true, "grace": false, "joan": false, "": false,
	} {
		c.Approvals = []correlate.Approval{{By: by, Level: "senior", At: before(30)}}
		if got := shipped(t).Levels().Approvals(c, time.Time{})[0].ByAuthor; got != author {
			t.Errorf("%q counts as author: %v", by, got)
		}
	}
	c.Actor.Type = correlate.ActorAutomation
	c.Approvals = []correlate.Approval{{By: "mallory", Level: "senior", At: before(30)}}
	if shipped(t).Levels().Approvals(c, time.Time{})[0].ByAuthor {
		t.Error("the account of a pipeline is an author")
	}
}

func TestApprovedBySeniorBeforeStart(t *testing.T) {
	levels := shipped(t).Levels()
	late := bySenior
	late.At = after(1)
	for name, tc := range map[string]struct {
		approvals []correlate.Approval
		want      bool
	}{
		"nobody": {nil, false}, "a peer": {[]correlate.Approval{byPeer}, false}, "a senior": {[]correlate.Approval{byPeer, bySenior}, true},
		"a senior too late": {[]correlate.Approval{late}, false}, "too late and in time": {[]correlate.Approval{late, bySenior}, true},
	} {
		if got := levels.SeniorBeforeStart(aChange(correlate.KindDeploy, tc.approvals...)); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// drawApproval draws any approval, sensible or not.
func drawApproval(t *rapid.T) correlate.Approval {
	a := correlate.Approval{
		By:    rapid.SampledFrom([]string{"ada", "grace", "linus", "eve", "x[bot]", "copilot", ""}).Draw(t, "by"),
		Level: rapid.SampledFrom([]string{"", "senior", "junior", "Staff"}).Draw(t, "level"),
	}
	if rapid.Bool().Draw(t, "timed") {
		a.At = before(rapid.IntRange(-90, 90).Draw(t, "minutes"))
	}
	return a
}

func drawInput(t *rapid.T) *policy.Input {
	c := aChange(rapid.SampledFrom(correlate.ChangeKinds()).Draw(t, "kind"), rapid.SliceOfN(rapid.Custom(drawApproval), 0, 5).Draw(t, "approvals")...)
	c.Environment = rapid.SampledFrom([]string{"", "production", "staging"}).Draw(t, "environment")
	in := &policy.Input{Change: c, Provenance: classed(rapid.SampledFrom(correlate.ProvenanceClasses()).Draw(t, "class")), Tier: rapid.IntRange(0, 4).Draw(t, "tier")}
	if rapid.Bool().Draw(t, "gate") {
		in.Now = start.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "now")) * time.Minute)
	}
	return in
}

// strictness orders outcomes.
func strictness(o policy.Outcome) int {
	return map[policy.Outcome]int{policy.Allow: 0, policy.Warn: 1, policy.Deny: 2}[o]
}

func TestAnotherApprovalNeverMakesADecisionStricter(t *testing.T) {
	p := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		was := p.Judge(in).Decision
		more := *in.Change
		more.Approvals = append(append([]correlate.Approval{}, more.Approvals...), drawApproval(t))
		is := p.Judge(&policy.Input{Change: &more, Provenance: in.Provenance, Tier: in.Tier, Now: in.Now}).Decision
		if strictness(is) > strictness(was) {
			t.Fatalf("%s became %s by %+v", was, is, more.Approvals)
		}
	})
}

func TestASeniorInTimeIsEnoughForTheShippedRules(t *testing.T) {
	p := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Change.Approvals = append(in.Change.Approvals, correlate.Approval{By: "barbara", Level: "principal", At: before(30)})
		in.Now = time.Time{}
		if d := p.Judge(in); d.Decision != policy.Allow {
			t.Fatalf("%s: %+v", d.Decision, d.Findings)
		}
	})
}

func TestTheOrderOfApprovalsChangesNothing(t *testing.T) {
	p := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		was := p.Judge(in)
		in.Change.Approvals = rapid.Permutation(in.Change.Approvals).Draw(t, "mixed")
		if is := p.Judge(in); is.Decision != was.Decision {
			t.Fatalf("%s became %s", was.Decision, is.Decision)
		}
	})
}

func TestWhatWentThroughTheGateUntimedIsTheOnlyThingFoundAfterwards(t *testing.T) {
	p := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		timed := in.Change.Approvals[:0:0]
		for _, a := range in.Change.Approvals {
			if a.At != nil {
				timed = append(timed, a)
			}
		}
		in.Change.Approvals, in.Now = timed, start
		gate := p.Judge(in).Decision
		in.Now = time.Time{}
		if found := p.Judge(in).Decision; found != gate {
			t.Fatalf("the gate at the start says %s, afterwards it is %s", gate, found)
		}
	})
}
