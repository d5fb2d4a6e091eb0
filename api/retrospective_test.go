package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

const exportPath = "/v1/incidents/inc-7f3a/export"

func TestAnIncidentIsExportedAsMarkdownAndAsJSON(t *testing.T) {
	h := newHarness(t)
	h.suggested(t)
	h.takeCommand(t, `{"commander": "ada"}`, "*")
	if resp := h.decide(t, confirmIt, h.etagOf(t, findingPath, RoleJudge)); resp.StatusCode != http.StatusCreated {
		t.Fatal(readAll(t, resp))
	}
	resp := h.get(t, exportPath+"?format=markdown", http.StatusOK)
	text := readAll(t, resp)
	if resp.Header.Get("Content-Type") != "text/markdown; charset=utf-8" || resp.Header.Get("Content-Disposition") != `attachment; filename="incident-inc-7f3a.md"` || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", resp.Header)
	}
	for _, needed := range []string{"# checkout and 1 more: errors", "Commander: ada", "Cause confirmed", "Rolling back 4.12.0 ended it", "Deploy checkout 4.12.0", "Speaks against it", "copilot", "Approvals and policy", "takes command", "Proposed by agents"} {
		if !strings.Contains(text, needed) {
			t.Errorf("the Markdown lacks %q:\n%s", needed, text)
		}
	}
	doc := parse[Retrospective](t, h.get(t, exportPath, http.StatusOK))
	if doc.Incident.Commander != "ada" || len(doc.Verdicts) != 1 || len(doc.Proposals) != 1 || len(doc.Commanders) != 1 || doc.Finding == nil || doc.Finding.Suspects[0].Provenance == nil ||
		len(doc.Versions) != 1 || doc.Versions[0].Suspect.ID != "checkout-1842" || len(doc.Timeline.Lanes) != 5 || len(doc.Policy) != 1 || doc.Policy[0].Violations == nil {
		t.Errorf("the JSON has %+v", doc)
	}
	byAccept := h.do(t, ask{path: exportPath, token: RoleReader, header: map[string]string{"Accept": "text/markdown, */*"}})
	if !strings.HasPrefix(byAccept.Header.Get("Content-Type"), "text/markdown") {
		t.Errorf("by Accept: %s", byAccept.Header.Get("Content-Type"))
	}
}

// TestAnExportIsBlindedExactlyLikeThePage asks as each role before the verdict and
// after it.
func TestAnExportIsBlindedExactlyLikeThePage(t *testing.T) {
	h := newHarness(t)
	h.store.set(func(f *fakeStore) {
		c := &f.findings["inc-7f3a"][0].Suspects[0].Change
		c.Approvals, c.Labels = []correlate.Approval{{By: "senior-grace"}}, map[string]string{"agent": "claude"}
		c.Commits = []correlate.Commit{{SHA: "1", Message: "Fix\n\nCo-authored-by: Copilot"}}
	})
	tells := func(role Role, format string) bool {
		text := readAll(t, h.do(t, ask{path: exportPath + "?format=" + format, token: role}))
		for _, sign := range []string{"copilot", "Copilot", "ai_assisted", "senior-grace", "claude"} {
			if strings.Contains(text, sign) {
				return true
			}
		}
		return false
	}
	for _, format := range []string{"markdown", "json"} {
		for role, want := range map[Role]bool{RoleReader: true, RoleAgent: false, RoleJudge: false, RoleAdmin: false} {
			if got := tells(role, format); got != want {
				t.Errorf("before the verdict, %s as %s: tells %v, want %v", format, role, got, want)
			}
		}
	}
	doc := parse[Retrospective](t, h.do(t, ask{path: exportPath, token: RoleJudge}))
	if !doc.Finding.ProvenanceHidden || len(doc.Policy) != 0 || doc.Policy == nil {
		t.Errorf("hidden: %v, policy %+v", doc.Finding.ProvenanceHidden, doc.Policy)
	}
	h.decide(t, confirmIt, h.etagOf(t, findingPath, RoleJudge))
	for _, format := range []string{"markdown", "json"} {
		if !tells(RoleJudge, format) {
			t.Errorf("after the verdict the %s hides it still", format)
		}
	}
}

func TestAnExportOfLittleOrNothingIsWhole(t *testing.T) {
	h := newHarness(t, func(_ *Config, d *Deps) { d.Policy = nil })
	h.store.set(func(f *fakeStore) { f.findings = nil })
	if text := readAll(t, h.get(t, exportPath+"?format=markdown", http.StatusOK)); !strings.Contains(text, "No finding yet") {
		t.Errorf("without a finding:\n%s", text)
	}
	doc := parse[Retrospective](t, h.get(t, exportPath, http.StatusOK))
	if doc.Finding != nil || doc.Verdicts == nil || doc.Proposals == nil || doc.Commanders == nil || doc.Versions == nil || doc.Policy == nil {
		t.Errorf("%+v", doc)
	}
	wantProblem(t, h.do(t, ask{path: "/v1/incidents/none/export", token: RoleReader}), incidentNotFound)
	wantProblem(t, h.do(t, ask{path: "/v1/incidents/none/export?format=markdown", token: RoleReader}), incidentNotFound)
	wantProblem(t, h.do(t, ask{path: exportPath}), unauthorized)
	h.get(t, exportPath+"?format=pdf", http.StatusUnprocessableEntity)
	for _, method := range []string{"Judgements", "Commands", "Proposals", "Findings", "IncidentAlerts"} {
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		for _, format := range []string{"json", "markdown"} {
			if resp := h.do(t, ask{path: exportPath + "?format=" + format, token: RoleReader}); resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%s fails: %s answers %d", method, format, resp.StatusCode)
			}
		}
	}
}

func TestTheGatesWordsAreInTheExport(t *testing.T) {
	h := newHarness(t)
	body, err := encode(exampleGateAnswer())
	if err != nil {
		t.Fatal(err)
	}
	change := exampleChange()
	h.store.decisions = []query.GateDecision{{At: exampleTime(9, 0, 0), Change: change.Key(), Decision: "warn", Reasons: []string{"nobody senior"}, AskedBy: "ci-eu", Body: string(body)}}
	doc := parse[Retrospective](t, h.get(t, exportPath, http.StatusOK))
	if len(doc.Policy) != 1 || len(doc.Policy[0].Gate) != 1 || doc.Policy[0].Gate[0].AskedBy != "ci-eu" {
		t.Errorf("%+v", doc.Policy)
	}
	if text := readAll(t, h.get(t, exportPath+"?format=markdown", http.StatusOK)); !strings.Contains(text, "The gate said warn") || !strings.Contains(text, "nobody senior") {
		t.Errorf("%s", text)
	}
	h.store.decisions[0].Body = "{"
	h.get(t, exportPath, http.StatusInternalServerError)
}

func TestTheNameOfAnExportedFileIsHarmless(t *testing.T) {
	for id, want := range map[string]string{"inc-7f3a": "inc-7f3a", "../../etc/passwd": "______etc_passwd", "a\"b\r\nc": "a_b__c", "ä": "_"} {
		if got := fileName(id); got != want {
			t.Errorf("%q becomes %q, want %q", id, got, want)
		}
	}
}

func TestThePageLeadsToTheExport(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	for _, format := range []string{"markdown", "json"} {
		if !strings.Contains(page, `href="/v1/incidents/inc-7f3a/export?format=`+format+`" download`) {
			t.Errorf("the page does not lead to the %s", format)
		}
		if resp := h.visit(t, exportPath+"?format="+format, session); resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("the link of the %s answers %d", format, resp.StatusCode)
		}
	}
}
