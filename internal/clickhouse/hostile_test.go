package clickhouse_test

import (
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// TestTextsAreAskedForAsTheyAre asks for names with everything in them that some
// layer between here and the server gives a meaning to.
func TestTextsAreAskedForAsTheyAre(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		for _, name := range []string{`a\b`, `\N`, `it's`, "tab\there", "line\nbreak", `"q"`, `\'); DROP TABLE incidents --`, "{id:String}", "?", "$1", "ünï\u2028", `\\`, "a,b", "[1]", "%2F&x=1", "@p"} {
			in := incidentAt(name, 1, noon)
			in.Title, in.Services = name, []string{name}
			save(t, s, in)
			if got, err := s.Incident(t.Context(), name); err != nil || got.ID != name {
				t.Errorf("by id %q: %q %v", name, got.ID, err)
			}
			for what, q := range map[string]query.Incidents{"service": {Service: name}, "text": {Text: name}} {
				page, err := s.Incidents(t.Context(), q)
				found := false
				for i := range page.Items {
					found = found || page.Items[i].ID == name
				}
				if err != nil || !found {
					t.Errorf("by %s %q: %d found, %v", what, name, len(page.Items), err)
				}
			}
			j := correlate.Judgement{ID: "0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", Incident: name, Decision: correlate.DecisionNoChange, DecidedBy: name, DecidedAt: noon}
			if err := s.SaveJudgement(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			if all, err := s.Judgements(t.Context(), []string{"x", name}); err != nil || len(all) != 1 || all[0].DecidedBy != name {
				t.Errorf("verdicts on %q: %+v %v", name, all, err)
			}
		}
	})
}
