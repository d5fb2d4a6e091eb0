package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestChangeIsAnsweredWithItsProvenance(t *testing.T) {
	h := newHarness(t)
	got := parse[ChangeRecord](t, h.get(t, "/v1/changes/checkout-1842", http.StatusOK))
	if diff := cmp.Diff(exampleChangeRecord(), got); diff != "" {
		t.Error(diff)
	}
}

func TestChangesAreFilteredByEveryParameter(t *testing.T) {
	h := newHarness(t)
	other := correlate.Change{
		ID: "flag-1", Source: "flags", Kind: correlate.KindFeatureFlag, Title: "Turn on banner", Services: []string{"storefront"},
		Environment: "staging", StartedAt: exampleTime(3, 0, 0), Status: correlate.StatusInProgress,
	}
	h.store.changes = append(h.store.changes, other)
	h.store.provenances[other.Key()] = correlate.Provenance{Class: correlate.ProvenanceUnknown}
	for name, want := range map[string]string{
		"service=checkout": "checkout-1842", "service=storefront,search": "flag-1", "kind=deploy,rollback": "checkout-1842", "kind=feature_flag": "flag-1",
		"status=in_progress": "flag-1", "environment=staging": "flag-1", "source=argo-cd": "checkout-1842", "class=ai_assisted": "checkout-1842",
		"class=unknown": "flag-1", "q=banner": "flag-1", "from=2026-05-04T09:00:00Z": "checkout-1842", "to=2026-05-04T09:00:00Z": "flag-1",
	} {
		page := parse[Page[ChangeRecord]](t, h.get(t, "/v1/changes?"+name, http.StatusOK))
		if len(page.Items) != 1 || page.Items[0].ID != want || page.Items[0].Provenance == nil {
			t.Errorf("%s: got %+v, want only %s with provenance", name, page.Items, want)
		}
	}
	first := h.get(t, "/v1/changes?limit=1", http.StatusOK)
	if !strings.Contains(first.Header.Get("Link"), "/v1/changes?cursor=") {
		t.Errorf("Link %q", first.Header.Get("Link"))
	}
}

func TestIdThatSeveralSourcesKnowIsAmbiguous(t *testing.T) {
	h := newHarness(t)
	twin := exampleChange()
	twin.Source = "spinnaker"
	h.store.changes = append(h.store.changes, twin)
	for _, path := range []string{"", "/blast-radius"} {
		p := wantProblem(t, h.get(t, "/v1/changes/checkout-1842"+path, http.StatusConflict), ambiguousChange)
		if !cmp.Equal(p.Choices, []string{"argo-cd", "spinnaker"}) || p.Errors[0].Path != "source" {
			t.Errorf("choices %v, errors %+v", p.Choices, p.Errors)
		}
		for _, source := range p.Choices {
			h.get(t, "/v1/changes/checkout-1842"+path+"?source="+source, http.StatusOK)
		}
	}
}

func TestUnknownChangeIsNamed(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]string{
		"/v1/changes/nope": `"nope"`, "/v1/changes/nope/blast-radius": `"nope"`, "/v1/changes/checkout-1842?source=jenkins": `"jenkins"`,
	} {
		if p := wantProblem(t, h.get(t, path, http.StatusNotFound), changeNotFound); !strings.Contains(p.Detail, want) {
			t.Errorf("%s: detail %q does not name %s", path, p.Detail, want)
		}
	}
}

func TestBlastRadiusOfAChangeComesFromTheGraphOfItsTime(t *testing.T) {
	h := newHarness(t)
	got := parse[ChangeRadius](t, h.get(t, "/v1/changes/checkout-1842/blast-radius", http.StatusOK))
	if diff := cmp.Diff(exampleChangeRadius(), got); diff != "" {
		t.Error(diff)
	}
	if !cmp.Equal(got.Changed, []string{"checkout"}) || got.Potential != 2 || len(got.Quiet) != 0 || len(got.Alerting) != 0 {
		t.Errorf("radius %+v, want checkout changed, two services that could feel it, and nothing known of alerts", got)
	}
	for _, node := range got.Nodes {
		if node.State != "changed" && node.State != "potential" {
			t.Errorf("node %+v without an incident", node)
		}
	}
	h.get(t, "/v1/changes/checkout-1842/blast-radius", http.StatusOK)
	if n := h.store.count("Topology"); n != 2 {
		t.Errorf("%d reads of past topology, want one for each answer", n)
	}
}

func TestChangeWithoutServicesAffectsItsEnvironment(t *testing.T) {
	h := newHarness(t)
	h.store.changes[0].Services = nil
	h.store.topology.Services = append(h.store.topology.Services, correlate.Service{Name: "sandbox", Environment: "staging"})
	got := parse[ChangeRadius](t, h.get(t, "/v1/changes/checkout-1842/blast-radius", http.StatusOK))
	if want := []string{"checkout", "mobile-gateway", "storefront"}; !cmp.Equal(got.Changed, want) {
		t.Errorf("changed %v, want %v", got.Changed, want)
	}
}

func TestChangeInAnEmptyEnvironmentReachesNothing(t *testing.T) {
	h := newHarness(t)
	h.store.changes[0].Services, h.store.changes[0].Environment = nil, "sandbox"
	got := parse[ChangeRadius](t, h.get(t, "/v1/changes/checkout-1842/blast-radius", http.StatusOK))
	if len(got.Changed) != 0 || got.Potential != 0 || len(got.Nodes) != 0 {
		t.Errorf("radius %+v of an environment without services", got)
	}
}
