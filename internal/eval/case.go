package eval

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// Record is what a case file holds besides the label: everything that was ever
// written down about an outage, including what came after At. Rankers never
// see a Record; they see the View of it.
type Record struct {
	// At is the moment of judgement.
	At       time.Time          `json:"at"`
	Topology correlate.Topology `json:"topology"`
	Changes  []correlate.Change `json:"changes"`
	Alerts   []correlate.Alert  `json:"alerts"`
	Metrics  []correlate.Series `json:"metrics,omitempty"`
}

// Case is one labelled outage, one line of a case file. Causes are the ids of
// the guilty changes, empty when no recorded change is to blame. Name, Causes
// and Kind are read by the scorer only.
type Case struct {
	Name string `json:"name"`
	Record
	Causes []string `json:"causes"`
	Kind   string   `json:"kind"`
}

// symptoms returns the alerts of the worst severity among alerts. Beside a real
// outage there is nearly always something else that warns, such as a disk that
// fills slowly; a person looks at the worst first, and so do the baselines.
func symptoms(alerts []correlate.Alert) []correlate.Alert {
	worst := -1
	for i := range alerts {
		worst = max(worst, alerts[i].Severity.Rank())
	}
	var out []correlate.Alert
	for i := range alerts {
		if alerts[i].Severity.Rank() == worst {
			out = append(out, alerts[i])
		}
	}
	return out
}

// onset is the start of the first symptom, or fallback when there is no alert.
func onset(alerts []correlate.Alert, fallback time.Time) time.Time {
	first := fallback
	for i, a := range symptoms(alerts) {
		if i == 0 || a.StartedAt.Before(first) {
			first = a.StartedAt
		}
	}
	return first
}
