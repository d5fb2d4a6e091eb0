package stats

import "math"

// LabelQuality says how well labels tell the exposed from the unexposed, and on
// how many audited units of each sort that is known; 0 audited means that the
// two shares are taken as known exactly.
type LabelQuality struct {
	// Sensitivity is the share of the exposed that are labelled so, specificity
	// the share of the unexposed that are not.
	Sensitivity, Specificity     float64
	AuditExposed, AuditUnexposed float64
}

// CorrectLabels is the risk ratio that the table would show if the labels made
// no mistakes, given how often they do. Mistakes must not depend on the
// outcome. There is no answer when the labels are no better than chance, or
// when the correction leaves an arm without events.
//
// Shares: W. J. Rogan, B. Gladen, Estimating prevalence from the results of a
// screening test, Am. J. Epidemiology 107 (1978) 71, applied to events and to
// all units alike; interval by the delta method with the uncertainty of the
// audit, as S. Greenland, Variance estimation for epidemiologic effect
// estimates under misclassification, Statistics in Medicine 7 (1988) 745.
func CorrectLabels(t Table, q LabelQuality, level float64) (Estimate, bool) {
	events, calm := t.A+t.B, t.N1-t.A+t.N0-t.B
	n := events + calm
	j := q.Sensitivity + q.Specificity - 1
	if !t.valid() || events == 0 || calm == 0 || j <= 0 {
		return Estimate{}, false
	}
	amongEvents, amongCalm := t.A/events, (t.N1-t.A)/calm
	labelled := t.N1 / n
	p := (amongEvents - (1 - q.Specificity)) / j
	all := (labelled - (1 - q.Specificity)) / j
	if p <= 0 || p >= 1 || all <= 0 || all >= 1 {
		return Estimate{}, false
	}
	log := math.Log(p/(1-p)) - math.Log(all/(1-all))
	slopeP, slopeAll := 1/(p*(1-p)), 1/(all*(1-all))
	byEvents := slopeP/j - slopeAll/j*events/n
	byCalm := slopeAll / j * calm / n
	bySensitivity := (slopeAll*all - slopeP*p) / j
	bySpecificity := (slopeP*(1-p) - slopeAll*(1-all)) / j
	v := byEvents*byEvents*amongEvents*(1-amongEvents)/events +
		byCalm*byCalm*amongCalm*(1-amongCalm)/calm +
		bySensitivity*bySensitivity*shareVariance(q.Sensitivity, q.AuditExposed) +
		bySpecificity*bySpecificity*shareVariance(q.Specificity, q.AuditUnexposed)
	return logEstimate(log, math.Sqrt(v), twoSided(level)), true
}

// shareVariance is the variance of an audited share, none when it is taken as
// known.
func shareVariance(share, audited float64) float64 {
	if audited <= 0 {
		return 0
	}
	return share * (1 - share) / audited
}
