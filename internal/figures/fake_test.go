package figures

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/query"
)

// fakeReader is a store in memory; each field is what one call answers.
type fakeReader struct {
	cells, weeks []query.ChangeCell
	approvals    []query.ApprovalCell
	moments      []query.ServiceMoments
	facts        []query.IncidentFact
	judgements   []correlate.Judgement
	suspects     []query.SuspectFact
	// fail makes the call of this name fail; asked keeps the last question but
	// for moments, which are asked for at the same time as cells.
	fail  string
	asked query.Period
	blame query.Blame
}

func (f *fakeReader) enter(name string, p query.Period) error {
	if name != "moments" {
		f.asked = p
	}
	if f.fail == name {
		return fmt.Errorf("%s is away", name)
	}
	return nil
}

func (f *fakeReader) ChangeCells(_ context.Context, p query.Period, blame query.Blame) (cells, weeks []query.ChangeCell, err error) {
	f.blame = blame
	return f.cells, f.weeks, f.enter("cells", p)
}

func (f *fakeReader) ApprovalCells(_ context.Context, p query.Period, _ *assent.Levels, blame query.Blame) ([]query.ApprovalCell, error) {
	f.blame = blame
	return f.approvals, f.enter("approvals", p)
}

func (f *fakeReader) ServiceMoments(_ context.Context, p query.Period, _ []string) ([]query.ServiceMoments, error) {
	return f.moments, f.enter("moments", p)
}

func (f *fakeReader) IncidentFacts(_ context.Context, p query.Period) ([]query.IncidentFact, error) {
	return f.facts, f.enter("facts", p)
}

func (f *fakeReader) JudgementsWithin(_ context.Context, p query.Period) ([]correlate.Judgement, error) {
	return f.judgements, f.enter("judgements", p)
}

func (f *fakeReader) SuspectFacts(_ context.Context, p query.Period, _ int) ([]query.SuspectFact, error) {
	return f.suspects, f.enter("suspects", p)
}

// now is the moment of every test.
var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newService(f *fakeReader, tune ...func(*Config)) *Service {
	cfg := DefaultConfig()
	for _, t := range tune {
		t(&cfg)
	}
	return New(cfg, f, func() time.Time { return now })
}

func key(id string) correlate.Key { return correlate.Key{Source: "ci", ID: id} }

// keys makes n keys with a prefix.
func keys(prefix string, n int) []correlate.Key {
	out := make([]correlate.Key, n)
	for i := range out {
		out[i] = key(fmt.Sprintf("%s-%d", prefix, i))
	}
	return out
}

// cell is a cell of deploys with some confirmed changes.
func cell(class correlate.ProvenanceClass, size query.Size, n int, confirmed []correlate.Key) query.ChangeCell {
	return query.ChangeCell{Class: class, Kind: correlate.KindDeploy, Size: size, Tier: 1, Team: "shop", N: n, Confirmed: confirmed}
}

// incident adds an incident of half an hour, confirmed to be caused by changes.
func (f *fakeReader) incident(id string, at time.Time, causes ...correlate.Key) {
	end := at.Add(30 * time.Minute)
	f.facts = append(f.facts, query.IncidentFact{
		ID: id, Title: id, Severity: correlate.SeverityHigh, Status: correlate.IncidentResolved, StartedAt: at, ResolvedAt: &end,
		Services: []string{"cart", "mail"}, Verdict: correlate.VerdictProbable, FindingVersion: 1,
	})
	for i, cause := range causes {
		f.judge(id, fmt.Sprintf("%s-%d", id, i), correlate.DecisionConfirm, &cause, end)
	}
}

func (f *fakeReader) judge(incident, id string, decision correlate.Decision, change *correlate.Key, at time.Time) {
	f.judgements = append(f.judgements, correlate.Judgement{
		ID: id, Incident: incident, FindingVersion: 1, Decision: decision, Change: change, DecidedBy: "p", DecidedAt: at,
	})
}

// suspect adds a suspect of an incident's first version.
func (f *fakeReader) suspect(incident string, rank int, change correlate.Key, p float64) {
	f.suspects = append(f.suspects, query.SuspectFact{Incident: incident, Version: 1, Rank: rank, Change: change, Probability: p})
}

// simpson is the mix of changes that fools a crude comparison: AI was used for
// the larger ones, which fail more often whoever made them.
func simpson() *fakeReader {
	f := &fakeReader{}
	aiSmall, humanSmall, aiLarge, humanLarge := keys("as", 4), keys("hs", 16), keys("al", 40), keys("hl", 10)
	f.cells = []query.ChangeCell{
		cell(correlate.ProvenanceAssisted, query.SizeSmall, 200, aiSmall),
		cell(correlate.ProvenanceHuman, query.SizeSmall, 800, humanSmall),
		cell(correlate.ProvenanceAuthored, query.SizeLarge, 400, aiLarge),
		cell(correlate.ProvenanceHuman, query.SizeLarge, 100, humanLarge),
		cell(correlate.ProvenanceUnknown, query.SizeSmall, 500, nil),
		{Class: correlate.ProvenanceHuman, Apart: query.ApartRollback, N: 7},
		{Class: correlate.ProvenanceAssisted, Apart: query.ApartDuring, N: 5},
		{Class: correlate.ProvenanceAssisted, Apart: query.ApartImmature, N: 3},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, list := range [][]correlate.Key{aiSmall, humanSmall, aiLarge, humanLarge} {
		for i, change := range list {
			f.incident(change.ID, now.Add(-time.Duration(i+1)*36*time.Hour-time.Duration(random.IntN(3600))*time.Second), change)
		}
	}
	return f
}

func impactOf(t *testing.T, s *Service) Impact {
	t.Helper()
	out, err := s.AIImpact(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
