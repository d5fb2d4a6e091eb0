package correlate

import "slices"

// BlastRadiusOf tells how far a fault in the changed services has spread and
// may still spread.
func BlastRadiusOf(g *Graph, changed []string, alerts []Alert) BlastRadius {
	return blastRadius(g, changed, alerts, DefaultWeights().Limits.BlastNodes)
}

func blastRadius(g *Graph, changed []string, alerts []Alert, limit int) BlastRadius {
	b := BlastRadius{Changed: slices.Clone(changed), Alerting: []string{}, Quiet: []string{}}
	for i := range alerts {
		if !slices.Contains(b.Alerting, alerts[i].Service) {
			b.Alerting = append(b.Alerting, alerts[i].Service)
		}
	}
	slices.Sort(b.Alerting)
	return b
}
