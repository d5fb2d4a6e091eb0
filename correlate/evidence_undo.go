package correlate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// undoing is a later change that takes a candidate back, without a name where
// only the candidate's own sender says so.
type undoing struct {
	by Key
	at time.Time
}

// maxLaterChanges bounds how many later changes of a service are searched for one that
// undoes a candidate.
const maxLaterChanges = 64

// findUndo returns the first later change that names the candidate as what it
// rolls back, or that brings its previous version back.
func (e *Engine) findUndo(s *scene, c *candidate) (undoing, bool) {
	x := s.in.Changes
	var found undoing
	start := x.at(c.ref).start
	for _, name := range x.servicesOf(c.ref) {
		refs := x.of(name, s.asOf)
		for n := range min(len(refs), maxLaterChanges) {
			ref := refs[len(refs)-1-n].ref
			if refs[len(refs)-1-n].start < start {
				break // So are those that follow.
			}
			body := x.bodies[ref]
			if body == nil || ref == c.ref {
				continue
			}
			if undoes(body, &c.detail.change) && (found.at.IsZero() || body.StartedAt.Before(found.at)) {
				found = undoing{by: body.Key(), at: body.StartedAt}
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

// recovery is what became of the grave alerts that fired when a change was
// undone.
type recovery struct {
	firing, recovered int
	// took is the time from the undoing until half of them had resolved, or until
	// the moment of judgement while fewer than half have.
	took time.Duration
	over bool
}

// recoveryAfter looks at the grave alerts that fired when the undoing began.
func recoveryAfter(s *scene, at time.Time) recovery {
	r := recovery{took: s.in.AsOf.Sub(at)}
	var ends []time.Duration
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
				ends = append(ends, a.ResolvedAt.Sub(at))
			}
		}
	}
	r.recovered = len(ends)
	if half := (r.firing + 1) / 2; half > 0 && len(ends) >= half {
		slices.Sort(ends)
		r.took, r.over = ends[half-1], true
	}
	return r
}

// recoveryOdds is the likelihood ratio of that recovery between a guilty change
// undone and one undone in vain. After undoing the cause, recovery mostly comes
// within minutes, log-normally; otherwise trouble ends when it ends. A recovery
// that has not come yet counts by the chance of waiting so long.
func (w *UndoWeights) recoveryOdds(r recovery) float64 {
	if r.firing == 0 {
		return 1
	}
	seconds := math.Max(r.took.Seconds(), 1)
	z := math.Log(seconds/w.RecoveryMedianSeconds) / w.RecoverySigma
	soon, anyway := 0.5*math.Erfc(z/math.Sqrt2), math.Exp(-seconds/w.LastsSeconds)
	if r.over {
		soon = math.Exp(-z*z/2) / (seconds * w.RecoverySigma * math.Sqrt(2*math.Pi))
		anyway /= w.LastsSeconds
	}
	return w.RecoversGuilty*soon/math.Max(anyway, 1e-300) + 1 - w.RecoversGuilty
}

// undoTerm judges a candidate by what its undoing brought. Responders undo what
// they suspect; recovery soon after is strong evidence for it, and trouble that
// goes on is evidence against, though damage may outlive its cause.
func (e *Engine) undoTerm(s *scene, c *candidate) (term, bool) {
	undo, ok := e.findUndo(s, c)
	if told := c.detail.change.ObservedAt; !ok && c.detail.change.Status == StatusRolledBack && told != nil {
		undo, ok = undoing{at: *told}, true
	}
	onset := s.symptoms[c.onset].start
	if !ok || undo.at.UnixMilli() < onset {
		return e.undoneBefore(s, c, undo, ok)
	}
	r := recoveryAfter(s, undo.at)
	log := 0.0
	if r.firing > 0 {
		log = e.suspected(s) + math.Log(e.weights.Undo.recoveryOdds(r))
	}
	return term{kind: EvidenceRollback, logOdds: log, say: func() (string, []string) {
		if undo.by.ID == "" {
			return fmt.Sprintf("It had been rolled back by %s; %s.", timeOfDay(undo.at), r.outcome(log)), nil
		}
		return fmt.Sprintf("It was undone by %s at %s; %s.", undo.by.ID, timeOfDay(undo.at), r.outcome(log)),
			[]string{"change:" + undo.by.Source + "/" + undo.by.ID}
	}}, true
}

// undoneInVain is the share of the innocent suspects that responders undo beside
// what a company takes back anyway: public accounts tell of it seldom, and of one
// change among several.
const undoneInVain = 0.05

// suspected is the log odds of being undone at all: the less, the more of what the
// company changes is a rollback anyway.
func (e *Engine) suspected(s *scene) float64 {
	usual := e.weights.kindMix(int(kindCode(KindRollback)))
	own := s.usual.kinds[kindCode(KindRollback)] / s.usual.count
	return e.weights.Undo.Suspected + math.Log((undoneInVain+usual)/(undoneInVain+own))
}

// early is how short after an undoing nothing can be said of its effect.
const early = 3 * time.Minute

// outcome words the recovery; logOdds tells for which side it speaks.
func (r *recovery) outcome(logOdds float64) string {
	half, still := "the alert", "the alert still fires"
	if r.firing > 1 {
		half = fmt.Sprintf("half of the %d alerts", r.firing)
		still = fmt.Sprintf("%d of the %d alerts still fire", r.firing-r.recovered, r.firing)
	}
	switch {
	case r.firing == 0:
		return "no grave alert fired any more by then, so it tells nothing"
	case r.over && logOdds > 0:
		return fmt.Sprintf("%s later %s had resolved, as after undoing a cause", roughly(r.took), half)
	case r.over:
		return fmt.Sprintf("it took another %s until %s had resolved, which speaks against it", roughly(r.took), half)
	case r.took < early:
		return fmt.Sprintf("%s later it is too early to see whether that helped", roughly(r.took))
	default:
		return fmt.Sprintf("%s later %s, which speaks against it", roughly(r.took), still)
	}
}

// undoneBefore speaks against a change that was taken back before the trouble
// began.
func (e *Engine) undoneBefore(s *scene, c *candidate, undo undoing, undone bool) (term, bool) {
	w := &e.weights.Undo
	switch {
	case undone && undo.by.ID == "":
		return term{kind: EvidenceRollback, logOdds: math.Log(w.UndoneBefore), say: func() (string, []string) {
			return fmt.Sprintf("It had been rolled back by %s, before the trouble began.", timeOfDay(undo.at)), nil
		}}, true
	case undone:
		return term{kind: EvidenceRollback, logOdds: math.Log(w.UndoneBefore), say: func() (string, []string) {
			return fmt.Sprintf("It had been undone by %s at %s, before the trouble began.", undo.by.ID, timeOfDay(undo.at)),
				[]string{"change:" + undo.by.Source + "/" + undo.by.ID}
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
