package correlate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/eval/simulate"
	"github.com/faultline/faultline/internal/scenario"
)

// companies are simulated cases of small companies and large: with rollouts,
// regions, versions, texts, metrics, rollbacks and every trap of the simulator.
func companies(t *testing.T) []eval.Case {
	t.Helper()
	var all []eval.Case
	for seed, services := range []int{12, 40, 150} {
		var out bytes.Buffer
		o := simulate.Options{
			Seed: uint64(seed + 1), Services: services, ChangesPerDay: 40, Days: 4, Incidents: 16, NoChangeShare: 0.25,
		}
		if err := simulate.Run(t.Context(), o, &out); err != nil {
			t.Fatal(err)
		}
		cases, err := eval.ReadCases(t.Context(), []string{eval.StdinName}, &out)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cases...)
	}
	return all
}

// judge asks the engine about everything that a case holds, also what came
// after the moment of judgement.
func judge(c *eval.Case) correlate.Finding {
	incident := correlate.Incident{ID: c.Name, StartedAt: c.At, Environment: correlate.DefaultEnvironment}
	for i := range c.Alerts {
		incident.Alerts = append(incident.Alerts, c.Alerts[i].Key())
		if c.Alerts[i].StartedAt.Before(incident.StartedAt) {
			incident.StartedAt = c.Alerts[i].StartedAt
		}
	}
	return correlate.NewEngine(correlate.DefaultWeights()).Attribute(correlate.Input{
		Incident: incident, Alerts: c.Alerts, AsOf: c.At, Graph: correlate.NewGraph(c.Topology),
		Changes: correlate.NewChangeIndex(c.Changes...), Metrics: c.Metrics,
	})
}

// told is a finding as bytes, with each suspect's change reduced to its key:
// what the engine concludes, without what it repeats.
func told(t *testing.T, f correlate.Finding) string {
	t.Helper()
	suspects := make([]correlate.Suspect, len(f.Suspects))
	for i := range f.Suspects {
		s := f.Suspects[i]
		s.Change, s.Links = correlate.Change{ID: s.Change.ID, Source: s.Change.Source}, nil
		suspects[i] = s
	}
	f.Suspects = suspects
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// flipAI turns everything about a change that could tell AI from people.
func flipAI(c correlate.Change, r *rand.Rand) correlate.Change {
	c.Actor = &correlate.Actor{ID: "someone", Type: []correlate.ActorType{correlate.ActorAIAgent, correlate.ActorHuman, correlate.ActorAutomation}[r.IntN(3)]}
	share := r.Float64() * 100
	c.AI = &correlate.AIDeclaration{
		Assistance: []correlate.AIAssistance{correlate.AssistanceAuthored, correlate.AssistanceOperated, correlate.AssistanceNone}[r.IntN(3)],
		Tools:      []correlate.AITool{{Name: "agent", Model: "model"}}, LinesPercent: &share, Session: "s",
	}
	commits := make([]correlate.Commit, len(c.Commits))
	for i, commit := range c.Commits {
		commit.Message += "\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nClaude-Session: https://claude.ai/code/session_1"
		commit.Author = &correlate.Person{Name: "Copilot", Email: "198982749+Copilot@users.noreply.github.com", Login: "Copilot"}
		commit.Committer = commit.Author
		commits[i] = commit
	}
	c.Commits = commits
	requests := make([]correlate.PullRequest, len(c.PullRequests))
	for i, pr := range c.PullRequests {
		pr.Labels = append([]string{"ai-assisted"}, pr.Labels...)
		pr.HeadBranch = "claude/" + pr.HeadBranch
		pr.Author = &correlate.PullRequestAuthor{Login: "devin-ai-integration[bot]", Type: "Bot"}
		requests[i] = pr
	}
	c.PullRequests = requests
	return c
}

func TestTheAIClassChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range companies(t) {
		want := told(t, judge(&c))
		flipped := c
		flipped.Changes = nil
		for _, change := range c.Changes {
			flipped.Changes = append(flipped.Changes, flipAI(change, r))
		}
		if diff := cmp.Diff(want, told(t, judge(&flipped))); diff != "" {
			t.Fatalf("%s (%s): the finding depends on AI fields (-as sent +flipped):\n%s", c.Name, c.Kind, diff)
		}
	}
}

// The demo's recordings have commits and pull requests, which simulated
// companies have not.
func TestTheAIClassOfRecordedChangesChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	end := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	for _, name := range scenario.Names() {
		s, err := scenario.Load(name, end)
		if err != nil {
			t.Fatal(err)
		}
		c := eval.Case{Name: name, Record: eval.Record{At: end}}
		for _, e := range s.Events {
			var change correlate.Change
			var alert correlate.Alert
			switch e.Kind {
			case "change":
				err = json.Unmarshal(e.Value, &change)
				c.Changes = append(c.Changes, change)
			case "alert":
				err = json.Unmarshal(e.Value, &alert)
				alert.Fingerprint = alert.DefaultFingerprint()
				if alert.StartedAt.Before(s.StartedAt) {
					continue
				}
				c.Alerts = append(c.Alerts, alert)
			default:
				err = json.Unmarshal(e.Value, &c.Topology)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		flipped := c
		flipped.Changes = nil
		for _, change := range c.Changes {
			flipped.Changes = append(flipped.Changes, flipAI(change, r))
		}
		if diff := cmp.Diff(told(t, judge(&c)), told(t, judge(&flipped))); diff != "" {
			t.Errorf("%s: the finding depends on AI fields:\n%s", name, diff)
		}
	}
}

func TestTheOrderOfTheInputChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range companies(t) {
		want := judge(&c)
		mixed := c
		mixed.Changes = shuffled(r, c.Changes)
		mixed.Alerts = shuffled(r, c.Alerts)
		mixed.Metrics = shuffled(r, c.Metrics)
		mixed.Topology.Services = shuffled(r, c.Topology.Services)
		mixed.Topology.Edges = shuffled(r, c.Topology.Edges)
		if diff := cmp.Diff(told(t, want), told(t, judge(&mixed))); diff != "" {
			t.Fatalf("%s (%s): the finding depends on the order (-as sent +shuffled):\n%s", c.Name, c.Kind, diff)
		}
	}
}

func shuffled[T any](r *rand.Rand, items []T) []T {
	out := append([]T(nil), items...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// What comes after the moment of judgement does not exist yet.
func TestNothingAfterTheMomentIsUsed(t *testing.T) {
	for _, c := range companies(t) {
		want := told(t, judge(&c))
		later := c
		at := func(minutes int) time.Time { return c.At.Add(time.Duration(minutes) * time.Minute) }
		later.Changes = append([]correlate.Change(nil), c.Changes...)
		for i := range later.Changes {
			change := &later.Changes[i]
			if change.FinishedAt != nil && change.FinishedAt.After(c.At) {
				moved := at(7 + i%90)
				change.FinishedAt = &moved
			}
		}
		for n := range 20 {
			service := c.Alerts[n%len(c.Alerts)].Service
			finished := at(n + 2)
			later.Changes = append(later.Changes, correlate.Change{
				ID: fmt.Sprint("later-", n), Source: "later", Kind: correlate.KindRollback, Services: []string{service},
				StartedAt: at(n + 1), FinishedAt: &finished, Status: correlate.StatusSucceeded, Environment: correlate.DefaultEnvironment,
			})
			later.Alerts = append(append([]correlate.Alert(nil), later.Alerts...), correlate.Alert{
				Source: "later", Fingerprint: fmt.Sprint("later-", n), Service: service, Name: "Later", Environment: correlate.DefaultEnvironment,
				Status: correlate.AlertFiring, Severity: correlate.SeverityCritical, StartedAt: at(n + 1),
			})
		}
		for i := range c.Metrics {
			series := c.Metrics[i]
			series.Points = append(append([]correlate.Point(nil), series.Points...), correlate.Point{At: at(3), Value: 1e9})
			later.Metrics = append([]correlate.Series(nil), later.Metrics...)
			later.Metrics[i] = series
		}
		if diff := cmp.Diff(want, told(t, judge(&later))); diff != "" {
			t.Fatalf("%s (%s): the finding uses the future (-without +with):\n%s", c.Name, c.Kind, diff)
		}
	}
}

func TestProbabilitiesRanksAndSentencesAreSound(t *testing.T) {
	for _, c := range companies(t) {
		f := judge(&c)
		sum := f.NoChangeProbability
		for i := range f.Suspects {
			s := &f.Suspects[i]
			if s.Rank != i+1 || s.Probability < 0 || s.Probability > 1 || math.IsNaN(s.Probability) {
				t.Fatalf("%s: suspect %d has rank %d and probability %v", c.Name, i, s.Rank, s.Probability)
			}
			if i > 0 && s.Probability > f.Suspects[i-1].Probability {
				t.Errorf("%s: suspect %d is more probable than the one before", c.Name, i)
			}
			if len(s.Evidence) == 0 {
				t.Errorf("%s: suspect %s has no evidence", c.Name, s.Change.ID)
			}
			for _, e := range s.Evidence {
				if e.Text == "" || strings.Contains(e.Text, "%!") || strings.Contains(e.Text, "NaN") || math.IsInf(e.LogOdds, 0) || math.IsNaN(e.LogOdds) {
					t.Errorf("%s: evidence %+v", c.Name, e)
				}
			}
			sum += s.Probability
		}
		if sum > 1+1e-9 || f.NoChangeProbability < 0 {
			t.Errorf("%s: probabilities add up to %v", c.Name, sum)
		}
		said := f.Verdict == correlate.VerdictNoChange
		most := len(f.Suspects) == 0 || f.NoChangeProbability > f.Suspects[0].Probability
		if said != most {
			t.Errorf("%s: verdict %s with no change at %.2f", c.Name, f.Verdict, f.NoChangeProbability)
		}
	}
}

func TestAnEmptyInputIsAnAnswer(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	alert := correlate.Alert{Source: "am", Fingerprint: "f", Service: "s", Name: "n", Status: correlate.AlertFiring, StartedAt: now}
	change := correlate.Change{ID: "c", Source: "ci", Kind: correlate.KindDeploy, Services: []string{"s"}, StartedAt: now.Add(-time.Minute)}
	for name, c := range map[string]eval.Case{
		"nothing":     {Record: eval.Record{At: now}},
		"no changes":  {Record: eval.Record{At: now, Alerts: []correlate.Alert{alert}}},
		"no alerts":   {Record: eval.Record{At: now, Changes: []correlate.Change{change}}},
		"no topology": {Record: eval.Record{At: now, Alerts: []correlate.Alert{alert}, Changes: []correlate.Change{change}}},
	} {
		f := judge(&c)
		if name == "no topology" {
			if len(f.Suspects) != 1 || f.Suspects[0].Change.ID != "c" {
				t.Errorf("%s: %+v", name, f)
			}
			continue
		}
		if f.Verdict != correlate.VerdictNoChange {
			t.Errorf("%s: verdict %s", name, f.Verdict)
		}
	}
}
