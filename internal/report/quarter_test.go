package report

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// monday is when the reports of these tests are made: the Monday after week 47.
var monday = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// quarter is a simulated company with twenty weeks of changes, incidents and
// verdicts. It is both the store and the source of figures.
type quarter struct {
	cells, weeks []query.ChangeCell
	approvals    []query.ApprovalCell
	facts        []query.IncidentFact
	judgements   []correlate.Judgement
	suspects     []query.SuspectFact
	moments      []query.ServiceMoments
	gate         []query.GateCount
	fresh        []query.Freshness
	// title replaces the titles of incidents and changes.
	title string
	fail  error
}

var quarterServices = []string{"checkout", "cart", "search", "payments", "ledger", "mail", "storefront", "inventory"}

// simulateQuarter draws the quarter; the same seed gives the same.
func simulateQuarter(seed uint64) *quarter {
	q := &quarter{
		gate:  []query.GateCount{{Answer: "allow", Count: 412}, {Answer: "deny", Count: 9}, {Answer: "warn", Count: 31}},
		fresh: []query.Freshness{{Kind: "change", Source: "argo-cd", LastSeenAt: monday}, {Kind: "alert", Source: "prometheus", LastSeenAt: monday.Add(-30 * time.Hour)}},
	}
	random := rand.New(rand.NewPCG(seed, 1))
	classes := []struct {
		class correlate.ProvenanceClass
		n     int
		risk  float64
	}{
		{correlate.ProvenanceAssisted, 140, 0.012},
		{correlate.ProvenanceAuthored, 60, 0.014},
		{correlate.ProvenanceHuman, 260, 0.009},
		{correlate.ProvenanceAutomation, 90, 0.004},
		{correlate.ProvenanceUnknown, 130, 0.009},
	}
	for back := 20; back >= 0; back-- {
		start := monday.AddDate(0, 0, -7*(back+1)).Truncate(24 * time.Hour)
		for _, c := range classes {
			n := c.n + random.IntN(30)
			var confirmed []correlate.Key
			for i := range n {
				if random.Float64() >= c.risk {
					continue
				}
				key := correlate.Key{Source: "argo-cd", ID: fmt.Sprintf("%s-%d-%d", c.class, back, i)}
				at := start.Add(time.Duration(random.IntN(7*24*60)) * time.Minute)
				if q.incident(random, key, at) {
					confirmed = append(confirmed, key)
				}
				q.moment(q.facts[len(q.facts)-1].Services[0], c.class, at.Add(-20*time.Minute))
			}
			for range n {
				q.moment(quarterServices[random.IntN(len(quarterServices))], c.class, start.Add(time.Duration(random.IntN(7*24*60))*time.Minute))
			}
			q.weeks = append(q.weeks, query.ChangeCell{Class: c.class, Week: start, N: n, Confirmed: confirmed})
			for tier := 1; tier <= 3; tier++ {
				cell := query.ChangeCell{Class: c.class, Kind: correlate.KindDeploy, Tier: tier, Team: quarterServices[tier], Size: query.Sizes()[1+tier%4], N: n / 3}
				if tier == 1 {
					cell.Confirmed, cell.N = confirmed, n-2*(n/3)
				}
				q.cells = append(q.cells, cell)
			}
		}
	}
	q.approvals = []query.ApprovalCell{
		{Kind: correlate.KindDeploy, Tier: 1, Approval: "senior", N: 3100, Confirmed: q.some(30), LeadSeconds: []uint32{72000, 110000, 36000}, Lines: []uint32{80, 120, 300}},
		{Kind: correlate.KindDeploy, Tier: 1, Approval: "other", N: 500, Confirmed: q.some(7), LeadSeconds: []uint32{30000}, Lines: []uint32{60}},
		{Kind: correlate.KindDeploy, Tier: 1, Approval: "none", N: 900, Confirmed: q.some(14), LeadSeconds: []uint32{9000}, Lines: []uint32{40}},
	}
	return q
}

// moment adds a change to a service.
func (q *quarter) moment(service string, class correlate.ProvenanceClass, at time.Time) {
	for i := range q.moments {
		if q.moments[i].Service == service && q.moments[i].Class == class {
			q.moments[i].At = append(q.moments[i].At, at)
			return
		}
	}
	q.moments = append(q.moments, query.ServiceMoments{Service: service, Class: class, At: []time.Time{at}})
}

// incident adds an incident that a change caused, and tells whether a person
// confirmed it.
func (q *quarter) incident(random *rand.Rand, cause correlate.Key, at time.Time) bool {
	id := fmt.Sprintf("inc-%04d", len(q.facts))
	end := at.Add(time.Duration(5+random.IntN(150)) * time.Minute)
	service := random.IntN(len(quarterServices))
	fact := query.IncidentFact{
		ID: id, Title: quarterServices[service] + ": errors above 5% for 3 minutes", Severity: correlate.Severities()[random.IntN(3)], Status: correlate.IncidentResolved,
		StartedAt: at, ResolvedAt: &end, Services: []string{quarterServices[service], quarterServices[(service+1)%8]}, Alerts: 3,
		Verdict: correlate.VerdictProbable, FindingVersion: 2,
	}
	if q.title != "" {
		fact.Title = q.title
	}
	q.facts = append(q.facts, fact)
	found := cause
	if random.Float64() < 0.2 {
		found.ID += "-not"
	}
	q.suspects = append(q.suspects, query.SuspectFact{Incident: id, Version: 2, Rank: 1, Change: found, Probability: 0.55 + 0.4*random.Float64()},
		query.SuspectFact{Incident: id, Version: 2, Rank: 2, Change: cause, Probability: 0.1})
	if random.Float64() > 0.85 {
		return false
	}
	q.judgements = append(q.judgements, correlate.Judgement{
		ID: id, Incident: id, FindingVersion: 2, Decision: correlate.DecisionConfirm, Change: &cause, DecidedBy: "secret-person@example.org", DecidedAt: end,
	})
	return true
}

// some is the first confirmed changes.
func (q *quarter) some(n int) []correlate.Key {
	var out []correlate.Key
	for i := range q.judgements[:n] {
		out = append(out, *q.judgements[i].Change)
	}
	return out
}

func (q *quarter) ChangeCells(context.Context, query.Period, query.Blame) (cells, weeks []query.ChangeCell, err error) {
	return q.cells, q.weeks, q.fail
}

func (q *quarter) ApprovalCells(context.Context, query.Period, *assent.Levels, query.Blame) ([]query.ApprovalCell, error) {
	return q.approvals, q.fail
}

func (q *quarter) ServiceMoments(context.Context, query.Period, []string) ([]query.ServiceMoments, error) {
	return q.moments, q.fail
}

func (q *quarter) IncidentFacts(_ context.Context, p query.Period) ([]query.IncidentFact, error) {
	var out []query.IncidentFact
	for _, f := range q.facts {
		if !f.StartedAt.Before(p.From) && f.StartedAt.Before(p.To) {
			out = append(out, f)
		}
	}
	return out, q.fail
}

func (q *quarter) JudgementsWithin(context.Context, query.Period) ([]correlate.Judgement, error) {
	return q.judgements, q.fail
}

func (q *quarter) SuspectFacts(context.Context, query.Period, int) ([]query.SuspectFact, error) {
	return q.suspects, q.fail
}

func (q *quarter) Finding(_ context.Context, incident string, _ int) (correlate.Finding, error) {
	title := "Deploy 4.12.0"
	if q.title != "" {
		title = q.title
	}
	f := correlate.Finding{Incident: incident, Version: 2, Verdict: correlate.VerdictProbable, BlastRadius: &correlate.BlastRadius{Potential: 7}}
	for _, s := range q.suspects {
		if s.Incident == incident {
			f.Suspects = append(f.Suspects, correlate.Suspect{Change: correlate.Change{Source: s.Change.Source, ID: s.Change.ID, Title: title}, Rank: s.Rank, Probability: s.Probability})
		}
	}
	return f, q.fail
}

func (q *quarter) GateCounts(context.Context, query.Period) ([]query.GateCount, error) {
	return q.gate, q.fail
}

func (q *quarter) Freshness(context.Context) ([]query.Freshness, error) { return q.fresh, q.fail }

// Audit is a week with every kind of case.
func (q *quarter) Audit(context.Context, time.Time, time.Time) (PolicyWeek, error) {
	if len(q.cells) == 0 {
		return PolicyWeek{}, q.fail
	}
	title := "Deploy 4.12.0 (argo-cd/4711)"
	if q.title != "" {
		title = q.title
	}
	return PolicyWeek{
		Version: "2026.11.1", Judged: 1130, Kept: 1098, Denied: 21, Warned: 8, Glass: 3,
		Rules: []BrokenRule{
			{Rule: "ai-senior-approval", Lapse: "nobody approved it", Changes: 14},
			{Rule: "ai-senior-approval", Lapse: "the approval came after the start", Changes: 7},
			{Rule: "ai-approval", Lapse: "nobody approved it", Changes: 8},
		},
		Violations: []PolicyCase{
			{Change: title, Tier: 1, Rule: "ai-senior-approval", Class: "ai_authored", Reason: "the approval came after the start", URL: "/changes/argo-cd/4711"},
			{Change: "Resize the connection pool (argo-cd/4755)", Tier: 2, Rule: "ai-senior-approval", Class: "ai_assisted", Reason: "nobody approved it", URL: "/changes/argo-cd/4755"},
		},
		GlassBroken: []PolicyCase{
			{Change: "Hotfix of the tax table (argo-cd/4790)", Tier: 1, Rule: "ai-senior-approval", Class: "ai_assisted", Reason: "orders fail in Italy, nobody senior on call answers", URL: "/changes/argo-cd/4790"},
			{Change: "Turn off the recommender (flags/77)", Rule: "ai-approval", Class: "ai_operated", Reason: "page of the shop does not load"},
		},
	}, q.fail
}

func clock() time.Time { return monday }

// build makes the report of week 47 of a quarter.
func (q *quarter) build(t testing.TB) Report {
	t.Helper()
	makers := figures.New(figures.DefaultConfig(), q, clock)
	r, err := NewBuilder(makers, q, q, q, "https://faultline.example/", clock).Build(t.Context(), Week{Year: 2026, Number: 47, zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
