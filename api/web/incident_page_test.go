package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// incidentPageOf is the page of the one incident of a busy world, tuned.
func incidentPageOf(t *testing.T, v Visitor, tune func(w *world, in *correlate.Incident, sheet *Sheet)) *reading {
	t.Helper()
	w := busy("shop")
	sheet := w.sheets["inc-1"]
	if tune != nil {
		tune(w, &w.incidents[0], &sheet)
	}
	w.sheets["inc-1"] = sheet
	return w.get(t, v, "/incidents/inc-1")
}

// TestTheFirstScreenComesBeforeTheEvidence: on a telephone at night only the first
// screen is read, so what is wrong, who did it and what to do stand in that order,
// and how fresh it is behind them.
func TestTheFirstScreenComesBeforeTheEvidence(t *testing.T) {
	text := incidentPageOf(t, judge, nil).at("main").text()
	at := -1
	for _, part := range []string{"critical", "shop fails", "Began 4 May 10:00:00 UTC", "open for 1 h", "7 alerts on shop", "Probable cause: shop change 1, 1 min before the first alert (80%).", "Next: Open the rollback", "Copy what to say", "commands", "Finding 2 as of", "changes: last", "Export: Markdown", "Suspects", "Speaks for it"} {
		next := strings.Index(text, part)
		if next <= at {
			t.Fatalf("%q stands at %d, what comes before it at %d: %s", part, next, at, text)
		}
		at = next
	}
}

// TestTheNextStepIsWhatIsKnown goes through all that can be known about a first
// suspect. A way that leads nowhere is caught by the laws of links.
func TestTheNextStepIsWhatIsKnown(t *testing.T) {
	key := correlate.Key{Source: "ci", ID: "c-1"}
	ended := onset.Add(time.Minute)
	top := func(s *Sheet) *correlate.Suspect { return &s.Findings[0].Suspects[0] }
	for name, c := range map[string]struct {
		tune func(in *correlate.Incident, s *Sheet)
		says string
		ways map[string]string
		not  string
	}{
		"rollback link":        {func(*correlate.Incident, *Sheet) {}, "Next:", map[string]string{"Open the rollback, in a new tab ↗": "https://cd.example/b", "Copy what to say": "#suspect-1-undo"}, "cause or not"},
		"version before alone": {func(_ *correlate.Incident, s *Sheet) { top(s).Change.Links = nil }, "Next:", map[string]string{"Copy what to say to have it undone": "#suspect-1-undo"}, "Open the rollback"},
		"nothing known":        {func(_ *correlate.Incident, s *Sheet) { top(s).Change.Links, top(s).Change.PreviousVersion = nil, "" }, "How to undo it is not known", map[string]string{"Weigh the evidence": "#suspect-1"}, "Next:"},
		"undone already":       {func(_ *correlate.Incident, s *Sheet) { top(s).Change.Status = correlate.StatusRolledBack }, "Its sender says that it has been rolled back.", map[string]string{"Weigh the evidence": "#suspect-1"}, "Open the rollback"},
		"too weak":             {func(_ *correlate.Incident, s *Sheet) { top(s).Probability = 0.29 }, "Next:", map[string]string{"See what could not be looked at": "#h-missing"}, "Open the rollback"},
		"no change":            {func(_ *correlate.Incident, s *Sheet) { s.Findings[0].Verdict = correlate.VerdictNoChange }, "Probably no recorded change did it", map[string]string{"See what could not be looked at": "#h-missing"}, "Open the rollback"},
		"no suspects":          {func(_ *correlate.Incident, s *Sheet) { s.Findings[0].Suspects = nil }, "No recorded change is a suspect", map[string]string{"See what could not be looked at": "#h-missing"}, "Open the rollback"},
		"ruled out":            {func(_ *correlate.Incident, s *Sheet) { s.Standing.Rejected = []correlate.Key{key} }, "People ruled it out.", map[string]string{"Go to suspect 2": "#suspect-2"}, "Open the rollback"},
		"all ruled out": {func(_ *correlate.Incident, s *Sheet) {
			s.Standing.Rejected = []correlate.Key{key, {Source: "ci", ID: "c-2"}, {Source: "ci", ID: "c-3"}}
		}, "People ruled it out.", map[string]string{"See what could not be looked at": "#h-missing"}, "Go to suspect"},
		"confirmed": {func(_ *correlate.Incident, s *Sheet) {
			s.Standing.State, s.Standing.Confirmed = correlate.JudgedConfirmed, []correlate.Key{key}
		}, "Cause confirmed.", map[string]string{"Read the verdict": "#verdict"}, "Open the rollback"},
		"over and undecided": {func(in *correlate.Incident, _ *Sheet) { in.ResolvedAt, in.Status = &ended, correlate.IncidentResolved }, "Next:", map[string]string{"Open the rollback, in a new tab ↗": "https://cd.example/b", "Copy what to say": "#suspect-1-undo", "Say whether it was the cause": "#suspect-1-decide"}, "confirmed."},
	} {
		t.Run(name, func(t *testing.T) {
			p := incidentPageOf(t, judge, func(_ *world, in *correlate.Incident, s *Sheet) { c.tune(in, s) })
			lawful(t, p)
			p.at("part-answer").says(c.says)
			p.at("part-answer").denies(c.not)
			ways := p.at("part-answer").links()
			delete(ways, "shop change 1")
			if diff := cmp.Diff(c.ways, ways); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAYoungIncidentPromisesItsFindingAndNothingElse(t *testing.T) {
	p := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) {
		*s = Sheet{Standing: correlate.Standing{State: correlate.JudgedNot}}
	})
	lawful(t, p)
	p.says("No finding yet.", "which was 1 h ago", "Not known before the first finding.", "No version yet.", "No topology covers these services", "Not decided yet", "Nobody commands.", "None before the first finding.")
	p.denies("Next:", "Finding 0", "Confirm cause", "No recorded change is to blame", "No recorded change is a suspect")
	p.at("part-suspects").denies("No recorded change did it")
}

// TestAMergedIncidentLeadsToWhereItWent: whoever follows an old link must not act on
// what was found before the merge.
func TestAMergedIncidentLeadsToWhereItWent(t *testing.T) {
	w := busy("shop")
	p := w.get(t, judge, "/incidents/inc-3")
	answer := p.at("part-answer")
	answer.says("It went into shop fails, where all of it goes on. Below is what was found until then.")
	answer.leads("shop fails", "/incidents/inc-1")
	p.at("part-head").denies("open for", "lasted")
	p.at("main").denies("Next:", "Take command", "Confirm cause", "No recorded change is to blame")
	if forms := p.at("main").all("form"); len(forms) != 0 {
		t.Errorf("%d forms on an incident that goes on elsewhere", len(forms))
	}
	w.incidents[2].MergedInto = "inc-gone"
	w.get(t, judge, "/incidents/inc-3").at("part-answer").leads("Incident inc-gone", "/incidents/inc-gone")
}

// TestEachRoleSeesItsForms and no others: a form that ends in a refusal costs a
// responder the time that it takes to fill.
func TestEachRoleSeesItsForms(t *testing.T) {
	for _, c := range []struct {
		visitor Visitor
		buttons []string
		link    string
	}{
		{stranger, nil, "Sign in to decide"},
		{reader, nil, ""},
		{judge, []string{"Accept as my verdict", "Confirm cause", "Dismiss", "Hand over", "No recorded change is to blame", "Nobody commands", "Rule out", "Take command"}, ""},
		{admin, []string{"Accept as my verdict", "Confirm cause", "Dismiss", "Hand over", "No recorded change is to blame", "Nobody commands", "Rule out", "Take command"}, ""},
	} {
		p := incidentPageOf(t, c.visitor, nil).at("main")
		buttons := slices.Compact(slices.Sorted(slices.Values(p.buttons())))
		if diff := cmp.Diff(c.buttons, buttons); diff != "" {
			t.Errorf("%q: %s", c.visitor.Role, diff)
		}
		if got := p.links()["Sign in to decide"]; (got == "/sign-in?next=%2Fincidents%2Finc-1") != (c.link != "") {
			t.Errorf("%q is led to %q", c.visitor.Role, got)
		}
	}
	p := incidentPageOf(t, Visitor{Name: "token", Role: "judge", CanRead: true, CanJudge: true}, nil).at("main")
	if len(p.buttons()) != 0 {
		t.Errorf("a token without a session sees %v", p.buttons())
	}
}

// TestAFormOfASuspectNamesItAsItIs: what is shown is cleaned, what is sent is not,
// or the verdict is on something else.
func TestAFormOfASuspectNamesItAsItIs(t *testing.T) {
	p := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) {
		s.Findings[0].Suspects[1].Change.Source, s.Findings[0].Suspects[1].Change.ID = "ci \u202e", strings.Repeat("long ", 100)
	})
	got := p.part("Decide about suspect 2").fields()
	want := map[string]string{"csrf": "proof", "tag": `"tag"`, "source": "ci \u202e", "change": strings.Repeat("long ", 100), "reason": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := p.part("Say that no recorded change is to blame").fields(); got["tag"] != `"tag"` || got["csrf"] != "proof" {
		t.Errorf("%v", got)
	}
	if got := p.part("Take command").fields(); got["tag"] != `"ctag"` {
		t.Errorf("%v", got)
	}
}

func TestASuspectIsCalledByItsTitleAndSaysItsEvidence(t *testing.T) {
	p := incidentPageOf(t, reader, nil)
	first := p.part("shop change 1")
	first.says("strong", "80%", "1 min before the first alert", "on shop, b, c, d and 2 more", "in shop", "Speaks for it", "+2.5", "topology", "its callers alert", "Speaks against it", "−3.0", "not there yet", "AI involvement: Unknown", "Undo it")
	first.leads("shop change 1", "/changes/c-1?source=ci")
	first.leads("Diff of suspect, in a new tab ↗", "https://git.example/d")
	first.leads("shop", "/services/shop")
	first.leads("ci/other", "/changes/other?source=ci")
	if len(first.all("details")) != 0 {
		t.Error("the first suspect is folded")
	}
	second := p.part("shop change 2")
	if len(second.all("details")) != 1 || !strings.Contains(second.text(), "Evidence: 2 reasons for, 2 against") || strings.Contains(second.text(), "decide") {
		t.Errorf("a weak suspect takes the room of its evidence: %s", second.text())
	}
	second.denies("Undo it")
	incidentPageOf(t, judge, nil).part("shop change 2").says("2 against; decide")
	p.at("part-suspects").says("No recorded change did it 0%")
}

func TestWhatIsHiddenFromAJudgeIsNotOnThePage(t *testing.T) {
	tune := func(hidden bool) func(*world, *correlate.Incident, *Sheet) {
		return func(_ *world, _ *correlate.Incident, s *Sheet) {
			s.Hidden = hidden
			s.Findings[0].Suspects[0].Provenance = &correlate.Provenance{Class: correlate.ProvenanceOperated, Confidence: 0.9, Tools: []correlate.AITool{{Name: "robot"}}}
		}
	}
	p := incidentPageOf(t, judge, tune(true)).part("shop change 1")
	p.says("Hidden until a verdict is saved")
	p.denies("robot", "AI-operated", "90% sure")
	incidentPageOf(t, judge, tune(false)).part("shop change 1").says("AI-operated: an agent acted on production (robot), 90% sure")
}

func TestTheVerdictTellsWhoDecidedWhatAndWhy(t *testing.T) {
	key := correlate.Key{Source: "ci", ID: "c-2"}
	gone := correlate.Key{Source: "ci", ID: "gone"}
	p := incidentPageOf(t, reader, func(_ *world, _ *correlate.Incident, s *Sheet) {
		s.Judgements = []correlate.Judgement{
			{Decision: correlate.DecisionReject, Change: &key, Reason: "not <b>it</b>", DecidedBy: "ada", DecidedAt: onset, FindingVersion: 1},
			{Decision: correlate.DecisionConfirm, Change: &gone, DecidedBy: "bob", DecidedAt: onset, FindingVersion: 2},
		}
		s.Standing = correlate.Standing{State: correlate.JudgedConfirmed, Confirmed: []correlate.Key{gone}, Rejected: []correlate.Key{key}}
	})
	verdict := p.part("Verdict")
	verdict.says("Cause confirmed", "Confirmed as the cause: ci/gone bob on version 2", "Ruled out: shop change 2 “not <b>it</b>” ada on version 1")
	if newest, older := strings.Index(verdict.text(), "ci/gone"), strings.Index(verdict.text(), "Ruled out"); newest > older {
		t.Error("the oldest verdict comes first")
	}
	verdict.leads("shop change 2", "/changes/c-2?source=ci")
	p.part("shop change 2").says("ruled out")
	if !strings.Contains(attr(p.byID("part-verdict"), "class"), "decided") {
		t.Error("a decided incident looks as if it were open")
	}
}

func TestAProposalIsMarkedAndSettledBesideTheEvidence(t *testing.T) {
	p := incidentPageOf(t, judge, nil).part("Proposed by an agent, unconfirmed")
	p.says("unconfirmed", "Proposed by shop, to confirm as the cause: shop change 1", "“shop”", "on version 1, not the newest", "It counts for nothing until a person accepts it.")
	form := p.part("Settle what is proposed")
	if action := attr(form.node, "action"); action != "/incidents/inc-1/proposals/p-1" || form.fields()["tag"] != `"tag"` {
		t.Errorf("to %s with %v", action, form.fields())
	}
	settled := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) { s.Proposals[0].State = query.ProposalDismissed })
	settled.denies("unconfirmed")
	fresh := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) { s.Proposals[0].FindingVersion = 2 })
	fresh.part("Proposed by an agent, unconfirmed").denies("not the newest")
}

func TestWhoCommandsIsSaidWithWhoSaidSo(t *testing.T) {
	incidentPageOf(t, judge, nil).at("part-command").says("shop commands since 4 May 10:00:00 UTC", "said bob", "Hand over or give up")
	own := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) {
		s.Commands = []query.Command{{Commander: "jo", SetBy: "jo", SetAt: onset}}
	}).at("part-command")
	own.says("jo commands")
	own.denies("said jo", "Take command")
	nobody := incidentPageOf(t, judge, func(_ *world, _ *correlate.Incident, s *Sheet) {
		s.Commands = append(s.Commands, query.Command{SetBy: "jo", SetAt: onset})
	}).at("part-command")
	nobody.says("Nobody commands.", "Take command", "Name a commander", "Set")
	nobody.denies("Hand over")
}

func TestTheHistoryShowsWhichVersionIsRead(t *testing.T) {
	w := busy("shop")
	for path, want := range map[string]string{"/incidents/inc-1": "Version 2", "/incidents/inc-1?version=1": "Version 1", "/incidents/inc-1?version=2": "Version 2"} {
		p := w.get(t, judge, path)
		var current []string
		for _, a := range p.part("How the finding came about").all("a") {
			if attr(a, "aria-current") == "true" {
				current = append(current, spoken(a))
			}
		}
		if len(current) != 1 || current[0] != want {
			t.Errorf("%s: %v is shown", path, current)
		}
		if old := strings.Contains(p.text(), "not the newest. Show the newest"); old != (want == "Version 1") {
			t.Errorf("%s: said to be old: %v", path, old)
		}
		if strings.Contains(p.text(), "Confirm cause") != (want == "Version 2") {
			t.Errorf("%s: what is not the newest can be judged", path)
		}
	}
	history := w.get(t, judge, "/incidents/inc-1").part("How the finding came about")
	history.says("80% probable cause: shop change 1", "0% no recorded change did it")
	history.leads("Version 2", "/incidents/inc-1")
	history.leads("Version 1", "/incidents/inc-1?version=1")
	// A version beyond those that are listed is read by itself.
	w.get(t, judge, "/incidents/inc-1?version=9").says("This is version 9 of the finding")
	for _, wrong := range []string{"x", "-1", "1.5"} {
		answer, err := w.serve(t, judge, request("/incidents/inc-1?version="+wrong))
		if err != nil || answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), "is the number of a version") {
			t.Errorf("version %s: status %d, %v", wrong, answer.Code, err)
		}
	}
}

func TestTheRadiusExplainsOnlyTheSignsThatItHas(t *testing.T) {
	p := incidentPageOf(t, reader, nil).part("Blast radius")
	p.says("1 service changed, 1 service alerting, 1 quiet though close; 3 services can reach a changed one by calls (tier 1: 2, tier 2: 1). Teams: shop.", "Only the most telling services are listed.", "changed by the first suspect", "quiet: should feel it and does not alert")
	p.denies("potential: calls lead there")
	if row := p.row("b"); !slices.Equal(row, []string{"b", "alerting", "1", "unknown", "", "shop"}) {
		t.Errorf("%q", row)
	}
	change := busy("shop").get(t, reader, "/changes/c-1").part("Predicted blast radius")
	change.says("changed by this change")
	change.denies("changed by the first suspect")
}

func TestTheTimelineHasATableOfItsOwn(t *testing.T) {
	p := incidentPageOf(t, reader, nil).part("Timeline")
	p.says("There were more changes than a timeline holds", "nothing in this span")
	if row := p.row("09:59:00"); !slices.Equal(row[:4], []string{"09:59:00", "1 min before", "Changes before", "Suspect 1: shop"}) {
		t.Errorf("%q", row)
	}
	if row := p.row("10:00:00"); row[4] != "shop, b, c, d and 1 more" || row[7] != "40 min" {
		t.Errorf("%q", row)
	}
	zoom := p.part("Zoom of the timeline")
	if len(zoom.all("a")) < 4 {
		t.Errorf("the zoom is %v", zoom.links())
	}
}

func TestSimilarIncidentsSayWhatCameOfThem(t *testing.T) {
	p := busy("shop").get(t, reader, "/incidents/inc-1").part("Similar incidents before")
	p.says("older shop", "1 of 6 services shared", "60% No recorded change did it", "Cause confirmed")
	p.leads("older shop", "/incidents/inc-2")
	p.denies("taken shop")
}

func TestTheHeadLeadsOut(t *testing.T) {
	p := incidentPageOf(t, reader, nil)
	p.says("Declared elsewhere as shop")
	p.leads("2 more", "#radius")
	p.leads("Markdown", "/v1/incidents/inc-1/export?format=markdown")
	p.leads("JSON", "/v1/incidents/inc-1/export?format=json")
	u, err := url.Parse(p.links()["In Grafana, in a new tab ↗"])
	if err != nil || u.Host != "grafana.example" || u.Path != "/d/faultline-incident" || u.Query().Get("var-incident") != "inc-1" || u.Query().Get("to") != "now" {
		t.Errorf("to Grafana: %v, %v", u, err)
	}
	w := busy("shop")
	w.grafana = ""
	w.get(t, reader, "/incidents/inc-1").denies("In Grafana")
}

// TestFormsOfAnIncidentDoWhatTheySay sends each form as a browser does, and what a
// browser never sends.
func TestFormsOfAnIncidentDoWhatTheySay(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		status int
		did    string
		to     string
	}{
		"confirm":           {"/incidents/inc-1/verdict", url.Values{"decision": {"confirm"}, "reason": {" so "}, "tag": {"t"}, "source": {"ci"}, "change": {"c-1"}}, 303, "judge inc-1 t confirm ci/c-1 so", "/incidents/inc-1#verdict"},
		"no change":         {"/incidents/inc-1/verdict", url.Values{"decision": {"no_change"}, "reason": {"so"}, "tag": {"t"}, "source": {"ci"}, "change": {"c-1"}}, 303, "judge inc-1 t no_change <nil> so", "/incidents/inc-1#verdict"},
		"without a reason":  {"/incidents/inc-1/verdict", url.Values{"decision": {"confirm"}, "reason": {" \n"}}, 422, "", ""},
		"accept":            {"/incidents/inc-1/proposals/p-1", url.Values{"settle": {"accept"}, "reason": {" own "}, "tag": {"t"}}, 303, "accept inc-1 p-1 t own", "/incidents/inc-1#verdict"},
		"accept unfounded":  {"/incidents/inc-1/proposals/p-1", url.Values{"settle": {"accept"}}, 422, "", ""},
		"dismiss":           {"/incidents/inc-1/proposals/p-1", url.Values{"settle": {"dismiss"}}, 303, `dismiss inc-1 p-1 ""`, "/incidents/inc-1#verdict"},
		"neither":           {"/incidents/inc-1/proposals/p-1", url.Values{"reason": {"x"}}, 422, "", ""},
		"take":              {"/incidents/inc-1/commander", url.Values{"do": {"take"}, "tag": {"c"}, "commander": {"someone"}}, 303, `command inc-1 c "jo"`, "/incidents/inc-1"},
		"hand over":         {"/incidents/inc-1/commander", url.Values{"do": {"hand"}, "tag": {"c"}, "commander": {" grace "}}, 303, `command inc-1 c "grace"`, "/incidents/inc-1"},
		"hand to nobody":    {"/incidents/inc-1/commander", url.Values{"do": {"hand"}, "commander": {" "}}, 422, "", ""},
		"leave":             {"/incidents/inc-1/commander", url.Values{"do": {"leave"}, "tag": {"c"}, "commander": {"x"}}, 303, `command inc-1 c ""`, "/incidents/inc-1"},
		"nothing of theirs": {"/incidents/inc-1/commander", url.Values{}, 422, "", ""},
	} {
		w := busy("shop")
		answer, err := w.post(t, judge, c.path, c.form)
		if err != nil || answer.Code != c.status || strings.Join(w.did, ";") != c.did || answer.Header().Get("Location") != c.to {
			t.Errorf("%s: status %d to %q, did %q, %v", name, answer.Code, answer.Header().Get("Location"), w.did, err)
		}
		for _, port := range []string{"Judge", "Accept", "Dismiss", "Command"} {
			w.broken = port
			if w.did = nil; c.status != http.StatusSeeOther || !strings.HasPrefix(c.did, strings.ToLower(port)) {
				continue
			}
			if answer, err := w.post(t, judge, c.path, c.form); err == nil || answer.Code == http.StatusSeeOther {
				t.Errorf("%s: what was refused is said to be done: %d, %v", name, answer.Code, err)
			}
		}
	}
}
