package outages

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// cases expands all published outages with one seed.
func cases(t *testing.T, seed uint64) []eval.Case {
	t.Helper()
	opts := DefaultOptions()
	opts.Seed = seed
	var all []eval.Case
	if err := Each(t.Context(), opts, func(c eval.Case) error { all = append(all, c); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// smallest is a quick company for drawn cases.
func smallest(seed uint64) Options { return Options{Seed: seed, Services: 40, ChangesPerDay: 30} }

// onsetOf is the first grave alert.
func onsetOf(c *eval.Case) time.Time {
	var first time.Time
	for i := range c.Alerts {
		if a := &c.Alerts[i]; a.Severity == correlate.SeverityCritical && (first.IsZero() || a.StartedAt.Before(first)) {
			first = a.StartedAt
		}
	}
	return first
}

// find returns the change of the id.
func find(c *eval.Case, id string) *correlate.Change {
	i := slices.IndexFunc(c.Changes, func(ch correlate.Change) bool { return ch.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Changes[i]
}

func TestAnyOutageKeepsItsPublishedFactsUnderAnySeed(t *testing.T) {
	all := list(t)
	parts := partsOf(all)
	rapid.Check(t, func(t *rapid.T) {
		o := &all[rapid.IntRange(0, len(all)-1).Draw(t, "outage")]
		c := expand(o, parts, smallest(rapid.Uint64().Draw(t, "seed")))
		onset := onsetOf(&c)
		if late := onset.Sub(o.At); late < 0 || late > time.Minute {
			t.Fatalf("%s: onset %s after the published minute", o.ID, late)
		}
		if len(c.Causes) != len(o.Changes) {
			t.Fatalf("%s: %d causes", o.ID, len(c.Causes))
		}
		for i, id := range c.Causes {
			guilty, of := find(&c, id), &o.Changes[i]
			delay := onset.Sub(guilty.StartedAt)
			if delay <= 0 || math.Abs((delay-minutes(of.BeforeMinutes)).Minutes()) > 1.01 {
				t.Fatalf("%s: %s before the onset, published %v minutes", o.ID, delay, of.BeforeMinutes)
			}
			if guilty.Kind != of.Kind || !slices.Equal(guilty.Services, []string{of.Service}) || len(guilty.Rollout) != len(of.Steps) {
				t.Fatalf("%s: %+v", o.ID, guilty)
			}
		}
		checkAlerts(t, o, &c)
		checkCalls(t, o, &c)
	})
}

// checkAlerts wants the published order and times, and a fair moment of judgement.
func checkAlerts(t *rapid.T, o *Outage, c *eval.Case) {
	var last time.Time
	for i := range o.Alerts {
		at := slices.IndexFunc(c.Alerts, func(a correlate.Alert) bool {
			return a.Severity == correlate.SeverityCritical && a.Service == o.Alerts[i].Service
		})
		if at < 0 || c.Alerts[at].StartedAt.Before(last) {
			t.Fatalf("%s: alert %d missing or out of order", o.ID, i)
		}
		last = c.Alerts[at].StartedAt
		if late := last.Sub(onsetOf(c)); late < minutes(o.Alerts[i].AfterMinutes)-time.Second {
			t.Fatalf("%s: alert %d after %s", o.ID, i, late)
		}
	}
	if c.At.Before(last.Add(afterLast).Truncate(time.Millisecond)) || c.At.Before(onsetOf(c).Add(afterFirst)) {
		t.Fatalf("%s: judged at %s, last alert %s", o.ID, c.At, last)
	}
}

func checkCalls(t *rapid.T, o *Outage, c *eval.Case) {
	for _, call := range o.Calls {
		if !slices.ContainsFunc(c.Topology.Edges, func(e correlate.Edge) bool { return e.Caller+">"+e.Callee == call }) {
			t.Fatalf("%s: no call %s", o.ID, call)
		}
	}
}

func TestTheSameSeedMakesTheSameCasesAndAnotherOthers(t *testing.T) {
	run := func(seed uint64) string {
		var out bytes.Buffer
		if err := Run(t.Context(), smallest(seed), &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := run(5)
	if first != run(5) {
		t.Error("one seed, two files")
	}
	if first == run(6) {
		t.Error("two seeds, one file")
	}
}

func TestAnOutageIsTheSameWhateverElseIsInTheList(t *testing.T) {
	all := list(t)
	parts := partsOf(all)
	var third eval.Case
	number := 0
	err := Each(t.Context(), smallest(8), func(c eval.Case) error {
		if number++; number == 3 {
			third = c
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expand(&all[2], parts, smallest(8)), third); diff != "" {
		t.Error(diff)
	}
}

func TestTheReaderOfCaseFilesTakesEveryCase(t *testing.T) {
	var out bytes.Buffer
	if err := Run(t.Context(), smallest(9), &out); err != nil {
		t.Fatal(err)
	}
	read, err := eval.ReadCases(t.Context(), []string{eval.StdinName}, &out)
	if err != nil || len(read) != len(list(t)) {
		t.Fatalf("%d cases, %v", len(read), err)
	}
	names := map[string]bool{}
	for i := range read {
		ids := map[string]bool{}
		for j := range read[i].Changes {
			ids[read[i].Changes[j].ID] = true
		}
		if len(ids) != len(read[i].Changes) || names[read[i].Name] {
			t.Errorf("%s: %d changes, %d ids", read[i].Name, len(read[i].Changes), len(ids))
		}
		names[read[i].Name] = true
	}
}

// The surroundings must be like those on which the model was tuned, so that the
// figures can be set beside each other.
func TestTheSurroundingsAreAsMeasured(t *testing.T) {
	var edges, perDay, noise, durations, after []float64
	kinds, total := map[correlate.ChangeKind]float64{}, 0.0
	for _, c := range cases(t, 21) {
		edges = append(edges, float64(len(c.Topology.Edges))/float64(len(c.Topology.Services)))
		onset, first, before := onsetOf(&c), onsetOf(&c), 0.0
		for i := range c.Changes {
			ch := &c.Changes[i]
			if slices.Contains(c.Causes, ch.ID) {
				continue
			}
			if ch.StartedAt.After(onset) {
				continue
			}
			before++
			if ch.StartedAt.Before(first) {
				first = ch.StartedAt
			}
			kinds[ch.Kind]++
			total++
			durations = append(durations, ch.FinishedAt.Sub(ch.StartedAt).Seconds())
		}
		after = append(after, float64(len(c.Changes))-before-float64(len(c.Causes)))
		perDay = append(perDay, before/onset.Sub(first).Hours()*24)
		stray := 0.0
		for i := range c.Alerts {
			if c.Alerts[i].Severity == correlate.SeverityWarning {
				stray++
			}
		}
		noise = append(noise, stray/float64(len(c.Alerts)))
	}
	within := func(what string, values []float64, low, high float64) {
		t.Helper()
		slices.Sort(values)
		if m := values[len(values)/2]; m < low || m > high {
			t.Errorf("%s: median %.2f, not from %.2f to %.2f", what, m, low, high)
		}
	}
	within("calls a service", edges, 1.8, 2.1)
	within("changes a day", perDay, 142, 158)
	within("share of stray alerts", noise, 0.33, 0.55)
	within("duration", durations, 400, 490)
	within("changes after the onset", after, 1, 5)
	for kind, want := range map[correlate.ChangeKind]float64{correlate.KindDeploy: 0.55, correlate.KindConfig: 0.2, correlate.KindFeatureFlag: 0.12} {
		if got := kinds[kind] / total; math.Abs(got-want) > 0.03 {
			t.Errorf("%s: share %.3f, measured %.2f", kind, got, want)
		}
	}
}

// What a ranker could learn of the generator instead of the outage.
func TestNothingButEvidenceTellsTheGuiltyChange(t *testing.T) {
	routineKinds, places := map[correlate.ChangeKind]bool{}, 0.0
	var guilty []correlate.Change
	number := 0.0
	for seed := uint64(1); seed <= 4; seed++ {
		for _, c := range cases(t, seed) {
			for i := range c.Changes {
				if slices.Contains(c.Causes, c.Changes[i].ID) {
					guilty = append(guilty, c.Changes[i])
					places += float64(i) / float64(len(c.Changes))
					number++
					continue
				}
				routineKinds[c.Changes[i].Kind] = true
			}
		}
	}
	if mean := places / number; math.Abs(mean-0.5) > 0.08 {
		t.Errorf("guilty changes stand at %.2f of the list on average", mean)
	}
	whole := 0
	for i := range guilty {
		g := &guilty[i]
		if !routineKinds[g.Kind] {
			t.Errorf("only guilty changes are %s", g.Kind)
		}
		if g.Source != "delivery" || g.Status != correlate.StatusSucceeded || g.FinishedAt == nil || !strings.HasPrefix(g.Title, verbs[g.Kind]+" ") {
			t.Errorf("%+v differs from routine changes", g)
		}
		if g.StartedAt.Equal(g.StartedAt.Truncate(time.Second)) {
			whole++
		}
	}
	if float64(whole) > 0.02*number {
		t.Errorf("%d of %v guilty changes begin at whole seconds", whole, number)
	}
}

func TestRespondersNeverUndoTheGuiltyChangeBeforeItsPublishedTime(t *testing.T) {
	all := list(t)
	parts := partsOf(all)
	undone := 0
	for seed := uint64(1); seed <= 5; seed++ {
		for i := range all {
			c := expand(&all[i], parts, smallest(seed))
			for j := range c.Changes {
				back := &c.Changes[j]
				if back.RollbackOf == "" {
					continue
				}
				if find(&c, back.RollbackOf) == nil {
					t.Errorf("%s: %s undoes nothing", c.Name, back.ID)
				}
				if !slices.Contains(c.Causes, back.RollbackOf) {
					continue
				}
				undone++
				if want := onsetOf(&c).Add(minutes(all[i].RolledBackMinutes)); !back.StartedAt.Equal(want.Truncate(time.Millisecond)) {
					t.Errorf("%s: undone at %s, published %s", c.Name, back.StartedAt, want)
				}
			}
		}
	}
	if undone == 0 {
		t.Error("no guilty change was ever undone")
	}
}

func TestOldCausesLieInTheRecordWithTheChangesSince(t *testing.T) {
	for _, c := range cases(t, 3) {
		if !strings.HasPrefix(c.Name, "grafana-2021") {
			continue
		}
		cause := find(&c, c.Causes[0])
		since := 0
		for i := range c.Changes {
			if c.Changes[i].StartedAt.After(cause.StartedAt) && c.Changes[i].StartedAt.Before(onsetOf(&c)) {
				since++
			}
		}
		if since < 90 {
			t.Errorf("%d changes in the 22 hours since the guilty one", since)
		}
		return
	}
	t.Error("no such outage")
}
