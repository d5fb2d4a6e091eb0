package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
)

// yearSize is how much happens in a year that figures are made of.
type yearSize struct {
	seed                               uint64
	days, changes, services, incidents int
}

// year makes the changes, incidents and verdicts of a company day by day. The
// same seed makes the same year. Changes have one commit and short bodies: figures
// never read bodies.
type year struct {
	yearSize
	random     *rand.Rand
	begin, end time.Time
	// suspects are changes of the day that incidents can be laid on.
	suspects []correlate.Change
	n, found int
}

func newYear(size yearSize, now time.Time) *year {
	end := now.Truncate(24 * time.Hour)
	return &year{
		yearSize: size, random: rand.New(rand.NewPCG(size.seed, 0x7ea5)), //nolint:gosec // Repeatable on purpose.
		begin: end.AddDate(0, 0, -size.days), end: end,
	}
}

// The mix of a year: what changes are, and where they come from.
var (
	yearKinds   = correlate.ChangeKinds()
	yearClasses = []correlate.ProvenanceClass{
		correlate.ProvenanceAssisted, correlate.ProvenanceAuthored, correlate.ProvenanceHuman, correlate.ProvenanceHuman,
		correlate.ProvenanceAutomation, correlate.ProvenanceUnknown, correlate.ProvenanceUnknown,
	}
	yearLevels = []string{"", "", "senior", "staff", "mid"}
)

// fill stores the year.
func (y *year) fill(ctx context.Context, store *clickhouse.Store) error {
	if err := store.InsertTopology(ctx, "", []event.Topology{y.topology()}); err != nil {
		return err
	}
	for day := range y.days {
		at := y.begin.AddDate(0, 0, day)
		changes := y.changesOf(at)
		if err := store.InsertChanges(ctx, fmt.Sprintf("year:%d", day), changes); err != nil {
			return err
		}
		if err := y.fillIncidents(ctx, store, at); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) topology() event.Topology {
	t := event.Topology{Topology: correlate.Topology{ObservedAt: y.end, Source: "mesh"}, Meta: event.Meta{UID: 1, ArrivedAt: y.end, Raw: []byte("{}")}}
	for i := range y.services {
		t.Services = append(t.Services, correlate.Service{Name: y.service(i), Tier: 1 + i%4, Team: fmt.Sprintf("team-%02d", i%60)})
	}
	return t
}

func (y *year) service(i int) string { return fmt.Sprintf("service-%04d", i) }

// changesOf are the events of a day.
func (y *year) changesOf(day time.Time) []event.Change {
	events := make([]event.Change, 0, y.changes*4/3+1)
	y.suspects = y.suspects[:0]
	for i := range y.changes {
		c := y.change(day.Add(time.Duration(i) * 24 * time.Hour / time.Duration(y.changes)))
		class := pick(y.random, yearClasses)
		events = append(events, y.event(c, class, c.StartedAt))
		if i%3 == 0 {
			c.Status = correlate.StatusSucceeded
			events = append(events, y.event(c, class, c.StartedAt.Add(10*time.Minute)))
		}
		if i%97 == 0 {
			y.suspects = append(y.suspects, c)
		}
	}
	return events
}

func (y *year) change(at time.Time) correlate.Change {
	y.n++
	r := y.random
	authored := at.Add(-time.Duration(1+r.IntN(200)) * time.Hour)
	approved := at.Add(-time.Duration(1+r.IntN(50)) * time.Minute)
	c := correlate.Change{
		ID: fmt.Sprintf("chg-%08d", y.n), Source: fmt.Sprintf("argo-cd-%d", r.IntN(4)), Kind: pick(r, yearKinds), Title: "Deploy 4." + fmt.Sprint(r.IntN(90)) + ".0",
		Services: []string{y.service(r.IntN(y.services))}, Environment: correlate.DefaultEnvironment, StartedAt: at, Status: correlate.StatusInProgress,
		Actor:   &correlate.Actor{ID: fmt.Sprintf("user-%d", r.IntN(800)), Type: correlate.ActorHuman},
		Commits: []correlate.Commit{{SHA: "x", Message: "m", Author: &correlate.Person{Login: "dev"}, AuthoredAt: &authored, Additions: r.IntN(900), Deletions: r.IntN(300)}},
	}
	if level := pick(r, yearLevels); level != "" {
		c.Approvals = []correlate.Approval{{By: fmt.Sprintf("lead-%d", r.IntN(200)), Level: level, At: &approved}}
	}
	return c
}

func (y *year) event(c correlate.Change, class correlate.ProvenanceClass, at time.Time) event.Change {
	// A change that was made here always encodes.
	raw, _ := json.Marshal(&c)
	return event.Change{
		Change: c, Provenance: &correlate.Provenance{Class: class},
		Meta: event.Meta{UID: y.random.Uint64(), ArrivedAt: at, Raw: raw, Format: "faultline"},
	}
}

// fillIncidents stores the incidents of a day: of three one is confirmed, one
// declared to be without a change, one not judged.
func (y *year) fillIncidents(ctx context.Context, store *clickhouse.Store, day time.Time) error {
	var incidents []correlate.Incident
	var findings []correlate.Finding
	for range y.incidents {
		y.found++
		guilty := pick(y.random, y.suspects)
		at, id := guilty.StartedAt.Add(3*time.Minute), fmt.Sprintf("inc-%06d", y.found)
		end := at.Add(time.Duration(5+y.random.IntN(150)) * time.Minute)
		incidents = append(incidents, correlate.Incident{
			ID: id, Revision: 1, Title: guilty.Services[0] + ": errors above 5% for 3 minutes", Severity: pick(y.random, correlate.Severities()), Status: correlate.IncidentResolved, Environment: correlate.DefaultEnvironment,
			StartedAt: at, ResolvedAt: &end, UpdatedAt: end, Services: append([]string{y.service(y.random.IntN(y.services))}, guilty.Services...), Alerts: []correlate.AlertKey{{Fingerprint: id, StartedAt: at}},
		})
		findings = append(findings, correlate.Finding{
			Incident: id, Version: 1, AsOf: at, Verdict: correlate.VerdictProbable, Suspects: []correlate.Suspect{{Change: guilty, Rank: 1, Probability: 0.7}},
		})
		if err := y.judge(ctx, store, id, guilty.Key(), end); err != nil {
			return err
		}
	}
	if err := store.SaveIncidents(ctx, incidents); err != nil {
		return fmt.Errorf("incidents of %s: %w", day, err)
	}
	return store.SaveFindings(ctx, findings)
}

func (y *year) judge(ctx context.Context, store *clickhouse.Store, incident string, guilty correlate.Key, at time.Time) error {
	j := correlate.Judgement{ID: y.uuid(), Incident: incident, FindingVersion: 1, DecidedBy: "someone", DecidedAt: at}
	switch y.found % 3 {
	case 0:
		return nil
	case 1:
		j.Decision, j.Change = correlate.DecisionConfirm, &guilty
	default:
		j.Decision = correlate.DecisionNoChange
	}
	return store.SaveJudgement(ctx, j)
}

// uuid is repeatable.
func (y *year) uuid() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], y.random.Uint64())
	binary.BigEndian.PutUint64(id[8:], y.random.Uint64())
	return id.String()
}
