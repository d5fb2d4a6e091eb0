package outages

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/correlate"
)

//go:embed outages.yaml
var published []byte

// Outage is one public outage as facts. Times are minutes relative to At, the
// first alert: before it for changes, after it for all else.
type Outage struct {
	ID      string `yaml:"id"`
	Company string `yaml:"company"`
	// At is the first alert, UTC, to the minute.
	At time.Time `yaml:"at"`
	// Source names who published the facts, and the year.
	Source string `yaml:"source"`
	// Approximate tells that the source rounds or leaves open some fact.
	Approximate bool `yaml:"approximate"`
	// Changes are the guilty ones; NoChange says what it was when there is none.
	Changes  []Change `yaml:"changes"`
	NoChange string   `yaml:"no_change"`
	// Alerts come in the order in which services alerted, Calls as caller>callee.
	Alerts []Alert  `yaml:"alerts"`
	Calls  []string `yaml:"calls"`
	// RolledBackMinutes is when the first guilty change was undone, 0 if unknown.
	RolledBackMinutes float64 `yaml:"rolled_back_minutes"`
	EndsMinutes       float64 `yaml:"ends_minutes"`
}

// Change is a guilty change. Part names what it touched.
type Change struct {
	Service       string               `yaml:"service"`
	Kind          correlate.ChangeKind `yaml:"kind"`
	BeforeMinutes float64              `yaml:"before_minutes"`
	Part          string               `yaml:"part"`
	Region        string               `yaml:"region"`
	Actor         correlate.ActorType  `yaml:"actor"`
	Steps         []Step               `yaml:"steps"`
}

// Step is a step of a rollout.
type Step struct {
	BeforeMinutes float64 `yaml:"before_minutes"`
	Percent       float64 `yaml:"percent"`
}

// Alert says who alerted. Without AfterMinutes only the order is known.
type Alert struct {
	Service      string           `yaml:"service"`
	Signal       correlate.Signal `yaml:"signal"`
	Region       string           `yaml:"region"`
	AfterMinutes float64          `yaml:"after_minutes"`
}

// Published returns the outages that come with the program, in their order.
func Published() ([]Outage, error) { return parse(published) }

// parse reads and checks a list of outages; an error names the outage and the
// field.
func parse(text []byte) ([]Outage, error) {
	var list []Outage
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&list); err != nil {
		return nil, fmt.Errorf("outages: %w", err)
	}
	seen := make(map[string]bool, len(list))
	for i := range list {
		o := &list[i]
		if err := o.check(); err != nil {
			return nil, fmt.Errorf("outage %d (%s): %w", i+1, o.ID, err)
		}
		if seen[o.ID] {
			return nil, fmt.Errorf("outage %d: id: %s is taken", i+1, o.ID)
		}
		seen[o.ID] = true
	}
	return list, nil
}

// services lists every service that the outage names, each once, in the order
// in which they first occur.
func (o *Outage) services() []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for i := range o.Changes {
		add(o.Changes[i].Service)
	}
	for i := range o.Alerts {
		add(o.Alerts[i].Service)
	}
	for _, call := range o.Calls {
		caller, callee, _ := strings.Cut(call, ">")
		add(caller)
		add(callee)
	}
	return names
}
