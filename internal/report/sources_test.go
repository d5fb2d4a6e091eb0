package report

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// desk is everything that a report is made from, with little in it. It notes the
// ends of the periods that it is asked for, and fails where it is told to.
type desk struct {
	fails  string
	ends   map[string]time.Time
	starts map[string]time.Time
	facts  []query.IncidentFact
	found  correlate.Finding
	cases  []PolicyCase
	counts []query.GateCount
	asked  []string
}

var errAway = errors.New("the store is away")

func (d *desk) ask(what string, from, to time.Time) error {
	if d.ends == nil {
		d.starts, d.ends = map[string]time.Time{}, map[string]time.Time{}
	}
	d.starts[what], d.ends[what] = from, to
	if d.fails == what {
		return errAway
	}
	return nil
}

func (d *desk) AIImpact(_ context.Context, from, to time.Time) (figures.Impact, error) {
	return figures.Impact{}, d.ask("impact", from, to)
}

func (d *desk) Accuracy(_ context.Context, from, to time.Time) (figures.Accuracy, error) {
	return figures.Accuracy{}, d.ask("accuracy", from, to)
}

func (d *desk) Policy(_ context.Context, from, to time.Time) (figures.PolicyEffect, error) {
	return figures.PolicyEffect{}, d.ask("approval", from, to)
}

func (d *desk) IncidentFacts(_ context.Context, p query.Period) ([]query.IncidentFact, error) {
	return d.facts, d.ask("incidents", p.From, p.To)
}

func (d *desk) JudgementsWithin(_ context.Context, p query.Period) ([]correlate.Judgement, error) {
	return nil, d.ask("verdicts", p.From, p.To)
}

func (d *desk) Finding(_ context.Context, incident string, _ int) (correlate.Finding, error) {
	d.asked = append(d.asked, incident)
	return d.found, d.ask("finding", time.Time{}, time.Time{})
}

func (d *desk) GateCounts(_ context.Context, p query.Period) ([]query.GateCount, error) {
	return d.counts, d.ask("gate", p.From, p.To)
}

func (d *desk) Freshness(context.Context) ([]query.Freshness, error) {
	return nil, d.ask("freshness", time.Time{}, time.Time{})
}

func (d *desk) Audit(_ context.Context, from, to time.Time) (PolicyWeek, error) {
	return PolicyWeek{Violations: slices.Clone(d.cases), GlassBroken: slices.Clone(d.cases)}, d.ask("audit", from, to)
}

// week47 is the week that ended as monday began.
var week47 = Week{Year: 2026, Number: 47, zone: time.UTC}

// made makes the report of a week at a moment.
func (d *desk) made(t *testing.T, base string, now time.Time) (Report, error) {
	t.Helper()
	return NewBuilder(d, d, d, d, base, func() time.Time { return now }).Build(t.Context(), week47)
}

// aFact is an incident of the week that has a finding.
func aFact() query.IncidentFact {
	start := week47.Start().Add(time.Hour)
	end := start.Add(30 * time.Minute)
	return query.IncidentFact{ID: "inc/1", Title: "checkout fails", Severity: correlate.SeverityHigh, StartedAt: start, ResolvedAt: &end, Services: []string{"a", "b"}, FindingVersion: 1}
}

// A report that leaves a part out because its source was away would be read as one
// in which nothing happened.
func TestEachSourceThatIsAwayStopsTheReportAndIsNamed(t *testing.T) {
	for source, words := range map[string]string{
		"impact": "figures of AI-assisted changes", "approval": "figures of approval", "accuracy": "figures of accuracy", "incidents": "list incidents",
		"verdicts": "list verdicts", "finding": "read the finding of inc/1", "gate": "count the gate's answers", "freshness": "look how fresh the data are", "audit": "judge the week by the policy",
	} {
		d := &desk{fails: source, facts: []query.IncidentFact{aFact()}}
		if _, err := d.made(t, "", monday); !errors.Is(err, errAway) || !strings.HasPrefix(err.Error(), words+": ") {
			t.Errorf("%s is away: %v", source, err)
		}
	}
	if _, err := (&desk{}).made(t, "", monday); err != nil {
		t.Error(err)
	}
}

// Figures of a week that goes on end now: a stretch to come would be counted as one
// in which nothing failed.
func TestAReportOfARunningWeekEndsNow(t *testing.T) {
	for now, want := range map[time.Time]time.Time{
		week47.Start().Add(50 * time.Hour): week47.Start().Add(50 * time.Hour), week47.End(): week47.End(), monday: week47.End(), monday.AddDate(0, 1, 0): week47.End(),
	} {
		d := &desk{}
		if _, err := d.made(t, "", now); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"impact", "approval", "accuracy", "audit"} {
			if !d.ends[what].Equal(want) {
				t.Errorf("made at %s, %s ends at %s, want %s", now, what, d.ends[what], want)
			}
		}
		if !d.starts["audit"].Equal(week47.Start()) || !d.starts["impact"].Equal(figures.Anchor(want)) {
			t.Errorf("the audit begins at %s, the figures at %s", d.starts["audit"], d.starts["impact"])
		}
		if !d.starts["incidents"].Equal(week47.Start().AddDate(0, 0, -7*pastWeeks)) || !d.starts["gate"].Equal(week47.Start()) || !d.ends["gate"].Equal(week47.End()) {
			t.Errorf("incidents from %s, the gate from %s to %s", d.starts["incidents"], d.starts["gate"], d.ends["gate"])
		}
	}
}

// Links of a report that does not know its address would lead nowhere; those of
// one that does are whole, whatever stands in an id or behind the address.
func TestLinksAreWholeOrAbsent(t *testing.T) {
	for base, want := range map[string][2]string{
		"":                       {"", ""},
		"https://fl.example":     {"https://fl.example/incidents/inc%2F1", "https://fl.example/changes/ci/1"},
		"https://fl.example/ui/": {"https://fl.example/ui/incidents/inc%2F1", "https://fl.example/ui/changes/ci/1"},
	} {
		d := &desk{facts: []query.IncidentFact{aFact()}, cases: []PolicyCase{{Change: "a", URL: "/changes/ci/1"}, {Change: "b"}}}
		r, err := d.made(t, base, monday)
		if err != nil {
			t.Fatal(err)
		}
		got := [2]string{r.Incidents[0].URL, r.Policy.Violations[0].URL}
		if got != want || r.Policy.Violations[1].URL != "" || r.Policy.GlassBroken[0].URL != want[1] {
			t.Errorf("%q: %v, want %v; %+v", base, got, want, r.Policy)
		}
	}
}

// A merged incident is told of as the one it became part of; one without a finding
// has none to be read.
func TestOnlyIncidentsOfTheirOwnWithFindingsAreExplained(t *testing.T) {
	merged, bare, past := aFact(), aFact(), aFact()
	merged.ID, merged.Status, merged.MergedInto = "inc-2", correlate.IncidentMerged, "inc/1"
	bare.ID, bare.FindingVersion, bare.ResolvedAt = "inc-3", 0, nil
	past.ID, past.StartedAt = "inc-4", week47.Start().Add(-time.Minute)
	d := &desk{facts: []query.IncidentFact{merged, bare, past, aFact()}, counts: []query.GateCount{{Answer: "deny", Count: 3}}}
	d.found = correlate.Finding{
		Verdict: correlate.VerdictProbable, BlastRadius: &correlate.BlastRadius{Potential: 9},
		Suspects: []correlate.Suspect{{Change: correlate.Change{Source: "ci", ID: "1", Title: "Deploy"}, Probability: 0.7}},
	}
	r, err := d.made(t, "", week47.Start().Add(3*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := []LargeIncident{
		{ID: "inc-3", Title: "checkout fails", Severity: "high", StartedAt: bare.StartedAt, Minutes: 120, Open: true, Alerting: 2, Standing: "not yet judged"},
		{ID: "inc/1", Title: "checkout fails", Severity: "high", StartedAt: bare.StartedAt, Minutes: 30, Alerting: 2, Standing: "not yet judged", Potential: 9, Cause: "Deploy (ci/1)", Probability: 0.7},
	}
	if diff := cmp.Diff(want, r.Incidents); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(d.asked, []string{"inc/1"}) {
		t.Errorf("findings were read of %v", d.asked)
	}
	if diff := cmp.Diff([]GateCount{{Answer: "deny", Count: 3}}, r.Gate); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.found.BlastRadius = nil
	if r, err = d.made(t, "", monday); err != nil || r.Incidents[1].Potential != 0 {
		t.Errorf("%+v, %v", r.Incidents, err)
	}
	d.counts = nil
	if r, err = d.made(t, "", monday); err != nil || r.Gate == nil || len(r.Gate) != 0 {
		t.Errorf("no answers of the gate are %v, %v, which JSON writes as null", r.Gate, err)
	}
}

// Signs that change how the text beside them reads are taken out, exactly those:
// the letters next to them in the tables of characters are people's names.
func TestSignsThatHideOrTurnTextAreTakenOut(t *testing.T) {
	for _, r := range []rune{0x00, 0x1b, 0x1f, 0x7f, 0x200b, 0x200e, 0x200f, 0x202a, 0x202d, 0x202e, 0x2066, 0x2068, 0x2069} {
		if got := shorten("a" + string(r) + "b"); got != "a b" {
			t.Errorf("%U stays: %q", r, got)
		}
	}
	for _, r := range []rune{'!', '~', 0x2010, 0x2030, 0x206a, 'é', '価', '🚀'} {
		if got := shorten("a" + string(r) + "b"); got != "a"+string(r)+"b" {
			t.Errorf("%U is taken out: %q", r, got)
		}
	}
	if got := shorten("a\xffb"); got != "a?b" {
		t.Errorf("%q", got)
	}
	for n, cut := range map[int]bool{foreignText: false, foreignText + 1: true} {
		got := []rune(shorten(strings.Repeat("é", n)))
		if len(got) != foreignText || (got[len(got)-1] == '…') != cut {
			t.Errorf("%d letters become %d: %s", n, len(got), string(got))
		}
	}
}

// The words under "how good the data are" stand in every rendering; each row says
// what it is.
func TestTheStateOfTheDataIsToldByName(t *testing.T) {
	var names []string
	for _, q := range quality(nil, &figures.Impact{}, monday) {
		names = append(names, q.Name+": "+q.Value)
	}
	want := []string{
		"Changes of unknown origin: ", "Incidents neither traced to a change nor declared to have none: ", "Changes too young to count: 0",
		"Changes left out as repairs: 0 rollbacks, 0 during an incident", "Sources silent for more than a day: none of 0 sources",
	}
	for i := range want {
		if !strings.HasPrefix(names[i], want[i]) {
			t.Errorf("%q, want %q", names[i], want[i])
		}
	}
	just := query.Freshness{Kind: "change", Source: "ci", LastSeenAt: monday.Add(-staleAfter)}
	if got := quality([]query.Freshness{just}, &figures.Impact{}, monday)[4].Value; got != "none of 1 source" {
		t.Errorf("a source heard of a day ago: %q", got)
	}
	for state, words := range map[correlate.JudgementWord]string{
		correlate.JudgedConfirmed: "cause confirmed by a person", correlate.JudgedNoChange: "no change to blame, says a person",
		correlate.JudgedRejected: "suspects rejected, cause open", correlate.JudgedNot: "not yet judged",
	} {
		if got := standingWords(state); got != words {
			t.Errorf("%s is told as %q", state, got)
		}
	}
}
