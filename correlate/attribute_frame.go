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
	// firsts are the symptoms that may have been first.
	firsts []int
	// fits[i][j] compares how well symptom j fits in time after first symptom i
	// with how well an unrelated alert does.
	fits  [][]float64
	cases []frameCase
	// grid[i*len(cases)+c] belongs to first symptom i and case c.
	grid []frameCell
	// shift is the log of the scale that all likelihoods share.
	shift float64
}

// frameCase is one combination of a fault's reach and a noise level.
type frameCase struct {
	reachIndex   int
	reach, noise float64
	log, leak    float64
}

type frameCell struct {
	base float64
	link []linkFactor
}

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
	f := &frame{e: e, s: s, services: e.noiseServices(s.in.Graph), shift: math.Inf(-1)}
	for i := range s.symptoms {
		last := len(f.firsts) - 1
		if last < 0 || len(f.firsts) < maxOnsets && s.symptoms[i].start-s.symptoms[f.firsts[last]].start > onsetGapMS {
			f.firsts = append(f.firsts, i)
		}
	}
	for _, i := range f.firsts {
		fits := make([]float64, len(s.symptoms))
		for j := range fits {
			fits[j] = e.fit(s.symptoms[j].start - s.symptoms[i].start)
		}
		f.fits = append(f.fits, fits)
	}
	w := &e.weights.Topology
	for k, part := range w.Spread {
		for _, level := range w.NoiseLevels {
			f.cases = append(f.cases, frameCase{
				reachIndex: k, reach: part.Reach, noise: level.Reach,
				log: math.Log(part.Prior * level.Prior), leak: w.LeakAlerts * part.Reach,
			})
		}
	}
	f.fill()
	return f
}

// fill computes the grid.
func (f *frame) fill() {
	f.grid = make([]frameCell, 0, len(f.firsts)*len(f.cases))
	for at := range f.firsts {
		for _, c := range f.cases {
			p := c.leak / f.services
			cell := frameCell{base: f.likelihood(at, p, c.noise) + c.log - c.leak, link: make([]linkFactor, len(f.s.symptoms))}
			for j := range cell.link {
				slope, rest := f.part(at, j, c.noise)
				unlinked := p*slope + rest
				cell.link[j] = linkFactor{slope / unlinked, rest / unlinked}
			}
			f.shift = math.Max(f.shift, cell.base)
			f.grid = append(f.grid, cell)
		}
	}
	for i := range f.grid {
		f.grid[i].base = math.Exp(f.grid[i].base - f.shift)
	}
}

// part is the likelihood ratio of symptom j against chance when the fault shows
// there with probability p: p*slope + rest. level multiplies the rate of grave
// unrelated alerts.
func (f *frame) part(at, j int, level float64) (slope, rest float64) {
	y := &f.s.symptoms[j]
	if j == f.firsts[at] {
		return y.loud / y.noise, 0
	}
	if !y.grave {
		level = 1
	}
	return y.loud * f.fits[at][j] / y.noise, level
}

// likelihood is the log likelihood ratio of all alerts against chance when the
// fault shows on every service with probability p.
func (f *frame) likelihood(at int, p, level float64) float64 {
	log := 0.0
	for j := range f.s.symptoms {
		slope, rest := f.part(at, j, level)
		log += math.Log(p*slope + rest)
	}
	return log - (level-1)*f.e.weights.Topology.noiseAlerts(SeverityCritical)
}

// blind treats every alert as equally far from every service.
func (f *frame) blind() []onsetWeight {
	w := &f.e.weights.Topology
	return f.flat(w.BlindAlerts, func(alerts float64) (p, silent float64) { return alerts / f.services, -alerts })
}

// wide explains the alerts by a fault everywhere in the environment: a small,
// middling or large share of all services alerts.
func (f *frame) wide() []onsetWeight {
	quiet := f.services - float64(len(f.s.symptoms))
	return f.flat(f.e.weights.Topology.WideShare, func(share float64) (p, silent float64) {
		return share, quiet * math.Log1p(-share)
	})
}

// flat explains the alerts by a fault that shows on every service alike.
func (f *frame) flat(parts []SpreadPart, model func(reach float64) (p, silent float64)) []onsetWeight {
	out := make([]onsetWeight, len(f.firsts))
	for at, first := range f.firsts {
		out[at].symptom = first
		for _, part := range parts {
			p, silent := model(part.Reach)
			for _, level := range f.e.weights.Topology.NoiseLevels {
				log := f.likelihood(at, p, level.Reach) + silent - f.shift
				out[at].weight += part.Prior * level.Prior * math.Exp(log)
			}
		}
	}
	return out
}

// weigh computes an origin's weight for every choice of the first symptom;
// quiet[k] is the likelihood of the silence for reach k.
func (f *frame) weigh(links []link, quiet []float64) []onsetWeight {
	w := &f.e.weights.Topology
	out := make([]onsetWeight, len(f.firsts))
	for at, first := range f.firsts {
		out[at].symptom = first
		for c := range f.cases {
			kase := &f.cases[c]
			cell := &f.grid[at*len(f.cases)+c]
			product := cell.base * quiet[kase.reachIndex]
			leak := kase.leak / f.services
			for _, l := range links {
				p := float64(l.strength)
				if l.route == routeSelf {
					p *= w.Self
				} else {
					p *= kase.reach
				}
				if p > leak {
					factor := &cell.link[l.symptom]
					product *= p*factor.slope + factor.rest
				}
			}
			out[at].weight += product
		}
		out[at].weight = math.Min(out[at].weight, math.MaxFloat64/1e6)
	}
	return out
}

// negligible is the share of an explanation below which a first symptom is left
// out.
const negligible = 1e-4

// explained adds the chance that the graph is blind.
func (f *frame) explained(seen, blind []onsetWeight) explanation {
	share := f.e.blindShare(f.e.weights.Topology.Blind)
	x := explanation{onsets: make([]onsetWeight, 0, len(seen))}
	weight := func(i int) float64 { return (1-share)*seen[i].weight + share*blind[i].weight }
	for i := range seen {
		x.total += weight(i)
	}
	for i := range seen {
		if w := weight(i); w > negligible*x.total {
			x.onsets = append(x.onsets, onsetWeight{seen[i].symptom, w})
		}
	}
	return x
}

// sampleCallers is how many callers of a hub are looked at one by one.
const sampleCallers = 48

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
	for k := range out {
		log := 0.0
		for _, a := range sample {
			log += sp.silent(k, sp.over(a))
		}
		log *= float64(len(row)) / float64(max(len(sample), 1))
		self := false
		for _, l := range links {
			self = self || l.route == routeSelf
			if l.route == routeCaller && l.hops == 1 {
				log -= sp.silent(k, float64(l.strength))
			}
		}
		if !self {
			log += math.Log1p(-w.Self)
		}
		out[k] = math.Exp(math.Min(log, 0))
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
