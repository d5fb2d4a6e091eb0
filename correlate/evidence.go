package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// suspects turns the first candidates into the answer.
func (e *Engine) suspects(s *scene, list []*candidate) []Suspect {
	n := min(len(list), e.weights.Limits.Suspects)
	out := make([]Suspect, 0, n)
	for i, c := range list[:n] {
		out = append(out, Suspect{
			Change: c.detail.change, Rank: i + 1, Probability: round(c.share, 6), Links: c.detail.change.Links,
			Evidence: e.evidence(s, c),
		})
	}
	return out
}

// evidenceOrder is how evidence is listed.
var evidenceOrder = [...]EvidenceKind{
	EvidenceTiming, EvidenceRollout, EvidenceTopology, EvidenceRegion, EvidenceVersion, EvidenceText, EvidenceMetrics,
	EvidenceRollback, EvidenceHistory, EvidencePrior,
}

// evidence words the terms of a candidate. The log odds add up to the log odds
// of the candidate against "no recorded change did it".
func (e *Engine) evidence(s *scene, c *candidate) []Evidence {
	self := "change:" + c.detail.change.Source + "/" + c.detail.change.ID
	list := []Evidence{
		{Kind: EvidenceTiming, LogOdds: c.timing, Text: e.timingText(s, c), Refs: []string{"alert:" + s.alerts[s.symptoms[c.onset].lead].Fingerprint}},
		e.topologyEvidence(s, c),
		{Kind: EvidencePrior, LogOdds: c.prior - s.outside.logOdds - s.signals.logOdds, Text: e.priorText(s, c)},
	}
	if s.outside.logOdds != 0 {
		list = append(list, s.outside.evidence())
	}
	if math.Abs(s.signals.logOdds) >= leastSigned {
		list = append(list, s.signals.evidence())
	}
	if math.Abs(c.mapped) >= leastMapped {
		list = append(list, calibrationEvidence(c.mapped))
	}
	for _, t := range c.detail.extra {
		text, refs := t.say()
		list = append(list, Evidence{Kind: t.kind, LogOdds: t.logOdds, Text: text, Refs: refs})
	}
	slices.SortStableFunc(list, func(a, b Evidence) int {
		return slices.Index(evidenceOrder[:], a.Kind) - slices.Index(evidenceOrder[:], b.Kind)
	})
	for i := range list {
		list[i].LogOdds = round(list[i].LogOdds, 3)
		list[i].Refs = append([]string{self}, list[i].Refs...)
	}
	return list
}

// leastMapped is what calibration must add to be worth a line.
const leastMapped = 0.01

// calibrationEvidence says what experience with such findings adds.
func calibrationEvidence(logOdds float64) Evidence {
	often := "less"
	if logOdds > 0 {
		often = "more"
	}
	return Evidence{
		Kind: EvidencePrior, LogOdds: logOdds,
		Text: fmt.Sprintf("Calibration: among labelled cases, suspects with such evidence were guilty %s often than it says by itself.", often),
	}
}

// priorText says how guilty a change of this kind is before anything else is
// looked at.
func (e *Engine) priorText(s *scene, c *candidate) string {
	factor := e.kindFactor(&s.usual, kindCode(c.detail.change.Kind))
	often := fmt.Sprintf("%.1f times as often as", factor)
	if factor > 0.9 && factor < 1.1 {
		often = "as often as"
	}
	return fmt.Sprintf("%s; %s cause outages %s the average change.", e.paceText(&s.usual), kindsWords(c.detail.change.Kind), often)
}

// leastRecord is how much of the rate window the record must cover for its pace
// to be told as a count.
const leastRecord = 0.9

// paceText says among how many changes this one is: as a count where the record
// covers the window, as a pace where it is young.
func (e *Engine) paceText(usual *background) string {
	window := roughly(e.weights.Limits.RateWindow)
	if usual.reach >= leastRecord*usual.window || usual.recorded == 0 {
		return fmt.Sprintf("It is one of about %.0f changes in %s", usual.total, window)
	}
	among := "It is the only change"
	if usual.recorded > 1 {
		among = fmt.Sprintf("It is one of %d changes", usual.recorded)
	}
	return fmt.Sprintf("%s in a record of %s, taken for a pace of about %.0f in %s",
		among, roughly(time.Duration(usual.reach*float64(time.Second))), usual.total, window)
}

// timingText says how long before or after the first alert the change began,
// and how usual that delay is.
func (e *Engine) timingText(s *scene, c *candidate) string {
	first := &s.alerts[s.symptoms[c.onset].lead]
	what := fmt.Sprintf("%s: %s", join(c.detail.change.Services), kindWords(c.detail.change.Kind))
	alert := fmt.Sprintf("the first alert it explains (%s %s)", first.Service, first.Name)
	if e.off[EvidenceTiming] {
		return what + ": times were not looked at."
	}
	delay := first.StartedAt.Sub(c.detail.change.StartedAt)
	if delay < 0 {
		return fmt.Sprintf("%s started %s after %s, so only a wrong clock could make it the cause.", what, roughly(-delay), alert)
	}
	share := e.delays.of(kindCode(c.detail.change.Kind)).upTo(delay.Seconds())
	usual := percent(share) + " of comparable outages began sooner"
	if share < 0.3 {
		usual = percent(1-share) + " of comparable outages took longer"
	}
	return fmt.Sprintf("%s started %s before %s; %s.", what, roughly(delay), alert, usual)
}

// percent writes a share, never as all while something is left.
func percent(share float64) string {
	if share > 0.99 {
		return "more than 99%"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// kindWords says what a change of the kind is called.
func kindWords(kind ChangeKind) string {
	switch kind {
	case KindDeploy, KindRollback, KindScaling, KindSchemaMigration:
		return strings.ReplaceAll(string(kind), "_", " ")
	case KindOther, "":
		return "change"
	case KindFeatureFlag:
		return "flag change"
	default:
		return strings.ReplaceAll(string(kind), "_", " ") + " change"
	}
}

// kindsWords says what changes of the kind are called.
func kindsWords(kind ChangeKind) string {
	if kind == KindOther || kind == "" {
		return "other changes"
	}
	return strings.TrimSuffix(kindWords(kind), " change") + " changes"
}

// roughly writes a duration with its two leading units, the second one unless it
// is nought.
func roughly(d time.Duration) string {
	whole := func(x float64) int { return int(math.Floor(x)) }
	two := func(major int, unit string, minor int, of string) string {
		if minor == 0 {
			return fmt.Sprintf("%d %s", major, unit)
		}
		return fmt.Sprintf("%d %s %d %s", major, unit, minor, of)
	}
	switch {
	case d < time.Second:
		return "less than a second"
	case d < time.Minute:
		return fmt.Sprintf("%d s", whole(d.Seconds()))
	case d < time.Hour:
		return two(whole(d.Minutes()), "min", whole(d.Seconds())%60, "s")
	case d < 72*time.Hour:
		return two(whole(d.Hours()), "h", whole(d.Minutes())%60, "min")
	default:
		return two(whole(d.Hours())/24, "days", whole(d.Hours())%24, "h")
	}
}

// join names services, or the whole environment.
func join(services []string) string {
	switch {
	case len(services) == 0:
		return "the whole environment"
	case len(services) > 4:
		return fmt.Sprintf("%s and %d more", strings.Join(services[:3], ", "), len(services)-3)
	default:
		return strings.Join(services, ", ")
	}
}
