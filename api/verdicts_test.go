package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

const (
	verdictPath = "/v1/incidents/inc-7f3a/verdict"
	findingPath = "/v1/incidents/inc-7f3a/finding"
	confirmIt   = `{"decision": "confirm", "change": "checkout-1842", "reason": "Rolling back 4.12.0 ended it."}`
)

// etagOf reads with a role and returns the ETag of the answer.
func (h *harness) etagOf(t testing.TB, path string, role Role) string {
	t.Helper()
	return h.do(t, ask{path: path, token: role}).Header.Get("ETag")
}

// decide sends a verdict that was made on what the finding's ETag names.
func (h *harness) decide(t testing.TB, body, etag string) *http.Response {
	t.Helper()
	return h.doIfMatch(t, http.MethodPost, verdictPath, body, etag)
}

// doIfMatch asks as a judge for a change of what the tag stands for; an empty tag
// sends none.
func (h *harness) doIfMatch(t testing.TB, method, path, body, etag string) *http.Response {
	t.Helper()
	a := ask{method: method, path: path, token: RoleJudge, body: body}
	if etag != "" {
		a.header = map[string]string{"If-Match": etag}
	}
	return h.do(t, a)
}

func TestVerdictIsKeptWithWhoWhenAndWhichVersion(t *testing.T) {
	h := newHarness(t)
	resp := h.decide(t, confirmIt, h.etagOf(t, findingPath, RoleJudge))
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	want := exampleVerdictReceipt()
	want.Verdict.DecidedBy, want.Judgement.DecidedBy = "test-judge", "test-judge"
	got := parse[VerdictReceipt](t, resp)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(correlate.Judgement{}, "ID")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]correlate.Judgement{got.Verdict}, h.store.judgements); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"/v1/incidents/inc-7f3a", findingPath} {
		if record := parse[IncidentRecord](t, h.get(t, path, http.StatusOK)); record.Judgement.State != correlate.JudgedConfirmed {
			t.Errorf("%s says %+v", path, record.Judgement)
		}
	}
	page := parse[Page[IncidentRecord]](t, h.get(t, "/v1/incidents", http.StatusOK))
	if page.Items[0].Judgement.State != correlate.JudgedConfirmed {
		t.Errorf("the list says %+v", page.Items[0].Judgement)
	}
}

func TestVerdictWithoutIfMatchIsRefused(t *testing.T) {
	h := newHarness(t)
	p := wantProblem(t, h.decide(t, confirmIt, ""), preconditionRequired)
	if p.Errors[0].Path != "If-Match" || p.Errors[0].Mend == "" {
		t.Errorf("the problem does not tell what to send: %+v", p)
	}
	if len(h.store.judgements) != 0 {
		t.Error("it was kept all the same")
	}
}

func TestVerdictOnSomethingThatMovedOnIsRefused(t *testing.T) {
	for name, move := range map[string]func(h *harness, t *testing.T){
		"a newer finding": func(h *harness, _ *testing.T) {
			h.store.set(func(f *fakeStore) { f.findings["inc-7f3a"][0].Version = 4; f.incidents[0].Revision++ })
		},
		"another verdict": func(h *harness, t *testing.T) {
			if resp := h.decide(t, `{"decision": "no_change"}`, "*"); resp.StatusCode != http.StatusCreated {
				t.Fatalf("status %d", resp.StatusCode)
			}
		},
	} {
		for _, path := range []string{findingPath, "/v1/incidents/inc-7f3a"} {
			t.Run(name+" "+path, func(t *testing.T) {
				h := newHarness(t)
				etag := h.etagOf(t, path, RoleJudge)
				move(h, t)
				kept := len(h.store.judgements)
				wantProblem(t, h.decide(t, confirmIt, etag), preconditionFailed)
				wantProblem(t, h.decide(t, confirmIt, `"something-else"`), preconditionFailed)
				if len(h.store.judgements) != kept {
					t.Error("it was kept all the same")
				}
				if resp := h.decide(t, confirmIt, h.etagOf(t, path, RoleJudge)); resp.StatusCode != http.StatusCreated {
					t.Errorf("after reading again: status %d", resp.StatusCode)
				}
			})
		}
	}
}

func TestAStatedVersionMustBeTheNewest(t *testing.T) {
	h := newHarness(t)
	body := func(version string) string { return `{"decision": "no_change", "finding_version": ` + version + `}` }
	wantProblem(t, h.decide(t, body("2"), "*"), preconditionFailed)
	if resp := h.decide(t, body("3"), "*"); resp.StatusCode != http.StatusCreated {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestETagOfAReaderServesAJudge(t *testing.T) {
	h := newHarness(t)
	reader, judge := h.etagOf(t, findingPath, RoleReader), h.etagOf(t, findingPath, RoleJudge)
	if reader == judge {
		t.Error("two different answers have one ETag")
	}
	if resp := h.decide(t, confirmIt, reader+", W/\"old\""); resp.StatusCode != http.StatusCreated {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestWeakETagsDoNotMatch(t *testing.T) {
	h := newHarness(t)
	wantProblem(t, h.decide(t, confirmIt, "W/"+h.etagOf(t, findingPath, RoleJudge)), preconditionFailed)
}

func TestBadVerdictsNameTheFieldAndTheMend(t *testing.T) {
	h := newHarness(t)
	for body, path := range map[string]string{
		`{}`:                      "decision",
		`{"decision": "maybe"}`:   "decision",
		`{"decision": "confirm"}`: "change",
		`{"decision": "reject", "change": {"source": "argo-cd"}}`: "change",
		`{"decision": "no_change", "change": "checkout-1842"}`:    "change",
		`{"decision": 7}`: "decision",
		`{"decision": "no_change", "reason": "` + strings.Repeat("ü", maxReason+1) + `"}`: "reason",
		`{"decision": "no_change", "because": "x"}`:                                       "",
		`{"decision": "no_change"} {}`:                                                    "",
		`[]`:                                                                              "",
		`{`:                                                                               "",
	} {
		p := wantProblem(t, h.decide(t, body, "*"), invalidInput)
		if len(p.Errors) == 0 || p.Errors[0].Path != path || p.Errors[0].Mend == "" {
			t.Errorf("%.60s: %+v, want a problem of %q with a mend", body, p.Errors, path)
		}
	}
	if len(h.store.judgements) != 0 {
		t.Error("a bad verdict was kept")
	}
}

func TestVerdictNamesAChangeThatExists(t *testing.T) {
	h := newHarness(t)
	other := exampleChange()
	other.ID, other.Source = "flag-9", "flags"
	twin := exampleChange()
	twin.ID, twin.Source = "flag-9", "more-flags"
	h.store.changes = append(h.store.changes, other, twin)
	wantProblem(t, h.decide(t, `{"decision": "confirm", "change": "nobody-knows"}`, "*"), changeNotFound)
	p := wantProblem(t, h.decide(t, `{"decision": "confirm", "change": "flag-9"}`, "*"), ambiguousChange)
	if diff := cmp.Diff([]string{"flags", "more-flags"}, p.Choices); diff != "" {
		t.Error(diff)
	}
	for body, want := range map[string]correlate.Key{
		`{"decision": "confirm", "change": {"source": "flags", "id": "flag-9"}}`: {Source: "flags", ID: "flag-9"},
		`{"decision": "confirm", "change": "argo-cd/checkout-1842"}`:             {Source: "argo-cd", ID: "checkout-1842"},
	} {
		resp := h.decide(t, body, "*")
		if got := parse[VerdictReceipt](t, resp); got.Verdict.Change == nil || *got.Verdict.Change != want {
			t.Errorf("%s: %+v", body, got.Verdict)
		}
	}
	if standing := parse[IncidentRecord](t, h.get(t, "/v1/incidents/inc-7f3a", http.StatusOK)).Judgement; len(standing.Confirmed) != 2 {
		t.Errorf("two changes were confirmed, the incident has %+v", standing)
	}
}

func TestUnknownYoungAndMergedIncidentsAreNotJudged(t *testing.T) {
	h := newHarness(t)
	merged := exampleIncident()
	merged.ID, merged.MergedInto, merged.Status = "inc-old", "inc-7f3a", correlate.IncidentMerged
	young := exampleIncident()
	young.ID = "inc-young"
	h.store.incidents = append(h.store.incidents, merged, young)
	judge := func(id string) *http.Response {
		return h.do(t, ask{method: http.MethodPost, path: "/v1/incidents/" + id + "/verdict", token: RoleJudge, body: confirmIt, header: map[string]string{"If-Match": "*"}})
	}
	wantProblem(t, judge("inc-none"), incidentNotFound)
	wantProblem(t, judge("inc-young"), findingNotFound)
	if p := wantProblem(t, judge("inc-old"), incidentMerged); len(p.Choices) != 1 || p.Choices[0] != "inc-7f3a" {
		t.Errorf("the problem does not lead to the incident: %+v", p)
	}
}

func TestOnlyJudgesJudge(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	for role, want := range map[Role]int{RoleReader: 403, RoleIngest: 403, RoleJudge: 201, RoleAdmin: 201, "": 401} {
		resp := h.do(t, ask{method: http.MethodPost, path: verdictPath, token: role, body: confirmIt, header: map[string]string{"If-Match": "*"}})
		if resp.StatusCode != want {
			t.Errorf("role %q: status %d, want %d", role, resp.StatusCode, want)
		}
	}
}

func TestVerdictsAreListedNewestFirst(t *testing.T) {
	h := newHarness(t)
	empty := parse[Page[correlate.Judgement]](t, h.get(t, verdictPath+"s", http.StatusOK))
	if empty.Items == nil || len(empty.Items) != 0 {
		t.Errorf("%+v", empty)
	}
	h.decide(t, confirmIt, "*")
	h.decide(t, `{"decision": "no_change", "reason": "The provider was down."}`, "*")
	got := parse[Page[correlate.Judgement]](t, h.get(t, verdictPath+"s", http.StatusOK))
	if len(got.Items) != 2 || got.Items[0].Decision != correlate.DecisionNoChange || !got.Items[0].DecidedAt.After(got.Items[1].DecidedAt) {
		t.Errorf("the clock stood still, and the order of words is lost: %+v", got.Items)
	}
	wantProblem(t, h.get(t, "/v1/incidents/inc-none/verdicts", http.StatusNotFound), incidentNotFound)
}

func TestOfTwoVerdictsOnOneFindingOneLoses(t *testing.T) {
	h := newHarness(t)
	etag := h.etagOf(t, findingPath, RoleJudge)
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			resp := h.decide(t, confirmIt, etag)
			mu.Lock()
			defer mu.Unlock()
			statuses[resp.StatusCode]++
		})
	}
	group.Wait()
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusPreconditionFailed] != 7 {
		t.Errorf("statuses %v", statuses)
	}
}

func TestVerdictThatCannotBeStoredIsAnError(t *testing.T) {
	h := newHarness(t)
	h.store.failOn = map[string]error{"SaveJudgement": event.ErrUnavailable}
	wantProblem(t, h.decide(t, confirmIt, "*"), storeUnavailable)
	h.store.failOn = map[string]error{"Judgements": errors.New("broken")}
	for _, path := range []string{"/v1/incidents", "/v1/incidents/inc-7f3a", findingPath, findingPath + "s", verdictPath + "s"} {
		wantProblem(t, h.get(t, path, http.StatusInternalServerError), internalError)
	}
}

// revealing fills the change of the story with everything that tells of AI.
func revealing(h *harness) {
	h.store.set(func(f *fakeStore) {
		c := &f.findings["inc-7f3a"][0].Suspects[0].Change
		c.AI = &correlate.AIDeclaration{Assistance: correlate.AssistanceAuthored}
		c.Actor = &correlate.Actor{ID: "agent-x", Type: correlate.ActorAIAgent}
		c.Commits = []correlate.Commit{{SHA: "c0ffee", Message: "Retry the payment\n\nCo-authored-by: Copilot <agent-x>", Author: &correlate.Person{Name: "agent-x"}, Committer: &correlate.Person{Name: "agent-x"}}}
		c.PullRequests = []correlate.PullRequest{{
			Number: 7, Title: "Retry", Body: "made by agent-x", Labels: []string{"agent-x"}, HeadBranch: "agent-x/retry",
			Author: &correlate.PullRequestAuthor{Login: "agent-x"}, Reviews: []correlate.Review{{Reviewer: "agent-x"}},
		}}
		c.Labels = map[string]string{"user_agent": "agent-x/1.0"}
		c.Approvals = []correlate.Approval{{By: "agent-x"}}
	})
}

func TestJudgesDoNotSeeThePartOfAIBeforeTheyDecide(t *testing.T) {
	h := newHarness(t)
	revealing(h)
	for _, role := range []Role{RoleJudge, RoleAdmin} {
		for _, path := range []string{findingPath, findingPath + "s"} {
			text := readAll(t, h.do(t, ask{path: path, token: role}))
			for _, word := range []string{"agent-x", "ai_assisted", "copilot", "Copilot", "authored"} {
				if strings.Contains(text, word) {
					t.Errorf("%s tells %s %q", path, role, word)
				}
			}
			if !strings.Contains(text, `"provenance_hidden":true`) || !strings.Contains(text, "Retry the payment") {
				t.Errorf("%s does not say what is hidden, or hides too much: %s", path, text)
			}
		}
	}
	if text := readAll(t, h.do(t, ask{path: findingPath, token: RoleReader})); !strings.Contains(text, "ai_assisted") || strings.Contains(text, "provenance_hidden") {
		t.Errorf("a reader judges nothing and sees less: %s", text)
	}
}

func TestTheClassIsShownOnceTheCauseIsDecided(t *testing.T) {
	h := newHarness(t)
	hidden := func() bool {
		return parse[FindingRecord](t, h.do(t, ask{path: findingPath, token: RoleJudge})).ProvenanceHidden
	}
	h.decide(t, `{"decision": "reject", "change": "checkout-1842"}`, "*")
	if !hidden() {
		t.Error("a rejection alone shows the class while the judge goes on to the next suspect")
	}
	h.decide(t, confirmIt, "*")
	got := parse[FindingRecord](t, h.do(t, ask{path: findingPath, token: RoleJudge}))
	if got.ProvenanceHidden || got.Suspects[0].Provenance == nil || got.Suspects[0].Provenance.Class != correlate.ProvenanceAssisted {
		t.Errorf("decided, and still hidden: %+v", got.Suspects[0].Provenance)
	}
}

func TestBlindingFollowsItsSetting(t *testing.T) {
	for setting, want := range map[Blinding]map[Role]bool{
		BlindJudges: {RoleReader: false, RoleJudge: true, RoleAdmin: true, "": false},
		BlindAll:    {RoleReader: true, RoleJudge: true, RoleAdmin: true, "": true},
		BlindOff:    {RoleReader: false, RoleJudge: false, RoleAdmin: false, "": false},
	} {
		h := newHarness(t, func(c *Config, _ *Deps) { c.Blind, c.PublicRead = setting, true })
		for role, hidden := range want {
			if got := parse[FindingRecord](t, h.do(t, ask{path: findingPath, token: role})); got.ProvenanceHidden != hidden {
				t.Errorf("%s: hidden from %q is %v", setting, role, got.ProvenanceHidden)
			}
		}
	}
	cfg := DefaultConfig()
	cfg.Blind = "sometimes"
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "judges") {
		t.Errorf("got %v", err)
	}
}

func TestBlindingDoesNotTouchWhatIsStored(t *testing.T) {
	h := newHarness(t)
	revealing(h)
	h.do(t, ask{path: findingPath, token: RoleJudge})
	stored, err := h.store.Finding(context.Background(), "inc-7f3a", 0)
	if err != nil || stored.Suspects[0].Change.Actor == nil || !strings.Contains(stored.Suspects[0].Change.Commits[0].Message, "Co-authored") {
		t.Errorf("the stored finding was changed: %+v %v", stored.Suspects[0].Change, err)
	}
}

func TestAVerdictIsToldOnTheStreamOnce(t *testing.T) {
	row := query.Update{Incident: "inc-7f3a", Revision: 12, FindingVersion: 3, Judgements: 2, At: exampleTime(10, 6, 0)}
	known := state{revision: 12, version: 3, judgements: 1}
	events := eventsOf(&row, known)
	if len(events) != 1 || events[0].kind != eventVerdict || !strings.Contains(string(events[0].data), `"judgements":2`) || !strings.HasSuffix(events[0].id, "-inc-7f3a-v2") {
		t.Errorf("%+v", events)
	}
	known.judgements = 2
	if again := eventsOf(&row, known); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}
