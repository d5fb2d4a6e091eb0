package correlate

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// suspects turns the first candidates into the answer.
func (e *Engine) suspects(s *scene, list []candidate) []Suspect {
	n := min(len(list), e.weights.Limits.Suspects)
	out := make([]Suspect, 0, n)
	for i := range list[:n] {
		c := &list[i]
		out = append(out, Suspect{
			Change: c.change, Rank: i + 1, Probability: c.share, Links: c.change.Links,
			Evidence: e.evidence(s, c),
		})
	}
	return out
}

// evidence words the terms of a candidate.
func (e *Engine) evidence(s *scene, c *candidate) []Evidence {
	refs := []string{"change:" + c.change.Source + "/" + c.change.ID}
	onset := &s.symptoms[c.onset]
	first := &s.alerts[onset.lead]
	list := []Evidence{
		{Kind: EvidencePrior, LogOdds: c.prior, Text: e.priorText(c), Refs: refs},
		{Kind: EvidenceTiming, LogOdds: c.timing, Text: timingText(c, first), Refs: append(refs, "alert:"+first.Fingerprint)},
		{Kind: EvidenceTopology, LogOdds: c.topology, Text: e.topologyText(s, c), Refs: refs},
	}
	return list
}

func (e *Engine) priorText(c *candidate) string {
	return fmt.Sprintf("%s changes cause outages %.1f times as often as the average change.", c.change.Kind, math.Exp(c.prior)*e.weights.NoChangeOdds)
}

func timingText(c *candidate, first *Alert) string {
	delay := first.StartedAt.Sub(c.change.StartedAt)
	if delay < 0 {
		return fmt.Sprintf("%s started %s after the alert %s on %s.", strings.Join(c.change.Services, ", "), roughly(-delay), first.Name, first.Service)
	}
	return fmt.Sprintf("%s started %s before the alert %s on %s.", strings.Join(c.change.Services, ", "), roughly(delay), first.Name, first.Service)
}

// roughly writes a duration with its two leading units.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}

func (e *Engine) topologyText(s *scene, c *candidate) string {
	at := c.origin
	if at < 0 {
		return "No path in the call graph leads from the alerting services to the changed one."
	}
	links := s.origins.list[at].links
	var names []string
	for _, l := range links {
		names = append(names, s.symptoms[l.symptom].service)
	}
	return fmt.Sprintf("A fault there reaches %d of %d alerting services: %s.", len(names), len(s.symptoms), strings.Join(names, ", "))
}

// missing says what could not be looked at.
func (e *Engine) missing(s *scene) []string {
	out := append([]string{}, s.in.Gaps...)
	if len(s.in.Metrics) == 0 {
		out = append(out, "No metrics: changed and unchanged instances could not be compared.")
	}
	return out
}
