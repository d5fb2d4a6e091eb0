package stats

import "math"

// Gate is the least evidence that a comparison is printed with.
type Gate struct {
	// MinEvents is over both arms, MinExpected is what each arm would have if
	// events fell on all units alike.
	MinEvents, MinExpected float64
	// Ratio, Power and Level say for what effect the needed units are counted.
	Ratio, Power, Level float64
}

// DefaultGate asks for ten events and an expectation of five in each arm: the
// usual rule for approximations to a binomial (W. G. Cochran, Biometrics 10
// (1954) 417), and counts the units that a doubling needs at 80% power.
func DefaultGate() Gate {
	return Gate{MinEvents: 10, MinExpected: 5, Ratio: 2, Power: 0.8, Level: 0.95}
}

// Sufficiency is what the gate says.
type Sufficiency struct {
	Enough bool
	// Events is over both arms; ExpectedExposed and ExpectedUnexposed are what
	// each would have by its size alone.
	Events, ExpectedExposed, ExpectedUnexposed float64
	// NeededPerArm is how many units each arm needs to show the gate's ratio
	// with its power, 0 while no rate is known; MissingExposed and
	// MissingUnexposed are how many of them are still to come.
	NeededPerArm, MissingExposed, MissingUnexposed float64
}

// Check holds a table against the gate.
func (g Gate) Check(t Table) Sufficiency {
	n := t.N1 + t.N0
	out := Sufficiency{Events: t.A + t.B}
	if n == 0 {
		return out
	}
	out.ExpectedExposed = out.Events * t.N1 / n
	out.ExpectedUnexposed = out.Events * t.N0 / n
	out.Enough = out.Events >= g.MinEvents && min(out.ExpectedExposed, out.ExpectedUnexposed) >= g.MinExpected
	base := out.Events / n
	if t.B > 0 {
		base = t.B / t.N0
	}
	if needed, ok := NeededPerArm(base, g.Ratio, g.Power, g.Level); ok {
		out.NeededPerArm = needed
		out.MissingExposed = max(0, needed-t.N1)
		out.MissingUnexposed = max(0, needed-t.N0)
	}
	return out
}

// NeededPerArm is how many units each of two arms needs to tell a risk of base
// from one of ratio times base.
//
// J. L. Fleiss, B. Levin, M. C. Paik, Statistical Methods for Rates and
// Proportions (2003), equation 4.14, without continuity correction.
func NeededPerArm(base, ratio, power, level float64) (float64, bool) {
	p1 := base * ratio
	if base <= 0 || p1 >= 1 || ratio <= 0 || ratio == 1 {
		return 0, false
	}
	mean := (base + p1) / 2
	z := twoSided(level)*math.Sqrt(2*mean*(1-mean)) + quantile(power)*math.Sqrt(base*(1-base)+p1*(1-p1))
	return math.Ceil(z * z / ((p1 - base) * (p1 - base))), true
}
