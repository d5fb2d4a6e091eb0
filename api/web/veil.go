package web

import (
	"context"
	"slices"

	"github.com/faultline/faultline/correlate"
)

// veiled tells which of some changes are suspects of an incident whose judges must
// not learn yet what part AI had in them. Who is never blinded costs no question to
// the store.
func (s *Site) veiled(ctx context.Context, records []ChangeRecord) (map[correlate.Key]bool, error) {
	if s.deps.Suspicions == nil || len(records) == 0 || !s.deps.Judges.Blinds(ctx, &correlate.Standing{}) {
		return nil, nil
	}
	keys := make([]correlate.Key, len(records))
	for i := range records {
		keys[i] = records[i].Key()
	}
	suspected, err := s.deps.Suspicions.Suspected(ctx, keys)
	if err != nil {
		return nil, err
	}
	standings, err := s.deps.Judges.Standings(ctx, everyOnce(suspected))
	if err != nil {
		return nil, err
	}
	hidden := map[correlate.Key]bool{}
	for change, incidents := range suspected {
		for _, id := range incidents {
			standing := standings[id]
			hidden[change] = hidden[change] || s.deps.Judges.Blinds(ctx, &standing)
		}
	}
	return hidden, nil
}

// everyOnce lists the incidents of all changes, each once, in order.
func everyOnce(suspected map[correlate.Key][]string) []string {
	var all []string
	for _, incidents := range suspected {
		all = append(all, incidents...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
