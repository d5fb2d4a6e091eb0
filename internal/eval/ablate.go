package eval

import "github.com/faultline/faultline/correlate"

// ablated are the kinds of evidence in the order of the ablation table.
var ablated = [...]correlate.EvidenceKind{
	correlate.EvidenceTiming, correlate.EvidenceTopology, correlate.EvidencePrior, correlate.EvidenceRollout,
	correlate.EvidenceRegion, correlate.EvidenceVersion, correlate.EvidenceText, correlate.EvidenceMetrics,
	correlate.EvidenceRollback, correlate.EvidenceHistory,
}

// AblationRankers returns the engine, and beside it the engine without each kind
// of evidence. That a figure does not move says that the cases hold nothing of
// the kind, or that other evidence says the same.
func AblationRankers(w correlate.Weights) []Ranker {
	w.Limits.Suspects = w.Limits.Shortlist
	rankers := []Ranker{NewEngineRanker(NameEngine, w)}
	for _, kind := range ablated {
		rankers = append(rankers, NewEngineRanker("no "+string(kind), w, kind))
	}
	return rankers
}
