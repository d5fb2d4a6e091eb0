package correlate

import "math"

// frameRoom is the memory of a frame, for use again.
type frameRoom struct {
	cells                 []frameCell
	factors               []linkFactor
	bases, outside, inner []float64
	shows                 []float64
	group                 []int
	logs                  []float64
}

// sized returns a slice of that length, the old one if it is long enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	return old[:n]
}

// fill computes the cells and factors.
func (f *frame) fill() {
	r, cases, symptoms := &f.work.frame, len(f.cases), len(f.s.symptoms)
	r.cells, r.logs = sized(r.cells, len(f.firsts)*cases), sized(r.logs, len(f.firsts)*cases)
	r.factors = sized(r.factors, len(f.firsts)*cases*symptoms)
	r.outside, r.inner = sized(r.outside, len(r.cells)), sized(r.inner, len(r.cells))
	r.bases, r.shows, r.group = sized(r.bases, symptoms*cases), sized(r.shows, cases), sized(r.group, symptoms)
	for j := range symptoms {
		r.group[j] = f.onsetOf(j)
		for c := range f.cases {
			r.bases[j*cases+c] = f.base(&f.cases[c], j)
		}
	}
	f.shift = math.Inf(-1)
	for at := range f.firsts {
		for c := range f.cases {
			i := at*cases + c
			r.cells[i], r.logs[i] = f.cell(at, c)
			f.shift = max(f.shift, r.logs[i])
		}
	}
	for i := range r.cells {
		r.cells[i].outside = math.Exp(r.logs[i] - f.shift)
	}
}

// cell is what onset and case say when nothing is linked, and the log likelihood
// of the symptoms outside the onset. It fills in what links multiply that by.
func (f *frame) cell(at, c int) (cell frameCell, outside float64) {
	r, kase := &f.work.frame, &f.cases[c]
	cell = frameCell{inside: 1, none: 1}
	outside = f.calm(kase.noise) + kase.log - kase.leak
	for j := range f.s.symptoms {
		slope, rest := f.part(at, j, kase.noise)
		unlinked := r.bases[j*len(f.cases)+c]*slope + rest
		r.factors[(at*len(f.s.symptoms)+j)*len(f.cases)+c] = linkFactor{slope / unlinked, rest / unlinked}
		if r.group[j] == at {
			cell.inside *= unlinked
			cell.none *= rest
		} else {
			outside += math.Log(unlinked)
		}
	}
	return cell, outside
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
	for at := range f.firsts {
		row := r.cells[at*cases:][:cases]
		for c := range row {
			r.outside[at*cases+c], r.inner[at*cases+c] = row[c].outside*quiet[f.cases[c].reachIndex], row[c].inside
		}
	}
	for _, l := range links {
		f.show(&l)
		for at := range f.firsts {
			if f.firsts[at].fits[l.symptom] == 0 {
				continue // It began before, and no link makes that more likely.
			}
			product := r.outside[at*cases:][:cases]
			if r.group[l.symptom] == at {
				product = r.inner[at*cases:][:cases]
			}
			multiply(product, r.shows[:cases], r.factors[(at*len(f.s.symptoms)+int(l.symptom))*cases:][:cases])
		}
	}
	out := f.work.weights.take(len(f.firsts))
	for at := range out {
		out[at] = 0
		for i := at * cases; i < (at+1)*cases; i++ {
			out[at] += r.outside[i] * (r.inner[i] - r.cells[i].none)
		}
		out[at] = min(out[at], math.MaxFloat64/1e6)
	}
	return out
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
