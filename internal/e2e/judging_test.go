package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPeopleJudgeAndTheGateGuards walks through a running service as an on-call
// engineer, a pipeline and an auditor would, by the built binary.
func TestPeopleJudgeAndTheGateGuards(t *testing.T) {
	needEngine(t)
	s := serve(t, t.TempDir())
	topology, changes, alerts := outage(time.Now())
	s.post("/v1/topology", topology)
	s.post("/v1/changes", changes)
	s.post("/v1/alerts", alerts)
	incident := s.awaitGuilty("payments", "pay-7")
	t.Run("verdict", func(t *testing.T) { s.within(t).judged(t, incident) })
	t.Run("gate", func(t *testing.T) { s.within(t).guarded(t) })
	t.Run("violations", func(t *testing.T) { s.within(t).audited(t) })
	t.Run("provenance", func(t *testing.T) { s.within(t).relabelled(t) })
	s.stop()
}

// cli runs a command against the service and demands its exit code.
func (s *server) cli(t *testing.T, want int, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := run(t, []string{"FAULTLINE_SERVER=" + s.url, "FAULTLINE_TOKEN=" + s.token()}, stdin, args...)
	if code != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, out, errs)
	}
	return out + errs
}

// judgedFinding is the part of a finding that judging is about.
type judgedFinding struct {
	ProvenanceHidden bool `json:"provenance_hidden"`
	Judgement        struct {
		State     string
		Confirmed []struct{ ID string }
	}
}

func (s *server) judged(t *testing.T, incident string) {
	finding := func() (f judgedFinding) {
		s.get("/v1/incidents/"+incident+"/finding", &f)
		return f
	}
	if f := finding(); !f.ProvenanceHidden || f.Judgement.State != "unjudged" {
		t.Errorf("before the verdict: %+v", f)
	}
	s.cli(t, 0, "", "verdict", incident, "confirm", "--reason", "rolling it back ended it")
	if f := finding(); f.ProvenanceHidden || f.Judgement.State != "confirmed" || f.Judgement.Confirmed[0].ID != "pay-7" {
		t.Errorf("after the verdict: %+v", f)
	}
	s.cli(t, 2, "", "verdict", incident, "perhaps")
	s.cli(t, 2, "", "verdict", "inc-none", "no_change")
	var page struct{ Items []object }
	if s.get("/v1/incidents/"+incident+"/verdicts", &page); len(page.Items) != 1 || page.Items[0]["decided_by"] != "local admin" {
		t.Errorf("verdicts: %+v", page.Items)
	}
}

// assistedDeploy is a deploy in which Claude had a part, with more fields.
func assistedDeploy(id, more string) string {
	return fmt.Sprintf(`{"id": %q, "source": "ci", "kind": "deploy", "services": ["payments"], "status": "succeeded", "started_at": %q,
		"commits": [{"sha": "1", "message": "Retry\n\nCo-authored-by: Claude <noreply@anthropic.com>", "author": {"login": "ada"}}]%s}`,
		id, time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), more)
}

func (s *server) guarded(t *testing.T) {
	senior := fmt.Sprintf(`, "approvals": [{"by": "grace", "level": "senior", "at": %q}]`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	if out := s.cli(t, 1, assistedDeploy("gate-1", ""), "gate", "--change", "-"); !strings.Contains(out, "DENY") || !strings.Contains(out, "tier 1") || !strings.Contains(out, "to mend it") {
		t.Errorf("denied with\n%s", out)
	}
	if out := s.cli(t, 0, assistedDeploy("gate-1", senior), "gate", "--change", "-"); !strings.Contains(out, "ALLOW") {
		t.Errorf("allowed with\n%s", out)
	}
	if out := s.cli(t, 0, assistedDeploy("gate-1", ""), "gate", "--change", "-", "--break-glass", "the shop is down"); !strings.Contains(out, "WARN") {
		t.Errorf("the glass was broken:\n%s", out)
	}
	s.cli(t, 2, `{"id": "x"}`, "gate", "--change", "-")
	s.cli(t, 3, assistedDeploy("gate-1", senior), "gate", "--change", "-", "--server", "http://127.0.0.1:1")
}

func (s *server) audited(t *testing.T) {
	s.post("/v1/changes", assistedDeploy("sneaked-in", ""))
	var page struct {
		Items []struct {
			Rule, Lapse string
			Tier        int
			Change      struct{ ID string }
		}
	}
	s.await("violation", func() bool {
		return s.get("/v1/policy/violations?service=payments&rule=ai-senior-approval", &page) == http.StatusOK && len(page.Items) > 0
	})
	if v := page.Items[0]; len(page.Items) != 1 || v.Change.ID != "sneaked-in" || v.Lapse != "no_approval" || v.Tier != 1 {
		t.Errorf("%+v", page.Items)
	}
}

func (s *server) relabelled(t *testing.T) {
	status, answer := s.call(http.MethodPut, "/v1/changes/sneaked-in/provenance", s.token(), `{"class": "human", "reason": "the trailer was pasted"}`)
	var record struct {
		Provenance struct {
			Class, Source string
			Machine       struct{ Class string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &record); err != nil || status != http.StatusOK || record.Provenance.Class != "human" || record.Provenance.Source != "override" || record.Provenance.Machine.Class != "ai_assisted" {
		t.Errorf("%d %s", status, answer)
	}
	var list struct{ Items []struct{ ID string } }
	if s.get("/v1/changes?class=human", &list); len(list.Items) != 1 || list.Items[0].ID != "sneaked-in" {
		t.Errorf("by class: %+v", list.Items)
	}
	if out := s.cli(t, 0, "", "provenance", "reapply", "--dry-run"); !strings.Contains(out, "on 3 changes: 0 labels differ, 1 overridden") || !strings.Contains(out, "no commits were sent") {
		t.Errorf("reapply says\n%s", out)
	}
}
