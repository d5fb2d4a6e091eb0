package report

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// Figures makes the figures of a period.
type Figures interface {
	AIImpact(ctx context.Context, from, to time.Time) (figures.Impact, error)
	Accuracy(ctx context.Context, from, to time.Time) (figures.Accuracy, error)
	Policy(ctx context.Context, from, to time.Time) (figures.PolicyEffect, error)
}

// Incidents lists incidents with what people said.
type Incidents interface {
	IncidentFacts(ctx context.Context, p query.Period) ([]query.IncidentFact, error)
	JudgementsWithin(ctx context.Context, p query.Period) ([]correlate.Judgement, error)
	Finding(ctx context.Context, incident string, version int) (correlate.Finding, error)
}

// Surroundings tells what the gate answered and how fresh the data are.
type Surroundings interface {
	GateCounts(ctx context.Context, p query.Period) ([]query.GateCount, error)
	Freshness(ctx context.Context) ([]query.Freshness, error)
}

// Builder fills the model.
type Builder struct {
	figures      Figures
	incidents    Incidents
	surroundings Surroundings
	auditor      Auditor
	baseURL      string
	now          func() time.Time
}

// NewBuilder makes a builder; baseURL may be empty.
func NewBuilder(f Figures, i Incidents, s Surroundings, a Auditor, baseURL string, now func() time.Time) *Builder {
	return &Builder{figures: f, incidents: i, surroundings: s, auditor: a, baseURL: strings.TrimRight(baseURL, "/"), now: now}
}

// Sizes of the report.
const (
	pastWeeks    = 8
	topIncidents = 5
	topMovers    = 5
	foreignText  = 160
)

// Build makes the report of a week.
func (b *Builder) Build(ctx context.Context, w Week) (Report, error) {
	r := Report{
		Week: w.String(), From: w.Start(), To: w.End(), Timezone: w.zone.String(), MadeAt: b.now().UTC(), BaseURL: b.baseURL,
	}
	end := w.End()
	if now := b.now(); end.After(now) {
		end = now
	}
	var err error
	if r.Impact, err = b.figures.AIImpact(ctx, figures.Anchor(end), end); err != nil {
		return r, fmt.Errorf("figures of AI-assisted changes: %w", err)
	}
	if r.Approval, err = b.figures.Policy(ctx, figures.Anchor(end), end); err != nil {
		return r, fmt.Errorf("figures of approval: %w", err)
	}
	if r.Accuracy, err = b.figures.Accuracy(ctx, figures.Anchor(end), end); err != nil {
		return r, fmt.Errorf("figures of accuracy: %w", err)
	}
	past, err := b.past(ctx, w)
	if err != nil {
		return r, err
	}
	if r.Incidents, err = b.largest(ctx, past.weeks[0]); err != nil {
		return r, err
	}
	if err := b.surround(ctx, w, &r); err != nil {
		return r, err
	}
	if r.Policy, err = b.policy(ctx, w.Start(), end); err != nil {
		return r, err
	}
	r.Tiles, r.Groups, r.Movers = tiles(past, &r), groupTiles(&r.Impact), movers(past)
	r.Sentence, r.Decisions = sentence(past, &r), decisions(past, &r)
	return r, nil
}

// policy is how the policy was kept; foreign text is cut, and each case leads to
// its change.
func (b *Builder) policy(ctx context.Context, from, to time.Time) (PolicyWeek, error) {
	p, err := b.auditor.Audit(ctx, from, to)
	if err != nil {
		return p, fmt.Errorf("judge the week by the policy: %w", err)
	}
	for _, cases := range [][]PolicyCase{p.Violations, p.GlassBroken} {
		for i := range cases {
			c := &cases[i]
			if b.baseURL != "" && c.URL != "" {
				c.URL = b.baseURL + c.URL
			} else {
				c.URL = ""
			}
			c.Change, c.Reason, c.Rule = shorten(c.Change), shorten(c.Reason), shorten(c.Rule)
		}
	}
	return p, nil
}

// fact is one incident with its standing.
type fact struct {
	query.IncidentFact
	standing correlate.Standing
	minutes  float64
}

// past is the incidents of the week and of those before, the week first.
type past struct{ weeks [pastWeeks + 1][]fact }

func (b *Builder) past(ctx context.Context, w Week) (*past, error) {
	p := query.Period{From: w.Before(pastWeeks).Start(), To: w.End()}
	facts, err := b.incidents.IncidentFacts(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	judgements, err := b.incidents.JudgementsWithin(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list verdicts: %w", err)
	}
	into := map[string]string{}
	for i := range facts {
		if facts[i].Status == correlate.IncidentMerged {
			into[facts[i].ID] = facts[i].MergedInto
		}
	}
	history := map[string][]correlate.Judgement{}
	for i := range judgements {
		id := figures.Survivor(into, judgements[i].Incident)
		history[id] = append(history[id], judgements[i])
	}
	out := &past{}
	for i := range facts {
		f := fact{IncidentFact: facts[i], standing: correlate.StandingOf(history[facts[i].ID]), minutes: lasted(&facts[i], b.now())}
		if f.Status == correlate.IncidentMerged {
			continue
		}
		for back := range out.weeks {
			if week := w.Before(back); !f.StartedAt.Before(week.Start()) && f.StartedAt.Before(week.End()) {
				out.weeks[back] = append(out.weeks[back], f)
			}
		}
	}
	return out, nil
}

// lasted is the length in minutes, until now while the incident goes on.
func lasted(f *query.IncidentFact, now time.Time) float64 {
	end := now
	if f.ResolvedAt != nil {
		end = *f.ResolvedAt
	}
	return max(0, end.Sub(f.StartedAt).Minutes())
}

// severityRank orders severities, the worst first.
func severityRank(s correlate.Severity) int {
	if i := slices.Index(correlate.Severities(), s); i >= 0 {
		return i
	}
	return len(correlate.Severities())
}

// largest are the week's worst and longest incidents.
func (b *Builder) largest(ctx context.Context, week []fact) ([]LargeIncident, error) {
	sorted := slices.Clone(week)
	slices.SortFunc(sorted, func(x, y fact) int {
		return cmp.Or(cmp.Compare(severityRank(x.Severity), severityRank(y.Severity)), -cmp.Compare(x.minutes, y.minutes), cmp.Compare(x.ID, y.ID))
	})
	out := []LargeIncident{}
	for i := range sorted[:min(topIncidents, len(sorted))] {
		f := &sorted[i]
		in := LargeIncident{
			ID: f.ID, Title: shorten(f.Title), Severity: string(f.Severity), StartedAt: f.StartedAt, Minutes: f.minutes, Open: f.ResolvedAt == nil,
			Alerting: len(f.Services), Standing: standingWords(f.standing.State),
		}
		if b.baseURL != "" {
			in.URL = b.baseURL + "/incidents/" + url.PathEscape(f.ID)
		}
		if f.FindingVersion > 0 {
			finding, err := b.incidents.Finding(ctx, f.ID, 0)
			if err != nil {
				return nil, fmt.Errorf("read the finding of %s: %w", f.ID, err)
			}
			explain(&in, f, &finding)
		}
		out = append(out, in)
	}
	return out, nil
}

// explain adds what the finding says of the cause, a person's word first.
func explain(in *LargeIncident, f *fact, finding *correlate.Finding) {
	if finding.BlastRadius != nil {
		in.Potential = finding.BlastRadius.Potential
	}
	if len(f.standing.Confirmed) > 0 {
		key := f.standing.Confirmed[0]
		in.Cause = key.String()
		for i := range finding.Suspects {
			if finding.Suspects[i].Change.Key() == key {
				in.Cause = causeWords(&finding.Suspects[i].Change)
			}
		}
		return
	}
	if f.standing.State == correlate.JudgedNot && len(finding.Suspects) > 0 && finding.Verdict != correlate.VerdictNoChange {
		in.Cause, in.Probability = causeWords(&finding.Suspects[0].Change), finding.Suspects[0].Probability
	}
}

// causeWords name a change.
func causeWords(c *correlate.Change) string {
	title := c.Title
	if title == "" {
		title = string(c.Kind)
	}
	return shorten(title + " (" + c.Key().String() + ")")
}

// standingWords say what people decided.
func standingWords(state correlate.JudgementWord) string {
	switch state {
	case correlate.JudgedConfirmed:
		return "cause confirmed by a person"
	case correlate.JudgedNoChange:
		return "no change to blame, says a person"
	case correlate.JudgedRejected:
		return "suspects rejected, cause open"
	default:
		return "not yet judged"
	}
}

// shorten cuts foreign text and leaves out what is no printable character.
func shorten(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	if len(runes) > foreignText {
		return string(runes[:foreignText-1]) + "…"
	}
	return string(runes)
}

// surround adds the gate's answers and the state of the data.
func (b *Builder) surround(ctx context.Context, w Week, r *Report) error {
	counts, err := b.surroundings.GateCounts(ctx, query.Period{From: w.Start(), To: w.End()})
	if err != nil {
		return fmt.Errorf("count the gate's answers: %w", err)
	}
	r.Gate = []GateCount{}
	for _, c := range counts {
		r.Gate = append(r.Gate, GateCount{Answer: c.Answer, Count: c.Count})
	}
	fresh, err := b.surroundings.Freshness(ctx)
	if err != nil {
		return fmt.Errorf("look how fresh the data are: %w", err)
	}
	r.Quality = quality(fresh, &r.Impact, b.now())
	return nil
}

// staleAfter is how long a source may be silent without a word.
const staleAfter = 24 * time.Hour

// quality says how good the data are that the report is made from.
func quality(fresh []query.Freshness, i *figures.Impact, now time.Time) []Quality {
	out := []Quality{
		{"Changes of unknown origin", percentOf(i.Population.Unknown)},
		{"Incidents neither traced to a change nor declared to have none", percentOf(i.Incidents.Unlinked)},
		{"Changes too young to count", thousands(i.Population.Immature)},
		{"Changes left out as repairs", fmt.Sprintf("%s rollbacks, %s during an incident", thousands(i.Population.Rollbacks), thousands(i.Population.DuringIncident))},
	}
	var silent []string
	for _, f := range fresh {
		if now.Sub(f.LastSeenAt) > staleAfter {
			silent = append(silent, fmt.Sprintf("%s (%ss, %.0f h)", shorten(f.Source), f.Kind, math.Floor(now.Sub(f.LastSeenAt).Hours())))
		}
	}
	slices.Sort(silent)
	value := "none of " + counted(len(fresh), "source", "sources")
	if len(silent) > 0 {
		value = strings.Join(silent, ", ")
	}
	return append(out, Quality{"Sources silent for more than a day", value})
}
