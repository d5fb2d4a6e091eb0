package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/policy"
)

const (
	gatePath       = "/v1/gate"
	violationsPath = "/v1/policy/violations"
)

// markedRules say that a change is AI's when its title says so.
type markedRules struct{}

func (markedRules) Version() string { return "2" }

func (markedRules) Label(c *correlate.Change) correlate.Provenance {
	p := correlate.Provenance{Class: correlate.ProvenanceHuman, Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{}}
	if strings.Contains(c.Title, "AI") {
		p.Class = correlate.ProvenanceAuthored
	}
	return p
}

// shippedPolicy compiles the rules that ship.
func shippedPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	rules, err := policy.Compile(policy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// withoutRules takes the rules of provenance and policy from a server.
func withoutRules(_ *Config, d *Deps) { d.Labeller, d.Policy = nil, nil }

// gated asks the gate about a change.
func (h *harness) gated(t testing.TB, body string) GateAnswer {
	t.Helper()
	resp := h.do(t, ask{method: http.MethodPost, path: gatePath, token: RoleIngest, body: body})
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	return parse[GateAnswer](t, resp)
}

const byAI = `{"id": "n-1", "source": "ci", "kind": "deploy", "title": "AI did it", "services": ["checkout"]%s}`

func TestGateDeniesAndAllowsWithReasonsAndKeepsBoth(t *testing.T) {
	h := newHarness(t)
	denied := h.gated(t, fmt.Sprintf(byAI, ""))
	if denied.Decision.Decision != policy.Deny || denied.Tier != 1 || denied.Class != correlate.ProvenanceAuthored || len(denied.Findings) != 1 {
		t.Errorf("%+v", denied)
	}
	if f := denied.Findings[0]; f.Rule != "ai-senior-approval" || f.Lapse != policy.LapseNone || f.Mend == "" {
		t.Errorf("%+v", f)
	}
	allowed := h.gated(t, fmt.Sprintf(byAI, `, "approvals": [{"by": "grace", "level": "senior"}]`))
	if allowed.Decision.Decision != policy.Allow || len(allowed.Findings) != 0 || !allowed.Approvals[0].Counts {
		t.Errorf("%+v", allowed)
	}
	if len(h.store.decisions) != 2 {
		t.Fatalf("%d decisions were kept", len(h.store.decisions))
	}
	kept := h.store.decisions[0]
	if kept.Decision != "deny" || kept.AskedBy != "test-ingest" || !slices.Equal(kept.Rules, []string{"ai-senior-approval"}) || kept.Change != (correlate.Key{Source: "ci", ID: "n-1"}) || !strings.Contains(kept.Reasons[0], "nobody approved") {
		t.Errorf("%+v", kept)
	}
	var body GateAnswer
	if err := json.Unmarshal([]byte(kept.Body), &body); err != nil || !cmp.Equal(body, denied) {
		t.Errorf("the kept answer is another: %s %v", kept.Body, err)
	}
}

func TestDecisionsOfTheGateCanBeReadAgain(t *testing.T) {
	h := newHarness(t)
	denied := h.gated(t, fmt.Sprintf(byAI, ""))
	h.clock.advance(time.Minute)
	allowed := h.gated(t, fmt.Sprintf(byAI, `, "approvals": [{"by": "grace", "level": "senior"}]`))
	for filter, want := range map[string][]GateAnswer{
		"": {allowed, denied}, "?decision=deny,warn": {denied}, "?change=n-1&source=ci": {allowed, denied}, "?source=x": {}, "?from=2026-05-04T10:05:30Z": {allowed},
	} {
		page := parse[Page[KeptDecision]](t, h.get(t, "/v1/policy/decisions"+filter, http.StatusOK))
		got := []GateAnswer{}
		for _, d := range page.Items {
			got = append(got, d.GateAnswer)
			if d.AskedBy != "test-ingest" {
				t.Errorf("asked by %q", d.AskedBy)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", filter, diff)
		}
	}
	h.store.decisions[0].Body = "{"
	wantProblem(t, h.get(t, "/v1/policy/decisions", http.StatusInternalServerError), internalError)
}

func TestGateAddsWhatIsStoredToWhatIsSent(t *testing.T) {
	h := newHarness(t)
	known := correlate.Change{
		ID: "n-1", Source: "ci", Kind: correlate.KindDeploy, Services: []string{"checkout"}, StartedAt: exampleTime(10, 0, 0),
		Approvals: []correlate.Approval{{By: "grace", Level: "staff"}},
	}
	h.store.changes = append(h.store.changes, known)
	if got := h.gated(t, fmt.Sprintf(byAI, "")); got.Decision.Decision != policy.Allow {
		t.Errorf("the stored approval is not seen: %+v", got)
	}
}

func TestGateGoesByAPersonsWordOnProvenance(t *testing.T) {
	h := newHarness(t)
	key := correlate.Key{Source: "ci", ID: "n-1"}
	h.store.provenances[key] = correlate.Provenance{Class: correlate.ProvenanceAuthored}
	h.store.overrides = map[correlate.Key][]correlate.ProvenanceOverride{key: {{Class: correlate.ProvenanceHuman, Reason: "by hand", DecidedBy: "ada"}}}
	if got := h.gated(t, fmt.Sprintf(byAI, "")); got.Decision.Decision != policy.Allow || got.Class != correlate.ProvenanceHuman {
		t.Errorf("%+v", got)
	}
}

func TestBrokenGlassPassesTheGateWithAWarning(t *testing.T) {
	h := newHarness(t)
	got := h.gated(t, fmt.Sprintf(byAI, `, "labels": {"break-glass": "the shop is down"}`))
	if got.Decision.Decision != policy.Warn || !got.BreakGlass.Used || !strings.Contains(h.store.decisions[0].Reasons[0], "the shop is down") {
		t.Errorf("%+v", got)
	}
}

func TestGateRefusesWhatIsNoChange(t *testing.T) {
	h := newHarness(t)
	for body, path := range map[string]string{
		`[]`: "", `"x"`: "", `{}`: "id", `{"id": "a", "source": "b", "kind": "nonsense"}`: "kind", fmt.Sprintf(byAI, `, "started_at": "soon"`): "started_at",
	} {
		p := wantProblem(t, h.do(t, ask{method: http.MethodPost, path: gatePath, token: RoleIngest, body: body}), invalidInput)
		if p.Errors[0].Path != path || p.Errors[0].Mend == "" {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	if len(h.store.decisions) != 0 {
		t.Error("a decision about nothing was kept")
	}
	for role, want := range map[Role]int{RoleIngest: 200, RoleAdmin: 200, RoleReader: 403, RoleJudge: 403, "": 401} {
		if resp := h.do(t, ask{method: http.MethodPost, path: gatePath, token: role, body: fmt.Sprintf(byAI, "")}); resp.StatusCode != want {
			t.Errorf("role %q: status %d, want %d", role, resp.StatusCode, want)
		}
	}
}

func TestGateThatCannotDecideOrKeepIsNoAllow(t *testing.T) {
	for _, method := range []string{"ChangesByID", "Provenances", "Topology", "SaveDecision"} {
		h := newHarness(t)
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		wantProblem(t, h.do(t, ask{method: http.MethodPost, path: gatePath, token: RoleIngest, body: fmt.Sprintf(byAI, "")}), storeUnavailable)
	}
	bare := newHarness(t, withoutRules)
	wantProblem(t, bare.do(t, ask{method: http.MethodPost, path: gatePath, token: RoleIngest, body: fmt.Sprintf(byAI, "")}), rulesMissing)
	wantProblem(t, bare.get(t, violationsPath, http.StatusNotImplemented), rulesMissing)
}

// storied is a server whose store holds one change of each story, an hour apart.
func storied(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	h.store.changes, h.store.provenances = nil, map[correlate.Key]correlate.Provenance{}
	for i, id := range []string{"nobody", "author", "late", "older", "glass", "cancelled", "fine", "human"} {
		at := exampleTime(i, 0, 0)
		in := func(minutes int) *time.Time { t := at.Add(time.Duration(minutes) * time.Minute); return &t }
		c := correlate.Change{
			ID: id, Source: "cd", Kind: correlate.KindDeploy, Title: id, Services: []string{"checkout"}, StartedAt: at, Status: correlate.StatusSucceeded,
			Commits: []correlate.Commit{{SHA: "1", Author: &correlate.Person{Login: "ada"}, AuthoredAt: in(-60)}},
		}
		class := correlate.ProvenanceAssisted
		switch id {
		case "author":
			c.Approvals = []correlate.Approval{{By: "ada", Level: "senior", At: in(-30)}}
		case "late":
			c.Approvals = []correlate.Approval{{By: "grace", Level: "senior", At: in(30)}}
		case "older":
			c.Approvals = []correlate.Approval{{By: "grace", Level: "senior", At: in(-90)}}
		case "glass":
			c.Labels = map[string]string{"break-glass": "the shop is down"}
		case "cancelled":
			c.Status = correlate.StatusCancelled
		case "fine":
			c.Approvals = []correlate.Approval{{By: "grace", Level: "senior", At: in(-30)}}
		case "human":
			class = correlate.ProvenanceHuman
		}
		h.store.changes = append(h.store.changes, c)
		h.store.provenances[c.Key()] = correlate.Provenance{Class: class}
	}
	return h
}

// told lists violations as "id: lapse".
func told(items []Violation) []string {
	out := []string{}
	for _, v := range items {
		out = append(out, v.Change.ID+": "+string(v.Lapse))
	}
	return out
}

func TestViolationsTellWhatReallyHappened(t *testing.T) {
	h := storied(t)
	page := parse[Page[Violation]](t, h.get(t, violationsPath, http.StatusOK))
	want := []string{"glass: break_glass", "older: older_commit", "late: after_start", "author: by_author", "nobody: no_approval"}
	if diff := cmp.Diff(want, told(page.Items)); diff != "" {
		t.Error(diff)
	}
	if v := page.Items[0]; v.Tier != 1 || v.Class != correlate.ProvenanceAssisted || v.Policy == "" || !strings.Contains(v.Reason, "the shop is down") {
		t.Errorf("%+v", v)
	}
}

func TestAPlannedChangeIsNoViolationBeforeItBegins(t *testing.T) {
	h := storied(t)
	planned := h.store.changes[0]
	planned.ID, planned.StartedAt = "planned", h.clock.Now().Add(time.Hour)
	h.store.changes = append(h.store.changes, planned)
	listed := func() bool {
		page := parse[Page[Violation]](t, h.get(t, violationsPath, http.StatusOK))
		return slices.Contains(told(page.Items), "planned: no_approval")
	}
	if listed() {
		t.Error("a change that may still be approved stands among those that went through")
	}
	h.clock.advance(2 * time.Hour)
	if !listed() {
		t.Error("a change that began without approval is passed over")
	}
}

func TestViolationsAreFiltered(t *testing.T) {
	h := storied(t)
	for filter, want := range map[string][]string{
		"lapse=by_author,after_start":                                 {"late: after_start", "author: by_author"},
		"rule=ai-approval":                                            {},
		"rule=ai-senior-approval&lapse=no_approval":                   {"nobody: no_approval"},
		"service=storefront":                                          {},
		"service=checkout&from=2026-05-04T03:00:00Z":                  {"glass: break_glass", "older: older_commit"},
		"to=2026-05-04T01:00:00Z":                                     {"nobody: no_approval"},
		"from=2026-05-04T01:00:00Z&to=2026-05-04T02:00:00Z&limit=200": {"author: by_author"},
	} {
		page := parse[Page[Violation]](t, h.get(t, violationsPath+"?"+filter, http.StatusOK))
		if diff := cmp.Diff(want, told(page.Items)); diff != "" {
			t.Errorf("%s: %s", filter, diff)
		}
	}
	wantProblem(t, h.get(t, violationsPath+"?from=2026-05-05T00:00:00Z&to=2026-05-04T00:00:00Z", http.StatusUnprocessableEntity), invalidParameter)
	wantProblem(t, h.get(t, violationsPath+"?lapse=sloth", http.StatusUnprocessableEntity), invalidParameter)
}

func TestPagesOfViolationsNeitherSkipNorRepeat(t *testing.T) {
	h := storied(t)
	for i := range 3 * violationBatch {
		c := h.store.changes[0]
		c.ID, c.StartedAt = fmt.Sprintf("more-%03d", i), exampleTime(9, 0, 0).Add(time.Duration(i)*time.Second)
		h.store.changes = append(h.store.changes, c)
		h.store.provenances[c.Key()] = correlate.Provenance{Class: correlate.ProvenanceAssisted}
	}
	seen := map[string]bool{}
	count, next := 0, violationsPath+"?limit=37"
	for pages := 0; next != ""; pages++ {
		resp := h.get(t, next, http.StatusOK)
		page := parse[Page[Violation]](t, resp)
		if len(page.Items) > 37 || pages > 20 {
			t.Fatalf("a page of %d after %d pages", len(page.Items), pages)
		}
		for _, v := range page.Items {
			if seen[v.Change.ID] {
				t.Errorf("%s comes twice", v.Change.ID)
			}
			seen[v.Change.ID] = true
			count++
		}
		next = ""
		if page.NextCursor != "" {
			next = violationsPath + "?limit=37&cursor=" + page.NextCursor
		}
	}
	if count != 3*violationBatch+5 {
		t.Errorf("%d violations", count)
	}
	first := parse[Page[Violation]](t, h.get(t, violationsPath+"?limit=2", http.StatusOK))
	for _, bad := range []string{violationsPath + "?rule=x&cursor=" + first.NextCursor, violationsPath + "?cursor=%20", violationsPath + "?cursor=e30"} {
		wantProblem(t, h.get(t, bad, http.StatusUnprocessableEntity), invalidParameter)
	}
}

func TestViolationsThatCannotBeReadAreAnError(t *testing.T) {
	for _, method := range []string{"Changes", "Provenances", "Topology"} {
		h := storied(t)
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		wantProblem(t, h.get(t, violationsPath, http.StatusServiceUnavailable), storeUnavailable)
	}
}

func TestABodyWithoutAnObjectDoesNotBreakTheGate(t *testing.T) {
	h := newHarness(t)
	for _, body := range []string{"null", " null\n", "[]", "1", `"x"`, "{"} {
		wantProblem(t, h.do(t, ask{method: http.MethodPost, path: gatePath, token: RoleIngest, body: body}), invalidInput)
	}
}
