package correlate

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// pickStart is pick for the start of a change, of which one that the sender did
// not tell replaces none.
func pickStart(older, newer *Change) time.Time {
	if newer.StartUnknown() && !older.StartedAt.IsZero() {
		return older.StartedAt
	}
	return pickTime(older.StartedAt, newer.StartedAt)
}

// pickKind is pick for the kind of a change, of which one that the sender did not
// tell replaces none that was told.
func pickKind(older, newer *Change) ChangeKind {
	if newer.KindAssumed() && kindTold(older) {
		return older.Kind
	}
	return pick(older.Kind, newer.Kind)
}

// kindTold reports whether a statement tells the kind of the change.
func kindTold(c *Change) bool { return c.Kind != "" && !c.KindAssumed() }

// startKnown reports whether a statement tells when the change began.
func startKnown(c *Change) bool { return !c.StartedAt.IsZero() && !c.StartUnknown() }

// adds reports whether the steps of a statement add to those known before it.
func adds(c *Change) bool { return marked(c.Extra, ExtraRolloutAdds) }

// pickRollout is pickSlice for rollouts, whose steps may add to those known.
// Each stands once; the order is that of the statements.
func pickRollout(older, newer *Change) []RolloutStep {
	if len(older.Rollout) == 0 || !adds(newer) {
		return pickSlice(older.Rollout, newer.Rollout)
	}
	steps := slices.Clip(older.Rollout)
	for _, step := range newer.Rollout {
		if !slices.ContainsFunc(steps, func(s RolloutStep) bool { return sameStep(s, step) }) {
			steps = append(steps, step)
		}
	}
	return steps
}

func sameStep(a, b RolloutStep) bool {
	return a.At.Equal(b.At) && a.Percent == b.Percent && a.Region == b.Region && slices.Equal(a.Instances, b.Instances)
}

// mergeExtra merges per key. The marks speak of what the fold says, not of what
// one statement said, so that a fold may go on from any partial one.
func mergeExtra(older, newer *Change) map[string]json.RawMessage {
	if len(older.Extra) == 0 && len(newer.Extra) == 0 {
		return older.Extra
	}
	merged := mergeMap(older.Extra, newer.Extra)
	unknown := !startKnown(older) && !startKnown(newer) && (older.StartUnknown() || newer.StartUnknown())
	merged = setMark(merged, ExtraStartUnknown, unknown)
	assumed := !kindTold(older) && !kindTold(newer) && (older.KindAssumed() || newer.KindAssumed())
	merged = setMark(merged, ExtraKindAssumed, assumed)
	switch {
	case len(newer.Rollout) == 0 && len(older.Rollout) == 0:
		return merged
	case len(newer.Rollout) == 0:
		return setMark(merged, ExtraRolloutAdds, adds(older))
	}
	return setMark(merged, ExtraRolloutAdds, adds(newer) && (len(older.Rollout) == 0 || adds(older)))
}

// setMark returns the map with or without a mark. It copies a map that it has
// to change.
func setMark(extra map[string]json.RawMessage, mark string, want bool) map[string]json.RawMessage {
	if marked(extra, mark) == want {
		return extra
	}
	changed := maps.Clone(extra)
	if want {
		changed[mark] = json.RawMessage("true")
		return changed
	}
	delete(changed, mark)
	return changed
}
