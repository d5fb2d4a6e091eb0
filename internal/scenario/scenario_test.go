package scenario

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

var end = time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)

func load(t *testing.T, name string) Scenario {
	t.Helper()
	s, err := Load(name, end)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestUnknownScenarioNamesTheKnownOnes(t *testing.T) {
	_, err := Load("sharknado", end)
	if err == nil || !strings.Contains(err.Error(), "retail-outage, agent-infrastructure, assistant-guardrail") {
		t.Errorf("got %v", err)
	}
}

// Every event must pass the decoder that production events pass.
func TestEveryEventIsAccepted(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			for _, e := range load(t, name).Events {
				meta := event.Meta{ArrivedAt: end}
				var rejected []event.Rejection
				switch e.Kind {
				case event.KindChange:
					_, rejected = event.DecodeChanges(e.Value, meta)
				case event.KindAlert:
					_, rejected = event.DecodeAlerts(e.Value, meta)
				case event.KindTopology:
					_, rejected = event.DecodeTopologies(e.Value, meta)
				}
				for _, r := range rejected {
					t.Errorf("%s: %v", e.Value, r.Err)
				}
			}
		})
	}
}

// The demo finds the incident by the service that alerts first.
func TestTheFirstAlertIsOfTheNamedService(t *testing.T) {
	for _, name := range Names() {
		s := load(t, name)
		for _, e := range s.Events {
			if e.Kind == event.KindAlert && e.SentAt.Equal(s.StartedAt) && e.Key != s.Service {
				t.Errorf("%s: %s alerts first, not %s", name, e.Key, s.Service)
			}
		}
	}
}

func TestTheSameRecordingEveryTime(t *testing.T) {
	for _, name := range Names() {
		first, again := load(t, name), load(t, name)
		if !reflect.DeepEqual(first, again) { // A difference of two whole days takes seconds to work out.
			t.Errorf("%s: %s", name, cmp.Diff(first, again))
		}
	}
}

func TestRecordingsAreOrderedAndOver(t *testing.T) {
	for _, name := range Names() {
		s := load(t, name)
		for i := range s.Events {
			if i > 0 && s.Events[i].SentAt.Before(s.Events[i-1].SentAt) {
				t.Fatalf("%s: event %d was sent before its predecessor", name, i)
			}
			if s.Events[i].SentAt.After(end) {
				t.Errorf("%s: an event lies in the future: %s", name, s.Events[i].Value)
			}
		}
		if !s.EndedAt.After(s.StartedAt) || s.EndedAt.After(end) {
			t.Errorf("%s lasts from %v to %v", name, s.StartedAt, s.EndedAt)
		}
	}
}

func TestTheRetailOutageIsAsTold(t *testing.T) {
	s := load(t, "retail-outage")
	if lasts := s.EndedAt.Sub(s.StartedAt); lasts < 6*time.Hour || lasts > 7*time.Hour {
		t.Errorf("it lasts %v", lasts)
	}
	counts := map[event.Kind]int{}
	services := map[string]bool{}
	var guilty, between, after int
	for _, e := range s.Events {
		counts[e.Kind]++
		if e.Kind != event.KindChange {
			continue
		}
		var c correlate.Change
		if err := json.Unmarshal(e.Value, &c); err != nil {
			t.Fatal(err)
		}
		services[strings.Join(c.Services, ",")] = true
		switch {
		case c.Key() == s.Guilty:
			guilty++
		case c.StartedAt.After(s.StartedAt) && c.Actor.Type == correlate.ActorHuman:
			after++
		case c.StartedAt.After(s.StartedAt.Add(-11*time.Minute)) && c.StartedAt.Before(s.StartedAt):
			between++
		}
	}
	if guilty != 3 {
		t.Errorf("the guilty change was told %d times, want running, done and undone", guilty)
	}
	if between < 2 || after < 3 || counts[event.KindChange] < 600 || counts[event.KindAlert] < 50 || len(services) < 55 {
		t.Errorf("between %d, responders %d, %v, %d services", between, after, counts, len(services))
	}
}

func TestCompaniesHang(t *testing.T) {
	for _, c := range []company{shop(), cloud()} {
		known := map[string]bool{}
		for _, s := range c.services {
			if known[s.Name] || s.Tier < 1 || s.Tier > 4 || s.Team == "" {
				t.Errorf("%s: service %+v", c.name, s)
			}
			known[s.Name] = true
		}
		linked := map[string]bool{}
		for _, e := range c.edges {
			if !known[e.Caller] || !known[e.Callee] {
				t.Errorf("%s: edge between unknown services: %+v", c.name, e)
			}
			linked[e.Caller], linked[e.Callee] = true, true
		}
		for name := range known {
			if !linked[name] {
				t.Errorf("%s: nobody calls %s and it calls nobody", c.name, name)
			}
		}
	}
	if n := len(shop().services); n < 58 || n > 64 {
		t.Errorf("the shop has %d services", n)
	}
}

// The engine must find the guilty change by evidence: shuffled ids and titles
// that name only the service must not matter.
func TestTheEngineFindsTheGuiltyChange(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			s := load(t, name)
			f := judge(t, &s, end)
			if len(f.Suspects) == 0 || f.Suspects[0].Change.Key() != s.Guilty {
				for _, suspect := range f.Suspects {
					t.Logf("%d. %.2f %s %s", suspect.Rank, suspect.Probability, suspect.Change.ID, suspect.Change.Title)
				}
				t.Errorf("verdict %s, no change %.2f: the guilty change %v is not first", f.Verdict, f.NoChangeProbability, s.Guilty)
			}
		})
	}
}
