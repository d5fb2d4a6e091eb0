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
	// grid[i*len(cases)+c] belongs to onset i and case c.
	grid []frameCell
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

// frameCell is the likelihood of the symptoms outside the onset and of those in
// it when nothing is linked, of the latter also when none of them is a signal.
type frameCell struct {
	outside, inside, none float64
	link                  []linkFactor
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
func (e *Engine) newFrame(s *scene, sp *spreader) *frame {
	f := &frame{e: e, s: s, services: e.noiseServices(s.in.Graph), shift: math.Inf(-1), cascade: e.newCascade(s, sp)}
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

// fill computes the grid.
func (f *frame) fill() {
	f.grid = make([]frameCell, 0, len(f.firsts)*len(f.cases))
	logs := make([]float64, 0, cap(f.grid))
	for at := range f.firsts {
		for _, c := range f.cases {
			cell := frameCell{inside: 1, none: 1, link: make([]linkFactor, len(f.s.symptoms))}
			outside := f.calm(c.noise) + c.log - c.leak
			for j := range cell.link {
				slope, rest := f.part(at, j, c.noise)
				unlinked := f.base(&c, j)*slope + rest
				cell.link[j] = linkFactor{slope / unlinked, rest / unlinked}
				if f.firsts[at].holds(j) {
					cell.inside *= unlinked
					cell.none *= rest
				} else {
					outside += math.Log(unlinked)
				}
			}
			f.shift = math.Max(f.shift, outside)
			logs = append(logs, outside)
			f.grid = append(f.grid, cell)
		}
	}
	for i := range f.grid {
		f.grid[i].outside = math.Exp(logs[i] - f.shift)
	}
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
	return math.Max(c.leak/f.services, f.cascade.passed[j]*c.passes)
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
	for at := range f.firsts {
		out[at].symptom = f.firsts[at].first
		for _, part := range parts {
			p, silent := model(part.Reach)
			for _, level := range f.e.weights.Topology.NoiseLevels {
				out[at].weight += part.Prior * level.Prior * f.likelihood(at, p, level.Reach) * math.Exp(silent)
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
	for at := range f.firsts {
		o := &f.firsts[at]
		out[at].symptom = o.first
		for c := range f.cases {
			kase := &f.cases[c]
			cell := &f.grid[at*len(f.cases)+c]
			outside, inside := cell.outside*quiet[kase.reachIndex], cell.inside
			for _, l := range links {
				p := float64(l.strength)
				if l.route == routeSelf {
					p *= w.Self
				} else {
					p *= kase.reach
				}
				base := f.base(kase, int(l.symptom))
				if p <= base && f.cascade.passed[l.symptom] == 0 {
					continue
				}
				p = 1 - (1-p)*(1-base)
				factor := &cell.link[l.symptom]
				if o.holds(int(l.symptom)) {
					inside *= p*factor.slope + factor.rest
				} else {
					outside *= p*factor.slope + factor.rest
				}
			}
			out[at].weight += outside * (inside - cell.none)
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
