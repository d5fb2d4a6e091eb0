package correlate

import "math"

// Calibration maps what the model believes to how often it is right. It is
// fitted to labelled cases and never changes the order of suspects. The zero
// value changes nothing.
type Calibration struct {
	// NoChange maps the probability of "no recorded change did it".
	NoChange LogitMap `json:"no_change"`
	// First maps the probability that the first suspect did it, given that a
	// recorded change did. Suspects that tie for the first place share it.
	First LogitMap `json:"first"`
}

// LogitMap maps probabilities by logit(q) = Bias + Slope*logit(p) (Platt 1999).
// A slope of 0 stands for no map.
type LogitMap struct {
	Bias  float64 `json:"bias"`
	Slope float64 `json:"slope"`
}

// surest bounds probabilities away from 0 and 1, where the logit has no value.
const surest = 1e-6

// Of maps one probability.
func (m LogitMap) Of(p float64) float64 {
	if m.Slope == 0 {
		return p
	}
	return 1 / (1 + math.Exp(-m.Bias-m.Slope*Logit(p)))
}

// Logit is the log odds of a probability; those beyond the surest are cut.
func Logit(p float64) float64 {
	p = min(max(p, surest), 1-surest)
	return math.Log(p / (1 - p))
}

// calibrate maps the ranking's probabilities. The sum of all stays what it was.
func (r *ranking) calibrate(c *Calibration) {
	if len(r.shortlist) == 0 || r.noChange >= 1 {
		return
	}
	byChange := 1 - r.noChange
	r.noChange = c.NoChange.Of(r.noChange)
	tied := r.tied()
	leading := r.shortlist[0].share
	first := min(float64(tied)*leading/byChange, 1)
	mapped := c.First.Of(first)
	if first >= 1-surest {
		mapped = first
	} else if tied < len(r.shortlist) {
		// The second suspect, grown by the same step, must not pass the first.
		next := r.shortlist[tied].share / byChange / (1 - first)
		mapped = max(mapped, float64(tied)*next/(1+float64(tied)*next))
	}
	others := 0.0
	if first < 1-surest {
		others = (1 - mapped) / (1 - first)
	}
	for i, s := range r.shortlist {
		scale := others
		if i < tied {
			scale = mapped / first
		}
		s.share *= scale / byChange * (1 - r.noChange)
		s.mapped = math.Log(max(s.share, 1e-300)/max(r.noChange, 1e-300)) - s.score
	}
}

// tied is the number of suspects that share the first place.
func (r *ranking) tied() int {
	n := 1
	for n < len(r.shortlist) && step(r.shortlist[n].score) == step(r.shortlist[0].score) {
		n++
	}
	return n
}
