package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// Report is the contract's `eval -o json`, with the optional groups beside it.
type Report struct {
	Rankers []RankerFigures `json:"rankers"`
	Cases   []CaseFigures   `json:"cases"`
	// Groups break the figures down; empty unless asked for.
	Groups []Group `json:"groups,omitempty"`
	// Several are the figures of cases with more than one cause; empty without any.
	Several []SeveralFigures `json:"several_causes,omitempty"`
	// Chance is the calibration error of the rankers by chance alone.
	Chance []ChanceError `json:"ece_by_chance,omitempty"`
	// Seen tells that cases were allowed which the weights had been fitted to.
	Seen bool `json:"seen,omitempty"`
	// Grouping says how well incidents were made of alerts; nil without storms.
	Grouping *GroupingReport `json:"grouping,omitempty"`
}

// Group is the figures of the cases that share a kind or a delay.
type Group struct {
	By      string          `json:"by"`
	Value   string          `json:"value"`
	Rankers []RankerFigures `json:"rankers"`
}

// Ratio is a figure between two counts; NaN stands for an empty denominator and
// prints as null.
type Ratio float64

// MarshalJSON writes null for an empty denominator.
func (r Ratio) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(r)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(r))
}

// String prints three decimals, a dash for an empty denominator.
func (r Ratio) String() string {
	if math.IsNaN(float64(r)) {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(r))
}

// RankerFigures are the figures of one ranker over a set of cases. HitAt1,
// HitAt3, HitAt5, MRR and MeanRank are over cases with a cause, MeanRank over
// those in which a cause is listed. Brier and ECE are over cases in which a
// suspect is listed. The times are of Rank alone, per case; without cases they are
// nil, which prints as null.
type RankerFigures struct {
	Name              string `json:"name"`
	Cases             int    `json:"cases"`
	WithCause         int    `json:"with_cause"`
	HitAt1            Ratio  `json:"hit_at_1"`
	HitAt3            Ratio  `json:"hit_at_3"`
	HitAt5            Ratio  `json:"hit_at_5"`
	MRR               Ratio  `json:"mrr"`
	MeanRank          Ratio  `json:"mean_rank"`
	NoChangePrecision Ratio  `json:"no_change_precision"`
	NoChangeRecall    Ratio  `json:"no_change_recall"`
	Brier             Ratio  `json:"brier"`
	ECE               Ratio  `json:"ece"`
	P50us             *int64 `json:"p50_us"`
	P99us             *int64 `json:"p99_us"`
}

// CaseFigures is one ranker's answer on one case. Rank is that of the first
// true cause, rounded where it is an expectation over a tie, 0 when no true
// cause is listed. Suspects are the first ones only.
type CaseFigures struct {
	Name                string           `json:"name"`
	Ranker              string           `json:"ranker"`
	Rank                int              `json:"rank"`
	NoChangeProbability float64          `json:"no_change_probability"`
	Suspects            []SuspectFigures `json:"suspects"`
}

// SuspectFigures is one listed suspect.
type SuspectFigures struct {
	Change      string  `json:"change"`
	Probability float64 `json:"probability"`
}

// NewReport sums outcomes up, rankers in the order of their first outcome.
// Uncalibrated rankers get their best constant over these outcomes.
func NewReport(outcomes []Outcome) Report {
	outcomes = calibrated(outcomes)
	r := Report{Rankers: figures(outcomes), Several: severalFigures(outcomes), Chance: chanceErrors(outcomes), Cases: []CaseFigures{}}
	for i := range outcomes {
		r.Cases = append(r.Cases, caseFigures(&outcomes[i]))
	}
	return r
}

func caseFigures(o *Outcome) CaseFigures {
	f := CaseFigures{
		Name: o.Case, Ranker: o.Ranker, Rank: int(math.Round(o.Rank)),
		NoChangeProbability: o.NoChange, Suspects: []SuspectFigures{},
	}
	for i, s := range o.First {
		p := s.Probability
		if o.Uncalibrated && i == 0 {
			p = o.TopProbability
		}
		f.Suspects = append(f.Suspects, SuspectFigures{Change: s.Change.ID, Probability: p})
	}
	return f
}

// figures computes one row per ranker from calibrated outcomes.
func figures(outcomes []Outcome) []RankerFigures {
	rows := []RankerFigures{}
	for _, name := range rankerNames(outcomes) {
		rows = append(rows, rankerFigures(name, ofRanker(outcomes, name)))
	}
	return rows
}

func rankerNames(outcomes []Outcome) []string {
	var names []string
	for i := range outcomes {
		if !slices.Contains(names, outcomes[i].Ranker) {
			names = append(names, outcomes[i].Ranker)
		}
	}
	return names
}

func ofRanker(outcomes []Outcome, name string) []Outcome {
	return slices.DeleteFunc(slices.Clone(outcomes), func(o Outcome) bool { return o.Ranker != name })
}

// calibrated gives the first suspect of an uncalibrated ranker the best
// constant: the share of its listed cases in which that suspect is right, which
// minimises the Brier score. It is taken from the very cases that are scored,
// in the baseline's favour. The input is not modified.
func calibrated(outcomes []Outcome) []Outcome {
	out := slices.Clone(outcomes)
	for _, name := range rankerNames(out) {
		var right mean
		for i := range out {
			if out[i].Ranker == name && out[i].Listed {
				right.add(out[i].TopRight)
			}
		}
		for i := range out {
			if out[i].Ranker == name && out[i].Listed && out[i].Uncalibrated {
				out[i].TopProbability = float64(right.value())
			}
		}
	}
	return out
}

func rankerFigures(name string, outcomes []Outcome) RankerFigures {
	f := RankerFigures{Name: name, Cases: len(outcomes)}
	means := make([]mean, 8)
	hit1, hit3, hit5, inverse := &means[0], &means[1], &means[2], &means[3]
	rank, precision, recall, brier := &means[4], &means[5], &means[6], &means[7]
	var took []time.Duration
	for i := range outcomes {
		o := &outcomes[i]
		took = append(took, o.Took)
		if o.Guilty {
			f.WithCause++
			hit1.add(o.Hit[1])
			hit3.add(o.Hit[3])
			hit5.add(o.Hit[5])
			inverse.add(o.Inverse)
			rank.addIf(o.Rank > 0, o.Rank)
		}
		precision.addIf(o.SaysNoChange, indicator(!o.Guilty))
		recall.addIf(!o.Guilty, indicator(o.SaysNoChange))
		brier.addIf(o.Listed, brierOf(o))
	}
	f.HitAt1, f.HitAt3, f.HitAt5 = hit1.value(), hit3.value(), hit5.value()
	f.MRR, f.MeanRank = inverse.value(), rank.value()
	f.NoChangePrecision, f.NoChangeRecall = precision.value(), recall.value()
	f.Brier, f.ECE = brier.value(), calibrationError(outcomes)
	f.P50us, f.P99us = microsecondsAt(took, 0.50), microsecondsAt(took, 0.99)
	return f
}

// brierOf is the expected squared error of the first suspect's probability.
func brierOf(o *Outcome) float64 {
	p, y := o.TopProbability, o.TopRight
	return y*(1-p)*(1-p) + (1-y)*p*p
}

// calibrationBins is the number of equal-width bins of the contract.
const calibrationBins = 10

// calibrationError is the expected calibration error: over the bins of stated
// probability, the distance between what was said and what came true, weighted
// by cases.
func calibrationError(outcomes []Outcome) Ratio {
	var said, right [calibrationBins]float64
	total := 0
	for i := range outcomes {
		o := &outcomes[i]
		if !o.Listed {
			continue
		}
		bin := max(0, min(calibrationBins-1, int(o.TopProbability*calibrationBins)))
		said[bin] += o.TopProbability
		right[bin] += o.TopRight
		total++
	}
	sum := 0.0
	for bin := range said {
		sum += math.Abs(said[bin] - right[bin])
	}
	return Ratio(sum / float64(total))
}
