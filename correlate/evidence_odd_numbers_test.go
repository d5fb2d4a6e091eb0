package correlate

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestOddNumbersOfAMeterLeaveAFindingThatCanBeStored has series as a server of
// metrics may send them: without a number where nothing was divided by nothing,
// without bound, and far out. One such finding that JSON cannot hold would never
// be stored, and the runner would try for ever.
func TestOddNumbersOfAMeterLeaveAFindingThatCanBeStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := canary(30, 0.4)
		s.metrics = nil
		odd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e300, -1e300, 5e-324, math.MaxFloat64})
		kinds := rapid.SampledFrom([][2]string{
			{"error_rate", "percent"},
			{"error_rate", "per_second"},
			{"errors_total", ""},
			{"request_rate", "per_second"},
			{"requests_total", "count"},
			{"latency_p95", "ms"},
			{"http_request_duration_seconds_sum", ""},
			{"http_request_duration_seconds_count", ""},
			{"cpu_utilisation", "ratio"},
			{"success_ratio", "ratio"},
		})
		for i := 1; i <= 8; i++ {
			for range rapid.IntRange(1, 3).Draw(t, "series") {
				kind := kinds.Draw(t, "kind")
				x := curve("cart", fmt.Sprintf("cart-%d", i), kind[0], kind[1], 1, rapid.Float64Range(0, 100).Draw(t, "high"), 0)
				for range rapid.IntRange(0, 4).Draw(t, "odd ones") {
					x.Points[rapid.IntRange(0, len(x.Points)-1).Draw(t, "at")].Value = odd.Draw(t, "value")
				}
				if rapid.Bool().Draw(t, "call") {
					x = towards(x, "ledger")
				}
				s.metrics = append(s.metrics, x)
			}
		}
		f := s.judge()
		if _, err := json.Marshal(&f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Suspects {
			if p := f.Suspects[i].Probability; p < 0 || p > 1 {
				t.Fatalf("probability %v", p)
			}
		}
	})
}
