package simulate

import (
	"sync"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// smallOptions are a company in which hundreds of cases are made in a second.
func smallOptions() Options {
	return Options{Seed: 7, Services: 150, ChangesPerDay: 40, Days: 28, Incidents: 260, NoChangeShare: 0.3}
}

var sample = sync.OnceValue(func() []labelledCase {
	w := newWorld(smallOptions())
	cases := make([]labelledCase, w.options.Incidents)
	for i := range cases {
		cases[i] = w.incident(i)
	}
	return cases
})

// eachOf calls check with every sampled case of a kind, and fails when there
// are none.
func eachOf(t *testing.T, kind string, check func(t *testing.T, c *labelledCase)) {
	t.Helper()
	found := false
	for _, c := range sample() {
		if c.Kind == kind {
			found = true
			t.Run(c.Name, func(t *testing.T) { check(t, &c) })
		}
	}
	if !found {
		t.Errorf("no case of kind %s among %d", kind, len(sample()))
	}
}

// guiltyOf returns the guilty changes as the case lists them.
func guiltyOf(c *labelledCase) []correlate.Change {
	var out []correlate.Change
	for _, id := range c.Causes {
		for i := range c.Changes {
			if c.Changes[i].ID == id {
				out = append(out, c.Changes[i])
			}
		}
	}
	return out
}

func seenAlerts(c *labelledCase) []correlate.Alert {
	var out []correlate.Alert
	for _, a := range c.Alerts {
		if !a.StartedAt.After(c.At) {
			out = append(out, a)
		}
	}
	return out
}

// share01 is the share of values that are true.
func share01(values []bool) float64 {
	n := 0
	for _, v := range values {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if got < want-tolerance || got > want+tolerance {
		t.Errorf("%s is %.4g, want %.4g within %.4g", what, got, want, tolerance)
	}
}
