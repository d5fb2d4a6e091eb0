package correlate

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// tracked is a living incident as the runner knows it.
type tracked struct {
	row Incident
	// waits is true while the incident is to be judged, since when.
	waits bool
	since time.Time
	// next is the next checkpoint in Unix milliseconds.
	next int64
	// version and content are those of the last finding saved; content is 0
	// when another process saved it.
	version int
	content uint64
	// around are the services whose changes make the incident due.
	around   []string
	measured measured
}

// absorb takes over what the feed has brought.
func (r *Runner) absorb(delta *Delta) {
	for i := range delta.Topologies {
		if !r.outlived(&delta.Topologies[i]) {
			r.atlas.add(delta.Topologies[i])
		}
	}
	oldest := r.ports.Now().Add(-r.cfg.ChangeWindow)
	for i := range delta.Changes {
		c := &delta.Changes[i]
		if c.StartedAt.Before(oldest) {
			continue
		}
		r.changes.Put(*c)
		r.holdFewer()
		r.touch(c)
	}
	r.grouper.Advance(r.ports.Now())
	r.grouper.Upsert(delta.Alerts...)
}

// outlived reports whether a snapshot is so old that what it shows has dropped
// out of the topology. One without a time is taken as of now.
func (r *Runner) outlived(t *Topology) bool {
	return !t.ObservedAt.IsZero() && r.ports.Now().Sub(t.ObservedAt) > r.cfg.EdgeLife
}

// touch makes the incidents due that the change may bear on.
func (r *Runner) touch(c *Change) {
	environment := cmp.Or(c.Environment, DefaultEnvironment)
	for _, name := range c.Services {
		for t := range r.watch[siteKey{environment, name}] {
			r.due(t)
		}
	}
	if len(c.Services) > 0 {
		return
	}
	for _, t := range r.tracked {
		if t.row.Environment == environment {
			r.due(t)
		}
	}
}

func (r *Runner) due(t *tracked) {
	if !t.waits {
		t.waits, t.since = true, r.ports.Now()
	}
}

// take moves the changed incidents from the grouper to the rows to be saved.
func (r *Runner) take() {
	for _, row := range r.grouper.Take() {
		r.queue(row)
		if _, living := r.grouper.incident[row.ID]; !living {
			r.untrack(row.ID)
			continue
		}
		t, known := r.tracked[row.ID]
		if !known {
			t = &tracked{next: forever, version: r.ledger[row.ID].FindingVersion}
			r.tracked[row.ID] = t
		}
		t.row = row
		r.due(t)
	}
}

// judgeDue judges the incidents that are due, those without a finding and the
// gravest first, until the budget is spent.
func (r *Runner) judgeDue(ctx context.Context) {
	r.grouper.Advance(r.ports.Now())
	r.take()
	var waiting []*tracked
	now := r.ports.Now()
	for _, t := range r.tracked {
		if t.next <= now.UnixMilli() {
			r.due(t)
		}
		if t.waits && len(t.measured.coming) == cap(t.measured.coming) {
			waiting = append(waiting, t) // Its metrics, if it awaits some, are here.
		}
	}
	slices.SortFunc(waiting, byUrgency)
	for i, t := range waiting {
		if ctx.Err() != nil || r.ports.Now().Sub(now) > r.cfg.JudgeBudget {
			r.look.Waiting = len(waiting) - i
			return
		}
		r.judge(ctx, t)
	}
}

// byUrgency orders incidents that wait: first those without a finding, then by
// severity, then by who has waited longest.
func byUrgency(a, b *tracked) int {
	return cmp.Or(
		cmp.Compare(min(a.version, 1), min(b.version, 1)),
		cmp.Compare(b.row.Severity.Rank(), a.row.Severity.Rank()),
		a.since.Compare(b.since),
		cmp.Compare(a.row.ID, b.row.ID),
	)
}

// judge brings the finding of one incident up to date and queues it if it says
// anything new.
func (r *Runner) judge(ctx context.Context, t *tracked) {
	c := r.grouper.incident[t.row.ID]
	r.rewatch(t, r.around(c))
	f := r.factsOf(c, t.around, r.ports.Now().UnixMilli())
	since := t.since
	t.waits, t.next = false, f.next
	if t.content == 0 && f.count <= t.version {
		return // Saved before this process began, and nothing has come since.
	}
	if !r.measure(ctx, t, c, f.latest) {
		t.waits = true
		return
	}
	in := Input{
		Incident: c.living(f.latest, &r.cfg.Group), Alerts: r.grouper.Alerts(t.row.ID), AsOf: timeOf(f.latest),
		Graph: r.atlas.graph, Changes: r.changes,
	}
	in.Incident.Revision = t.row.Revision
	t.measured.tell(&in, r.ports.Meter != nil)
	r.recall(&in, c)
	r.enrich(ctx, &in)
	finding := r.ports.Attributor.Attribute(in)
	finding.Incident, finding.AsOf, finding.Version = t.row.ID, in.AsOf, max(f.count, t.version)
	r.look.Judged++
	content, err := contentOf(finding)
	if err != nil {
		// To try to save it would hold up all others for ever.
		r.ports.Observer.Failed("attributor", err, 0)
		return
	}
	if content == t.content {
		return
	}
	t.version, t.content = finding.Version, content
	r.findings = append(r.findings, finding)
	r.look.Oldest = max(r.look.Oldest, r.ports.Now().Sub(since))
}

// enrich gives the input what lies outside of the runner's memory. What cannot
// be had is missing from the finding, which says so.
func (r *Runner) enrich(ctx context.Context, in *Input) {
	if r.ports.Archive != nil {
		in.Lookup = func(keys []Key) []Change { return r.fetch(ctx, keys) }
	}
	if r.ports.Enricher == nil {
		return
	}
	err := r.call(ctx, func(ctx context.Context) error { return r.ports.Enricher.Enrich(ctx, in) })
	if err != nil && ctx.Err() == nil {
		r.ports.Observer.Failed("enricher", err, 0)
		in.Gaps = append(in.Gaps, "metrics, history and known gaps of the feeds could not be read")
	}
}

// fetch reads whole changes that were released from memory.
func (r *Runner) fetch(ctx context.Context, keys []Key) []Change {
	var found []Change
	err := r.call(ctx, func(ctx context.Context) error {
		for _, k := range keys {
			changes, err := r.ports.Archive.ChangesByID(ctx, k.ID, k.Source)
			if err != nil {
				return err
			}
			found = append(found, changes...)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.ports.Observer.Failed("archive", err, 0)
	}
	return found
}

// rewatch makes changes of these services, and of no others, make the incident
// due.
func (r *Runner) rewatch(t *tracked, services []string) {
	if slices.Equal(t.around, services) {
		return
	}
	for _, name := range t.around {
		key := siteKey{t.row.Environment, name}
		delete(r.watch[key], t)
		if len(r.watch[key]) == 0 {
			delete(r.watch, key)
		}
	}
	t.around = services
	for _, name := range services {
		key := siteKey{t.row.Environment, name}
		if r.watch[key] == nil {
			r.watch[key] = map[*tracked]struct{}{}
		}
		r.watch[key][t] = struct{}{}
	}
}

func (r *Runner) untrack(id string) {
	delete(r.refused.findings, id)
	if t, ok := r.tracked[id]; ok {
		r.rewatch(t, nil)
		delete(r.tracked, id)
	}
}
