package simulate

import (
	"math"
	"slices"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// neighbours weighs the hypotheses of two guilty changes of services that call
// one another, both of which alert: each does its harm at the same time.
func (p *posterior) neighbours() {
	byService, likeliest := p.eligibleOfClues(), math.Inf(-1)
	for _, one := range p.likely {
		likeliest = max(likeliest, one.best())
	}
	for first := range p.clues {
		svc := p.clues[first].service
		beside := slices.Concat(p.w.callers[svc], p.w.callees[svc])
		beside = slices.DeleteFunc(beside, func(c call) bool { return c.to == svc })
		links := map[int]float64{}
		for _, c := range beside {
			links[c.to] += 1 / float64(len(beside))
		}
		for second := range p.clues {
			other := p.clues[second].service
			if links[other] == 0 || len(byService[svc]) == 0 || len(byService[other]) == 0 {
				continue
			}
			fault := p.explainTwo(svc, other, firstDrawings)
			if slices.Max(fault[:]) > likeliest-likely {
				fault = p.explainTwo(svc, other, moreDrawings)
			}
			p.together(fault, byService[svc], byService[other], links[other]/p.w.shareOf(other))
		}
	}
}

// eligibleOfClues lists, by alerting service, the changes that may be guilty.
func (p *posterior) eligibleOfClues() map[int][]*correlate.Change {
	out := map[int][]*correlate.Change{}
	for i := range p.view.Changes {
		c := &p.view.Changes[i]
		if shareIn(guiltyKinds, c.Kind) == 0 || !p.eligible(c) {
			continue
		}
		for _, svc := range p.origins(c) {
			if _, alerts := p.clueOf[svc]; alerts {
				out[svc] = append(out[svc], c)
			}
		}
	}
	return out
}

// explainTwo estimates the log likelihood, by onset, of faults that begin in both
// services at once and make both alert.
func (s *sight) explainTwo(first, second, drawings int) [mostOnsets]float64 {
	var out [mostOnsets]float64
	for j := range out {
		out[j] = math.Inf(-1)
	}
	norm := math.Log(float64(drawings * len(idealReaches)))
	for _, reach := range idealReaches {
		for _, d := range s.drawings([]int{first, second}, drawings, reach) {
			down := append(slices.Clip(d.down), fell{s.clueOf[second], 0, routeSelf, 1})
			for j := range s.onsets {
				out[j] = logAdd(out[j], d.log-d.seen-norm+s.timed(j, down, storyChange, s.clueOf[first], true, 1, routeSelf))
			}
		}
	}
	return out
}

// together weighs every two changes of two services: the second takes effect soon
// before the outage, the first after any delay. Likelier is how much likelier the
// second service is than by its share of changes.
func (p *posterior) together(fault [mostOnsets]float64, firsts, seconds []*correlate.Change, likelier float64) {
	odds := func(c *correlate.Change) float64 {
		return shareIn(guiltyKinds, c.Kind) / shareIn(routineKinds, c.Kind) / 0.95 / p.rate(c)
	}
	for _, a := range firsts {
		for _, b := range seconds {
			if a == b {
				continue
			}
			sum := math.Inf(-1)
			for j, o := range p.onsets {
				early := p.delays["usual"].at(o.start - a.StartedAt.Sub(p.view.At).Seconds())
				late := p.delays["soon"].at(o.start - b.StartedAt.Sub(p.view.At).Seconds())
				if early > 0 && late > 0 && !math.IsInf(fault[j], -1) {
					sum = logAdd(sum, fault[j]+math.Log(early*late))
				}
			}
			if math.IsInf(sum, -1) {
				continue
			}
			sum += math.Log(0.04*p.w.byChange()*odds(a)*odds(b)*likelier) + p.beside(a) + p.version(b)
			p.raise(a.Key(), sum)
			p.raise(b.Key(), sum)
			p.shared = logAdd(p.shared, sum)
		}
	}
}

// An observer that does not know that two services can fail by a change each
// gives one of them to chance, and stands below what can be had.
func TestTheObserverBelievesBothOfTwoServicesChanges(t *testing.T) {
	o := DefaultOptions()
	o.Seed, o.Services, o.ChangesPerDay, o.Incidents, o.Days = 212, 80, 80, 400, 20
	world, ob := newWorld(o), newObserver(o)
	cases, believed := 0, 0
	for n := 0; n < o.Incidents && cases < 2; n++ {
		c := world.incident(n).Case
		if c.Kind != "o_two_services" || len(c.Causes) != 2 {
			continue
		}
		cases++
		answer, low := ob.Rank(c.View(eval.Parts{Metrics: true})), 1.0
		for _, cause := range c.Causes {
			low = min(low, probabilityOf(answer, cause))
		}
		t.Logf("%s: the less believed of its causes has %.2f", c.Name, low)
		if low > 0.1 {
			believed++
		}
	}
	if believed == 0 {
		t.Errorf("both causes are believed in none of %d cases", cases)
	}
}

func probabilityOf(a eval.Answer, id string) float64 {
	for i := range a.Suspects {
		if a.Suspects[i].Change.ID == id {
			return a.Suspects[i].Probability
		}
	}
	return 0
}
