package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// ChanceError is the calibration error that a forecast without any error would show
// on as few cases, by chance alone: its mean, and what 19 of 20 such forecasts stay
// below. An error within that says nothing against the probabilities.
type ChanceError struct {
	Name string  `json:"name"`
	Mean float64 `json:"mean"`
	High float64 `json:"high"`
}

// chanceDraws is how often the truth is drawn from what a ranker said.
const chanceDraws = 1000

// chanceErrors computes it for the rankers that state probabilities.
func chanceErrors(outcomes []Outcome) []ChanceError {
	var rows []ChanceError
	for _, name := range rankerNames(outcomes) {
		said := slices.DeleteFunc(ofRanker(outcomes, name), func(o Outcome) bool { return !o.Listed || o.Uncalibrated })
		if len(said) == 0 {
			continue
		}
		errs := drawErrors(said)
		sum := 0.0
		for _, e := range errs {
			sum += e
		}
		rows = append(rows, ChanceError{Name: name, Mean: sum / chanceDraws, High: errs[chanceDraws*19/20]})
	}
	return rows
}

// drawErrors draws the truth of every case with the probability that was stated, and
// returns the errors that this gives, least first. It alters the outcomes.
func drawErrors(said []Outcome) []float64 {
	r := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(said))))
	errs := make([]float64, chanceDraws)
	for n := range errs {
		for i := range said {
			said[i].TopRight = indicator(r.Float64() < said[i].TopProbability)
		}
		errs[n] = float64(calibrationError(said))
	}
	slices.Sort(errs)
	return errs
}

// chanceNote words that of the first ranker for the table.
func chanceNote(rows []ChanceError) string {
	if len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf("ece by chance alone, were %s without any error: %.3f, up to %.3f in 19 of 20\n", rows[0].Name, rows[0].Mean, rows[0].High)
}
