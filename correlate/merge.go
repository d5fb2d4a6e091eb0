package correlate

import (
	"maps"
	"time"
)

// MergeChange folds a later statement about a change into what was known
// before, field by field: what newer sets wins, what it leaves unset keeps the
// value of older. Which of two statements is the newer one is the caller's
// knowledge (later observed_at, else later arrival).
//
// Some fields follow a rule of their own:
//   - A terminal status never goes back to StatusInProgress; between two
//     terminal ones the newer wins, so that a succeeded change may still become
//     rolled back.
//   - StartedAt: one that the sender did not tell, marked [ExtraStartUnknown],
//     replaces none.
//   - Kind: one that the sender did not tell, marked [ExtraKindAssumed], replaces
//     none that was told.
//   - Rollout: steps that are marked [ExtraRolloutAdds] add to those known.
//   - Labels, Links and Extra merge per key.
//   - Other lists, the actor and the AI declaration are one value each: they are
//     replaced as a whole, since mixing two actors would invent a third.
//
// The result shares slices and pointers with its arguments, which are not
// modified. Merging is associative and merging a value with itself gives that
// value, so a fold may start from any partial fold of the same order.
func MergeChange(older, newer Change) Change {
	return Change{
		ID:              pick(older.ID, newer.ID),
		Source:          pick(older.Source, newer.Source),
		Kind:            pickKind(&older, &newer),
		Title:           pick(older.Title, newer.Title),
		Services:        pickSlice(older.Services, newer.Services),
		Environment:     pick(older.Environment, newer.Environment),
		Regions:         pickSlice(older.Regions, newer.Regions),
		StartedAt:       pickStart(&older, &newer),
		FinishedAt:      pick(older.FinishedAt, newer.FinishedAt),
		ObservedAt:      pick(older.ObservedAt, newer.ObservedAt),
		Rollout:         pickRollout(&older, &newer),
		Status:          pickStatus(older.Status, newer.Status),
		Version:         pick(older.Version, newer.Version),
		PreviousVersion: pick(older.PreviousVersion, newer.PreviousVersion),
		RollbackOf:      pick(older.RollbackOf, newer.RollbackOf),
		Actor:           pick(older.Actor, newer.Actor),
		Commits:         pickSlice(older.Commits, newer.Commits),
		PullRequests:    pickSlice(older.PullRequests, newer.PullRequests),
		Approvals:       pickSlice(older.Approvals, newer.Approvals),
		AI:              pick(older.AI, newer.AI),
		Links:           mergeLinks(older.Links, newer.Links),
		Labels:          mergeMap(older.Labels, newer.Labels),
		Extra:           mergeExtra(&older, &newer),
	}
}

// MergeAlert folds a later statement about one alert episode into what was
// known before, by the rules of MergeChange. A resolved episode never goes back
// to firing: a series that fires again has a new StartedAt and is another
// episode.
func MergeAlert(older, newer Alert) Alert {
	return Alert{
		ID:          pick(older.ID, newer.ID),
		Source:      pick(older.Source, newer.Source),
		Fingerprint: pick(older.Fingerprint, newer.Fingerprint),
		Service:     pick(older.Service, newer.Service),
		Environment: pick(older.Environment, newer.Environment),
		Region:      pick(older.Region, newer.Region),
		Instance:    pick(older.Instance, newer.Instance),
		Version:     pick(older.Version, newer.Version),
		Name:        pick(older.Name, newer.Name),
		Summary:     pick(older.Summary, newer.Summary),
		Description: pick(older.Description, newer.Description),
		Severity:    pick(older.Severity, newer.Severity),
		Status:      pickAlertStatus(older.Status, newer.Status),
		Signal:      pick(older.Signal, newer.Signal),
		StartedAt:   pickTime(older.StartedAt, newer.StartedAt),
		ResolvedAt:  pick(older.ResolvedAt, newer.ResolvedAt),
		ObservedAt:  pick(older.ObservedAt, newer.ObservedAt),
		Labels:      mergeMap(older.Labels, newer.Labels),
		Links:       mergeMap(older.Links, newer.Links),
		Extra:       mergeMap(older.Extra, newer.Extra),
	}
}

// pick returns newer unless it is the zero value.
func pick[T comparable](older, newer T) T {
	var unset T
	if newer == unset {
		return older
	}
	return newer
}

// pickTime is pick for times, whose zero value may carry a location.
func pickTime(older, newer time.Time) time.Time {
	if newer.IsZero() {
		return older
	}
	return newer
}

// pickSlice is pick for lists. An empty list says nothing.
func pickSlice[T any](older, newer []T) []T {
	if len(newer) == 0 {
		return older
	}
	return newer
}

// pickStatus never leads from a terminal status back to one in progress.
func pickStatus(older, newer ChangeStatus) ChangeStatus {
	if older.Terminal() && !newer.Terminal() {
		return older
	}
	return pick(older, newer)
}

// pickAlertStatus never leads from resolved back to firing.
func pickAlertStatus(older, newer AlertStatus) AlertStatus {
	if older == AlertResolved {
		return older
	}
	return pick(older, newer)
}

// mergeLinks merges the addresses one by one: a diff stays known when a later
// update brings only the address of the run.
func mergeLinks(older, newer *ChangeLinks) *ChangeLinks {
	if older == nil || newer == nil {
		return pick(older, newer)
	}
	return &ChangeLinks{
		Diff:     pick(older.Diff, newer.Diff),
		Run:      pick(older.Run, newer.Run),
		Rollback: pick(older.Rollback, newer.Rollback),
	}
}

// mergeMap unites two maps; newer wins per key. It returns one of its
// arguments when the other is empty and a new map otherwise.
func mergeMap[V any](older, newer map[string]V) map[string]V {
	if len(newer) == 0 {
		return older
	}
	if len(older) == 0 {
		return newer
	}
	merged := make(map[string]V, len(older)+len(newer))
	maps.Copy(merged, older)
	maps.Copy(merged, newer)
	return merged
}
