package eval

import (
	"math"

	"github.com/faultline/faultline/correlate"
)

// fitCalibration learns how often the engine's uncalibrated probabilities are
// right (Platt 1999, drawn towards changing nothing).
func fitCalibration(answers []answered) correlate.Calibration {
	var none, first []tried
	for _, a := range answers {
		if a.untimed {
			continue // Without times another prior holds, and nothing is mapped.
		}
		none = append(none, tried{p: a.noChange, right: truthOf(!a.guilty), counts: a.counts})
		if a.guilty && a.listed && a.noChange < 1 {
			first = append(first, tried{p: min(a.first/(1-a.noChange), 1), right: a.right, counts: a.counts})
		}
	}
	return correlate.Calibration{NoChange: fitLogit(none), First: fitLogit(first)}
}

// tried is a probability with what became of it: 1 right, 0 wrong, between
// for a tie; counts is how many cases it stands for.
type tried struct {
	p, right, counts float64
}

func truthOf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// stiffness is the precision with which bias and slope are drawn to 0 and 1:
// what about four cases tell.
const stiffness = 1.0

// fitLogit finds bias and slope by Newton's method on the penalised likelihood,
// which is convex.
func fitLogit(list []tried) correlate.LogitMap {
	m := correlate.LogitMap{Slope: 1}
	for range 50 {
		gb, gs := stiffness*m.Bias, stiffness*(m.Slope-1)
		hbb, hbs, hss := stiffness, 0.0, stiffness
		for _, l := range list {
			x := correlate.Logit(l.p)
			q := 1 / (1 + math.Exp(-m.Bias-m.Slope*x))
			curve := q * (1 - q) * l.counts
			gb += (q - l.right) * l.counts
			gs += (q - l.right) * x * l.counts
			hbb += curve
			hbs += curve * x
			hss += curve * x * x
		}
		det := hbb*hss - hbs*hbs
		db, ds := (hss*gb-hbs*gs)/det, (hbb*gs-hbs*gb)/det
		m.Bias -= db
		m.Slope = max(m.Slope-ds, leastSlope)
		if math.Abs(db)+math.Abs(ds) < 1e-9 {
			break
		}
	}
	return m
}

// leastSlope keeps the map rising, so that more belief stays more belief.
const leastSlope = 0.05
