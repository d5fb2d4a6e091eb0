package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestFindingIsEnrichedWithProvenanceAndLinks(t *testing.T) {
	h := newHarness(t)
	got := parse[correlate.Finding](t, h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusOK))
	if diff := cmp.Diff(exampleFinding(), got); diff != "" {
		t.Error(diff)
	}
	if n := h.store.count("Provenances"); n != 1 {
		t.Errorf("%d queries for provenance, want one for all suspects", n)
	}
}

func TestUnclassifiedSuspectIsUnknownAndHasEveryKey(t *testing.T) {
	h := newHarness(t)
	h.store.provenances = nil
	for i := range h.store.findings["inc-7f3a"] {
		for j := range h.store.findings["inc-7f3a"][i].Suspects {
			h.store.findings["inc-7f3a"][i].Suspects[j].Change.Links = nil
		}
	}
	got := parse[correlate.Finding](t, h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusOK))
	for _, suspect := range got.Suspects {
		if p := suspect.Provenance; p == nil || p.Class != correlate.ProvenanceUnknown || p.Confidence != 0 || p.Tools == nil || p.Evidence == nil {
			t.Errorf("provenance %+v, want an unknown one with empty lists", p)
		}
		if suspect.Links == nil || *suspect.Links != (correlate.ChangeLinks{}) {
			t.Errorf("links %+v, want an empty object", suspect.Links)
		}
	}
}

func TestOldVersionOfAFindingCanBeRead(t *testing.T) {
	h := newHarness(t)
	old := exampleFinding()
	old.Version, old.Verdict = 2, correlate.VerdictPossible
	h.store.findings["inc-7f3a"] = append(h.store.findings["inc-7f3a"], old)
	for path, want := range map[string]int{"": 3, "?version=0": 3, "?version=2": 2, "?version=3": 3} {
		got := parse[correlate.Finding](t, h.get(t, "/v1/incidents/inc-7f3a/finding"+path, http.StatusOK))
		if got.Version != want {
			t.Errorf("%q answers version %d, want %d", path, got.Version, want)
		}
	}
	wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/finding?version=9", http.StatusNotFound), findingNotFound)
	all := parse[Page[correlate.Finding]](t, h.get(t, "/v1/incidents/inc-7f3a/findings", http.StatusOK))
	if len(all.Items) != 2 || all.Items[0].Version != 3 || all.Items[1].Suspects[0].Provenance == nil {
		t.Errorf("findings are not newest first and enriched: %+v", all.Items)
	}
	one := parse[Page[correlate.Finding]](t, h.get(t, "/v1/incidents/inc-7f3a/findings?limit=1", http.StatusOK))
	if len(one.Items) != 1 {
		t.Errorf("limit=1 answers %d", len(one.Items))
	}
}

func TestYoungIncidentHasNoFindingYet(t *testing.T) {
	h := newHarness(t)
	h.store.findings = nil
	p := wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusNotFound), findingNotFound)
	if !strings.Contains(p.Detail, "no finding yet") {
		t.Errorf("detail %q does not tell that it is only a matter of time", p.Detail)
	}
	wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/blast-radius", http.StatusNotFound), findingNotFound)
	if all := parse[Page[correlate.Finding]](t, h.get(t, "/v1/incidents/inc-7f3a/findings", http.StatusOK)); len(all.Items) != 0 {
		t.Errorf("findings out of nowhere: %v", all.Items)
	}
}

func TestNewProvenanceChangesTheETagOfAFinding(t *testing.T) {
	h := newHarness(t)
	etag := func() string { return h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusOK).Header.Get("ETag") }
	first := etag()
	if again := etag(); again != first {
		t.Errorf("ETag moved from %s to %s without a reason", first, again)
	}
	h.store.set(func(f *fakeStore) {
		p := exampleProvenance()
		p.Class = correlate.ProvenanceHuman
		f.provenances[f.changes[0].Key()] = p
	})
	if etag() == first {
		t.Error("a provenance that was given anew keeps the ETag: clients would show the old one")
	}
}

func TestBlastRadiusIsThatOfTheVersion(t *testing.T) {
	h := newHarness(t)
	got := parse[IncidentRadius](t, h.get(t, "/v1/incidents/inc-7f3a/blast-radius?version=3", http.StatusOK))
	if diff := cmp.Diff(exampleIncidentRadius(), got); diff != "" {
		t.Error(diff)
	}
}

func TestSlowStoreEndsInAnAnswer(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Timeout = 20 * time.Millisecond })
	h.store.hang = true
	p := wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusGatewayTimeout), timedOut)
	if strings.Contains(p.Detail, "Finding") {
		t.Errorf("the detail %q shows insides", p.Detail)
	}
}
