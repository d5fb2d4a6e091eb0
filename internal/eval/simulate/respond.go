package simulate

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// respond has someone change something on the service once the alerts are out
// (d): such changes are near, recent and never guilty.
func (s *script) respond(svc int) {
	kind := weighted(s.draw, []share[correlate.ChangeKind]{
		{correlate.KindScaling, 4},
		{correlate.KindRollback, 3},
		{correlate.KindConfig, 3},
		{correlate.KindFeatureFlag, 2},
		{correlate.KindDeploy, 1},
	})
	s.add(kind, svc, s.afterOnset())
}

// undo has responders roll the change back some time after the onset.
func (s *script) undo(m *madeChange) {
	at := s.afterOnset()
	if !at.After(m.StartedAt) {
		at = m.StartedAt.Add(time.Minute)
	}
	s.undoAt(m, at)
}

// undoAt rolls the change back at the moment. The record says so from then on,
// which may be after judgement.
func (s *script) undoAt(m *madeChange, at time.Time) {
	back := s.add(correlate.KindRollback, m.service, at)
	back.Source, back.RollbackOf, back.Services = m.Source, m.ID, slices.Clone(m.Services)
	back.Environment, back.Regions = m.Environment, m.Regions
	m.Status = correlate.StatusRolledBack
}

// aftermath adds what follows most outages: some responders' changes, and a
// rollback of what is suspected, rightly or not.
func (s *script) aftermath() {
	for range s.poisson(1.2) {
		s.respond(pick(s.draw, s.hits).service)
	}
	if len(s.guilty) > 0 && s.chance(0.5) {
		if last := s.guilty[len(s.guilty)-1]; last.Status != correlate.StatusRolledBack {
			s.undo(last)
		}
	}
}
