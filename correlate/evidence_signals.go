package correlate

import (
	"fmt"
	"math"
	"slices"
)

// signalMix compares what the grave alerts measure with what they measure when a
// change is to blame, and when something else is. It weighs on every candidate
// alike.
type signalMix struct {
	logOdds float64
	// says is the likeliest story without a change; most is the signal that most
	// of the total services alert for.
	says        string
	most        Signal
	hits, total int
}

// signalsOf weighs the signals of the gravely alerting services, or of all where
// none is grave.
func (e *Engine) signalsOf(s *scene) signalMix {
	w := &e.weights.Signals
	if e.off[EvidencePrior] || w.Alike <= 0 {
		return signalMix{}
	}
	grave := slices.ContainsFunc(s.symptoms, func(y symptom) bool { return y.grave })
	counts := make([]int, len(mixedSignals))
	m := signalMix{}
	for i := range s.symptoms {
		at := slices.Index(mixedSignals[:], s.alerts[s.symptoms[i].lead].Signal)
		if at < 0 || grave && !s.symptoms[i].grave {
			continue
		}
		counts[at]++
		m.total++
		if counts[at] > m.hits {
			m.hits, m.most = counts[at], mixedSignals[at]
		}
	}
	if m.total == 0 {
		return m
	}
	outside := w.AlikeOutside
	if outside <= 0 {
		outside = w.Alike
	}
	byChange := logLikelihood(w.Change, w.Alike, counts)
	other, best := w.AsChanges, w.AsChanges
	for i := range w.Outside {
		story := &w.Outside[i]
		odds := story.Share * math.Exp(logLikelihood(story.Mix, outside, counts)-byChange)
		other += odds
		if odds > best {
			best, m.says = odds, story.Says
		}
	}
	m.logOdds = -math.Log(other)
	return m
}

// mixedSignals are the signals whose mix is compared; the others speak for kinds
// of change, see [Affinity].
var mixedSignals = [...]Signal{SignalErrors, SignalLatency, SignalAvailability, SignalSaturation, SignalTraffic, SignalSecurity}

// rareSignal is the share of a signal that a mix does not name.
const rareSignal = 0.02

// logLikelihood is the Dirichlet-multinomial log likelihood of the counts, in
// their order: the alerts of one incident resemble each other, so that each
// further one of a kind tells less.
func logLikelihood(mix map[Signal]float64, alike float64, counts []int) float64 {
	total, sum := 0.0, 0.0
	for _, signal := range mixedSignals {
		total += shareOf(mix, signal)
	}
	n := 0
	for i, signal := range mixedSignals {
		share := shareOf(mix, signal) / total
		for k := range counts[i] {
			sum += math.Log((alike*share + float64(k)) / (alike + float64(n)))
			n++
		}
	}
	return sum
}

func shareOf(mix map[Signal]float64, signal Signal) float64 {
	if share, ok := mix[signal]; ok {
		return share
	}
	return rareSignal
}

// leastSigned is the log odds from which on the mix is worth a line.
const leastSigned = 0.05

// evidence words the mix; every suspect carries it.
func (m *signalMix) evidence() Evidence {
	text := fmt.Sprintf("%d of the %d gravely alerting services alert for %s", m.hits, m.total, m.most)
	switch {
	case m.total == 1:
		text = fmt.Sprintf("The gravely alerting service alerts for %s", m.most)
	case m.hits == m.total:
		text = fmt.Sprintf("All %d gravely alerting services alert for %s", m.total, m.most)
	}
	if m.logOdds < 0 {
		text += ", as " + m.says + " makes them do more often than changes"
	} else {
		text += ", as changes make them do more often than anything else"
	}
	return Evidence{Kind: EvidencePrior, LogOdds: m.logOdds, Text: text + "."}
}
