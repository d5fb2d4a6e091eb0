package correlate

import (
	"fmt"
	"testing"
)

// shopScore is the share of shops in which the guilty rollout is the first
// suspect.
func shopScore(from, to uint64, set shopSetting, metrics bool) float64 {
	e := NewEngine(DefaultWeights())
	hits := 0
	for seed := from; seed < to; seed++ {
		c := drawShop(seed, set)
		if !metrics {
			c.in.Metrics = nil
		}
		f := e.Attribute(c.in)
		if len(f.Suspects) > 0 && f.Suspects[0].Change.ID == "roll-"+c.guilty {
			hits++
		}
	}
	return float64(hits) / float64(to-from)
}

func TestConcurrentRolloutsAreToldApart(t *testing.T) {
	for _, tc := range []struct {
		set shopSetting
		// with and without are the least share of hits with metrics and without.
		with, without float64
	}{
		{shopSetting{}, 0.9, 0.85},
		{shopSetting{silent: true}, 0.9, 0.85},
		{shopSetting{peerless: true}, 0.9, 0.85},
		{shopSetting{byVersion: true}, 0.9, 0.85},
		// Only the entry alerts, or all begin at once: metrics must tell.
		{shopSetting{frontOnly: true}, 0.9, 0.3},
		{shopSetting{silent: true, together: true}, 0.9, 0.5},
		// Nothing is left but a service's own errors, and those are not counted.
		{shopSetting{silent: true, together: true, peerless: true, frontOnly: true}, 0.25, 0},
	} {
		t.Run(fmt.Sprintf("%+v", tc.set), func(t *testing.T) {
			with, without := shopScore(1000, 1020, tc.set, true), shopScore(1000, 1020, tc.set, false)
			t.Logf("first suspect right: %.2f with metrics, %.2f without", with, without)
			if with < tc.with || without < tc.without {
				t.Errorf("%.2f with metrics and %.2f without; want %.2f and %.2f", with, without, tc.with, tc.without)
			}
		})
	}
}
