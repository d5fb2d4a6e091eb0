package clickhouse_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// casebook is what the engine and people said of the incidents about a period.
type casebook struct {
	period     query.Period
	incidents  []correlate.Incident
	findings   []correlate.Finding
	judgements []correlate.Judgement
}

// drawCasebook draws incidents at the edges of a period, each in some revisions,
// with some versions of a finding and some verdicts.
func drawCasebook(t *rapid.T, name string, from time.Time) *casebook {
	b := &casebook{period: query.Period{From: from, To: from.Add(48 * time.Hour), Mature: from}}
	for i := range rapid.IntRange(1, 6).Draw(t, "incidents") {
		id := fmt.Sprintf("%s-%d", name, i)
		began := from.Add(rapid.SampledFrom([]time.Duration{-time.Millisecond, 0, time.Hour, 48*time.Hour - time.Millisecond, 48 * time.Hour}).Draw(t, "began"))
		b.drawIncident(t, id, began)
		for version := range rapid.IntRange(0, 3).Draw(t, "versions") {
			b.drawFinding(t, id, version+1, began)
		}
		for range rapid.IntRange(0, 2).Draw(t, "verdicts") {
			b.drawJudgement(t, id)
		}
	}
	return b
}

func (b *casebook) drawIncident(t *rapid.T, id string, began time.Time) {
	environment := rapid.SampledFrom([]string{"production", "production", "", "staging"}).Draw(t, "environment")
	for revision := range rapid.IntRange(1, 3).Draw(t, "revisions") {
		i := correlate.Incident{
			ID: id, Revision: int64(revision + 1), Title: fmt.Sprint("title ", revision), Severity: rapid.SampledFrom(correlate.Severities()).Draw(t, "severity"),
			Status: correlate.IncidentOpen, Environment: environment, StartedAt: began, UpdatedAt: began, Services: []string{"cart", id},
			Alerts: []correlate.AlertKey{{Fingerprint: id, StartedAt: began}},
		}
		switch rapid.IntRange(0, 2).Draw(t, "state") {
		case 0:
			i.Status, i.ResolvedAt = correlate.IncidentResolved, pointer(began.Add(time.Hour))
		case 1:
			i.Status, i.MergedInto = correlate.IncidentMerged, "another"
		}
		b.incidents = append(b.incidents, i)
	}
}

func (b *casebook) drawFinding(t *rapid.T, id string, version int, began time.Time) {
	f := correlate.Finding{
		Incident: id, Version: version, AsOf: began, Verdict: rapid.SampledFrom([]correlate.Verdict{correlate.VerdictProbable, correlate.VerdictPossible, correlate.VerdictWeak, correlate.VerdictNoChange}).Draw(t, "verdict"),
		NoChangeProbability: float64(rapid.IntRange(0, 100).Draw(t, "none")) / 100,
	}
	for rank := range rapid.IntRange(0, 5).Draw(t, "suspects") {
		f.Suspects = append(f.Suspects, correlate.Suspect{
			Change: correlate.Change{Source: "ci", ID: fmt.Sprintf("c-%d-%d", version, rank), Kind: correlate.KindDeploy, StartedAt: began}, Rank: rank + 1, Probability: 0.5 / float64(rank+1),
		})
	}
	b.findings = append(b.findings, f)
}

func (b *casebook) drawJudgement(t *rapid.T, id string) {
	n := len(b.judgements)
	j := correlate.Judgement{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%04d%08d", b.period.From.YearDay(), n), Incident: id, FindingVersion: rapid.IntRange(1, 3).Draw(t, "judged"),
		Decision: correlate.DecisionNoChange, DecidedBy: "ada", DecidedAt: noon.Add(time.Duration(n) * time.Minute),
	}
	if rapid.Bool().Draw(t, "confirms") {
		j.Decision, j.Change = correlate.DecisionConfirm, &correlate.Key{Source: "ci", ID: "c"}
	}
	b.judgements = append(b.judgements, j)
}

// began are the incidents whose start is in the period, by their newest revision.
func (b *casebook) began() map[string]correlate.Incident {
	newest := map[string]correlate.Incident{}
	for _, i := range b.incidents {
		newest[i.ID] = i
	}
	maps.DeleteFunc(newest, func(_ string, i correlate.Incident) bool {
		return i.StartedAt.Before(b.period.From) || !i.StartedAt.Before(b.period.To)
	})
	return newest
}

// facts are those of production incidents with their newest finding.
func (b *casebook) facts() []query.IncidentFact {
	var all []query.IncidentFact
	for id, i := range b.began() {
		if i.Environment == "staging" {
			continue
		}
		fact := query.IncidentFact{
			ID: id, Title: i.Title, Severity: i.Severity, Status: i.Status, MergedInto: i.MergedInto, StartedAt: i.StartedAt, ResolvedAt: i.ResolvedAt, Services: i.Services, Alerts: 1,
		}
		for _, f := range b.findings {
			if f.Incident == id {
				fact.Verdict, fact.NoChangeProbability, fact.FindingVersion = f.Verdict, f.NoChangeProbability, f.Version
			}
		}
		all = append(all, fact)
	}
	slices.SortFunc(all, func(a, c query.IncidentFact) int {
		if by := a.StartedAt.Compare(c.StartedAt); by != 0 {
			return by
		}
		return strings.Compare(a.ID, c.ID)
	})
	return all
}

// suspected are the first suspects of newest and of judged versions.
func (b *casebook) suspected(ranks int) []query.SuspectFact {
	began, newest := b.began(), map[string]int{}
	for _, f := range b.findings {
		newest[f.Incident] = f.Version
	}
	var all []query.SuspectFact
	for _, f := range b.findings {
		judged := slices.ContainsFunc(b.judgements, func(j correlate.Judgement) bool { return j.Incident == f.Incident && j.FindingVersion == f.Version })
		if _, in := began[f.Incident]; !in || (!judged && newest[f.Incident] != f.Version) {
			continue
		}
		for _, s := range f.Suspects {
			if s.Rank <= ranks {
				all = append(all, query.SuspectFact{Incident: f.Incident, Version: f.Version, Rank: s.Rank, Change: s.Change.Key(), Probability: s.Probability})
			}
		}
	}
	return all
}

// The incidents of a period, what the engine suspects and what people said are
// read by three statements, which have to speak of the same incidents.
func TestIncidentsSuspectsAndVerdictsAreThoseOfThePeriod(t *testing.T) {
	s := migratedStore(t)
	facts := 0
	for round := range 16 {
		from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 20*round)
		b := rapid.Custom(func(rt *rapid.T) *casebook { return drawCasebook(rt, fmt.Sprintf("book-%02d", round), from) }).Example(round)
		b.store(t, s)
		facts += b.check(t, s)
		if t.Failed() {
			t.Fatalf("round %d: %+v", round, b)
		}
	}
	if facts < 16 {
		t.Errorf("only %d incidents were compared", facts)
	}
}

func (b *casebook) store(t *testing.T, s *clickhouse.Store) {
	t.Helper()
	if err := s.SaveIncidents(t.Context(), b.incidents); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveFindings(t.Context(), b.findings); err != nil {
		t.Fatal(err)
	}
	judge(t, s, b.judgements...)
}

func (b *casebook) check(t *testing.T, s *clickhouse.Store) int {
	t.Helper()
	facts, err := s.IncidentFacts(t.Context(), b.period)
	if diff := cmp.Diff(b.facts(), facts, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("incidents, - by hand, + by the store: %s %v", diff, err)
	}
	for _, ranks := range []int{1, 3} {
		suspects, err := s.SuspectFacts(t.Context(), b.period, ranks)
		if diff := cmp.Diff(b.suspected(ranks), suspects, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("suspects to rank %d, - by hand, + by the store: %s %v", ranks, diff, err)
		}
	}
	began := b.began()
	want := slices.DeleteFunc(slices.Clone(b.judgements), func(j correlate.Judgement) bool {
		_, in := began[j.Incident]
		return !in
	})
	said, err := s.JudgementsWithin(t.Context(), b.period)
	if diff := cmp.Diff(want, said, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("verdicts, - by hand, + by the store: %s %v", diff, err)
	}
	return len(facts)
}
