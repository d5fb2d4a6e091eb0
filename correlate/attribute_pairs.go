package correlate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Of the pairs that two suspects can make only a few are looked at: those among
// the pairSuspects best of different services which are not hopeless beside the
// first.
const (
	pairSuspects = 5
	pairBehind   = 6.0
)

// couple weighs the hypotheses that two changes of different services did it
// together, each of them explaining alerts that the other does not. Half of what
// a pair is worth goes to each of the two, so that all probabilities still add up
// to one. It reports whether any score was raised.
func (e *Engine) couple(s *scene, list []*candidate) (raised bool) {
	if e.weights.Second <= 0 || e.off[EvidenceTiming] || e.off[EvidenceTopology] {
		return false // Without times, changes of one service tie, and none may be preferred.
	}
	chosen := e.couplable(s, list)
	gains, best := make([]float64, len(chosen)), make([]pairing, len(chosen))
	for i := range chosen {
		for j := i + 1; j < len(chosen); j++ {
			one, two := s.pairOf(chosen[i], chosen[j])
			if one.added == 0 || two.added == 0 {
				continue // One explains all that the other does.
			}
			one.weight = e.weighPair(s, chosen[i], chosen[j]) / 2
			two.weight = one.weight
			for at, p := range map[int]pairing{i: one, j: two} {
				gains[at] += p.weight
				if p.weight > best[at].weight {
					best[at] = p
				}
			}
		}
	}
	for i, c := range chosen {
		if log := math.Log1p(gains[i] / math.Exp(c.score)); log >= leastPaired {
			c.detail.extra = append(c.detail.extra, best[i].term(log))
			c.score += log
			raised = true
		}
	}
	return raised
}

// leastPaired is what pairs must add to be worth a line.
const leastPaired = 0.02

// couplable are the best suspects of different services, best first. A suspect
// that ties with another of its service is left out with it.
func (e *Engine) couplable(s *scene, list []*candidate) []*candidate {
	var chosen []*candidate
	for i, c := range list {
		if len(chosen) == pairSuspects || c.score < list[0].score-pairBehind {
			break
		}
		alone := c.origin >= 0 && len(c.detail.change.Services) == 1 && s.origins.list[c.origin].via < 0
		tied := i > 0 && step(list[i-1].score) == step(c.score) || i+1 < len(list) && step(list[i+1].score) == step(c.score)
		taken := slices.ContainsFunc(chosen, func(o *candidate) bool { return o.origin == c.origin })
		if alone && !tied && !taken {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// weighPair is the weight of the pair against no recorded change: that the one
// did it, that there was a second cause, that the other was it, and how well both
// together explain the alerts. What speaks for either by itself counts, what the
// alerts say against every change only once.
func (e *Engine) weighPair(s *scene, a, b *candidate) float64 {
	f := s.origins.frame
	links, quiet := s.joint(a, b)
	seen := f.weigh(links, quiet)
	both := math.Log(max(f.total(seen, s.origins.blind), 1e-300) / s.origins.none)
	second := b.score - b.topology + math.Log(e.noChangeOdds()) - s.outside.logOdds - s.signals.logOdds
	return e.weights.Second * math.Exp(a.score-a.topology+second+both)
}

// joint are the links and the silence of two origins together.
func (s *scene) joint(a, b *candidate) (links []link, quiet []float64) {
	one, two := &s.origins.list[a.origin], &s.origins.list[b.origin]
	links = append(append(s.work.joined[:0], one.links...), two.links...)
	slices.SortFunc(links, func(x, y link) int {
		return cmp.Or(cmp.Compare(x.symptom, y.symptom), cmp.Compare(y.strength, x.strength), cmp.Compare(x.route, y.route))
	})
	links = slices.CompactFunc(links, func(x, y link) bool { return x.symptom == y.symptom })
	s.work.joined = links
	quiet = s.work.weights.take(len(one.quiet))
	for k := range quiet {
		quiet[k] = one.quiet[k] * two.quiet[k]
	}
	return links, quiet
}

// pairing is what one suspect explains of the gravely alerting services, and what
// another adds to it.
type pairing struct {
	one, other *candidate
	// explained by the one, by the other alone, and how many there are.
	self, added, grave int
	// weight is the half of the pair's weight.
	weight float64
}

// leastShown is the strength from which on a link explains an alert.
const leastShown = 0.02

// pairOf counts what the two explain.
func (s *scene) pairOf(a, b *candidate) (one, two pairing) {
	one, two = pairing{one: a, other: b}, pairing{one: b, other: a}
	for j := range s.symptoms {
		if !s.symptoms[j].grave {
			continue
		}
		mine, theirs := s.origins.list[a.origin].shows(j), s.origins.list[b.origin].shows(j)
		one.count(mine, theirs)
		two.count(theirs, mine)
	}
	return one, two
}

func (p *pairing) count(mine, theirs bool) {
	p.grave++
	switch {
	case mine:
		p.self++
	case theirs:
		p.added++
	}
}

// term is what the pair adds to the one.
func (p *pairing) term(logOdds float64) term {
	other := &p.other.detail.change
	return term{kind: EvidenceTopology, logOdds: logOdds, say: func() (string, []string) {
		return fmt.Sprintf("Two changes may be guilty together: it explains %d of %s with grave alerts, and %s (%s of %s) explains %d more.",
			p.self, count(p.grave, "service"), other.ID, other.Kind, join(other.Services), p.added), []string{"change:" + other.Source + "/" + other.ID}
	}}
}

// shows reports whether a fault in the origin would show as symptom j.
func (o *origin) shows(j int) bool {
	return slices.ContainsFunc(o.links, func(l link) bool {
		return int(l.symptom) == j && (l.route == routeSelf || l.strength >= leastShown)
	})
}
