package correlate

import "math"

// frame holds what all explanations of a scene share. Reaches and noise levels
// are combined into cases; for each first symptom i and case c there is the
// likelihood of all alerts when nothing is linked, and for each symptom j what a
// link multiplies it by: p*slope + rest, p being the probability that the fault
// shows there.
type frame struct {
	e        *Engine
	s        *scene
	services float64
	cascade  cascade
	firsts   []onset
	cases    []frameCase
	// work.frame holds the likelihoods; see frameRoom.
	work *scratch
	// shift is the log of the scale that all likelihoods share.
	shift float64
}

// onset is one choice of when the fault began to show: with the symptoms from
// first up to before end, which start within onsetGapMS. fits[j] compares how
// well symptom j fits in time after that with how well an unrelated alert does.
type onset struct {
	first, end int
	fits       []float64
}

// frameCase is one combination of a fault's reach and a noise level.
type frameCase struct {
	reachIndex   int
	reach, noise float64
	// passes is how much of a fault an alerting service passes on.
	passes    float64
	log, leak float64
}

// linkFactor is what a link multiplies a likelihood by.
type linkFactor struct {
	slope, rest float64
}

// maxOnsets bounds the choices of the first symptom; alerts that start within
// onsetGapMS of an earlier one are no choice of their own.
const (
	maxOnsets  = 8
	onsetGapMS = 10_000
)

// newFrame computes what all explanations share.
func (e *Engine) newFrame(s *scene) *frame {
	f := &frame{e: e, s: s, work: s.work, services: e.noiseServices(s.in.Graph), cascade: e.newCascade(s, &s.work.spreader)}
	for i := 0; i < len(s.symptoms) && len(f.firsts) < maxOnsets; i = f.firsts[len(f.firsts)-1].end {
		f.firsts = append(f.firsts, e.onsetFrom(s, i))
	}
	w := &e.weights.Topology
	for k, part := range w.Spread {
		for _, level := range w.NoiseLevels {
			for _, cascade := range f.cascadeLevels() {
				f.cases = append(f.cases, frameCase{
					reachIndex: k, reach: part.Reach, noise: level.Reach, passes: cascade.Reach * part.Reach,
					log: math.Log(part.Prior * level.Prior * cascade.Prior), leak: w.LeakAlerts * part.Reach,
				})
			}
		}
	}
	f.fill()
	return f
}

// onsetFrom is the onset that begins with the symptom.
func (e *Engine) onsetFrom(s *scene, first int) onset {
	o := onset{first: first, end: first, fits: make([]float64, len(s.symptoms))}
	for j := range s.symptoms {
		lag := s.symptoms[j].start - s.symptoms[first].start
		o.fits[j] = e.fit(lag)
		if j >= first && lag <= onsetGapMS {
			o.end = j + 1
			o.fits[j] = e.fit(0)
		}
	}
	return o
}

// cascadeLevels are the levels of TopologyWeights.Cascade, or none where no
// alert could explain another.
func (f *frame) cascadeLevels() []SpreadPart {
	if f.cascade.empty() {
		return []SpreadPart{{Prior: 1}}
	}
	return f.e.weights.Topology.Cascade
}

// base is the probability that a fault in a service without a link shows as
// symptom j: by a way that no graph knows, or because another alerting service
// passes it on.
func (f *frame) base(c *frameCase, j int) float64 {
	return max(c.leak/f.services, f.cascade.passed[j]*c.passes)
}

func (o *onset) holds(j int) bool { return j >= o.first && j < o.end }

// part is the likelihood ratio of symptom j against chance when the fault shows
// there with probability p: p*slope + rest. level multiplies the rate of grave
// unrelated alerts.
func (f *frame) part(at, j int, level float64) (slope, rest float64) {
	y := &f.s.symptoms[j]
	if !y.grave {
		level = 1
	}
	return y.loud * f.firsts[at].fits[j] / y.noise, level
}

// calm is the log likelihood of the grave unrelated alerts that did not come.
func (f *frame) calm(level float64) float64 {
	return -(level - 1) * f.e.weights.Topology.noiseAlerts(SeverityCritical)
}

// likelihood is the likelihood ratio of all alerts against chance, on the common
// scale, when the fault shows on every service with probability p.
func (f *frame) likelihood(at int, p, level float64) float64 {
	log, inside, none := f.calm(level)-f.shift, 1.0, 1.0
	for j := range f.s.symptoms {
		slope, rest := f.part(at, j, level)
		if f.firsts[at].holds(j) {
			inside *= p*slope + rest
			none *= rest
		} else {
			log += math.Log(p*slope + rest)
		}
	}
	return math.Exp(log) * (inside - none)
}

// blind treats every alert as equally far from every service.
func (f *frame) blind() []float64 {
	w := &f.e.weights.Topology
	return f.flat(w.BlindAlerts, func(alerts float64) (p, silent float64) { return alerts / f.services, -alerts })
}

// wide explains the alerts by a fault everywhere in the environment: a small,
// middling or large share of all services alerts.
func (f *frame) wide() []float64 {
	quiet := f.services - float64(len(f.s.symptoms))
	return f.flat(f.e.weights.Topology.WideShare, func(share float64) (p, silent float64) {
		return share, quiet * math.Log1p(-share)
	})
}

// flat explains the alerts by a fault that shows on every service alike.
func (f *frame) flat(parts []SpreadPart, model func(reach float64) (p, silent float64)) []float64 {
	out := make([]float64, len(f.firsts))
	for at := range f.firsts {
		for _, part := range parts {
			p, silent := model(part.Reach)
			for _, level := range f.e.weights.Topology.NoiseLevels {
				out[at] += part.Prior * level.Prior * f.likelihood(at, p, level.Reach) * math.Exp(silent)
			}
		}
	}
	return out
}

// sampleCallers is how many callers of a hub are looked at one by one.
const sampleCallers = 48

// quiet is, for each reach, the likelihood that the service and its callers
// stay quiet as far as they do. Node -1 is the average service without a link.
func (f *frame) quiet(node int32, links []link) []float64 {
	w, sp := &f.e.weights.Topology, &f.work.spreader
	out := f.work.weights.take(len(w.Spread))
	if node < 0 {
		return f.quietOthers(out)
	}
	row := sp.graph.callersOf(node)
	sample := row[:min(len(row), sampleCallers)]
	clear(out)
	for _, a := range sample {
		for k, hush := range sp.silent(sp.over(sp.graph.felt(a), len(row))) {
			out[k] += hush
		}
	}
	self := false
	for k := range out {
		out[k] *= float64(len(row)) / float64(max(len(sample), 1))
	}
	for _, l := range links {
		self = self || l.route == routeSelf
		if l.route == routeCaller && l.hops == 1 {
			for k, hush := range sp.silent(float64(l.strength)) {
				out[k] -= hush
			}
		}
	}
	for k := range out {
		if !self {
			out[k] += math.Log1p(-w.Self)
		}
		out[k] = math.Exp(min(out[k], 0))
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
