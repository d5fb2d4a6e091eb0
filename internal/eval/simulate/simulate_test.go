package simulate

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/eval"
)

func written(t *testing.T, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Run(t.Context(), o, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEqualOptionsGiveEqualBytes(t *testing.T) {
	o := smallOptions()
	o.Incidents = 6
	first := written(t, o)
	if written(t, o) != first {
		t.Error("a second run differs")
	}
	longer := o
	longer.Incidents = 8
	if !strings.HasPrefix(written(t, longer), first) {
		t.Error("asking for more cases alters the first ones")
	}
	other := o
	other.Seed++
	if written(t, other) == first {
		t.Error("another seed gives the same cases")
	}
}

func TestCasesAreReadableAndWhole(t *testing.T) {
	o := smallOptions()
	o.Incidents = 30
	names := map[string]bool{}
	check := func(c eval.Case) error {
		names[c.Name] = true
		view := c.View(eval.Parts{})
		if len(view.Alerts) == 0 || len(view.Changes) == 0 || len(view.Topology.Edges) == 0 {
			t.Errorf("%s: %d alerts, %d changes, %d edges visible", c.Name, len(view.Alerts), len(view.Changes), len(view.Topology.Edges))
		}
		for _, cause := range c.Causes {
			seen := 0
			for i := range view.Changes {
				if view.Changes[i].ID == cause {
					seen++
				}
			}
			if seen != 1 {
				t.Errorf("%s: cause %s is visible %d times", c.Name, cause, seen)
			}
		}
		return nil
	}
	if err := eval.EachCase(t.Context(), []string{eval.StdinName}, strings.NewReader(written(t, o)), check); err != nil {
		t.Fatal(err)
	}
	if len(names) != o.Incidents {
		t.Errorf("%d names for %d cases", len(names), o.Incidents)
	}
}

func TestOptionsOutOfBoundsAreNamed(t *testing.T) {
	for want, alter := range map[string]func(*Options){
		"services":        func(o *Options) { o.Services = 3 },
		"20000":           func(o *Options) { o.Services = 1_000_000 },
		"changes-per-day": func(o *Options) { o.ChangesPerDay = 0 },
		"100000":          func(o *Options) { o.ChangesPerDay = 200_000 },
		"days":            func(o *Options) { o.Days = 0 },
		"incidents":       func(o *Options) { o.Incidents = -1 },
		"no-change-share": func(o *Options) { o.NoChangeShare = 1.5 },
	} {
		o := DefaultOptions()
		alter(&o)
		if err := Run(t.Context(), o, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not contain %q", err, want)
		}
	}
}

func TestSmallestCompanyAndExtremeSharesWork(t *testing.T) {
	for _, share := range []float64{0, 1} {
		o := Options{Seed: 3, Services: MinServices, ChangesPerDay: 5, Days: 1, Incidents: 60, NoChangeShare: share}
		err := eval.EachCase(t.Context(), []string{eval.StdinName}, strings.NewReader(written(t, o)), func(c eval.Case) error {
			if blamed := len(c.Causes) > 0; blamed != (share == 0) {
				t.Errorf("%s (%s) has causes %v", c.Name, c.Kind, c.Causes)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestShareOfCasesWithoutAChangeIsAsAsked(t *testing.T) {
	var none, two []bool
	for _, c := range sample() {
		none = append(none, len(c.Causes) == 0)
		if len(c.Causes) > 0 {
			two = append(two, len(c.Causes) == 2)
		}
	}
	within(t, "share without a cause", share01(none), smallOptions().NoChangeShare, 0.08)
	// 23% of published faults have more than one root cause.
	within(t, "share with two causes", share01(two), 0.22, 0.08)
}

func TestWritingStopsWhenAskedAndReportsFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, smallOptions(), &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	o := smallOptions()
	o.Incidents = 1
	if err := Run(t.Context(), o, brokenPipe{}); err == nil || !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("error %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// The largest company asked for: 20,000 services and 100,000 changes a day.
func TestLargestCompanyKeepsTheWholeLastDay(t *testing.T) {
	w := newWorld(Options{Seed: 5, Services: MaxServices, ChangesPerDay: MaxChanges, Days: 1, Incidents: 1})
	c := w.incident(0)
	lastDay := 0
	for i := range c.Changes {
		ago := c.script.onset.Sub(c.Changes[i].StartedAt)
		if ago >= 0 && ago < day {
			lastDay++
		}
	}
	if lastDay < 60_000 || lastDay > 160_000 {
		t.Errorf("%d changes on the last day", lastDay)
	}
	if all := len(c.Changes); all > lastDay+20_000+feedRest(&c) {
		t.Errorf("%d changes in all: older ones are not bounded", all)
	}
	if edges := len(c.Topology.Edges); edges < 1 || edges > 200_000 {
		t.Errorf("%d edges", edges)
	}
}

// feedRest counts what the feed tells of the time after the onset.
func feedRest(c *labelledCase) int {
	n := 0
	for i := range c.Changes {
		if c.Changes[i].StartedAt.After(c.script.onset) {
			n++
		}
	}
	return n
}

func TestFeedReachesFarEnoughAndNotTooFar(t *testing.T) {
	for perDay, want := range map[int]time.Duration{40: mostWhole, 1000: 5 * day, 100_000: day} {
		w := &world{options: Options{ChangesPerDay: perDay}}
		if got := w.wholeFeed(); got != want {
			t.Errorf("with %d changes a day the feed is whole for %v, want %v", perDay, got, want)
		}
	}
}
