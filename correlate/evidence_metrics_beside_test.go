package correlate

import (
	"math"
	"testing"
)

// besideStory has two suspects that topology tells apart by three nats, and two
// alerting services, of which the given ones have series.
func besideStory(series ...string) (*scene, []*candidate) {
	s := &scene{symptoms: []symptom{{service: "web"}, {service: "cart"}}}
	s.reach.at = map[string]int{"quiet": 0}
	s.reach.names = []string{"quiet", "other"}
	for i, name := range series {
		s.reach.at[name] = i + 1
	}
	return s, []*candidate{{topology: 2}, {topology: -1}}
}

// Who alerts and whose series got worse are news of one failure.
func TestAlertsSayLessBesideSeriesOfTheSameServices(t *testing.T) {
	w := DefaultWeights()
	w.Metrics.AlertsBeside = 0.6
	e := NewEngine(w)
	for _, c := range []struct {
		name   string
		series []string
		apart  float64
	}{
		{"no alerting service has series", nil, 3},
		{"one of two has", []string{"web"}, 3 * 0.8},
		{"both have", []string{"web", "cart"}, 3 * 0.6},
	} {
		s, list := besideStory(c.series...)
		before := logMean([]float64{list[0].topology, list[1].topology})
		e.discount(s, list)
		if got := list[0].topology - list[1].topology; math.Abs(got-c.apart) > 1e-12 {
			t.Errorf("%s: the suspects are %.3f nats apart, want %.3f", c.name, got, c.apart)
		}
		for i, first := range []float64{2, -1} {
			if want := before + (first-before)*c.apart/3; math.Abs(list[i].topology-want) > 1e-12 {
				t.Errorf("%s: suspect %d has %.3f, want %.3f", c.name, i, list[i].topology, want)
			}
		}
	}
}

// With series of one service, or without topology, nothing is said twice.
func TestAlertsKeepTheirWordWhereSeriesCannotTellServicesApart(t *testing.T) {
	e := NewEngine(DefaultWeights())
	s, list := besideStory("web", "cart")
	s.reach.names = s.reach.names[:1]
	e.discount(s, list)
	blind := NewEngine(DefaultWeights())
	blind.off = map[EvidenceKind]bool{EvidenceTopology: true}
	s2, list2 := besideStory("web", "cart")
	blind.discount(s2, list2)
	for i, want := range []float64{2, -1} {
		if list[i].topology != want || list2[i].topology != want {
			t.Errorf("suspect %d has %v and %v, want %v", i, list[i].topology, list2[i].topology, want)
		}
	}
}
