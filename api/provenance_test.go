package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

const (
	provenancePath = "/v1/changes/checkout-1842/provenance"
	reapplyPath    = "/v1/provenance/reapply"
)

func (h *harness) override(t testing.TB, body string) *http.Response {
	t.Helper()
	return h.do(t, ask{method: http.MethodPut, path: provenancePath, token: RoleJudge, body: body})
}

func TestOverrideIsShownWithWhoAndWhyAndTheMachinesLabel(t *testing.T) {
	h := newHarness(t)
	resp := h.override(t, `{"class": "human", "reason": " The editor stamped it. "}`)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	by := correlate.ProvenanceOverride{Class: correlate.ProvenanceHuman, Reason: "The editor stamped it.", DecidedBy: "test-judge", DecidedAt: exampleTime(10, 5, 0)}
	got := parse[ProvenanceRecord](t, resp)
	if diff := cmp.Diff([]correlate.ProvenanceOverride{by}, got.Overrides); diff != "" {
		t.Error(diff)
	}
	change := parse[ChangeRecord](t, h.get(t, "/v1/changes/checkout-1842", http.StatusOK))
	for _, p := range []correlate.Provenance{got.Provenance, *change.Provenance} {
		if p.Class != correlate.ProvenanceHuman || p.Source != correlate.ProvenanceByOverride || p.Override == nil || *p.Override != by || p.Machine == nil || p.Machine.Class != correlate.ProvenanceAssisted {
			t.Errorf("%+v", p)
		}
	}
}

func TestOverridesAreKeptAndCanBeWithdrawn(t *testing.T) {
	h := newHarness(t)
	h.override(t, `{"class": "human", "reason": "first"}`)
	h.override(t, `{"class": "auto", "reason": "second"}`)
	got := parse[ProvenanceRecord](t, h.get(t, provenancePath, http.StatusOK))
	if got.Provenance.Class != correlate.ProvenanceAssisted || len(got.Overrides) != 2 || got.Overrides[0].Reason != "second" {
		t.Errorf("%+v", got)
	}
	if !got.Overrides[0].DecidedAt.After(got.Overrides[1].DecidedAt) {
		t.Error("the clock stood still, and the order of words is lost")
	}
}

func TestBadOverridesNameTheFieldAndTheMend(t *testing.T) {
	h := newHarness(t)
	for body, path := range map[string]string{
		`{"reason": "x"}`:                   "class",
		`{"class": "robot", "reason": "x"}`: "class",
		`{"class": "human"}`:                "reason",
		`{"class": "human", "reason": " "}`: "reason",
		`{"class": "human", "reason": "` + strings.Repeat("x", maxReason+1) + `"}`: "reason",
		`{"class": 1, "reason": "x"}`: "class",
	} {
		p := wantProblem(t, h.override(t, body), invalidInput)
		if p.Errors[0].Path != path || p.Errors[0].Mend == "" {
			t.Errorf("%.50s: %+v", body, p.Errors)
		}
	}
	if len(h.store.overrides) != 0 {
		t.Error("a bad override was kept")
	}
	ask := ask{method: http.MethodPut, path: "/v1/changes/nope/provenance", token: RoleJudge, body: `{"class": "human", "reason": "x"}`}
	wantProblem(t, h.do(t, ask), changeNotFound)
	ask.path, ask.token = provenancePath, RoleReader
	wantProblem(t, h.do(t, ask), forbidden)
}

func TestOverrideThatCannotBeStoredIsAnError(t *testing.T) {
	h := newHarness(t)
	for _, method := range []string{"SaveOverride", "Overrides", "Provenances"} {
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		wantProblem(t, h.override(t, `{"class": "human", "reason": "x"}`), storeUnavailable)
	}
}

// newRules says that changes of odd number are assisted, and of nothing else
// anything.
type newRules struct{}

func (newRules) Version() string { return "2" }

func (newRules) Label(c *correlate.Change) correlate.Provenance {
	p := correlate.Provenance{Class: correlate.ProvenanceUnknown, Rules: "2", Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{{Marker: "absent.commits"}}}
	if strings.HasSuffix(c.ID, "1") {
		p.Class = correlate.ProvenanceAssisted
	}
	return p
}

// historyHarness has ten changes that old rules called human.
func historyHarness(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t, func(_ *Config, d *Deps) { d.Labeller = newRules{} })
	h.store.changes, h.store.provenances = nil, map[correlate.Key]correlate.Provenance{}
	for i := range 10 {
		c := correlate.Change{ID: fmt.Sprintf("c%d", i), Source: "cd", Kind: correlate.KindDeploy, StartedAt: exampleTime(1, i, 0)}
		h.store.changes = append(h.store.changes, c)
		h.store.provenances[c.Key()] = correlate.Provenance{Class: correlate.ProvenanceHuman, Rules: "1"}
	}
	return h
}

const wholeDay = `"from": "2026-05-04T00:00:00Z", "to": "2026-05-05T00:00:00Z"`

func (h *harness) reapplied(t *testing.T, body string) ReapplyResult {
	t.Helper()
	resp := h.do(t, ask{method: http.MethodPost, path: reapplyPath, token: RoleAdmin, body: body})
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	return parse[ReapplyResult](t, resp)
}

func TestRulesAppliedToHistoryShowTheDifference(t *testing.T) {
	h := historyHarness(t)
	said := correlate.Key{Source: "cd", ID: "c1"}
	h.store.overrides = map[correlate.Key][]correlate.ProvenanceOverride{said: {{Class: correlate.ProvenanceAuthored, Reason: "x", DecidedBy: "ada"}}}
	want := ReapplyResult{
		Rules: "2", Examined: 10, Changed: 10, Overridden: 1,
		Classes: []ClassCount{{correlate.ProvenanceAssisted, 1}, {correlate.ProvenanceUnknown, 9}},
		Moves: []ClassMove{
			{correlate.ProvenanceHuman, correlate.ProvenanceUnknown, 9, []string{"cd/c9", "cd/c8", "cd/c7", "cd/c6", "cd/c5"}},
			{correlate.ProvenanceHuman, correlate.ProvenanceAssisted, 1, []string{"cd/c1"}},
		},
		Unknown: []UnknownReason{{"absent.commits", UnknownWords("absent.commits"), 9}},
	}
	if diff := cmp.Diff(want, h.reapplied(t, `{`+wholeDay+`, "dry_run": true}`)); diff != "" {
		t.Error(diff)
	}
	if len(h.store.labels) != 0 {
		t.Error("a dry run kept labels")
	}
	if diff := cmp.Diff(want, h.reapplied(t, `{`+wholeDay+`}`)); diff != "" {
		t.Error(diff)
	}
	if len(h.store.labels) != 10 {
		t.Errorf("%d labels were kept", len(h.store.labels))
	}
}

func TestLabelsThatDoNotDifferAreNotWrittenAgain(t *testing.T) {
	h := historyHarness(t)
	for key := range h.store.provenances {
		h.store.provenances[key] = newRules{}.Label(&correlate.Change{ID: key.ID})
	}
	got := h.reapplied(t, `{`+wholeDay+`}`)
	if got.Changed != 0 || len(got.Moves) != 0 || len(h.store.labels) != 0 || got.Examined != 10 {
		t.Errorf("%+v, %d labels", got, len(h.store.labels))
	}
}

func TestHistoryBeyondOneAnswerIsContinued(t *testing.T) {
	h := historyHarness(t)
	for i := range reapplyChanges {
		h.store.changes = append(h.store.changes, correlate.Change{ID: fmt.Sprintf("m%d-0", i), Source: "cd", Kind: correlate.KindDeploy, StartedAt: exampleTime(2, 0, 0).Add(time.Duration(i) * time.Millisecond)})
	}
	examined, cursor := 0, ""
	for range 10 {
		got := h.reapplied(t, `{`+wholeDay+`, "dry_run": true, "cursor": "`+cursor+`"}`)
		examined += got.Examined
		if cursor = got.NextCursor; cursor == "" {
			break
		}
	}
	if examined != reapplyChanges+10 {
		t.Errorf("%d examined", examined)
	}
}

func TestReapplyRefusesWhatItCannotDo(t *testing.T) {
	h := historyHarness(t)
	for _, body := range []string{`{}`, `{"from": "2026-05-05T00:00:00Z", "to": "2026-05-04T00:00:00Z"}`, `{"from": "yesterday"}`, `{` + wholeDay + `, "dry": true}`} {
		wantProblem(t, h.do(t, ask{method: http.MethodPost, path: reapplyPath, token: RoleAdmin, body: body}), invalidInput)
	}
	wantProblem(t, h.do(t, ask{method: http.MethodPost, path: reapplyPath, token: RoleJudge, body: `{` + wholeDay + `}`}), forbidden)
	for _, method := range []string{"Changes", "Provenances", "SaveLabels"} {
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		wantProblem(t, h.do(t, ask{method: http.MethodPost, path: reapplyPath, token: RoleAdmin, body: `{` + wholeDay + `}`}), storeUnavailable)
	}
	bare := newHarness(t, withoutRules)
	wantProblem(t, bare.do(t, ask{method: http.MethodPost, path: reapplyPath, token: RoleAdmin, body: `{` + wholeDay + `}`}), rulesMissing)
}

func TestEveryReasonHasWordsOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, reason := range []string{"absent.commits", "absent.messages", "absent.agreement", "absent.certainty", "absent.marker", ""} {
		words := UnknownWords(reason)
		if words == "" || seen[words] {
			t.Errorf("%q: %q", reason, words)
		}
		seen[words] = true
	}
}
