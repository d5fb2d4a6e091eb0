package simulate

import (
	"math"

	"github.com/faultline/faultline/correlate"
)

// pairs weighs the hypotheses of two guilty changes of one service: a payload and
// its carrier, an old fault and its trigger.
func (p *posterior) pairs() {
	byService := map[int][]*correlate.Change{}
	for i := range p.view.Changes {
		c := &p.view.Changes[i]
		if !p.eligible(c) || len(c.Services) == 0 {
			continue
		}
		for _, svc := range p.origins(c) {
			if _, ok := p.likely[svc]; ok {
				byService[svc] = append(byService[svc], c)
			}
		}
	}
	for svc, list := range byService {
		for _, late := range list {
			for _, early := range list {
				if age := late.StartedAt.Sub(early.StartedAt).Seconds(); age > 1800 {
					p.pair(svc, early, late, age)
				}
			}
		}
	}
}

func (p *posterior) pair(svc int, early, late *correlate.Change, age float64) {
	const day = 86400.0
	kinds := 0.0
	between := func(low, high float64) float64 {
		if age < low || age > high {
			return 0
		}
		return 1 / (age * math.Log(high/low))
	}
	routine := func(c *correlate.Change) float64 { return shareIn(routineKinds, c.Kind) * 0.95 }
	switch early.Kind {
	case correlate.KindData, correlate.KindConfig, correlate.KindFeatureFlag:
		if late.Kind == correlate.KindDeploy {
			kinds += 0.12 / 3 * between(1800, 3*day)
		}
	}
	if early.Kind == correlate.KindDeploy || early.Kind == correlate.KindConfig {
		switch late.Kind {
		case correlate.KindFeatureFlag, correlate.KindConfig, correlate.KindScaling, correlate.KindData:
			kinds += 0.08 / 2 / 4 * between(day, 30*day)
		}
	}
	if kinds == 0 {
		return
	}
	sum, fault := math.Inf(-1), p.likely[svc]
	for j, o := range p.onsets {
		delay := o.start - late.StartedAt.Sub(p.view.At).Seconds()
		if like := p.delays["soon"].at(delay); like > 0 && !math.IsInf(fault[firstPlain][j], -1) {
			sum = logAdd(sum, fault[firstPlain][j]+math.Log(like))
		}
	}
	if math.IsInf(sum, -1) {
		return
	}
	sum += math.Log(kinds*p.w.byChange()/routine(early)/routine(late)/p.rate(late)/(p.rate(early)*p.w.shareOf(svc))) + p.beside(late)
	p.raise(late.Key(), sum)
	p.raise(early.Key(), sum)
	// The two share one hypothesis: it must not count twice against "no change".
	p.shared = logAdd(p.shared, sum)
}
