package correlate

import (
	"context"
	"sync"
	"time"
)

// Attributor judges one incident; [Engine] does. It must depend on its input
// alone.
type Attributor interface {
	Attribute(in Input) Finding
}

// Ledger tells what an earlier run, or another correlator, has saved, so that
// a start does not write history again.
type Ledger interface {
	// Saved returns, for the incidents that were stored since the moment, the
	// latest revision and the latest finding version, 0 when there is none.
	Saved(ctx context.Context, since time.Time) (map[string]SavedState, error)
}

// SavedState is what is stored of one incident.
type SavedState struct {
	Revision       int64
	FindingVersion int
}

// Atlas gives the whole topology as of a moment, merged over its sources and
// without the edges that were not seen for the retention time.
type Atlas interface {
	Topology(ctx context.Context, asOf time.Time) (Topology, error)
}

// Archive gives whole changes that are too old to be held in memory. Source may
// be empty.
type Archive interface {
	ChangesByID(ctx context.Context, id, source string) ([]Change, error)
}

// Enricher adds to an input what no feed carries: metric series, confirmed
// causes of the past, known gaps.
type Enricher interface {
	Enrich(ctx context.Context, in *Input) error
}

// Observer is told how the runner fares. Its methods must return at once and
// be safe from two goroutines.
type Observer interface {
	// Looked is called after each look that found or did something.
	Looked(Look)
	// Failed is called for each failed call of a port ("feed", "sink",
	// "ledger", "atlas", "archive", "enricher", "docket", "calendar") with the time until the next
	// attempt, 0 when there is none, and for a finding of the "attributor" that
	// cannot be written.
	Failed(port string, err error, retry time.Duration)
}

// Look sums up one look at the feed.
type Look struct {
	Changes, Alerts, Topologies int
	// Judged counts attributions; SavedIncidents and SavedFindings the rows
	// written; Waiting the incidents that are due but not judged yet.
	Judged, SavedIncidents, SavedFindings, Waiting int
	// HeldChanges, HeldAlerts and HeldIncidents are in memory.
	HeldChanges, HeldAlerts, HeldIncidents int
	// CatchingUp is true until the history is loaded.
	CatchingUp bool
	Took       time.Duration
	// Oldest is how long the earliest unjudged fact of this look had been
	// known to the runner when its finding was saved.
	Oldest time.Duration
}

// RunnerConfig holds the settings of the runner.
type RunnerConfig struct {
	Group GroupConfig
	// Poll is the pause between two looks at the feed, unless [Runner.Wake]
	// ends it. Batch bounds one look, per kind.
	Poll  time.Duration
	Batch int
	// ChangeWindow is how far back changes are suspected; whole changes are
	// held for BodyWindow if an Archive keeps them, and at most HeldBodies of
	// them: a kilobyte each adds up where there are ten million.
	ChangeWindow time.Duration
	BodyWindow   time.Duration
	HeldBodies   int
	// Retain is how long an incident is held after its last alert has ended,
	// and thus how late news can still reach it.
	Retain time.Duration
	// Checkpoints are the moments after the start of an incident at which it
	// is judged again, RecoveryCheckpoints those after its recovery.
	Checkpoints, RecoveryCheckpoints []time.Duration
	// CandidateWindow is how long before an incident a change on or next to
	// its services began that makes a new version of the finding.
	CandidateWindow time.Duration
	// JudgeBudget bounds the time spent on judging before the next look.
	// Patience is how long a backlog of the feed is read before incidents are
	// judged although more is known to come.
	JudgeBudget, Patience time.Duration
	// EdgeLife is how long a service or call stays in the topology after its
	// source has last shown it.
	EdgeLife time.Duration
	// RefreshTopology is how often the Atlas is asked, RegroupEvery how often
	// at most a changed topology regroups the alerts held when they are more
	// than RegroupAtOnce; as few as those are regrouped in milliseconds.
	RefreshTopology, RegroupEvery time.Duration
	RegroupAtOnce                 int
	// CallTimeout bounds each call of a port, SaveTimeout one of the sink, which
	// a stop waits for. MaxBackoff bounds the pause after failures, which
	// starts at Poll and doubles.
	CallTimeout, SaveTimeout, MaxBackoff time.Duration
	// SaveBatch is the number of rows handed to the sink at once.
	SaveBatch int
	// MeasureWithin bounds how long a finding waits for the metrics of a
	// checkpoint.
	MeasureWithin time.Duration
}

// DefaultRunnerConfig returns the settings for production.
func DefaultRunnerConfig() RunnerConfig {
	return RunnerConfig{
		Group:               DefaultGroupConfig(),
		Poll:                100 * time.Millisecond,
		Batch:               5000,
		ChangeWindow:        30 * 24 * time.Hour,
		BodyWindow:          7 * 24 * time.Hour,
		HeldBodies:          400_000,
		Retain:              24 * time.Hour,
		Checkpoints:         []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute},
		RecoveryCheckpoints: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute},
		CandidateWindow:     time.Hour,
		JudgeBudget:         250 * time.Millisecond,
		Patience:            500 * time.Millisecond,
		EdgeLife:            7 * 24 * time.Hour,
		RefreshTopology:     10 * time.Minute,
		RegroupEvery:        5 * time.Second,
		RegroupAtOnce:       250,
		CallTimeout:         30 * time.Second,
		SaveTimeout:         5 * time.Second,
		MaxBackoff:          15 * time.Second,
		SaveBatch:           500,
		MeasureWithin:       10 * time.Second,
	}
}

// RunnerPorts are the runner's ways to the world. Feed, Sink and Attributor
// are needed; the others may be nil.
type RunnerPorts struct {
	Feed       Feed
	Sink       Sink
	Attributor Attributor
	Ledger     Ledger
	Atlas      Atlas
	Archive    Archive
	Enricher   Enricher
	Meter      Meter
	Docket     Docket
	Calendar   Calendar
	Observer   Observer
	// Now is the clock; nil means time.Now. It only decides when a checkpoint
	// is due, when an incident has been quiet for long enough, and what is too
	// old to be held. No saved value carries it.
	Now func() time.Time
}

// Runner follows the feed, groups alerts into incidents, has them judged and
// saves what comes out.
//
// Every row is a function of the events, not of when or in which portions the
// runner saw them, so that two runners write the same rows. The version of a
// finding is the number of facts that it rests on, its as_of the latest moment
// among them; see factsOf.
type Runner struct {
	cfg   RunnerConfig
	ports RunnerPorts
	wake  chan struct{}

	grouper *Grouper
	changes *ChangeIndex
	atlas   atlas
	tracked map[string]*tracked
	watch   map[siteKey]map[*tracked]struct{}
	ledger  map[string]SavedState
	// stored holds the content of the last row saved of each incident held;
	// incidents and findings are the rows still to be saved.
	stored    map[string]uint64
	incidents []Incident
	findings  []Finding
	refused   refused

	// loaded is true once the feed's history has been read to its end.
	loaded bool
	// behind is since when the feed has had more than a look could read.
	behind  time.Time
	cleaned time.Time
	look    Look
	began   time.Time
	// measuring are the readings of metrics under way.
	measuring sync.WaitGroup
	docket    docketState
	calendar  calendarState
}

// NewRunner returns a runner that does nothing until [Runner.Run].
func NewRunner(cfg RunnerConfig, ports RunnerPorts) *Runner {
	if ports.Now == nil {
		ports.Now = time.Now
	}
	if ports.Observer == nil {
		ports.Observer = unobserved{}
	}
	return &Runner{
		cfg: cfg, ports: ports, wake: make(chan struct{}, 1),
		grouper: NewGrouper(cfg.Group, nil),
		changes: NewChangeIndex(),
		tracked: map[string]*tracked{},
		watch:   map[siteKey]map[*tracked]struct{}{},
		stored:  map[string]uint64{},
		docket:  docketState{history: NewHistory()},
		refused: refused{incidents: map[string]Incident{}, findings: map[string]Finding{}},
	}
}

// Wake ends the pause before the next look: whoever stored new events in this
// process calls it. It never blocks and is safe from any goroutine.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until the context ends, and then lets a write that is under way
// end. Ports that fail are tried again for as long as that takes: what was read
// from the feed is kept and the feed is left alone meanwhile, so that nothing
// is lost and nothing piles up. Run may be called once.
func (r *Runner) Run(ctx context.Context) {
	defer r.atlas.wait()
	defer r.measuring.Wait()
	if !r.prepare(ctx) {
		return
	}
	for {
		more, ok := r.step(ctx)
		if !ok {
			return
		}
		if !more {
			r.pause(ctx, r.cfg.Poll)
		}
	}
}

// prepare loads what was saved before and the topology. It reports false when
// the context ended first.
func (r *Runner) prepare(ctx context.Context) bool {
	now := r.ports.Now()
	if r.ports.Ledger != nil {
		ok := r.persist(ctx, "ledger", func(ctx context.Context) (err error) {
			r.ledger, err = r.ports.Ledger.Saved(ctx, now.Add(-r.cfg.ChangeWindow))
			return err
		})
		if !ok {
			return false
		}
		for id, saved := range r.ledger {
			r.grouper.Recall(id, saved.Revision)
		}
	}
	if r.ports.Atlas == nil {
		return true
	}
	return r.persist(ctx, "atlas", func(ctx context.Context) error {
		topology, err := r.ports.Atlas.Topology(ctx, now)
		if err == nil {
			r.atlas.refreshed = now
			r.atlas.replace(NewGraph(topology))
		}
		return err
	})
}

// step is one look at the feed and what follows from it. More is true when
// there is reason to look again at once; ok is false when the context ended.
func (r *Runner) step(ctx context.Context) (more, ok bool) {
	r.look, r.began = Look{CatchingUp: !r.loaded}, r.ports.Now()
	var delta Delta
	ok = r.persist(ctx, "feed", func(ctx context.Context) (err error) {
		delta, err = r.ports.Feed.Next(ctx, r.cfg.Batch)
		return err
	})
	if !ok {
		return false, false
	}
	r.absorb(&delta)
	if r.settled(&delta) {
		r.hear(ctx)
		r.consult(ctx)
		r.regroup(ctx)
		r.judgeDue(ctx)
		if !r.save(ctx) {
			return false, false
		}
		r.clean()
	}
	r.report(&delta)
	return delta.More || r.look.Waiting > 0, ctx.Err() == nil
}

// historyPatience is Patience until the history has been read once: it should be
// read to its end, but not if it grows as fast as it is read.
const historyPatience = 2 * time.Minute

// settled reports whether what is known may be judged: all that is stored has
// been read, or the backlog has lasted too long.
func (r *Runner) settled(delta *Delta) bool {
	if !delta.More {
		r.loaded, r.behind = true, time.Time{}
		return true
	}
	if r.behind.IsZero() {
		r.behind = r.began
	}
	if r.loaded {
		return r.began.Sub(r.behind) > r.cfg.Patience
	}
	r.loaded = r.began.Sub(r.behind) > historyPatience
	return r.loaded
}

// persist calls a port until it succeeds, or reports false when the context
// ends first.
func (r *Runner) persist(ctx context.Context, port string, call func(context.Context) error) bool {
	for wait := max(r.cfg.Poll, time.Millisecond); ; wait = min(2*wait, r.cfg.MaxBackoff) {
		err := r.call(ctx, call)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		r.ports.Observer.Failed(port, err, wait)
		r.rest(ctx, wait)
	}
}

func (r *Runner) call(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	return call(ctx)
}

// pause waits for the next look; Wake ends it.
func (r *Runner) pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.wake:
	}
}

// rest waits after a failure; only the end of the context ends it early.
func (r *Runner) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (r *Runner) report(delta *Delta) {
	l := &r.look
	l.Changes, l.Alerts, l.Topologies = len(delta.Changes), len(delta.Alerts), len(delta.Topologies)
	if l.Changes+l.Alerts+l.Topologies+l.Judged+l.SavedIncidents+l.Waiting == 0 {
		return
	}
	l.HeldChanges, l.HeldAlerts, l.HeldIncidents = r.changes.Len(), r.grouper.Len(), len(r.tracked)
	l.Took = r.ports.Now().Sub(r.began)
	r.ports.Observer.Looked(*l)
}

// unobserved is the observer of a runner that has none.
type unobserved struct{}

func (unobserved) Looked(Look) {}

func (unobserved) Failed(string, error, time.Duration) {}
