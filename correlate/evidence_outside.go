package correlate

import (
	"fmt"
	"math"
	"slices"
)

// outside is what the alerts themselves say for "no recorded change": signs of
// load, attacks, hardware and providers. It weighs on every candidate alike.
type outside struct {
	logOdds float64
	sign    string
	share   float64
}

// fewestOutside is the share of the alerting services that must show a sign.
const fewestOutside = 0.5

// outsideSigns finds the strongest sign that at least half of the gravely
// alerting services show.
func (e *Engine) outsideSigns(s *scene) outside {
	var best outside
	if e.off[EvidencePrior] {
		return best
	}
	grave := 0
	for i := range s.symptoms {
		if s.symptoms[i].grave {
			grave++
		}
	}
	for n := range e.weights.Outside {
		sign := &e.weights.Outside[n]
		hits := 0
		for i := range s.symptoms {
			if (s.symptoms[i].grave || grave == 0) && e.shows(s, &s.symptoms[i], sign) {
				hits++
			}
		}
		total := grave
		if grave == 0 {
			total = len(s.symptoms)
		}
		share := float64(hits) / math.Max(float64(total), 1)
		if log := share * math.Log(sign.Factor); share >= fewestOutside && log < best.logOdds {
			best = outside{logOdds: log, sign: sign.Says, share: share}
		}
	}
	return best
}

// shows reports whether one of the service's alerts has the sign.
func (e *Engine) shows(s *scene, y *symptom, sign *OutsideSign) bool {
	if sign.Signal != "" {
		return s.alerts[y.lead].Signal == sign.Signal
	}
	if e.off[EvidenceText] {
		return false
	}
	for _, at := range y.alerts {
		for _, word := range s.wordsOf(at) {
			if slices.Contains(sign.Words, word) {
				return true
			}
		}
	}
	return false
}

// evidence words the sign; every suspect carries it.
func (o *outside) evidence() Evidence {
	return Evidence{
		Kind: EvidencePrior, LogOdds: o.logOdds,
		Text: fmt.Sprintf("%.0f%% of the grave alerts are about %s.", 100*o.share, o.sign),
	}
}
