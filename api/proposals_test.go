package api

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

const (
	proposalsPath = "/v1/incidents/inc-7f3a/proposals"
	proposeIt     = `{"decision": "confirm", "change": "checkout-1842", "reason": "It began two minutes before, and only its region alerts."}`
)

// propose sends a proposal as an agent.
func (h *harness) suggest(t testing.TB, body string) *http.Response {
	t.Helper()
	return h.do(t, ask{method: http.MethodPost, path: proposalsPath, token: RoleAgent, body: body})
}

// suggested is a proposal that was kept.
func (h *harness) suggested(t testing.TB) query.Proposal {
	t.Helper()
	resp := h.suggest(t, proposeIt)
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	return parse[query.Proposal](t, resp)
}

// settlement accepts or dismisses a proposal as a judge.
func (h *harness) settlement(t testing.TB, id, how, etag string) *http.Response {
	t.Helper()
	a := ask{method: http.MethodPost, path: proposalsPath + "/" + id + "/" + how, token: RoleJudge, body: `{"reason": "I looked myself."}`}
	if etag != "" {
		a.header = map[string]string{"If-Match": etag}
	}
	return h.do(t, a)
}

func TestAProposalIsKeptAndCountsForNothing(t *testing.T) {
	h := newHarness(t)
	got := h.suggested(t)
	want := exampleProposal()
	want.ProposedBy = "test-agent"
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(query.Proposal{}, "ID", "ProposedAt")); diff != "" {
		t.Error(diff)
	}
	if len(h.store.judgements) != 0 {
		t.Errorf("it is among the verdicts: %+v", h.store.judgements)
	}
	for _, path := range []string{"/v1/incidents/inc-7f3a", findingPath} {
		if standing := parse[IncidentRecord](t, h.get(t, path, http.StatusOK)).Judgement; standing.State != correlate.JudgedNot || standing.Judgements != 0 {
			t.Errorf("%s counts it: %+v", path, standing)
		}
	}
	if page := parse[Page[correlate.Judgement]](t, h.get(t, verdictPath+"s", http.StatusOK)); len(page.Items) != 0 {
		t.Errorf("the history of verdicts has it: %+v", page.Items)
	}
	if page := parse[Page[query.Proposal]](t, h.get(t, proposalsPath, http.StatusOK)); len(page.Items) != 1 || page.Items[0].State != query.ProposalOpen {
		t.Errorf("the proposals are %+v", page.Items)
	}
	if !parse[FindingRecord](t, h.do(t, ask{path: findingPath, token: RoleJudge})).ProvenanceHidden {
		t.Error("a proposal lifts the veil")
	}
}

func TestTheSameProposalIsKeptOnceAndTheirNumberIsBounded(t *testing.T) {
	h := newHarness(t)
	first := h.suggested(t)
	if again := h.suggested(t); again.ID != first.ID {
		t.Error("the same proposal was kept twice")
	}
	for range maxOpenProposals - 1 {
		one := exampleProposal()
		one.ID, one.ProposedBy = one.ID+"x", "another"
		h.store.set(func(f *fakeStore) { f.proposals["inc-7f3a"] = append(f.proposals["inc-7f3a"], one) })
	}
	wantProblem(t, h.suggest(t, `{"decision": "no_change", "reason": "The provider was down."}`), tooManyProposals)
	if resp := h.settlement(t, first.ID, "dismiss", ""); resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	if resp := h.suggest(t, `{"decision": "no_change", "reason": "The provider was down."}`); resp.StatusCode != http.StatusCreated {
		t.Errorf("after one was settled: status %d", resp.StatusCode)
	}
}

func TestAcceptingGivesAVerdictOfThePerson(t *testing.T) {
	h := newHarness(t)
	p := h.suggested(t)
	wantProblem(t, h.settlement(t, p.ID, "accept", ""), preconditionRequired)
	wantProblem(t, h.settlement(t, p.ID, "accept", `"something-old"`), preconditionFailed)
	if len(h.store.judgements) != 0 {
		t.Fatal("it was kept all the same")
	}
	resp := h.settlement(t, p.ID, "accept", h.etagOf(t, findingPath, RoleJudge))
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	got := parse[Acceptance](t, resp)
	if v := got.Verdict; v.DecidedBy != "test-judge" || v.Reason != "I looked myself." || v.Decision != correlate.DecisionConfirm || *v.Change != *p.Change {
		t.Errorf("the verdict is %+v", v)
	}
	if got.Proposal.State != query.ProposalAccepted || got.Proposal.Verdict != got.Verdict.ID || got.Proposal.SettledBy != "test-judge" {
		t.Errorf("the proposal is %+v", got.Proposal)
	}
	if len(h.store.judgements) != 1 || got.Judgement.State != correlate.JudgedConfirmed {
		t.Errorf("%+v %+v", h.store.judgements, got.Judgement)
	}
	for _, how := range []string{"accept", "dismiss"} {
		wantProblem(t, h.settlement(t, p.ID, how, "*"), proposalSettled)
	}
}

func TestDismissingIsNoVerdict(t *testing.T) {
	h := newHarness(t)
	p := h.suggested(t)
	got := parse[query.Proposal](t, h.settlement(t, p.ID, "dismiss", ""))
	if got.State != query.ProposalDismissed || got.SettledBy != "test-judge" || got.SettledReason != "I looked myself." || got.SettledAt == nil || !got.SettledAt.After(got.ProposedAt) {
		t.Errorf("%+v", got)
	}
	if len(h.store.judgements) != 0 {
		t.Error("dismissing ruled the change out")
	}
	wantProblem(t, h.settlement(t, "nobody-knows", "dismiss", ""), proposalNotFound)
	wantProblem(t, h.settlement(t, "nobody-knows", "accept", "*"), proposalNotFound)
}

func TestBadProposalsNameTheFieldAndTheMend(t *testing.T) {
	h := newHarness(t)
	for body, path := range map[string]string{
		`{"decision": "confirm", "change": "checkout-1842"}`:                                                        "reason",
		`{"decision": "confirm", "change": "checkout-1842", "reason": "  "}`:                                        "reason",
		`{"decision": "confirm", "reason": "x"}`:                                                                    "change",
		`{"decision": "maybe", "reason": "x"}`:                                                                      "decision",
		`{"decision": "no_change", "reason": "` + strings.Repeat("ü", maxReason+1) + `"}`:                           "reason",
		`{"decision": "no_change", "reason": "x", "by": "someone else"}`:                                            "",
		`{"decision": "no_change", "reason": "x", "state": "accepted"}`:                                             "",
		`{"decision": "no_change", "reason": "x", "change": {"source": "argo-cd", "id": "checkout-1842"}}`:          "change",
		`[{"decision": "confirm", "change": "checkout-1842", "reason": "It began two minutes before the outage."}]`: "",
	} {
		p := wantProblem(t, h.suggest(t, body), invalidInput)
		if len(p.Errors) == 0 || p.Errors[0].Path != path || p.Errors[0].Mend == "" {
			t.Errorf("%.60s: %+v, want a problem of %q with a mend", body, p.Errors, path)
		}
	}
	wantProblem(t, h.suggest(t, `{"decision": "confirm", "change": "nobody-knows", "reason": "x"}`), changeNotFound)
	wantProblem(t, h.suggest(t, `{"decision": "no_change", "reason": "x", "finding_version": 2}`), preconditionFailed)
	if len(h.store.proposals) != 0 {
		t.Error("a bad proposal was kept")
	}
}

func TestAgentsProposeAndDoNotJudge(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	p := h.suggested(t)
	for role, want := range map[Role]int{RoleReader: 403, RoleIngest: 403, RoleAgent: 201, RoleJudge: 201, RoleAdmin: 201, "": 401} {
		if resp := h.do(t, ask{method: http.MethodPost, path: proposalsPath, token: role, body: proposeIt}); resp.StatusCode != want {
			t.Errorf("propose as %q: status %d, want %d", role, resp.StatusCode, want)
		}
	}
	for _, path := range []string{verdictPath, proposalsPath + "/" + p.ID + "/accept", proposalsPath + "/" + p.ID + "/dismiss"} {
		for role, want := range map[Role]int{RoleAgent: 403, RoleReader: 403, "": 401} {
			resp := h.do(t, ask{method: http.MethodPost, path: path, token: role, body: `{"reason": "x"}`, header: map[string]string{"If-Match": "*"}})
			if resp.StatusCode != want {
				t.Errorf("%s as %q: status %d, want %d", path, role, resp.StatusCode, want)
			}
		}
	}
}

func TestAgentsDoNotSeeThePartOfAIThatTheyCouldTellJudges(t *testing.T) {
	h := newHarness(t)
	revealing(h)
	text := readAll(t, h.do(t, ask{path: findingPath, token: RoleAgent}))
	if strings.Contains(text, "agent-x") || !strings.Contains(text, `"provenance_hidden":true`) {
		t.Errorf("an agent sees it: %s", text)
	}
}

func TestProposalsThatCannotBeStoredAreErrors(t *testing.T) {
	h := newHarness(t)
	h.store.failOn = map[string]error{"SaveProposal": event.ErrUnavailable}
	wantProblem(t, h.suggest(t, proposeIt), storeUnavailable)
	h.store.failOn = nil
	p := h.suggested(t)
	h.store.failOn = map[string]error{"SettleProposal": event.ErrUnavailable}
	wantProblem(t, h.settlement(t, p.ID, "dismiss", ""), storeUnavailable)
	h.store.failOn = map[string]error{"Proposals": event.ErrUnavailable}
	wantProblem(t, h.get(t, proposalsPath, http.StatusServiceUnavailable), storeUnavailable)
	h.store.failOn = nil
	wantProblem(t, h.get(t, "/v1/incidents/inc-none/proposals", http.StatusNotFound), incidentNotFound)
}

func TestAProposalIsToldOnTheStreamOnce(t *testing.T) {
	row := query.Update{Incident: "inc-7f3a", Revision: 12, FindingVersion: 3, Proposals: 1, At: exampleTime(10, 6, 0)}
	known := state{revision: 12, version: 3}
	events := eventsOf(&row, known)
	if len(events) != 1 || events[0].kind != eventProposal || !strings.HasSuffix(events[0].id, "-inc-7f3a-p1") {
		t.Errorf("%+v", events)
	}
	known.proposals = 1
	if again := eventsOf(&row, known); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}

// proposalForm is the form of the proposal on the page.
func (h *harness) proposalForm(t *testing.T, session *http.Cookie, settle, reason string) url.Values {
	t.Helper()
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	proof := hiddenToken.FindStringSubmatch(page)
	tag := hiddenTag.FindStringSubmatch(page)
	if proof == nil || tag == nil {
		t.Fatalf("the page has no form: %s", page)
	}
	return url.Values{"csrf": {proof[1]}, "tag": {html.UnescapeString(tag[1])}, "settle": {settle}, "reason": {reason}}
}

func TestThePageShowsAProposalAsUnconfirmedAndTakesTheAnswer(t *testing.T) {
	h := newHarness(t)
	p := h.suggested(t)
	session := h.enter(t, RoleJudge)
	before := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	for _, needed := range []string{"Proposed by <bdi>test-agent</bdi>", "unconfirmed", "only its region alerts", "It counts for nothing until a person accepts it", "Not decided yet", "Accept as my verdict"} {
		if !strings.Contains(before, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	path := "/incidents/inc-7f3a/proposals/" + p.ID
	for name, form := range map[string]url.Values{
		"no reason": h.proposalForm(t, session, "accept", " "), "neither": h.proposalForm(t, session, "perhaps", "x"),
	} {
		if resp := h.submit(path, session, form); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	old := h.proposalForm(t, session, "accept", "x")
	old.Set("tag", `"inc-7f3a-2-hidden-0"`)
	if resp := h.submit(path, session, old); resp.StatusCode != http.StatusPreconditionFailed || !strings.Contains(readAll(t, resp), `href="/incidents/inc-7f3a"`) {
		t.Errorf("accepted on something old: status %d", resp.StatusCode)
	}
	if len(h.store.judgements) != 0 {
		t.Fatalf("kept all the same: %+v", h.store.judgements)
	}
	resp := h.submit(path, session, h.proposalForm(t, session, "accept", "I looked myself."))
	if resp.StatusCode != http.StatusSeeOther || len(h.store.judgements) != 1 || h.store.judgements[0].DecidedBy != "test-judge" {
		t.Fatalf("status %d, %+v", resp.StatusCode, h.store.judgements)
	}
	after := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	if strings.Contains(after, "unconfirmed") || !strings.Contains(after, "Cause confirmed") || !strings.Contains(after, "I looked myself.") {
		t.Error("the settled proposal is still shown, or the verdict is not")
	}
}

func TestHostileProposalsAreShownHarmlesslyAndReadersSettleNothing(t *testing.T) {
	h := newHarness(t)
	h.suggest(t, `{"decision": "no_change", "reason": "<script>alert(1)</script> \u202e"}`)
	reader := h.enter(t, RoleReader)
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", reader))
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "\u202e") || !strings.Contains(page, "&lt;script&gt;") || strings.Contains(page, "Accept as my verdict") {
		t.Error("the reason does harm, or a reader sees a form")
	}
	id := h.store.proposals["inc-7f3a"][0].ID
	for role, session := range map[Role]*http.Cookie{RoleReader: reader, RoleAgent: h.enter(t, RoleAgent)} {
		if resp := h.submit("/incidents/inc-7f3a/proposals/"+id, session, url.Values{"csrf": {h.formToken(t, session)}, "settle": {"dismiss"}}); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s settled it: status %d", role, resp.StatusCode)
		}
	}
	judge := h.enter(t, RoleJudge)
	if resp := h.submit("/incidents/inc-7f3a/proposals/"+id, judge, h.proposalForm(t, judge, "dismiss", "")); resp.StatusCode != http.StatusSeeOther || len(h.store.judgements) != 0 {
		t.Errorf("dismissed: status %d, verdicts %+v", resp.StatusCode, h.store.judgements)
	}
}
