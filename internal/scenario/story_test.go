package scenario

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/testenv"
)

var update = flag.Bool("update", false, "write the golden files anew")

// told is a recording taken apart.
type told struct {
	Scenario
	// changes and alerts are as they were told last, in the order of their
	// first telling; tellings counts how often each change was told.
	changes  []correlate.Change
	tellings map[correlate.Key]int
	alerts   []correlate.Alert
	graph    *correlate.Graph
}

func takeApart(t *testing.T, name string) told {
	t.Helper()
	s := told{Scenario: load(t, name), tellings: map[correlate.Key]int{}}
	changeAt, alertAt := map[correlate.Key]int{}, map[string]int{}
	for _, e := range s.Events {
		switch e.Kind {
		case event.KindChange:
			c := read[correlate.Change](t, e.Value)
			s.tellings[c.Key()]++
			s.changes = put(s.changes, changeAt, c.Key(), c)
		case event.KindAlert:
			a := read[correlate.Alert](t, e.Value)
			s.alerts = put(s.alerts, alertAt, a.Service+a.Name+a.StartedAt.String(), a)
		case event.KindTopology:
			s.graph = correlate.NewGraph(read[correlate.Topology](t, e.Value))
		}
	}
	return s
}

func read[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// put replaces what has the key, or appends.
func put[K comparable, T any](all []T, at map[K]int, key K, v T) []T {
	if i, known := at[key]; known {
		all[i] = v
		return all
	}
	at[key] = len(all)
	return append(all, v)
}

// routineChange reports whether a change belongs to ordinary life: those are
// numbered from 48001, the story's own stand above.
func routineChange(c *correlate.Change) bool {
	var serial int
	n, _ := fmt.Sscanf(strings.TrimPrefix(c.ID, c.Source+"-"), "%d", &serial)
	return n == 1 && serial > 48000 && serial < 48700
}

// chapter writes the story without its routine, one line for each event, times
// counted from the first symptom.
func (s *told) chapter(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s\n%s\nguilty %s/%s, first to alert %s, over after %v\n", s.Name, s.Title, s.Story, s.Guilty.Source, s.Guilty.ID, s.Service, s.EndedAt.Sub(s.StartedAt))
	since := func(at time.Time) string { return fmt.Sprintf("%+10.0fs", at.Sub(s.StartedAt).Seconds()) }
	for _, e := range s.Events {
		switch e.Kind {
		case event.KindChange:
			var c correlate.Change
			if json.Unmarshal(e.Value, &c) == nil && !routineChange(&c) {
				fmt.Fprintf(b, "%s %s %s %s\n", since(e.SentAt), e.Kind, e.Key, e.Value)
			}
		case event.KindAlert:
			var a correlate.Alert
			if json.Unmarshal(e.Value, &a) == nil && a.Labels["episode"] == "" {
				fmt.Fprintf(b, "%s %s %s %s %s: %s (%s, %s)\n", since(e.SentAt), e.Kind, e.Key, a.Status, a.Name, a.Summary, a.Severity, a.Signal)
			}
		case event.KindTopology:
			fmt.Fprintf(b, "%s %s %s\n", since(e.SentAt), e.Kind, e.Key)
		}
	}
	b.WriteString("\n")
}

// TestTheStoriesAreAsWritten compares all that is not routine with a text that
// people have read: the documents and the guided tour quote it.
func TestTheStoriesAreAsWritten(t *testing.T) {
	var b strings.Builder
	for _, name := range Names() {
		s := takeApart(t, name)
		s.chapter(&b)
	}
	testenv.Golden(t, "testdata/stories.golden", b.String(), *update)
}

// TestWhatAlertsCanBeReachedFromTheCause: an outage spreads along calls, so
// each service that alerts in the story leads to the one that was changed.
func TestWhatAlertsCanBeReachedFromTheCause(t *testing.T) {
	for _, name := range Names() {
		s := takeApart(t, name)
		i := slices.IndexFunc(s.changes, func(c correlate.Change) bool { return c.Key() == s.Guilty })
		if i < 0 {
			t.Fatalf("%s: the guilty change is not told", name)
		}
		guilty := s.changes[i]
		if !guilty.StartedAt.Before(s.StartedAt) {
			t.Errorf("%s: the guilty change starts %v after the first symptom", name, guilty.StartedAt.Sub(s.StartedAt))
		}
		for _, a := range s.alerts {
			if a.Labels["episode"] != "" {
				continue
			}
			from := a.Service
			if a.Signal == correlate.SignalBusiness {
				from = "checkout" // Its own calls fail nowhere: it is called too little.
			}
			if !reaches(t, s.graph, from, guilty.Services[0]) {
				t.Errorf("%s: %s alerts, and no way of calls leads from it to %s", name, a.Service, guilty.Services[0])
			}
			if a.StartedAt.Before(s.StartedAt) || a.ResolvedAt == nil || !a.ResolvedAt.After(a.StartedAt) || a.ResolvedAt.After(s.EndedAt) {
				t.Errorf("%s: %s alerts from %v to %v", name, a.Service, a.StartedAt, a.ResolvedAt)
			}
		}
	}
}

// reaches reports whether calls lead from one service to another.
func reaches(t *testing.T, g *correlate.Graph, from, to string) bool {
	t.Helper()
	for _, c := range []company{shop(), cloud()} {
		next := map[string][]string{}
		for _, e := range c.edges {
			if !g.Has(e.Caller) {
				break // The other company's.
			}
			next[e.Caller] = append(next[e.Caller], e.Callee)
		}
		seen, open := map[string]bool{from: true}, []string{from}
		for len(open) > 0 {
			at := open[0]
			open = open[1:]
			if at == to {
				return true
			}
			for _, n := range next[at] {
				if !seen[n] {
					seen[n] = true
					open = append(open, n)
				}
			}
		}
	}
	return false
}

// TestResponseComesAfterTheFirstSymptom: what people do against an outage they
// cannot begin before it, and what is undone counts as undone.
func TestResponseComesAfterTheFirstSymptom(t *testing.T) {
	for name, least := range map[string]int{"retail-outage": 4, "agent-infrastructure": 3, "assistant-guardrail": 2} {
		s := takeApart(t, name)
		response, undone := 0, map[string]bool{}
		for _, c := range s.changes {
			person := c.Actor != nil && c.Actor.Type == correlate.ActorHuman
			if !person || c.Key() == s.Guilty {
				continue
			}
			response++
			if !c.StartedAt.After(s.StartedAt) || c.FinishedAt == nil || c.FinishedAt.After(s.EndedAt.Add(10*time.Minute)) {
				t.Errorf("%s: people do %s from %v to %v", name, c.ID, c.StartedAt, c.FinishedAt)
			}
			if c.Kind == correlate.KindRollback {
				undone[c.Source+"/"+c.RollbackOf] = true
			}
		}
		if response < least {
			t.Errorf("%s: people do %d things, want %d", name, response, least)
		}
		for _, c := range s.changes {
			if key := c.Source + "/" + c.ID; undone[key] != (c.Status == correlate.StatusRolledBack) {
				t.Errorf("%s: %s is %s, undone %t", name, key, c.Status, undone[key])
			}
		}
	}
}

// TestOrdinaryLifeHarmsNobodyAndTellsNoCause: routine changes are whole, told
// when they start and when they end, in working hours mostly, by shares that
// make no service or sort of change stand out, and none is where the story is.
func TestOrdinaryLifeHarmsNobodyAndTellsNoCause(t *testing.T) {
	for name, spared := range map[string][]string{
		"retail-outage": {"pricing"}, "agent-infrastructure": {"cost-cube"}, "assistant-guardrail": {"assistant-guard", "assistant-orchestrator"},
	} {
		s := takeApart(t, name)
		kinds, assisted, daytime, n := map[correlate.ChangeKind]int{}, 0, 0, 0
		for i := range s.changes {
			c := &s.changes[i]
			if !routineChange(c) {
				continue
			}
			n++
			kinds[c.Kind]++
			if slices.Contains(spared, c.Services[0]) || s.tellings[c.Key()] != 2 || c.Status != correlate.StatusSucceeded || c.Labels["team"] == "" {
				t.Errorf("%s: %+v, told %d times", name, c, s.tellings[c.Key()])
			}
			if lasts := c.FinishedAt.Sub(c.StartedAt); lasts < 40*time.Second || lasts >= 640*time.Second {
				t.Errorf("%s: %s lasts %v", name, c.ID, lasts)
			}
			if !strings.HasPrefix(c.Title, c.Services[0]+": ") || strings.Contains(c.Title, "%!") {
				t.Errorf("%s: title %q of a change to %v", name, c.Title, c.Services)
			}
			if hour := c.StartedAt.Hour(); hour >= 7 && hour < 18 {
				daytime++
			}
			if c.Kind == correlate.KindDeploy {
				deployIsWhole(t, c)
				if strings.Contains(c.Commits[0].Message, "\n\nCo-Authored-By: ") {
					assisted++
				}
			} else if c.Version != "" || c.Commits != nil || c.PullRequests != nil {
				t.Errorf("%s: %s carries what only deploys do: %+v", name, c.Kind, c)
			}
		}
		shares(t, name, kinds, n)
		if share := float64(assisted) / float64(kinds[correlate.KindDeploy]); math.Abs(share-0.4) > 0.1 {
			t.Errorf("%s: %.2f of the deploys declare AI, want four in ten", name, share)
		}
		if share := float64(daytime) / float64(n); share < 0.5 || share > 0.95 {
			t.Errorf("%s: %.2f of the changes fall in working hours", name, share)
		}
	}
}

// shares holds the sorts of routine change to the shares that are written, four
// standard deviations wide.
func shares(t *testing.T, name string, kinds map[correlate.ChangeKind]int, n int) {
	t.Helper()
	total := 0
	for _, s := range sorts {
		total += s.share
		p := float64(s.share) / 100
		if got := float64(kinds[s.kind]); math.Abs(got-p*float64(n)) > 4*math.Sqrt(p*(1-p)*float64(n)) {
			t.Errorf("%s: %v of %d changes are %s, want %d in a hundred", name, got, n, s.kind, s.share)
		}
	}
	if total != 100 || len(kinds) != len(sorts) {
		t.Errorf("%s: shares add up to %d, kinds %v", name, total, slices.Sorted(maps.Keys(kinds)))
	}
}

// deployIsWhole demands what the pages and the provenance rules show of a
// deploy.
func deployIsWhole(t *testing.T, c *correlate.Change) {
	t.Helper()
	commit, pull := c.Commits[0], c.PullRequests[0]
	age := c.StartedAt.Sub(*commit.AuthoredAt)
	switch {
	case !strings.HasPrefix(c.Version, "2026.47."), len(commit.SHA) != 40, commit.Author == nil, commit.Author.Login != pull.Author.Login:
		t.Errorf("%s: version %q, commit %+v", c.ID, c.Version, commit)
	case age < time.Hour || age > 41*time.Hour, commit.Additions < 5 || commit.Additions >= 185, commit.Deletions != commit.Additions/3:
		t.Errorf("%s: written %v before, %d and %d lines", c.ID, age, commit.Additions, commit.Deletions)
	case !strings.HasSuffix(pull.URL, fmt.Sprintf("/%s/pull/%d", c.Services[0], pull.Number)), !strings.HasPrefix(c.Links.Diff, pull.URL), !strings.Contains(c.Links.Run, c.ID):
		t.Errorf("%s: pull request %s, links %+v", c.ID, pull.URL, c.Links)
	case len(c.Approvals) != 1 || c.Approvals[0].Level != "senior" || !strings.HasPrefix(c.Approvals[0].By, c.Labels["team"]):
		t.Errorf("%s: approvals %+v", c.ID, c.Approvals)
	}
}

// TestNoiseIsOverSoonAndNeverWhereTheStoryIs: alerts that mean nothing must not
// hide the outage, nor be taken for a part of it.
func TestNoiseIsOverSoonAndNeverWhereTheStoryIs(t *testing.T) {
	for name, spared := range map[string]string{"retail-outage": "pricing", "agent-infrastructure": "cost-cube", "assistant-guardrail": "assistant-guard"} {
		s := takeApart(t, name)
		noise, sorts := 0, map[string]bool{}
		for _, a := range s.alerts {
			if a.Labels["episode"] == "" {
				continue
			}
			noise++
			sorts[a.Name] = true
			if lasts := a.ResolvedAt.Sub(a.StartedAt); a.Service == spared || lasts < 4*time.Minute || lasts >= 34*time.Minute || !strings.HasPrefix(a.Summary, a.Service+": ") {
				t.Errorf("%s: %s of %s (%s) lasts %v", name, a.Name, a.Service, a.Summary, lasts)
			}
			if a.Severity == correlate.SeverityCritical || a.Severity == correlate.SeverityHigh {
				t.Errorf("%s: noise is %s", name, a.Severity)
			}
		}
		if noise != 24 || len(sorts) != 4 {
			t.Errorf("%s: %d alerts of noise, sorts %v", name, noise, slices.Sorted(maps.Keys(sorts)))
		}
	}
}

// TestTheCallGraphHoldsEveryKindOfCall: the four suffixes of the table.
func TestTheCallGraphHoldsEveryKindOfCall(t *testing.T) {
	c := newCompany("c", "\nred: a/1 b/2\nblue: d/4", "\na > b d~\nb > d= e!\n")
	services := []correlate.Service{
		{Name: "a", Tier: 1, Team: "red", Environment: "production", Lifecycle: "production"},
		{Name: "b", Tier: 2, Team: "red", Environment: "production", Lifecycle: "production"},
		{Name: "d", Tier: 4, Team: "blue", Environment: "production", Lifecycle: "production"},
	}
	edges := []correlate.Edge{
		{Caller: "a", Callee: "b", Kind: correlate.EdgeSync},
		{Caller: "a", Callee: "d", Kind: correlate.EdgeAsync},
		{Caller: "b", Callee: "d", Kind: correlate.EdgeData},
		{Caller: "b", Callee: "e", Kind: correlate.EdgeSharedInfra},
	}
	if diff := cmp.Diff(correlate.Topology{Source: "catalog", Services: services, Edges: edges}, c.topology()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAChangeThatIsOverAtOnceIsToldOnce, and what cannot be told is an error
// and not a gap in the story.
func TestAChangeThatIsOverAtOnceIsToldOnce(t *testing.T) {
	tape := &tape{}
	at := end.Add(-time.Hour)
	tape.change(correlate.Change{ID: "a", Source: "s", Services: []string{"x", "y"}, StartedAt: at})
	tape.change(correlate.Change{ID: "b", Source: "s", StartedAt: at, FinishedAt: &at})
	if len(tape.scenario.Events) != 2 || tape.scenario.Events[0].Key != "x,y" || !tape.scenario.Events[1].SentAt.Equal(at) {
		t.Errorf("%+v", tape.scenario.Events)
	}
	tape.record(at, event.KindChange, "", func() {})
	tape.record(at, event.KindChange, "", make(chan int))
	if tape.err == nil || !strings.Contains(tape.err.Error(), "func()") || len(tape.scenario.Events) != 2 {
		t.Errorf("%v, %d events", tape.err, len(tape.scenario.Events))
	}
}
