package correlate

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// court is a docket whose judgements can be added and that can fail.
type court struct {
	mu    sync.Mutex
	all   []Judgement
	next  int
	err   error
	calls int
}

func (c *court) NextJudgements(_ context.Context, limit int) ([]Judgement, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.err != nil {
		return nil, c.err
	}
	news := c.all[c.next:min(c.next+limit, len(c.all))]
	c.next += len(news)
	return news, nil
}

func (c *court) judge(id, incident, change string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, Judgement{ID: id, Incident: incident, Decision: DecisionConfirm, Change: &Key{"cd", change}, DecidedAt: at})
}

func (c *court) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// historian says what history and gaps it was given.
type historian struct{}

func (historian) Attribute(in Input) Finding {
	f := Finding{Verdict: VerdictNoChange, Suspects: []Suspect{}, Missing: append([]string{}, in.Gaps...)}
	for _, p := range in.History {
		f.Missing = append(f.Missing, fmt.Sprintf("%s confirmed %v", p.Incident, p.Services))
	}
	return f
}

// judgedRig is a rig with a docket and a deploy of cart that it may be about.
func judgedRig(c *court, change func(*RunnerPorts)) *rig {
	r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
		ports.Docket, ports.Attributor = c, historian{}
		if change != nil {
			change(ports)
		}
	})
	r.add(event{at: time.Now(), change: deployOf("guilty", "cart", time.Now().Add(-48*time.Hour))})
	return r
}

// missing is what the only incident's newest finding lacks, or rather was given.
func (r *rig) missing(t *testing.T) []string {
	t.Helper()
	for _, f := range r.lastFindings() {
		return f.Missing
	}
	t.Fatal("no finding")
	return nil
}

func TestAVerdictCountsForLaterFindingsOfOtherIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &court{}
		r := judgedRig(c, nil)
		defer r.end()
		c.judge("1", "earlier", "guilty", time.Now().Add(-time.Hour))
		time.Sleep(10 * time.Second)
		start := time.Now()
		r.add(event{at: start, alert: firing("web", start)})
		time.Sleep(time.Second)
		if diff := gocmp.Diff([]string{"earlier confirmed [cart]"}, r.missing(t)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		c.judge("2", "another", "guilty", start.Add(30*time.Second))
		time.Sleep(45 * time.Second)
		if len(r.missing(t)) != 1 {
			t.Errorf("a finding of an earlier moment was told: %q", r.missing(t))
		}
		time.Sleep(time.Minute) // The first checkpoint is later than the verdict.
		if diff := gocmp.Diff([]string{"earlier confirmed [cart]", "another confirmed [cart]"}, r.missing(t)); diff != "" {
			t.Errorf("history at the checkpoint (-want +got):\n%s", diff)
		}
	})
}

// A finding is a function of the events and the verdicts, not of when the runner
// heard of a verdict.
func TestAVerdictHeardLateCountsAsIfHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prompt, late := &court{}, &court{}
		one, other := judgedRig(prompt, nil), judgedRig(late, nil)
		defer one.end()
		defer other.end()
		start := time.Now()
		prompt.judge("1", "earlier", "guilty", start)
		time.Sleep(20 * time.Second)
		alert := firing("web", time.Now())
		one.add(event{at: time.Now(), alert: alert})
		other.add(event{at: time.Now(), alert: alert})
		time.Sleep(20 * time.Second)
		late.judge("1", "earlier", "guilty", start)
		time.Sleep(20 * time.Second)
		if diff := gocmp.Diff(one.lastFindings(), other.lastFindings()); diff != "" {
			t.Errorf("findings (-at once +late):\n%s", diff)
		}
	})
}

func TestVerdictsThatCannotBeReadAreMissingUntilTheyCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &court{err: errDown}
		r := judgedRig(c, nil)
		defer r.end()
		c.judge("1", "earlier", "guilty", time.Now().Add(-time.Hour))
		r.add(event{at: time.Now(), alert: firing("web", time.Now())})
		time.Sleep(time.Second)
		if diff := gocmp.Diff([]string{unheard}, r.missing(t)); diff != "" || r.notes.failures("docket") == 0 {
			t.Errorf("while it fails (-want +got):\n%s", diff)
		}
		c.fail(nil)
		time.Sleep(10 * time.Second)
		if diff := gocmp.Diff([]string{"earlier confirmed [cart]"}, r.missing(t)); diff != "" {
			t.Errorf("afterwards (-want +got):\n%s", diff)
		}
		if c.calls > 5 {
			t.Errorf("%d questions in eleven seconds", c.calls)
		}
	})
}

// leakyAttic is an archive that fails at first.
type leakyAttic struct {
	change Change
	mu     sync.Mutex
	fails  int
}

func (a *leakyAttic) ChangesByID(context.Context, string, string) ([]Change, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails--; a.fails >= 0 {
		return nil, errDown
	}
	return []Change{a.change}, nil
}

func TestAVerdictOnAnOldChangeWaitsForTheArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &court{}
		archive := &leakyAttic{change: *deployOf("ancient", "ledger", time.Now().AddDate(-1, 0, 0)), fails: 1}
		r := judgedRig(c, func(ports *RunnerPorts) { ports.Archive = archive })
		defer r.end()
		c.judge("1", "earlier", "ancient", time.Now().Add(-time.Hour))
		r.add(event{at: time.Now(), alert: firing("web", time.Now())})
		time.Sleep(time.Second)
		if diff := gocmp.Diff([]string{unheard}, r.missing(t)); diff != "" {
			t.Errorf("while it fails (-want +got):\n%s", diff)
		}
		time.Sleep(10 * time.Second)
		if diff := gocmp.Diff([]string{"earlier confirmed [ledger]"}, r.missing(t)); diff != "" {
			t.Errorf("afterwards (-want +got):\n%s", diff)
		}
	})
}

// TestAVerdictOnAMergedIncidentIsNoHistoryOfTheOther: what people said of the same
// trouble, while it passed for two, must not speak for or against its own suspects.
func TestAVerdictOnAMergedIncidentIsNoHistoryOfTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &court{}
		r := judgedRig(c, nil)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, topology: topologyOf("web", "cart", "cart", "stock", "stock", "db")})
		r.add(event{at: start, alert: firing("web", start)}, event{at: start, alert: firing("db", start.Add(time.Second))})
		time.Sleep(5 * time.Second)
		later := ""
		for _, row := range r.lastIncidents() {
			if row.Services[0] == "db" {
				later = row.ID
			}
		}
		c.judge("1", later, "guilty", time.Now())
		time.Sleep(10 * time.Second)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(5 * time.Minute)
		rows := r.lastIncidents()
		for _, row := range rows {
			if row.Status == IncidentMerged {
				continue
			}
			if got := r.lastFindings()[row.ID].Missing; len(got) != 0 || len(rows) != 2 {
				t.Errorf("the incident that took %s in was told of its history: %q", later, got)
			}
		}
	})
}
