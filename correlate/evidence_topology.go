package correlate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// topologyEvidence says which alerts a fault in the changed services explains,
// by which way, and which of the services that should feel it are silent.
func (e *Engine) topologyEvidence(s *scene, c *candidate) Evidence {
	ev := Evidence{Kind: EvidenceTopology, LogOdds: c.topology}
	switch {
	case e.off[EvidenceTopology]:
		ev.Text = "The call graph was not looked at."
	case len(c.detail.change.Services) == 0:
		ev.Text = fmt.Sprintf("It touches the whole environment; %s of %d alert.",
			count(len(s.symptoms), "service"), s.in.Graph.Len())
	case c.origin < 0:
		ev.Text = fmt.Sprintf("No path in the call graph leads from %s to %s.", named(alerting(s)), join(c.detail.change.Services))
	default:
		ev.Text, ev.Refs = e.explainText(s, c)
	}
	return ev
}

// explainText lists the ways by which the alerts are explained.
func (e *Engine) explainText(s *scene, c *candidate) (text string, refs []string) {
	origin := &s.origins.list[c.origin]
	if origin.via >= 0 {
		via := s.in.Graph.names[origin.via]
		at := s.origins.at(origin.via)
		inner := candidate{origin: int32(at), detail: &detail{change: Change{Services: []string{via}}}}
		text, refs = e.explainText(s, &inner)
		return fmt.Sprintf("It calls %s and may have broken it. %s", via, strings.Replace(text, "A fault there", "A fault in "+via, 1)), refs
	}
	ways := map[route][]string{}
	explained := 0
	for _, l := range s.linksOf(c) {
		if l.route != routeSelf && l.strength < 0.02 {
			continue
		}
		explained++
		name := s.symptoms[l.symptom].service
		ways[l.route] = append(ways[l.route], name)
		refs = append(refs, "service:"+name)
	}
	var parts []string
	for _, way := range []struct {
		route route
		words string
	}{
		{routeSelf, "%s alerts itself"}, {routeCaller, "%s depends on it"}, {routeName, "%s is named alike, though no call is known"},
	} {
		if names := ways[way.route]; len(names) > 0 {
			words := way.words
			if len(names) > 1 {
				words = plural.Replace(words)
			}
			parts = append(parts, fmt.Sprintf(words, named(names)))
		}
	}
	if explained == 0 {
		return "Only a faint path in the call graph leads to it.", refs
	}
	text = fmt.Sprintf("A fault there explains %d of %s: %s", explained, count(len(s.symptoms), "alerting service"), strings.Join(parts, "; "))
	if quiet := e.silentCallers(s, c); len(quiet) > 0 {
		text += fmt.Sprintf("; %s should feel it and %s quiet", named(quiet), isAre(len(quiet)))
	}
	return text + ".", refs
}

// linksOf are the links of all services that the change names, of each symptom
// the surest, by symptom; of a change of one service just its own.
func (s *scene) linksOf(c *candidate) []link {
	links := s.origins.list[c.origin].links
	if len(c.detail.change.Services) < 2 {
		return links
	}
	links = slices.Clone(links)
	for _, service := range c.detail.change.Services {
		at, stranger := s.origins.strangers[service]
		if id, known := s.in.Graph.id(service); known {
			at = s.origins.at(id)
		} else if !stranger {
			continue
		}
		if at >= 0 && s.origins.list[at].via < 0 {
			links = append(links, s.origins.list[at].links...)
		}
	}
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.symptom, b.symptom), cmp.Compare(a.route, b.route), cmp.Compare(b.strength, a.strength))
	})
	return slices.CompactFunc(links, func(a, b link) bool { return a.symptom == b.symptom })
}

// plural turns the verbs of the ways to the plural.
var plural = strings.NewReplacer("alerts itself", "alert themselves", "depends", "depend", "is named alike", "are named alike")

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// silentCallers are direct callers of the changed services without an alert.
func (e *Engine) silentCallers(s *scene, c *candidate) []string {
	loud := alerting(s)
	var quiet []string
	for _, service := range c.detail.change.Services[:min(len(c.detail.change.Services), maxUnited)] {
		id, ok := s.in.Graph.id(service)
		if !ok {
			continue
		}
		row := s.in.Graph.callersOf(id)
		for _, a := range row[:min(len(row), sampleCallers)] {
			name := s.in.Graph.names[a.to]
			if !slices.Contains(loud, name) && !slices.Contains(quiet, name) {
				quiet = append(quiet, name)
			}
		}
	}
	slices.Sort(quiet)
	return quiet
}

func alerting(s *scene) []string {
	names := make([]string, len(s.symptoms))
	for i := range s.symptoms {
		names[i] = s.symptoms[i].service
	}
	slices.Sort(names)
	return names
}

// named lists a few names and counts the rest.
func named(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	if len(names) > 1 {
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
	return strings.Join(names, "")
}

// missing says what could not be looked at.
func (e *Engine) missing(s *scene, suspects []Suspect) []string {
	out := slices.Clone(s.in.Gaps)
	slices.Sort(out)
	if len(s.symptoms) == 0 {
		return append(out, "No alert was visible at the moment of judgement: there is nothing to explain.")
	}
	if s.in.Graph.Len() == 0 {
		out = append(out, "No topology: which service depends on which is unknown.")
	} else if unknown := e.unknownServices(s); len(unknown) > 0 {
		out = append(out, fmt.Sprintf("No topology for %s: alerts there say little about where the fault lies.", named(unknown)))
	}
	if s.in.Changes.Len() == 0 {
		out = append(out, "No recorded changes in the window: nothing could be suspected.")
	}
	if gap := e.metricsGap(s, suspects); gap != "" && !slices.ContainsFunc(out, func(told string) bool { return strings.HasPrefix(told, "No metrics") }) {
		out = append(out, gap)
	}
	if !slices.ContainsFunc(s.alerts, func(a Alert) bool { return a.Region != "" }) {
		out = append(out, "No alert names a region: regional rollouts could not be told apart.")
	}
	if s.crowd > 0 {
		out = append(out, fmt.Sprintf("%s beyond the gravest %d were not weighed one by one.", count(s.crowd, "alerting service"), len(s.symptoms)))
	}
	return out
}

// metricsGap says why no suspect could be held against metrics; empty where one
// was, and where metrics are left out on purpose.
func (e *Engine) metricsGap(s *scene, suspects []Suspect) string {
	measured := func(one Suspect) bool {
		return slices.ContainsFunc(one.Evidence, func(ev Evidence) bool { return ev.Kind == EvidenceMetrics })
	}
	switch {
	case len(s.in.Metrics) == 0:
		return "No metrics: changed and unchanged instances could not be compared."
	case e.off[EvidenceMetrics] || len(suspects) == 0 || slices.ContainsFunc(suspects, measured):
		return ""
	default:
		return "The metrics at hand tell nothing about any suspect: that takes samples of a changed service " +
			"from before and after, and of others beside it."
	}
}

// unknownServices are alerting services that the graph does not know at all.
func (e *Engine) unknownServices(s *scene) []string {
	var unknown []string
	for i := range s.symptoms {
		if len(s.symptoms[i].places) == 0 {
			unknown = append(unknown, s.symptoms[i].service)
		}
	}
	slices.Sort(unknown)
	return unknown
}
