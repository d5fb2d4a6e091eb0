package correlate

import "math"

// newFrame computes what all explanations share.
func (e *Engine) newFrame(s *scene) *frame {
	n := len(s.symptoms)
	f := &frame{e: e, s: s, services: e.noiseServices(s.in.Graph), firsts: min(n, maxOnsets), shift: math.Inf(-1)}
	for i := range f.firsts {
		f.group = append(f.group, i)
		if i > 0 && s.symptoms[i].start-s.symptoms[f.group[i-1]].start <= onsetGapMS {
			f.group[i] = f.group[i-1]
		}
		fits := make([]float64, n)
		for j := range fits {
			fits[j] = e.fit(s.symptoms[j].start - s.symptoms[i].start)
		}
		f.fits = append(f.fits, fits)
	}
	f.fill()
	return f
}

// fill computes base and unit for all reaches and noise levels.
func (f *frame) fill() {
	w := &f.e.weights.Topology
	f.base = make([][][]float64, f.firsts)
	f.unit = make([][][][]float64, f.firsts)
	for i := range f.firsts {
		f.base[i] = make([][]float64, len(w.Spread))
		f.unit[i] = make([][][]float64, len(w.Spread))
		for k, part := range w.Spread {
			leak := w.LeakAlerts * part.Reach
			f.base[i][k] = make([]float64, len(w.NoiseLevels))
			f.unit[i][k] = make([][]float64, len(w.NoiseLevels))
			for n, level := range w.NoiseLevels {
				log, unit := f.likelihood(i, leak/f.services, level.Reach)
				log += math.Log(part.Prior*level.Prior) - leak
				f.base[i][k][n], f.unit[i][k][n] = log, unit
				f.shift = max(f.shift, log)
			}
		}
	}
	for _, byReach := range f.base {
		for _, byNoise := range byReach {
			for n := range byNoise {
				byNoise[n] = math.Exp(byNoise[n] - f.shift)
			}
		}
	}
}

// likelihood is the log likelihood ratio of all alerts against chance when
// every service alerts with probability p because of the fault, symptom first
// being the first. unit[j] is the inverse of symptom j's part.
func (f *frame) likelihood(first int, p, level float64) (log float64, unit []float64) {
	unit = make([]float64, len(f.s.symptoms))
	for j := range f.s.symptoms {
		part := f.part(first, j, p, level)
		unit[j] = 1 / part
		log += math.Log(part)
	}
	return log - (level-1)*f.e.weights.Topology.noiseAlerts(SeverityCritical), unit
}

// part is the likelihood ratio of one symptom that the fault shows as with
// probability p; level multiplies the rate of grave unrelated alerts.
func (f *frame) part(first, j int, p, level float64) float64 {
	y := &f.s.symptoms[j]
	if j == first {
		return p * y.loud / y.noise
	}
	noise := y.noise
	if y.grave {
		noise *= level
	}
	return (p*y.loud*f.fits[first][j] + noise) / y.noise
}

// blind treats every alert as equally far from every service.
func (f *frame) blind() []onsetWeight {
	w := &f.e.weights.Topology
	out := make([]onsetWeight, 0, f.firsts)
	for i := range f.firsts {
		sum := 0.0
		for _, part := range w.BlindAlerts {
			for _, level := range w.NoiseLevels {
				log, _ := f.likelihood(i, part.Reach/f.services, level.Reach)
				sum += part.Prior * level.Prior * math.Exp(log-part.Reach-f.shift)
			}
		}
		out = f.add(out, i, sum)
	}
	return out
}

// add sums the weights of onsets that stand for each other.
func (f *frame) add(list []onsetWeight, i int, weight float64) []onsetWeight {
	if n := len(list); n > 0 && list[n-1].symptom == f.group[i] {
		list[n-1].weight += weight
		return list
	}
	return append(list, onsetWeight{f.group[i], weight})
}

// weigh computes an origin's weight for every choice of the first symptom;
// quiet[k] is the likelihood of the silence for reach k.
func (f *frame) weigh(links []link, quiet []float64) []onsetWeight {
	w := &f.e.weights.Topology
	out := make([]onsetWeight, 0, f.firsts)
	for i := range f.firsts {
		sum := 0.0
		for k, part := range w.Spread {
			leak := w.LeakAlerts * part.Reach / f.services
			for n, level := range w.NoiseLevels {
				product := f.base[i][k][n] * quiet[k]
				for _, l := range links {
					if p := f.shows(l, part.Reach); p > leak {
						product *= f.part(i, int(l.symptom), p, level.Reach) * f.unit[i][k][n][l.symptom]
					}
				}
				sum += product
			}
		}
		out = f.add(out, i, min(sum, math.MaxFloat64/1e6))
	}
	return out
}

// shows is the probability that a fault with the reach shows over the link.
func (f *frame) shows(l link, reach float64) float64 {
	if l.route == routeSelf {
		return f.e.weights.Topology.Self * float64(l.strength)
	}
	return float64(l.strength) * reach
}

// sampleCallers is how many callers of a hub are looked at one by one.
const sampleCallers = 64

// quiet is, for each reach, the likelihood that the service and its callers
// stay quiet as far as they do. Node -1 is the average service without a link.
func (f *frame) quiet(sp *spreader, node int32, links []link) []float64 {
	w := &f.e.weights.Topology
	out := make([]float64, len(w.Spread))
	if node < 0 {
		return f.quietOthers(out)
	}
	row := sp.graph.callersOf(node)
	sample := row[:min(len(row), sampleCallers)]
	for k, part := range w.Spread {
		log := 0.0
		for _, a := range sample {
			log += math.Log1p(-min(sp.over(a)*part.Reach, 0.99))
		}
		log *= float64(len(row)) / float64(max(len(sample), 1))
		self := false
		for _, l := range links {
			self = self || l.route == routeSelf
			if l.route == routeCaller && l.hops == 1 {
				log -= math.Log1p(-min(float64(l.strength)*part.Reach, 0.99))
			}
		}
		if !self {
			log += math.Log1p(-w.Self)
		}
		out[k] = math.Exp(min(log, 0))
	}
	return out
}

// quietOthers is quiet for the average service that is linked to no symptom.
func (f *frame) quietOthers(out []float64) []float64 {
	w := &f.e.weights.Topology
	callers := float64(f.s.in.Graph.Edges()) / max(float64(f.s.in.Graph.Len()), 1)
	for k, part := range w.Spread {
		out[k] = (1 - w.Self) * math.Pow(1-min(part.Reach, 0.99), callers)
	}
	return out
}

// wide explains the alerts by a fault everywhere in the environment: a small,
// middling or large share of all services alerts.
func (f *frame) wide() []onsetWeight {
	w := &f.e.weights.Topology
	out := make([]onsetWeight, 0, f.firsts)
	for i := range f.firsts {
		sum := 0.0
		for _, part := range w.WideShare {
			for _, level := range w.NoiseLevels {
				log, _ := f.likelihood(i, part.Reach, level.Reach)
				silent := (f.services - float64(len(f.s.symptoms))) * math.Log1p(-part.Reach)
				sum += part.Prior * level.Prior * math.Exp(log+silent-f.shift)
			}
		}
		out = f.add(out, i, sum)
	}
	return out
}
