package correlate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// event is something that becomes visible in the store at a moment.
type event struct {
	at       time.Time
	alert    *Alert
	change   *Change
	topology *Topology
}

func (e *event) addTo(d *Delta) {
	switch {
	case e.alert != nil:
		d.Alerts = append(d.Alerts, *e.alert)
	case e.change != nil:
		d.Changes = append(d.Changes, *e.change)
	default:
		d.Topologies = append(d.Topologies, *e.topology)
	}
}

// script is a feed whose events become visible as the clock goes on. It folds
// what is known of an alert or change into whole values, as the store does.
type script struct {
	now func() time.Time

	mu      sync.Mutex
	events  []event
	next    int
	calls   int
	failing error
}

func (s *script) Next(ctx context.Context, limit int) (Delta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if err := cmp.Or(s.failing, ctx.Err()); err != nil {
		return Delta{}, err
	}
	var delta Delta
	for n := 0; s.next < len(s.events) && !s.events[s.next].at.After(s.now()); n++ {
		if n == limit {
			delta.More = true
			break
		}
		s.events[s.next].addTo(&delta)
		s.next++
	}
	return delta, nil
}

func (s *script) add(events ...event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, events...)
}

func (s *script) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
}

func (s *script) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// shelf is a sink that keeps rows as the store does: the last one written
// under an id and revision, or an id and version, stands.
type shelf struct {
	rows      sync.Mutex
	incidents map[string]map[int64]Incident
	findings  map[string]map[int]Finding
	failing   error
}

func newShelf() *shelf {
	return &shelf{incidents: map[string]map[int64]Incident{}, findings: map[string]map[int]Finding{}}
}

func (s *shelf) SaveIncidents(ctx context.Context, rows []Incident) error {
	s.rows.Lock()
	defer s.rows.Unlock()
	if err := cmp.Or(s.failing, ctx.Err()); err != nil {
		return err
	}
	for _, row := range rows {
		if s.incidents[row.ID] == nil {
			s.incidents[row.ID] = map[int64]Incident{}
		}
		s.incidents[row.ID][row.Revision] = row
	}
	return nil
}

func (s *shelf) SaveFindings(ctx context.Context, rows []Finding) error {
	s.rows.Lock()
	defer s.rows.Unlock()
	if err := cmp.Or(s.failing, ctx.Err()); err != nil {
		return err
	}
	for _, row := range rows {
		if s.findings[row.Incident] == nil {
			s.findings[row.Incident] = map[int]Finding{}
		}
		s.findings[row.Incident][row.Version] = row
	}
	return nil
}

func (s *shelf) fail(err error) {
	s.rows.Lock()
	defer s.rows.Unlock()
	s.failing = err
}

// Saved makes the shelf a ledger.
func (s *shelf) Saved(context.Context, time.Time) (map[string]SavedState, error) {
	s.rows.Lock()
	defer s.rows.Unlock()
	saved := map[string]SavedState{}
	for id, rows := range s.incidents {
		saved[id] = SavedState{Revision: latest(rows), FindingVersion: latest(s.findings[id])}
	}
	return saved, nil
}

// lastIncidents returns the row of the highest revision of each incident.
func (s *shelf) lastIncidents() []Incident {
	s.rows.Lock()
	defer s.rows.Unlock()
	var last []Incident
	for _, revisions := range s.incidents {
		last = append(last, revisions[latest(revisions)])
	}
	sortIncidents(last)
	return last
}

// lastFindings returns the finding of the highest version of each incident.
func (s *shelf) lastFindings() map[string]Finding {
	s.rows.Lock()
	defer s.rows.Unlock()
	rows := map[string]Finding{}
	for id, versions := range s.findings {
		rows[id] = versions[latest(versions)]
	}
	return rows
}

func latest[N int | int64, R any](rows map[N]R) N {
	var last N
	for n := range rows {
		last = max(last, n)
	}
	return last
}

// plainJudge is an attributor whose findings say what it was shown: the alerts
// of the incident and the changes in view at the moment of judgement.
type plainJudge struct {
	took  time.Duration
	judge func(in Input)
}

func (p plainJudge) Attribute(in Input) Finding {
	if p.judge != nil {
		p.judge(in)
	}
	time.Sleep(p.took)
	f := Finding{Verdict: VerdictNoChange, NoChangeProbability: 1, Suspects: []Suspect{}}
	services := []string{}
	for _, a := range visibleAlerts(in.Alerts, in.AsOf) {
		f.Missing = append(f.Missing, fmt.Sprintf("%s %s", a.Fingerprint, a.Status))
		services = append(services, a.Service)
	}
	in.Changes.eachAround(distinct(services), in.Incident.Environment, 0, in.AsOf.UnixMilli(), func(c *Change) {
		if !c.StartedAt.After(in.AsOf) {
			f.Suspects = append(f.Suspects, Suspect{Change: visibleChange(*c, in.AsOf, true)})
		}
	})
	slices.SortFunc(f.Suspects, func(a, b Suspect) int { return cmp.Compare(a.Change.ID, b.Change.ID) })
	return f
}

// notes is an observer that remembers.
type notes struct {
	mu     sync.Mutex
	looks  []Look
	waits  []time.Duration
	failed map[string]int
}

func (n *notes) Looked(l Look) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks = append(n.looks, l)
}

func (n *notes) Failed(port string, _ error, retry time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.failed = map[string]int{}
	}
	n.failed[port]++
	n.waits = append(n.waits, retry)
}

func (n *notes) last() Look {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.looks[len(n.looks)-1]
}

func (n *notes) failures(port string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.failed[port]
}

// rig is a runner with everything around it, to be run in a synctest bubble.
type rig struct {
	*script
	*shelf
	notes  *notes
	runner *Runner
	stop   context.CancelFunc
	done   chan struct{}
}

// newRig starts a runner on an empty feed. Change may set ports and settings.
func newRig(change func(*RunnerConfig, *RunnerPorts)) *rig {
	r := &rig{script: &script{now: time.Now}, shelf: newShelf(), notes: &notes{}, done: make(chan struct{})}
	cfg := DefaultRunnerConfig()
	ports := RunnerPorts{Feed: r.script, Sink: r.shelf, Attributor: plainJudge{}, Observer: r.notes}
	if change != nil {
		change(&cfg, &ports)
	}
	r.runner = NewRunner(cfg, ports)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		defer close(r.done)
		r.runner.Run(ctx)
	}()
	return r
}

// end stops the runner and waits for it.
func (r *rig) end() {
	r.stop()
	<-r.done
}

// versions returns the versions of the only incident's findings in order, with
// the time of judgement counted from the moment.
func (r *rig) versions(t *testing.T, from time.Time) []string {
	t.Helper()
	r.rows.Lock()
	defer r.rows.Unlock()
	if len(r.findings) != 1 {
		t.Fatalf("want findings of one incident, got %d", len(r.findings))
	}
	var lines []string
	for _, versions := range r.findings {
		for _, f := range versions {
			lines = append(lines, fmt.Sprintf("v%02d at %v", f.Version, f.AsOf.Sub(from)))
		}
	}
	slices.Sort(lines)
	return lines
}

func firing(service string, at time.Time) *Alert {
	return &Alert{
		Source: "monitor", Fingerprint: service, Service: service, Name: "Errors", Severity: SeverityCritical,
		Status: AlertFiring, Signal: SignalErrors, StartedAt: at,
	}
}

func resolved(a *Alert, at time.Time) *Alert {
	b := *a
	b.Status, b.ResolvedAt = AlertResolved, &at
	return &b
}

func deployOf(id, service string, at time.Time) *Change {
	return &Change{
		ID: id, Source: "cd", Kind: KindDeploy, Services: []string{service}, StartedAt: at, Status: StatusInProgress,
	}
}

func topologyOf(calls ...string) *Topology {
	t := &Topology{Source: "tracing"}
	for i := 0; i+1 < len(calls); i += 2 {
		t.Edges = append(t.Edges, Edge{Caller: calls[i], Callee: calls[i+1]})
	}
	return t
}

var errDown = errors.New("the store is down")
