// Package report makes the weekly report for leadership: one model, filled from
// the figures and the store, and its renderings as HTML for mail and browser,
// Markdown, JSON, PDF and Slack blocks. It also delivers them, each once to each
// recipient, and retries what fails.
//
// The report speaks of changes, services and incidents, never of people. Text
// that came with events (titles, service names) is foreign: every rendering
// escapes it by the rules of its format.
package report

import (
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// Report is the report of one week. Every rendering shows the same.
type Report struct {
	// Week is the ISO week, such as 2026-W47; From and To are its ends in the
	// time zone of the report.
	Week     string    `json:"week"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Timezone string    `json:"timezone"`
	MadeAt   time.Time `json:"made_at"`
	// BaseURL is the address of the pages, empty when there is none to link to.
	BaseURL  string `json:"base_url,omitempty"`
	Sentence string `json:"sentence"`
	// Tiles are of the week; Groups set AI-assisted against human changes and those
	// of unknown origin, over the figures' own period.
	Tiles  []Tile `json:"tiles"`
	Groups []Tile `json:"groups"`
	// Impact, Approval and Accuracy are over the figures' own period, which is
	// longer than a week: one week is too little to compare anything by.
	Impact    figures.Impact       `json:"impact"`
	Approval  figures.PolicyEffect `json:"approval"`
	Accuracy  figures.Accuracy     `json:"accuracy"`
	Incidents []LargeIncident      `json:"incidents"`
	// Policy is how the policy was kept in the week, judged afterwards.
	Policy PolicyWeek `json:"policy"`
	// Gate is what the policy gate answered in the week, by answer.
	Gate      []GateCount `json:"gate"`
	Movers    []Mover     `json:"movers"`
	Decisions []string    `json:"decisions"`
	Quality   []Quality   `json:"quality"`
}

// Tile is one number of the week with what it was before.
type Tile struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Basis says what it was counted from, Before what it was in other weeks.
	Basis  string `json:"basis"`
	Before string `json:"before"`
}

// LargeIncident is one of the week's largest.
type LargeIncident struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Severity  string    `json:"severity"`
	StartedAt time.Time `json:"started_at"`
	Minutes   float64   `json:"minutes"`
	Open      bool      `json:"open"`
	// Alerting is how many services raised an alert, Potential how many more the
	// fault could have reached.
	Alerting  int `json:"alerting"`
	Potential int `json:"potential"`
	// Standing is what people decided; Cause the change that they confirmed, or
	// that the engine suspects, with its probability, empty for none.
	Standing    string  `json:"standing"`
	Cause       string  `json:"cause,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	URL         string  `json:"url,omitempty"`
}

// GateCount is how often the policy gate gave an answer.
type GateCount struct {
	Answer string `json:"answer"`
	Count  int    `json:"count"`
}

// Mover is a service whose incidents moved against its own past.
type Mover struct {
	Service   string  `json:"service"`
	Incidents int     `json:"incidents"`
	Minutes   float64 `json:"minutes"`
	// Mean is that of the eight weeks before.
	Mean float64 `json:"mean"`
}

// Quality is one line about the data themselves.
type Quality struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
