package correlate

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTimingSpeaksForAChangeShortlyBeforeTheAlert(t *testing.T) {
	late := newStory(guilty(-15*time.Second, "cart"))
	late.alerts, late.changes = late.alerts[:1], late.changes[:1] // Among others it would not be listed.
	runEvidence(t, []evidenceTest{
		{
			"two minutes before", newStory(guilty(2*time.Minute, "cart")), EvidenceTiming, speaks,
			[]string{"cart: deploy started 2 min before the first alert it explains (cart HighErrorRate)", "% of comparable outages"},
			[]string{"alert:cart-HighErrorRate"},
		},
		{
			"five days before", newStory(guilty(5*24*time.Hour+2*time.Hour, "cart")), EvidenceTiming, against,
			[]string{"5 days 2 h before", "began sooner"},
			nil,
		},
		{
			"after the outbreak", late, EvidenceTiming, against,
			[]string{"15 s after the first alert", "only a wrong clock"},
			nil,
		},
	})
}

func TestTheLaterTheAlertTheLessTimingSpeaksForTheChange(t *testing.T) {
	last := 100.0
	for _, before := range []time.Duration{
		2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 24 * time.Hour, 6 * 24 * time.Hour,
	} {
		log, _, _, _ := weightOf(suspectOf(t, newStory(guilty(before, "cart")).judge(), "guilty"), EvidenceTiming)
		if log >= last {
			t.Errorf("%v before the alert: timing %.2f, not less than %.2f for a nearer change", before, log, last)
		}
		last = log
	}
}

func TestTopologyComparesTheAlertsWithTheCallGraph(t *testing.T) {
	quiet := newStory(guilty(2*time.Minute, "orders-db"))
	quiet.alerts = quiet.alerts[:1]
	wide := newStory(guilty(2 * time.Minute))
	kin := newStory(guilty(2*time.Minute, "cart"))
	kin.alerts = []Alert{kin.alert("cart in three regions", "HighErrorRate", SeverityCritical, 0)}
	runEvidence(t, []evidenceTest{
		{
			"on the failing service", newStory(guilty(2*time.Minute, "cart")), EvidenceTopology, speaks,
			[]string{"A fault there explains 2 of 2 alerting services", "cart alerts itself", "web depends on it"},
			[]string{"service:cart", "service:web"},
		},
		{
			"on what it depends on", newStory(guilty(2*time.Minute, "orders-db")), EvidenceTopology, speaks,
			[]string{"cart and web depend on it", "pay should feel it and is quiet"},
			nil,
		},
		{
			"a caller that should alert is quiet", quiet, EvidenceTopology, said,
			[]string{"explains 1 of 1 alerting service", "cart depends on it", "pay should feel it and is quiet"},
			nil,
		},
		{
			"out of reach", newStory(guilty(2*time.Minute, "ledger")), EvidenceTopology, against,
			[]string{"No path in the call graph leads from cart and web to ledger"},
			nil,
		},
		{
			"the whole environment", wide, EvidenceTopology, against,
			[]string{"It touches the whole environment; 2 services of", "alert"},
			nil,
		},
		{"an alert by another name", kin, EvidenceTopology, speaks, []string{"explains 1 of 1"}, []string{"service:cart in three regions"}},
	})
}

// The caller that broke what it calls: the callee and its other callers alert.
func TestACallerThatOverloadsWhatItCallsIsASuspect(t *testing.T) {
	s := newStory(guilty(2*time.Minute, "cart"))
	s.alerts = []Alert{
		s.alert("orders-db", "Saturated", SeverityCritical, 0), s.alert("pay", "HighErrorRate", SeverityHigh, 30*time.Second),
	}
	suspect := suspectOf(t, s.judge(), "guilty")
	_, text, _, _ := weightOf(suspect, EvidenceTopology)
	if suspect.Rank != 1 || !strings.Contains(text, "It calls orders-db and may have broken it") {
		t.Errorf("rank %d: %s", suspect.Rank, text)
	}
}

func TestMoreSilentCallersSpeakAgainstAChange(t *testing.T) {
	last := 100.0
	for _, silent := range []int{0, 3, 12} {
		s := newStory(guilty(2*time.Minute, "cart"))
		for i := range silent {
			s.topology.Edges = append(s.topology.Edges, Edge{Caller: fmt.Sprintf("silent-%d", i), Callee: "cart"})
		}
		log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceTopology)
		if log >= last {
			t.Errorf("with %d silent callers topology says %.2f, with fewer %.2f: %s", silent, log, last, text)
		}
		last = log
	}
}

func staged(steps ...RolloutStep) Change {
	c := guilty(3*time.Hour, "cart")
	c.FinishedAt, c.Status, c.Rollout = nil, StatusInProgress, steps
	return c
}

func TestARolloutsStepsCountNotItsStart(t *testing.T) {
	runEvidence(t, []evidenceTest{
		{
			"the last step just came", newStory(staged(
				RolloutStep{At: after(-3 * time.Hour), Percent: 5}, RolloutStep{At: after(-2 * time.Minute), Percent: 100},
			)), EvidenceRollout, speaks,
			[]string{"Rollout step 2 of 2 (100%) came 2 min before the alert HighErrorRate of cart"},
			[]string{"alert:cart-HighErrorRate"},
		},
		{
			"a step of the alerts' region", newStory(staged(
				RolloutStep{At: after(-3 * time.Hour), Percent: 10, Region: "eu"}, RolloutStep{At: after(-time.Minute), Percent: 100, Region: "us"},
			)), EvidenceRollout, speaks, []string{"step 2 of 2 (100% of us)"}, nil,
		},
		{
			"of some instances", newStory(staged(
				RolloutStep{At: after(-3 * time.Hour), Instances: []string{"i1"}}, RolloutStep{At: after(-time.Minute), Instances: []string{"i2", "i3"}},
			)), EvidenceRollout, speaks, []string{"step 2 of 2 (2 instances)"}, nil,
		},
		{
			"no step had begun", newStory(staged(
				RolloutStep{At: after(time.Minute), Percent: 50}, RolloutStep{At: after(2 * time.Minute), Percent: 100},
			)), EvidenceRollout, against, []string{"None of its 2 rollout steps had begun"}, nil,
		},
		{"no steps are known", newStory(guilty(2*time.Minute, "cart")), EvidenceRollout, absent, nil, nil},
	})
}

// regional gives all alerts a region and the change the given ones.
func regional(alerts string, change ...string) *story {
	c := guilty(2*time.Minute, "cart")
	c.Regions = change
	s := newStory(c)
	for i := range s.alerts {
		s.alerts[i].Region = alerts
	}
	return s
}

func TestRegionComparesWhereTheAlertsAreWithWhereTheChangeWas(t *testing.T) {
	elsewhere := newStory(guilty(2*time.Minute, "cart"))
	elsewhere.changes[0].Environment = "staging"
	arrived := newStory(staged(
		RolloutStep{At: after(-3 * time.Hour), Percent: 100, Region: "us"}, RolloutStep{At: after(3 * time.Minute), Percent: 100, Region: "eu"},
	))
	for i := range arrived.alerts {
		arrived.alerts[i].Region = "eu"
	}
	runEvidence(t, []evidenceTest{
		{"same region", regional("eu", "eu"), EvidenceRegion, speaks, []string{"confined to eu, where the change had arrived (eu)"}, nil},
		{"other region", regional("us", "eu"), EvidenceRegion, against, []string{"in us, where the change had not arrived", "it is in eu"}, nil},
		{"all regions", regional("eu"), EvidenceRegion, absent, nil, nil},
		{"alerts without region", regional("", "eu"), EvidenceRegion, absent, nil, nil},
		{"a rollout that comes there later", arrived, EvidenceRegion, against, []string{"had not arrived"}, nil},
		{"another environment", elsewhere, EvidenceRegion, against, []string{"The change is in staging; no alert is"}, nil},
	})
}

// onVersion gives the first alert a version and an instance.
func onVersion(version, instance string) *story {
	c := staged(RolloutStep{At: after(-2 * time.Minute), Instances: []string{"cart-7", "cart-8"}})
	c.StartedAt = after(-2 * time.Minute)
	s := newStory(c)
	s.alerts[0].Version, s.alerts[0].Instance = version, instance
	return s
}

func TestVersionAsksWhetherAlertsNameWhatTheChangeBrought(t *testing.T) {
	runEvidence(t, []evidenceTest{
		{"new version", onVersion("v2", ""), EvidenceVersion, speaks, []string{"version v2 of cart, which this change brought"}, []string{"alert:cart-HighErrorRate"}},
		{"old version", onVersion("v1", ""), EvidenceVersion, against, []string{"version v1 of cart, which this change had not touched"}, nil},
		{"changed instance", onVersion("", "cart-7"), EvidenceVersion, speaks, []string{"instance cart-7"}, nil},
		{"unchanged instance", onVersion("", "cart-1"), EvidenceVersion, against, []string{"instance cart-1", "had not touched"}, nil},
		{"some other version", onVersion("v0.9", ""), EvidenceVersion, absent, nil, nil},
		{"neither known", onVersion("", ""), EvidenceVersion, absent, nil, nil},
	})
}

// titled gives the change a title and the first alert a summary.
func titled(title, summary string) *story {
	s := newStory(guilty(2*time.Minute, "cart"))
	s.changes[0].Title = title
	s.alerts[0].Summary = summary
	return s
}

func TestTextCountsRareWordsThatAlertAndChangeShare(t *testing.T) {
	flagged := titled("", "voucher engine rejects all baskets")
	flagged.changes[0].Labels = map[string]string{"flag": "voucher-engine-v3", "unread": "baskets"}
	files := titled("", "voucher engine rejects all baskets")
	files.changes[0].Commits = []Commit{{SHA: "1", Message: "tidy\n\nvoucher", Files: []string{"pkg/voucher/engine.go"}}}
	body := titled("", "voucher engine rejects all baskets")
	body.changes[0].Commits = []Commit{{SHA: "1", Message: "tidy\n\nthe voucher engine"}}
	runEvidence(t, []evidenceTest{
		{"the body of a commit message", body, EvidenceText, absent, nil, nil},
		{
			"title", titled("rewrite of the voucher engine", "voucher engine rejects all baskets"), EvidenceText, speaks,
			[]string{"share rare words: ", "voucher", "engine", `is in the changes of 1 service out of`},
			nil,
		},
		{"flag", flagged, EvidenceText, speaks, []string{"voucher", "engine"}, nil},
		{"files", files, EvidenceText, speaks, []string{"voucher", "engine"}, nil},
		{"nothing shared", titled("tidy the build", "voucher engine rejects all baskets"), EvidenceText, absent, nil, nil},
		{"words of any alert", titled("update error rate alert threshold", "error rate above threshold"), EvidenceText, absent, nil, nil},
		{"the service's own name", titled("cart: tidy", "cart fails"), EvidenceText, absent, nil, nil},
	})
}

// A word that half of the changes hold proves nothing.
func TestAWordOfManyChangesWeighsLess(t *testing.T) {
	rare, common := titled("voucher rewrite", "voucher fails"), titled("voucher rewrite", "voucher fails")
	for i := range common.changes {
		common.changes[i].Title = "voucher rewrite"
	}
	a, _, _, _ := weightOf(suspectOf(t, rare.judge(), "guilty"), EvidenceText)
	b, _, _, _ := weightOf(suspectOf(t, common.judge(), "guilty"), EvidenceText)
	if a <= b {
		t.Errorf("a rare word weighs %.2f, a common one %.2f", a, b)
	}
}

func TestPriorSaysHowOftenSuchChangesAreGuilty(t *testing.T) {
	safety := newStory(guilty(2*time.Minute, "cart"))
	for i := range safety.alerts {
		safety.alerts[i].Signal = SignalAISafety
	}
	guardrail := newStory(guilty(2*time.Minute, "cart"))
	guardrail.alerts = safety.alerts
	guardrail.changes[0].Kind = KindGuardrail
	runEvidence(t, []evidenceTest{
		{"always", newStory(guilty(2*time.Minute, "cart")), EvidencePrior, against, []string{"It is one of about ", " changes in 48 h", "deploy changes cause outages"}, nil},
		{"a kind that seldom causes such alerts", safety, EvidencePrior, said, []string{"Changes of kind deploy are rarely behind ai_safety alerts"}, nil},
		{"a kind that often does", guardrail, EvidencePrior, said, []string{"Changes of kind guardrail are often behind ai_safety alerts"}, nil},
	})
	a, _, _, _ := weightOf(suspectOf(t, safety.judge(), "guilty"), EvidencePrior)
	b, _, _, _ := weightOf(suspectOf(t, guardrail.judge(), "guilty"), EvidencePrior)
	if b <= a {
		t.Errorf("prior of a guardrail change behind safety alerts %.2f, of a deploy %.2f", b, a)
	}
}

func TestTheMoreChangesThereAreTheLessEachIsSuspect(t *testing.T) {
	few, many := newStory(guilty(2*time.Minute, "cart")), newStory(guilty(2*time.Minute, "cart"))
	for i := range 600 {
		many.changes = append(many.changes, Change{
			ID: fmt.Sprint("more-", i), Source: "ci", Kind: KindDeploy, Services: []string{"freight"}, StartedAt: after(-time.Duration(i+10) * 4 * time.Minute),
		})
	}
	a, _, _, _ := weightOf(suspectOf(t, few.judge(), "guilty"), EvidencePrior)
	b, _, _, _ := weightOf(suspectOf(t, many.judge(), "guilty"), EvidencePrior)
	if b >= a-1 {
		t.Errorf("prior of one of 30 changes %.2f, of one of 630 %.2f", a, b)
	}
}

// undone appends a rollback of the guilty change, by reference or by version.
func undone(at time.Duration, byVersion bool, resolvedAt ...time.Duration) *story {
	s := newStory(guilty(2*time.Minute, "cart"))
	back := Change{
		ID: "undo", Source: "ci", Kind: KindRollback, Services: []string{"cart"}, StartedAt: after(at), Version: "v1", PreviousVersion: "v2",
	}
	if !byVersion {
		back.RollbackOf, back.Version, back.PreviousVersion = "guilty", "", ""
	}
	s.changes = append(s.changes, back)
	for i := range resolvedAt {
		s.alerts[i] = *resolved(&s.alerts[i], after(resolvedAt[i]))
	}
	return s
}

func (s *story) judgedAt(at time.Duration) *story {
	s.asOf = after(at)
	return s
}

func TestRollbackJudgesByWhatTheUndoingBrought(t *testing.T) {
	cancelled := newStory(guilty(40*time.Minute, "cart"))
	cancelled.changes[0].Status = StatusCancelled
	other := undone(10*time.Minute, false).judgedAt(3 * time.Hour)
	other.changes[len(other.changes)-1].RollbackOf = "something else"
	ref := []string{"change:ci/undo"}
	runEvidence(t, []evidenceTest{
		{
			"recovery follows", undone(10*time.Minute, false, 12*time.Minute, 13*time.Minute).judgedAt(20 * time.Minute), EvidenceRollback, speaks,
			[]string{"It was undone by undo at 14:13:27 UTC on 4 May", "2 min later half of the 2 alerts had resolved"},
			ref,
		},
		{
			"by version", undone(10*time.Minute, true, 12*time.Minute, 13*time.Minute).judgedAt(20 * time.Minute), EvidenceRollback, speaks,
			[]string{"It was undone by undo"},
			ref,
		},
		{
			"nothing recovers for hours", undone(10*time.Minute, false).judgedAt(3 * time.Hour), EvidenceRollback, against,
			[]string{"2 h 50 min later 2 of the 2 alerts still fire"},
			ref,
		},
		{"too early to tell", undone(10*time.Minute, false).judgedAt(11 * time.Minute), EvidenceRollback, said, []string{"1 min later it is too early to see whether that helped"}, ref},
		{"undone before", undone(-time.Minute, false), EvidenceRollback, against, []string{"It had been undone by undo at 14:02:27", "before the trouble began"}, ref},
		{"cancelled before", cancelled, EvidenceRollback, against, []string{"It was cancelled at 13:24:17", "before the trouble began"}, nil},
		{"another change was undone", other, EvidenceRollback, absent, nil, nil},
		{"never undone", newStory(guilty(2*time.Minute, "cart")), EvidenceRollback, absent, nil, nil},
	})
}

func TestHistoryCountsWhatPeopleConfirmed(t *testing.T) {
	known := newStory(guilty(2*time.Minute, "cart"))
	other := newStory(guilty(2*time.Minute, "cart"))
	future := newStory(guilty(2*time.Minute, "cart"))
	for i := range 8 {
		at := after(-time.Duration(i+1) * 24 * time.Hour)
		known.history = append(known.history, PastCause{Services: []string{"cart"}, Kind: KindDeploy, At: at})
		other.history = append(other.history, PastCause{Services: []string{"ledger"}, Kind: KindDeploy, At: at})
	}
	future.history = []PastCause{{Services: []string{"cart"}, Kind: KindDeploy, At: future.asOf.Add(time.Minute)}}
	runEvidence(t, []evidenceTest{
		{"often guilty before", known, EvidenceHistory, speaks, []string{"cart", "8 of 8 incidents"}, nil},
		{"never guilty before", other, EvidenceHistory, against, []string{"cart", "0 of 8 incidents"}, nil},
		{"nothing is known", newStory(guilty(2*time.Minute, "cart")), EvidenceHistory, absent, nil, nil},
		{"confirmed only later", future, EvidenceHistory, absent, nil, nil},
	})
}

func TestTheFewerInstancesARolloutHadReachedTheMoreAnAlertOnOneTells(t *testing.T) {
	e := NewEngine(DefaultWeights())
	log := func(percent float64, instance string) float64 {
		c := Change{Services: []string{"cart"}, Rollout: []RolloutStep{{At: outbreak.Add(-time.Minute), Percent: percent, Instances: []string{"cart-7"}}}}
		s := &scene{alerts: []Alert{{Service: "cart", Instance: instance, StartedAt: outbreak}}}
		found, ok := e.versionTerm(s, &candidate{detail: &detail{change: c}})
		if !ok {
			t.Fatal("no evidence about the instance")
		}
		return found.logOdds
	}
	if few, half := log(10, "cart-7"), log(50, "cart-7"); few < half+1 {
		t.Errorf("an alert on one of a tenth has %.2f, on one of a half %.2f", few, half)
	}
	if ended, half := log(100, "cart-7"), log(50, "cart-7"); ended != half {
		t.Errorf("an ended rollout has %.2f, one half way %.2f", ended, half)
	}
	if few := log(10, "cart-1"); few >= 0 {
		t.Errorf("an alert on what the rollout had not reached has %.2f", few)
	}
}
