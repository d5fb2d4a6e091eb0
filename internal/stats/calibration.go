package stats

import "math"

// Forecast is a stated probability and whether it came true.
type Forecast struct {
	Probability float64
	True        bool
}

// CalibrationBin is one tenth of the scale of probabilities.
type CalibrationBin struct {
	From, To float64
	N        int
	// Stated is the mean probability of the bin, Came the share that came true
	// with its score interval.
	Stated float64
	Came   Estimate
}

// Calibration is how far stated probabilities can be taken at their word.
type Calibration struct {
	N     int
	Brier float64
	// ECE is the mean distance between stated and true, weighted by bin.
	ECE  float64
	Bins []CalibrationBin
}

// calibrationBins is the usual number of bins of equal width.
const calibrationBins = 10

// Calibrate measures forecasts. Empty bins are left out; there is no answer
// without forecasts.
//
// G. W. Brier, Monthly Weather Review 78 (1950) 1; expected calibration error:
// M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining well calibrated
// probabilities using Bayesian binning, AAAI (2015).
func Calibrate(forecasts []Forecast, level float64) (Calibration, bool) {
	if len(forecasts) == 0 {
		return Calibration{}, false
	}
	var n, stated, came [calibrationBins]float64
	out := Calibration{N: len(forecasts)}
	for _, f := range forecasts {
		i := min(int(f.Probability*calibrationBins), calibrationBins-1)
		n[i]++
		stated[i] += f.Probability
		truth := 0.0
		if f.True {
			truth = 1
		}
		came[i] += truth
		out.Brier += (f.Probability - truth) * (f.Probability - truth) / float64(len(forecasts))
	}
	for i := range n {
		if n[i] == 0 {
			continue
		}
		share, _ := Wilson(came[i], n[i], level)
		out.ECE += math.Abs(stated[i]-came[i]) / float64(len(forecasts))
		out.Bins = append(out.Bins, CalibrationBin{
			From: float64(i) / calibrationBins, To: float64(i+1) / calibrationBins,
			N: int(n[i]), Stated: stated[i] / n[i], Came: share,
		})
	}
	return out, true
}
