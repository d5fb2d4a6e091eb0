package figures

import (
	"math"

	"github.com/faultline/faultline/internal/stats"
)

// Share is a proportion with its Wilson interval at the answer's level.
type Share struct {
	Events int     `json:"events"`
	N      int     `json:"n"`
	Value  float64 `json:"value"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
}

// Range is a value with its interval.
type Range struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// Ratio is a ratio of risks with its interval. Value and Hi are absent where
// they are without bound, because the arm below had no event.
type Ratio struct {
	Value *float64 `json:"value,omitempty"`
	Lo    float64  `json:"lo"`
	Hi    *float64 `json:"hi,omitempty"`
}

// share is nil when nothing was counted.
func share(events, n int, level float64) *Share {
	e, ok := stats.Wilson(float64(events), float64(n), level)
	if !ok {
		return nil
	}
	return &Share{Events: events, N: n, Value: e.Value, Lo: e.Lo, Hi: e.Hi}
}

// ratio is nil where there is no answer.
func ratio(e stats.Estimate, ok bool) *Ratio {
	if !ok {
		return nil
	}
	return &Ratio{Value: finite(e.Value), Lo: e.Lo, Hi: finite(e.Hi)}
}

// finite is nil for a number without bound, which JSON cannot say.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}
