package correlate

import (
	"cmp"
	"slices"
	"time"
)

// PastCause is one change that people have judged as the cause of an earlier
// incident: confirmed or, where Cleared, rejected.
type PastCause struct {
	Incident string
	Services []string
	Kind     ChangeKind
	// Flag is the key of the feature flag that the change turned, if it is
	// known.
	Flag    string
	Cleared bool
	// At is when the judgement that counts was given.
	At time.Time
}

// History keeps what people have judged, to tell for any moment what was known
// then. It belongs to one goroutine.
type History struct {
	incidents map[string][]Judgement
	seen      map[string]bool
	changes   map[Key]PastCause
	// order lists the ids of incidents by their first judgement added, so that
	// the oldest are forgotten first.
	order []string
}

// maxJudged bounds the incidents whose judgements are kept: a few years of even
// a troubled company.
const maxJudged = 10_000

// NewHistory returns an empty history.
func NewHistory() *History {
	return &History{incidents: map[string][]Judgement{}, seen: map[string]bool{}, changes: map[Key]PastCause{}}
}

// Add takes over a judgement and reports whether it is new. Change is the one
// that it is about, nil where it is about none or the change is not known any
// more: a judgement without its change counts for nothing.
func (h *History) Add(j Judgement, change *Change) bool {
	if h.seen[j.ID] {
		return false
	}
	h.seen[j.ID] = true
	if change != nil {
		h.changes[change.Key()] = PastCause{Services: slices.Clone(change.Services), Kind: change.Kind, Flag: flagOf(change)}
	}
	if _, known := h.incidents[j.Incident]; !known {
		h.order = append(h.order, j.Incident)
	}
	h.incidents[j.Incident] = append(h.incidents[j.Incident], j)
	for len(h.order) > maxJudged {
		for _, old := range h.incidents[h.order[0]] {
			delete(h.seen, old.ID)
		}
		delete(h.incidents, h.order[0])
		h.order = h.order[1:]
	}
	return true
}

// flagLabels are the labels of a change that may hold a flag's key.
var flagLabels = [...]string{"flag", "flag_key", "feature_flag"}

// flagOf is the key of the flag that a change turned, empty when it is none.
func flagOf(c *Change) string {
	for _, label := range flagLabels {
		if key := c.Labels[label]; key != "" {
			return key
		}
	}
	return ""
}

// Before returns what was known at the moment about the causes of incidents
// other than the named ones: an incident must not be judged by what was said of
// it, under whichever id. The order is by time, whatever order the judgements
// came in.
func (h *History) Before(moment time.Time, except ...string) []PastCause {
	own := make(map[string]bool, len(except))
	for _, id := range except {
		own[id] = true
	}
	var past []PastCause
	for id, judgements := range h.incidents {
		if own[id] {
			continue
		}
		known := slices.DeleteFunc(slices.Clone(judgements), func(j Judgement) bool { return j.DecidedAt.After(moment) })
		standing := StandingOf(known)
		past = h.tell(past, id, known, standing.Confirmed, false)
		past = h.tell(past, id, known, standing.Rejected, true)
	}
	slices.SortFunc(past, func(a, b PastCause) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Incident, b.Incident), slices.Compare(a.Services, b.Services),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Flag, b.Flag))
	})
	return past
}

// tell adds the changes with the time of the last judgement about each.
func (h *History) tell(past []PastCause, incident string, judgements []Judgement, keys []Key, cleared bool) []PastCause {
	for _, key := range keys {
		cause, known := h.changes[key]
		if !known {
			continue
		}
		cause.Incident, cause.Cleared = incident, cleared
		for i := range judgements {
			if j := &judgements[i]; j.Change != nil && *j.Change == key && j.DecidedAt.After(cause.At) {
				cause.At = j.DecidedAt
			}
		}
		past = append(past, cause)
	}
	return past
}
