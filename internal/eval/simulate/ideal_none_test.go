package simulate

import (
	"math"
	"slices"
)

// noChange weighs the stories without a guilty change.
func (p *posterior) noChange() {
	missing, provider, expiry := math.Inf(-1), math.Inf(-1), math.Inf(-1)
	for svc, x := range p.likely {
		for j := range p.onsets {
			missing = logAdd(missing, x[firstPlain][j]+math.Log(p.w.shareOf(svc)))
			expiry = logAdd(expiry, x[firstLoud][j]-math.Log(float64(len(p.w.services))))
			if slices.Contains(p.w.hubs, svc) {
				provider = logAdd(provider, x[firstSilent][j]-math.Log(float64(len(p.w.hubs))))
			}
		}
	}
	sum := math.Inf(-1)
	for _, story := range []struct{ log, share float64 }{
		{missing, 0.25},
		{provider, 0.15},
		{expiry, 0.15},
		{p.scattered("load", storySaturation), 0.10},
		{p.scattered("load", storyLatency), 0.10},
		{p.scattered("hardware", storyAvailability), 0.15},
		{p.scattered("attack", storyTraffic), 0.10},
	} {
		sum = logAdd(sum, story.log+math.Log(story.share))
	}
	if p.safety {
		sum -= 15
	}
	p.none = sum + math.Log(p.w.options.NoChangeShare*p.coincidence())
}

// coincidence is how much likelier innocent changes beside the outage make it
// that no change was to blame.
func (p *posterior) coincidence() float64 {
	sum := 0.0
	if len(p.onsets) == 0 {
		return 1
	}
	for i := range p.view.Changes {
		c := &p.view.Changes[i]
		delay := p.onsets[0].start - c.StartedAt.Sub(p.view.At).Seconds()
		if delay < 0 || delay > 4*3600 {
			continue
		}
		near := 0.0
		for _, svc := range p.origins(c) {
			for j := range p.clues {
				own := p.clues[j].service
				for _, list := range [][]call{p.w.callers[own], p.w.callees[own]} {
					if slices.ContainsFunc(list, func(e call) bool { return e.to == svc }) {
						near += 1 / float64(len(p.w.callers[own])+len(p.w.callees[own])) / float64(len(p.clues)) / p.w.shareOf(svc)
					}
				}
			}
		}
		if near > 0 {
			sum += near * shareIn(guiltyKinds, c.Kind) / shareIn(routineKinds, c.Kind) * p.delays["beside"].at(delay) / p.rate(c)
		}
	}
	return 0.7 + 0.3*sum
}

// scatters are the marginals of a story without one origin: how often each
// service alerts in it, and how many do.
type scatters struct {
	often  []float64
	total  float64
	counts map[int]float64
}

const scatterDraws = 1500

func (ob *observer) scatter(story string) *scatters {
	if ob.stories == nil {
		ob.stories = map[string]*scatters{}
	}
	if known, ok := ob.stories[story]; ok {
		return known
	}
	play := map[string]func(*script){"load": (*script).load, "hardware": (*script).hardware, "attack": (*script).attack}[story]
	x := &scatters{often: make([]float64, len(ob.w.services)), counts: map[int]float64{}}
	for n := range scatterDraws {
		s := ob.w.newScript(newDraw(12345, uint64(n)), false)
		play(s)
		loud := s.alerting()
		x.counts[len(loud)] += 1.0 / scatterDraws
		for _, svc := range loud {
			x.often[svc] += 1.0 / scatterDraws
		}
		x.total += float64(len(loud)) / scatterDraws
	}
	for i := range x.often { // What was never drawn is still possible.
		x.often[i] = 0.9*x.often[i] + 0.1*x.total/float64(len(x.often))
	}
	ob.stories[story] = x
	return x
}

// scattered is the log likelihood of such a story.
func (p *posterior) scattered(name string, story int) float64 {
	x, best := p.scatter(name), math.Inf(-1)
	for j := range p.onsets {
		for _, u := range offsets {
			log, n := math.Log(p.onsets[j].prior*u[1]), 0.0
			for i := range p.clues {
				c := &p.clues[i]
				after := c.start - p.onsets[j].start
				if after < 0 {
					continue
				}
				shown := x.often[c.service] * c.gain[story][routeSelf] * p.density(1, u[0]+after)
				if i != p.onsets[j].clue {
					n += shown / (1 + shown)
					shown++
				} else {
					n++
				}
				log += math.Log(shown + 1e-300)
			}
			// The number of alerts varies more than chance.
			poisson := n*math.Log(x.total) - x.total
			for k := 2.0; k <= math.Round(n); k++ {
				poisson -= math.Log(k)
			}
			counted := 0.5*x.counts[int(math.Round(n))] + 0.25*(x.counts[int(math.Round(n))+1]+x.counts[max(int(math.Round(n))-1, 0)]) + 1e-6
			best = logAdd(best, log-x.total+math.Log(counted)-poisson)
		}
	}
	return best
}
