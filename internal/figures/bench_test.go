package figures

import (
	"fmt"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// BenchmarkImpact makes the figures of a year of a large company out of what the
// store has counted: 20,000 cells in 900 strata and 1,000 confirmed changes.
func BenchmarkImpact(b *testing.B) {
	f := &fakeReader{}
	classes := []correlate.ProvenanceClass{correlate.ProvenanceAssisted, correlate.ProvenanceHuman, correlate.ProvenanceAutomation, correlate.ProvenanceUnknown}
	for team := range 60 {
		for _, kind := range correlate.ChangeKinds() {
			for _, size := range query.Sizes() {
				for i, class := range classes {
					c := query.ChangeCell{Class: class, Kind: kind, Size: size, Tier: 1 + team%4, Team: fmt.Sprint("team-", team), N: 100}
					if n := len(f.facts); n < 1000 && (team+i)%5 == 0 {
						cause := key(fmt.Sprint("c", n))
						c.Confirmed = []correlate.Key{cause}
						f.incident(fmt.Sprint("i", n), now.Add(-time.Duration(n)*8*time.Hour), cause)
					}
					f.cells = append(f.cells, c)
				}
			}
		}
	}
	s := newService(f)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.AIImpact(b.Context(), time.Time{}, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
