package eval

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// GroupingFigures say how well incidents were made of alerts, over storms.
//
// Purity is the share of alerts that sit in an incident whose most frequent
// outage is their own; noise counts as an outage of its own per series.
// Completeness is the share of outage alerts that sit in the incident which
// holds most of their outage. One incident for everything is complete and
// impure, one for each alert is pure and incomplete.
type GroupingFigures struct {
	Storms       int   `json:"storms"`
	Alerts       int   `json:"alerts"`
	Outages      int   `json:"outages"`
	Incidents    int   `json:"incidents"`
	Purity       Ratio `json:"purity"`
	Completeness Ratio `json:"completeness"`
}

// GroupingScore collects the figures storm by storm. Its zero value is empty.
type GroupingScore struct {
	figures          GroupingFigures
	purity, complete mean
}

// Add groups the alerts of one storm as the live grouper does at the moment of
// judgement, and scores the incidents against the truth.
func (s *GroupingScore) Add(storm *Storm, cfg correlate.GroupConfig) {
	view := storm.View(Parts{})
	graph := correlate.NewGraph(view.Topology)
	incidents := correlate.GroupAlerts(cfg, graph, view.Alerts, view.At)
	s.figures.Storms++
	s.figures.Alerts += len(view.Alerts)
	s.count(incidents, storm.Truth, view.Alerts)
}

// count scores the incidents that live; a merged one lives on in another.
func (s *GroupingScore) count(incidents []correlate.Incident, truth map[correlate.AlertKey]string, alerts []correlate.Alert) {
	seen := make(map[string]int)
	for i := range alerts {
		if outage, ok := truth[alerts[i].Key()]; ok {
			seen[outage]++
		}
	}
	largest := make(map[string]int)
	for i := range incidents {
		if incidents[i].Status == correlate.IncidentMerged {
			continue
		}
		s.figures.Incidents++
		s.addIncident(incidents[i].Alerts, truth, largest)
	}
	for outage, total := range seen {
		s.figures.Outages++
		s.complete.sum += float64(largest[outage])
		s.complete.count += total
	}
}

// addIncident counts one incident's outages, and keeps in largest the most
// alerts of each outage that one incident holds.
func (s *GroupingScore) addIncident(keys []correlate.AlertKey, truth map[correlate.AlertKey]string, largest map[string]int) {
	counts := make(map[string]int)
	most := 0
	for _, key := range keys {
		outage, ok := truth[key]
		if !ok {
			outage = noiseOf(key)
		}
		counts[outage]++
		most = max(most, counts[outage])
		if ok {
			largest[outage] = max(largest[outage], counts[outage])
		}
	}
	s.purity.sum += float64(most)
	s.purity.count += len(keys)
}

// noiseOf names the outage that an unrelated alert stands for: its series, so
// that one which flaps counts as one thing.
func noiseOf(key correlate.AlertKey) string { return "noise\x00" + key.Fingerprint }

// Figures returns what was counted so far.
func (s *GroupingScore) Figures() GroupingFigures {
	f := s.figures
	f.Purity, f.Completeness = s.purity.value(), s.complete.value()
	return f
}

// GroupingReport is the figures of all storms, and by what makes them hard.
type GroupingReport struct {
	GroupingFigures
	Kinds []GroupingKind `json:"kinds"`
}

// GroupingKind is the figures of the storms of one kind.
type GroupingKind struct {
	Kind string `json:"kind"`
	GroupingFigures
}

// ScoreGrouping groups the alerts of every storm of the files with the settings
// that ship.
func ScoreGrouping(ctx context.Context, files []string, stdin io.Reader) (*GroupingReport, error) {
	var all GroupingScore
	kinds := map[string]*GroupingScore{}
	var names []string
	err := EachStorm(ctx, files, stdin, func(s *Storm) error {
		if kinds[s.Kind] == nil {
			kinds[s.Kind] = &GroupingScore{}
			names = append(names, s.Kind)
		}
		all.Add(s, correlate.DefaultGroupConfig())
		kinds[s.Kind].Add(s, correlate.DefaultGroupConfig())
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	r := &GroupingReport{GroupingFigures: all.Figures(), Kinds: []GroupingKind{}}
	for _, name := range names {
		r.Kinds = append(r.Kinds, GroupingKind{Kind: name, GroupingFigures: kinds[name].Figures()})
	}
	return r, nil
}

// writeGrouping prints the figures for people.
func writeGrouping(b *strings.Builder, r *GroupingReport) {
	if r.Storms == 0 {
		b.WriteString("no storms\n")
		return
	}
	g := &grid{}
	g.add("grouping", "storms", "alerts", "outages", "incidents", "purity", "complete")
	row := func(name string, f *GroupingFigures) {
		g.add(name, strconv.Itoa(f.Storms), strconv.Itoa(f.Alerts), strconv.Itoa(f.Outages), strconv.Itoa(f.Incidents), share(f.Purity), share(f.Completeness))
	}
	row("all", &r.GroupingFigures)
	for i := range r.Kinds {
		row("  "+r.Kinds[i].Kind, &r.Kinds[i].GroupingFigures)
	}
	fmt.Fprint(b, g, groupingLegend)
}

const groupingLegend = "purity: alerts whose incident is mostly of their own outage; complete: alerts\n" +
	"of an outage that its largest incident holds; each unrelated series counts as\nan outage\n"
