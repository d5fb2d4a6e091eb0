package figures

import (
	"context"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/stats"
)

// Accuracy is how right our own findings were, held against what people decided.
type Accuracy struct {
	AsOf time.Time `json:"as_of"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Incidents is how many there were, Judged how many a person decided on.
	Incidents int `json:"incidents"`
	Judged    int `json:"judged"`
	// PrecisionAt1 and PrecisionAt3 are over incidents with a confirmed change:
	// how often it stood first, or among the first three, in the version of the
	// finding that was judged. Absent without any.
	PrecisionAt1 *Share `json:"precision_at_1,omitempty"`
	PrecisionAt3 *Share `json:"precision_at_3,omitempty"`
	// NoChangePrecision is how often people agreed with "no change is to blame",
	// NoChangeRecall how often the finding said so where people did.
	NoChangePrecision *Share `json:"no_change_precision,omitempty"`
	NoChangeRecall    *Share `json:"no_change_recall,omitempty"`
	// Calibration is of the first suspect's probability, absent without any.
	Calibration *Calibration `json:"calibration,omitempty"`
	// Words say how the figures came about.
	Words string `json:"words"`
}

// Calibration tells how far probabilities can be taken at their word.
type Calibration struct {
	N     int     `json:"n"`
	Brier float64 `json:"brier"`
	// ECE is the mean distance between stated and true.
	ECE  float64          `json:"ece"`
	Bins []CalibrationBin `json:"bins"`
}

// CalibrationBin is the findings whose first suspect had a probability in a
// tenth of the scale.
type CalibrationBin struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Stated float64 `json:"stated"`
	Right  Share   `json:"right"`
}

// accuracyWords hold for every answer.
const accuracyWords = "Held against verdicts of people who saw the finding, so agreement may be kinder than the truth; incidents that nobody judged are left out."

// Accuracy answers for a period; zero times mean the default one.
func (s *Service) Accuracy(ctx context.Context, from, to time.Time) (Accuracy, error) {
	p, err := s.period(from, to)
	if err != nil {
		return Accuracy{}, err
	}
	l, err := s.ledger(ctx, p)
	if err != nil {
		return Accuracy{}, err
	}
	out := s.accuracy(l)
	out.AsOf, out.From, out.To = s.now().UTC(), p.From, p.To
	return out, nil
}

// score counts hits.
type score struct{ hits, n int }

func (s *score) add(hit bool) {
	s.n++
	if hit {
		s.hits++
	}
}

func (s *Service) accuracy(l *ledger) Accuracy {
	var first, three, noPrecision, noRecall score
	var forecasts []stats.Forecast
	out := Accuracy{Incidents: len(l.entries), Words: accuracyWords}
	for i := range l.entries {
		e := &l.entries[i]
		if e.standing.State == correlate.JudgedNot {
			continue
		}
		out.Judged++
		if e.standing.State == correlate.JudgedConfirmed {
			first.add(e.rightWithin(1))
			three.add(e.rightWithin(3))
		}
		saidNone, none := e.Verdict == correlate.VerdictNoChange, e.standing.State == correlate.JudgedNoChange
		if saidNone && e.standing.State != correlate.JudgedRejected {
			noPrecision.add(none)
		}
		if none {
			noRecall.add(saidNone)
		}
		if f, ok := e.forecast(); ok {
			forecasts = append(forecasts, f)
		}
	}
	level := s.cfg.Level
	out.PrecisionAt1, out.PrecisionAt3 = share(first.hits, first.n, level), share(three.hits, three.n, level)
	out.NoChangePrecision, out.NoChangeRecall = share(noPrecision.hits, noPrecision.n, level), share(noRecall.hits, noRecall.n, level)
	out.Calibration = calibration(forecasts, level)
	return out
}

// rightWithin tells whether a confirmed change is among the first suspects of
// the judged version.
func (e *entry) rightWithin(ranks int) bool {
	for i := range e.judged {
		if e.judged[i].Rank <= ranks && e.confirmedOne(e.judged[i].Change) {
			return true
		}
	}
	return false
}

// forecast is the first suspect's probability and whether it was right, where
// people decided about it.
func (e *entry) forecast() (stats.Forecast, bool) {
	for i := range e.judged {
		if e.judged[i].Rank != 1 {
			continue
		}
		key := e.judged[i].Change
		decided := e.standing.State != correlate.JudgedRejected || slices.Contains(e.standing.Rejected, key)
		return stats.Forecast{Probability: e.judged[i].Probability, True: e.confirmedOne(key)}, decided
	}
	return stats.Forecast{}, false
}

func calibration(forecasts []stats.Forecast, level float64) *Calibration {
	c, ok := stats.Calibrate(forecasts, level)
	if !ok {
		return nil
	}
	out := &Calibration{N: c.N, Brier: c.Brier, ECE: c.ECE}
	for _, b := range c.Bins {
		right := Share{Events: int(b.Came.Value*float64(b.N) + 0.5), N: b.N, Value: b.Came.Value, Lo: b.Came.Lo, Hi: b.Came.Hi}
		out.Bins = append(out.Bins, CalibrationBin{From: b.From, To: b.To, Stated: b.Stated, Right: right})
	}
	return out
}
