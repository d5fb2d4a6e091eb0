package correlate

import "context"

// Delta is what became visible in the store since the last look: whole, folded
// values, not fragments. Changes and alerts that were updated come again.
type Delta struct {
	Changes    []Change
	Alerts     []Alert
	Topologies []Topology
	// More is true when the limit cut the answer and the next look will find
	// more at once.
	More bool
}

// Empty reports whether nothing new was seen.
func (d *Delta) Empty() bool {
	return len(d.Changes) == 0 && len(d.Alerts) == 0 && len(d.Topologies) == 0
}

// Feed is the runner's view of the store's growing end. Next returns what is
// new since its last call, in no particular order, at most limit values of
// each kind; an empty Delta means that nothing is new now. It misses nothing
// that was acknowledged to a sender, and may repeat. It is called from one
// goroutine.
type Feed interface {
	Next(ctx context.Context, limit int) (Delta, error)
}

// Sink stores what the runner concludes. Saving the same incident revision or
// finding version again is harmless: two correlators write the same rows. An
// error that lies in the rows wraps [ErrRefused].
type Sink interface {
	SaveIncidents(ctx context.Context, incidents []Incident) error
	SaveFindings(ctx context.Context, findings []Finding) error
}
