package web

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

func resembling(id string, ago time.Duration, signals []correlate.Signal, services ...string) correlate.Incident {
	return correlate.Incident{ID: id, StartedAt: onset.Add(-ago), Services: services, Signals: signals, Status: correlate.IncidentResolved}
}

// TestTheMostSimilarIncidentComesFirst ranks by what is shared of what either has:
// an incident of everything shares all services and resembles little.
func TestTheMostSimilarIncidentComesFirst(t *testing.T) {
	failing, slow := []correlate.Signal{correlate.SignalErrors}, []correlate.Signal{correlate.SignalLatency}
	in := resembling("now", 0, failing, "checkout", "payments")
	all := []correlate.Incident{
		resembling("everything", time.Hour, failing, "checkout", "payments", "cart", "orders", "search", "tax"),
		resembling("same, long ago", 900*time.Hour, failing, "checkout", "payments"),
		resembling("other signal", time.Hour, slow, "checkout", "payments"),
		resembling("one of two", time.Hour, failing, "checkout"),
		resembling("same, of late", 2*time.Hour, failing, "payments", "checkout"),
		resembling("signal alone", time.Minute, failing, "media"),
		resembling("nothing", time.Minute, nil, "media"),
	}
	found := map[string]correlate.Incident{}
	for _, x := range all {
		found[x.ID] = x
	}
	want := []string{"same, of late", "same, long ago", "one of two", "other signal", "everything"}
	if got := idsOf(closest(&in, found)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for i, words := range []string{"2 of 2 services shared, both errors", "2 of 2 services shared, both errors", "1 of 2 services shared, both errors", "2 of 2 services shared", "2 of 2 services shared, both errors"} {
		other := found[want[i]]
		if got := sharedWords(&in, &other); got != words {
			t.Errorf("%s: %q, want %q", other.ID, got, words)
		}
	}
}

func TestNothingUnrelatedIsEverSimilar(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID[string]).Draw(t, label)
		}
		signals := func() []correlate.Signal {
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]correlate.Signal{correlate.SignalErrors, correlate.SignalLatency}), 0, 2, rapid.ID[correlate.Signal]).Draw(t, "signals")
		}
		in := resembling("now", 0, signals(), some("services")...)
		found := map[string]correlate.Incident{}
		for i := range rapid.IntRange(0, 12).Draw(t, "others") {
			id := fmt.Sprint(i)
			found[id] = resembling(id, time.Duration(rapid.IntRange(1, 5).Draw(t, "ago"))*time.Hour, signals(), some("theirs")...)
		}
		got := closest(&in, found)
		if len(got) > similarShown {
			t.Fatalf("%d are shown", len(got))
		}
		for i := range got {
			if common(in.Services, got[i].Services) == 0 {
				t.Fatalf("%v is said to resemble %v", got[i].Services, in.Services)
			}
			if i > 0 && likeness(&in, &got[i]) > likeness(&in, &got[i-1]) {
				t.Fatalf("%q is more alike than the one before it", got[i].ID)
			}
		}
	})
}

// pastIncidents answers as the store does: by service, up to a moment.
type pastIncidents struct {
	all   []correlate.Incident
	asked int
}

func (p *pastIncidents) Incidents(_ context.Context, q query.Incidents) (page query.Page[correlate.Incident], err error) {
	p.asked++
	for _, in := range p.all {
		if slices.Contains(in.Services, q.Service) && in.StartedAt.Before(q.To) {
			page.Items = append(page.Items, in)
		}
	}
	return page, nil
}

func (*pastIncidents) Incident(context.Context, string) (in correlate.Incident, err error) {
	return in, nil
}

// openJudges have decided about one incident.
type openJudges struct{ Judges }

func (openJudges) Standings(context.Context, []string) (map[string]correlate.Standing, error) {
	return map[string]correlate.Standing{"old": {State: correlate.JudgedConfirmed, Judgements: 1}}, nil
}

// noCommanders know nobody who commands.
type noCommanders struct{}

func (noCommanders) Commanders(context.Context, []string) (map[string]string, error) { return nil, nil }
func (noCommanders) Command(context.Context, string, string, string) error           { return nil }

// TestSimilarIncidentsAreEarlierOnesWithWhatCameOfThem leaves out the incident
// itself, what was merged into others and what came later, asks for few services,
// and says what people decided then.
func TestSimilarIncidentsAreEarlierOnesWithWhatCameOfThem(t *testing.T) {
	in := resembling("now", 0, nil, "a", "b", "c", "d", "e", "f")
	merged := resembling("merged", time.Hour, nil, "a")
	merged.Status = correlate.IncidentMerged
	past := &pastIncidents{all: []correlate.Incident{in, merged, resembling("later", -time.Hour, nil, "a"), resembling("old", time.Hour, nil, "a", "b"), resembling("elsewhere", time.Hour, nil, "z")}}
	site := siteAt(onset.Add(time.Hour))
	site.deps.Incidents, site.deps.Judges, site.deps.Commanders = past, openJudges{}, noCommanders{}
	rows, err := site.similar(t.Context(), &in)
	if err != nil || len(rows) != 1 || rows[0].ID != "old" || rows[0].Why != "2 of 6 services shared" || rows[0].Verdict != "Cause confirmed" {
		t.Errorf("%+v, %v", rows, err)
	}
	if past.asked != similarServices {
		t.Errorf("%d questions to the store", past.asked)
	}
}
