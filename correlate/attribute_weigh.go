package correlate

import "math"

// frameRoom is the memory of a frame, for use again. Of onset i and case c the
// place is i*cases+c; factors are at (i*symptoms+j)*cases+c for symptom j besides,
// bases at j*cases+c.
type frameRoom struct {
	// outsides and insides are the likelihoods of the symptoms outside the onset
	// and of those in it when nothing is linked, nones of the latter when none of
	// them is a signal, and gaps what lies between these two.
	outsides, insides, nones, gaps []float64
	factors                        []linkFactor
	bases                          []float64
	// group[j] is the onset that symptom j belongs to, -1 for none.
	group []int
	// outside and inside are the products of one origin, shows what one link adds;
	// touched are the onsets of which a symptom is linked.
	outside, inside, shows []float64
	touched                []bool
}

func (r *frameRoom) fit(onsets, cases, symptoms int) {
	for _, list := range []*[]float64{&r.outsides, &r.insides, &r.nones, &r.gaps, &r.outside, &r.inside} {
		*list = sized(*list, onsets*cases)
	}
	r.factors = sized(r.factors, onsets*cases*symptoms)
	r.bases, r.shows, r.group = sized(r.bases, symptoms*cases), sized(r.shows, cases), sized(r.group, symptoms)
	r.touched = sized(r.touched, onsets)
}

// sized returns a slice of that length, the old one if it is long enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	return old[:n]
}

// fill computes what all origins share.
func (f *frame) fill() {
	r, cases := &f.work.frame, len(f.cases)
	r.fit(len(f.firsts), cases, len(f.s.symptoms))
	for j := range f.s.symptoms {
		r.group[j] = f.onsetOf(j)
		for c := range f.cases {
			r.bases[j*cases+c] = f.base(&f.cases[c], j)
		}
	}
	f.shift = math.Inf(-1)
	for at := range f.firsts {
		for c := range f.cases {
			f.fillCase(at, c)
			f.shift = max(f.shift, r.outsides[at*cases+c])
		}
	}
	for i := range r.outsides {
		r.outsides[i] = math.Exp(r.outsides[i] - f.shift)
		r.gaps[i] = r.insides[i] - r.nones[i]
	}
}

// fillCase computes one onset and case; outsides are logarithms at first.
func (f *frame) fillCase(at, c int) {
	r, kase, symptoms := &f.work.frame, &f.cases[c], len(f.s.symptoms)
	inside, none, outside := 1.0, 1.0, f.calm(kase.noise)+kase.log-kase.leak
	product := 1.0 // One logarithm for several factors.
	for j := range symptoms {
		slope, rest := f.part(at, j, kase.noise)
		unlinked := r.bases[j*len(f.cases)+c]*slope + rest
		r.factors[(at*symptoms+j)*len(f.cases)+c] = linkFactor{slope / unlinked, rest / unlinked}
		if r.group[j] == at {
			inside *= unlinked
			none *= rest
		} else if product *= unlinked; product > 1e100 || product < 1e-100 {
			outside += math.Log(product)
			product = 1
		}
	}
	outside += math.Log(product)
	i := at*len(f.cases) + c
	r.outsides[i], r.insides[i], r.nones[i] = outside, inside, none
}

// onsetOf is the onset that the symptom belongs to, -1 for none.
func (f *frame) onsetOf(j int) int {
	for at := range f.firsts {
		if f.firsts[at].holds(j) {
			return at
		}
	}
	return -1
}

// weigh computes an origin's weight for every choice of the first symptom;
// quiet[k] is the likelihood of the silence for reach k. Links are taken one by
// one and all onsets and cases for each, so that the innermost loop runs through
// memory from one end to the other.
func (f *frame) weigh(links []link, quiet []float64) []float64 {
	r, cases := &f.work.frame, len(f.cases)
	clear(r.touched)
	for c := range r.shows {
		r.shows[c] = quiet[f.cases[c].reachIndex]
	}
	for at := range f.firsts {
		row := r.outside[at*cases:][:cases]
		for c, likelihood := range r.outsides[at*cases:][:cases] {
			row[c] = likelihood * r.shows[c]
		}
	}
	for i := range links {
		f.multiply(&links[i])
	}
	out := f.work.weights.take(len(f.firsts))
	for at := range out {
		out[at] = min(f.sum(at), math.MaxFloat64/1e6)
	}
	return out
}

// multiply adds one link to the products of all onsets and cases.
func (f *frame) multiply(l *link) {
	r, cases := &f.work.frame, len(f.cases)
	f.show(l)
	for at := range f.firsts {
		if f.firsts[at].fits[l.symptom] == 0 {
			continue // It began before, and no link makes that more likely.
		}
		product := r.outside[at*cases:][:cases]
		if r.group[l.symptom] == at {
			product = r.inside[at*cases:][:cases]
			if !r.touched[at] {
				r.touched[at] = true
				copy(product, r.insides[at*cases:])
			}
		}
		multiply(product, r.shows[:cases], r.factors[(at*len(f.s.symptoms)+int(l.symptom))*cases:][:cases])
	}
}

// sum adds up the cases of one onset.
func (f *frame) sum(at int) float64 {
	r, cases := &f.work.frame, len(f.cases)
	sum, outside := 0.0, r.outside[at*cases:][:cases]
	if !r.touched[at] {
		for c, gap := range r.gaps[at*cases:][:cases] {
			sum += outside[c] * gap
		}
		return sum
	}
	inside, nones := r.inside[at*cases:][:cases], r.nones[at*cases:][:cases]
	for c := range outside {
		sum += outside[c] * (inside[c] - nones[c])
	}
	return sum
}

// needless marks a case in which a link says nothing new.
const needless = -1

// show fills in, for each case, the probability that a fault shows over the link.
func (f *frame) show(l *link) {
	cases := len(f.cases)
	shows, bases := f.work.frame.shows[:cases], f.work.frame.bases[int(l.symptom)*cases:][:cases]
	caught := f.cascade.passed[l.symptom] != 0
	for c := range shows {
		p := float64(l.strength)
		if l.route == routeSelf {
			p *= f.e.weights.Topology.Self
		} else {
			p *= f.cases[c].reach
		}
		if p <= bases[c] && !caught {
			shows[c] = needless
			continue
		}
		shows[c] = 1 - (1-p)*(1-bases[c])
	}
}

// multiply adds one link to the products of all cases.
func multiply(product, shows []float64, factors []linkFactor) {
	if len(shows) != len(product) || len(factors) != len(product) {
		return // Never; it spares the loop a check at each step.
	}
	for c, p := range shows {
		if p >= 0 {
			product[c] *= p*factors[c].slope + factors[c].rest
		}
	}
}

// negligible is the share of an explanation below which a first symptom is left
// out.
const negligible = 1e-4

// explained adds the chance that the graph is blind.
func (f *frame) explained(seen, blind []float64) explanation {
	x := explanation{total: f.total(seen, blind)}
	x.onsets = f.onsets(x.total, seen, blind)
	return x
}

// total is the sum of an explanation over the first symptoms.
func (f *frame) total(seen, blind []float64) float64 {
	share, sum := f.e.blindShare(f.e.weights.Topology.Blind), 0.0
	for i := range seen {
		sum += (1-share)*seen[i] + share*blind[i]
	}
	return sum
}

// onsets are the first symptoms that count.
func (f *frame) onsets(total float64, seen, blind []float64) []onsetWeight {
	share := f.e.blindShare(f.e.weights.Topology.Blind)
	list := f.work.onsets.take(len(seen))[:0]
	for i := range seen {
		if w := (1-share)*seen[i] + share*blind[i]; w > negligible*total {
			list = append(list, onsetWeight{f.firsts[i].first, w})
		}
	}
	return list
}
