package correlate

import (
	"fmt"
	"math"
	"time"
)

// undoing is a later change that takes a candidate back.
type undoing struct {
	change Change
	at     time.Time
}

// maxLaterChanges bounds how many later changes of a service are searched for one that
// undoes a candidate.
const maxLaterChanges = 64

// findUndo returns the first later change that names the candidate as what it
// rolls back, or that brings its previous version back.
func (e *Engine) findUndo(s *scene, c *candidate) (undoing, bool) {
	x := s.in.Changes
	var found undoing
	for _, name := range x.servicesOf(c.ref) {
		refs := x.of(name, s.asOf)
		for n := range min(len(refs), maxLaterChanges) {
			ref := refs[len(refs)-1-n]
			body := x.bodies[ref]
			if x.entries[ref].start < x.entries[c.ref].start || body == nil || ref == c.ref {
				continue
			}
			if undoes(body, &c.detail.change) && (found.at.IsZero() || body.StartedAt.Before(found.at)) {
				found = undoing{change: *body, at: body.StartedAt}
			}
		}
	}
	return found, !found.at.IsZero()
}

// undoes reports whether the later change takes the earlier one back.
func undoes(later, earlier *Change) bool {
	if later.Source == earlier.Source && later.RollbackOf != "" {
		return later.RollbackOf == earlier.ID
	}
	return earlier.PreviousVersion != "" && later.Version == earlier.PreviousVersion &&
		later.PreviousVersion == earlier.Version && later.Version != later.PreviousVersion
}

// recovery is what happened to the alerts after an undoing.
type recovery struct {
	firing, recovered int
	elapsed           time.Duration
}

// recoveryAfter counts the grave alerts that fired when the undoing began, and
// how many of them have resolved since.
func recoveryAfter(s *scene, at time.Time) recovery {
	r := recovery{elapsed: s.in.AsOf.Sub(at)}
	for i := range s.symptoms {
		if !s.symptoms[i].grave {
			continue
		}
		for _, n := range s.symptoms[i].alerts {
			a := &s.alerts[n]
			if a.StartedAt.After(at) || a.ResolvedAt != nil && a.ResolvedAt.Before(at) {
				continue
			}
			r.firing++
			if a.ResolvedAt != nil {
				r.recovered++
			}
		}
	}
	return r
}

// undoTerm judges a candidate by what its undoing brought. Responders undo what
// they suspect; recovery soon after is strong evidence, none after a long time
// speaks against, though damage may outlive its cause.
func (e *Engine) undoTerm(s *scene, c *candidate) (term, bool) {
	undo, ok := e.findUndo(s, c)
	onset := s.symptoms[c.onset].start
	if !ok || undo.at.UnixMilli() < onset {
		return e.undoneBefore(s, c, undo, ok)
	}
	w := &e.weights.Undo
	r := recoveryAfter(s, undo.at)
	log, outcome := w.Suspected, "whether it helped cannot be told yet"
	share := float64(r.recovered) / math.Max(float64(r.firing), 1)
	switch {
	case r.firing > 0 && share >= 0.5:
		log = math.Log(w.RecoversGuilty / w.RecoversAnyway)
		outcome = fmt.Sprintf("%d of %s resolved within %s", r.recovered, count(r.firing, "alert"), roughly(r.elapsed))
	case r.firing > 0 && r.elapsed.Seconds() > w.PatienceSeconds:
		log = math.Log((1 - w.RecoversGuilty) / (1 - w.RecoversAnyway))
		outcome = fmt.Sprintf("%s still firing %s later", count(r.firing-r.recovered, "alert"), roughly(r.elapsed))
	}
	return term{kind: EvidenceRollback, logOdds: log, say: func() (string, []string) {
		return fmt.Sprintf("It was undone by %s at %s; %s.", undo.change.ID, timeOfDay(undo.at), outcome),
			[]string{"change:" + undo.change.Source + "/" + undo.change.ID}
	}}, true
}

// undoneBefore speaks against a change that was taken back before the trouble
// began.
func (e *Engine) undoneBefore(s *scene, c *candidate, undo undoing, undone bool) (term, bool) {
	w := &e.weights.Undo
	switch {
	case undone:
		return term{kind: EvidenceRollback, logOdds: math.Log(w.UndoneBefore), say: func() (string, []string) {
			return fmt.Sprintf("It had been undone by %s at %s, before the trouble began.", undo.change.ID, timeOfDay(undo.at)),
				[]string{"change:" + undo.change.Source + "/" + undo.change.ID}
		}}, true
	case c.detail.change.Status == StatusCancelled && c.detail.change.FinishedAt != nil && c.detail.change.FinishedAt.UnixMilli() < s.symptoms[c.onset].start:
		return term{kind: EvidenceRollback, logOdds: math.Log(w.UndoneBefore), say: func() (string, []string) {
			return fmt.Sprintf("It was cancelled at %s, before the trouble began.", timeOfDay(*c.detail.change.FinishedAt)), nil
		}}, true
	default:
		return term{}, false
	}
}

// timeOfDay writes a moment to the second, in UTC.
func timeOfDay(t time.Time) string { return t.UTC().Format("15:04:05 UTC on 2 Jan") }

// historyTerm counts how often people confirmed the service's changes as the
// cause of earlier incidents, shrunk towards no difference.
func (e *Engine) historyTerm(s *scene, c *candidate) (term, bool) {
	total, own := 0, 0
	for i := range s.in.History {
		past := &s.in.History[i]
		if past.At.After(s.in.AsOf) {
			continue
		}
		total++
		for _, name := range c.detail.change.Services {
			if past.Service == name {
				own++
				break
			}
		}
	}
	if total == 0 || len(c.detail.change.Services) == 0 {
		return term{}, false
	}
	w := &e.weights.History
	usual := 1 / s.origins.nodes
	log := math.Log((float64(own) + w.Shrink*usual) / (float64(total) + w.Shrink) / usual)
	log = min(max(log, -w.MaxLogOdds/3), w.MaxLogOdds)
	return term{kind: EvidenceHistory, logOdds: log, say: func() (string, []string) {
		return fmt.Sprintf("People confirmed changes of %s as the cause of %d of %s before.",
			join(c.detail.change.Services), own, count(total, "incident")), nil
	}}, true
}
