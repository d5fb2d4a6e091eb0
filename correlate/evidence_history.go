package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// record counts what people said of one kind of changes.
type record struct {
	confirmed, cleared int
}

func (r *record) add(past *PastCause) {
	if past.Cleared {
		r.cleared++
	} else {
		r.confirmed++
	}
}

// records are what people said of all changes, of those of a suspect's services,
// of its services and kind, and of its flag.
type records struct {
	all, services, alike, flag record
}

func (s *scene) recordsOf(c *Change) records {
	var r records
	flag := flagOf(c)
	for i := range s.in.History {
		past := &s.in.History[i]
		if past.At.After(s.in.AsOf) {
			continue
		}
		r.all.add(past)
		if flag != "" && past.Flag == flag {
			r.flag.add(past)
		}
		if !slices.ContainsFunc(c.Services, func(name string) bool { return slices.Contains(past.Services, name) }) {
			continue
		}
		r.services.add(past)
		if past.Kind == c.Kind {
			r.alike.add(past)
		}
	}
	return r
}

// historyTerm asks two things of what people judged before: whether causes lie
// in the suspect's services more often than in others, and whether suspects like
// it were confirmed more often, when judged, than suspects are in general. Both
// are shrunk towards no difference, so that a single judgement says little.
func (e *Engine) historyTerm(s *scene, c *candidate) (term, bool) {
	change := &c.detail.change
	r := s.recordsOf(change)
	if r.all.confirmed+r.all.cleared == 0 || len(change.Services) == 0 {
		return term{}, false
	}
	if r.all.confirmed == 0 && r.services == (record{}) && r.flag == (record{}) {
		return term{}, false // What was cleared elsewhere says nothing of this one.
	}
	w := &e.weights.History
	log := 0.0
	if r.all.confirmed > 0 {
		usual := 1 / s.origins.nodes
		log = math.Log((float64(r.services.confirmed) + w.Shrink*usual) / (float64(r.all.confirmed) + w.Shrink) / usual)
	}
	alike := r.alike
	if r.flag != (record{}) {
		alike = r.flag // The same flag says more than the same kind.
	}
	log += alike.against(&r.all)
	log = min(max(log, -w.MaxLogOdds), w.MaxLogOdds)
	return term{kind: EvidenceHistory, logOdds: log, say: func() (string, []string) { return r.words(change), nil }}, true
}

// heedJudgements is the number of judgements that the assumption of no
// difference counts for: four that agree make the odds about twice as high or
// low.
const heedJudgements = 4

// against is the log odds of being confirmed rather than cleared beside those of
// all suspects that were judged, shrunk. The usual odds are taken to be even
// before anything is known.
func (r *record) against(all *record) float64 {
	usual := (float64(all.confirmed) + 1) / (float64(all.confirmed+all.cleared) + 2)
	share := (float64(r.confirmed) + heedJudgements*usual) / (float64(r.confirmed+r.cleared) + heedJudgements)
	return math.Log(share/(1-share)) - math.Log(usual/(1-usual))
}

// words tell what the counts are.
func (r *records) words(c *Change) string {
	parts := []string{"People confirmed no change as a cause before"}
	if r.all.confirmed > 0 {
		parts[0] = fmt.Sprintf("People confirmed changes of %s as the cause of %d of %s before",
			join(c.Services), r.services.confirmed, count(r.all.confirmed, "incident"))
	}
	switch {
	case r.services.cleared > 0 && r.all.confirmed > 0:
		parts = append(parts, fmt.Sprintf("cleared %d of its suspects", r.services.cleared))
	case r.services.cleared > 0:
		parts = append(parts, fmt.Sprintf("cleared %s of %s", count(r.services.cleared, "change"), join(c.Services)))
	}
	if n := r.flag.confirmed + r.flag.cleared; n > 0 {
		parts = append(parts, fmt.Sprintf("confirmed %d of %s of the same flag", r.flag.confirmed, count(n, "change")))
	} else if n := r.alike.confirmed + r.alike.cleared; n > 0 && r.alike.cleared > 0 {
		parts = append(parts, fmt.Sprintf("%d of the %d of kind %s were guilty", r.alike.confirmed, n, c.Kind))
	}
	return strings.Join(parts, "; ") + "."
}
