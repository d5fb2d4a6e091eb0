package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/scenario"
)

// replayBatch is the number of messages that one write to Kafka carries.
const replayBatch = 500

// foundIncident is an incident with the finding that explains it.
type foundIncident struct {
	finding correlate.Finding
	title   string
}

// replayAndFind sends a recording through Kafka and waits for the finding about
// its outage, as the API would answer it.
func (s *service) replayAndFind(ctx context.Context, recording *scenario.Scenario, say *narrator) (foundIncident, error) {
	say.step("replaying %d recorded events through Kafka", len(recording.Events))
	if err := s.replay(ctx, recording, say); err != nil {
		return foundIncident{}, err
	}
	say.step("waiting for the correlator")
	progress := say.show.progress("correlating", "")
	progress.Tick()
	defer progress.Done()
	wait := newPatience(demoPatience, demoPause)
	if progress == nil {
		wait.tell = func(far string) { say.step("%s", far) }
	}
	if err := s.awaitStored(ctx, uidsOf(recording), wait); err != nil {
		return foundIncident{}, fmt.Errorf("the recording is not stored: %w", err)
	}
	found, err := s.awaitFinding(ctx, recording, wait)
	if err != nil {
		return foundIncident{}, fmt.Errorf("no finding about the outage of %s: %w", recording.Service, err)
	}
	progress.Done()
	say.step("found\n")
	return found, nil
}

// replay produces the events in the order of the recording, batch by batch.
// Each message carries the time at which its sender sent it.
func (s *service) replay(ctx context.Context, recording *scenario.Scenario, say *narrator) (err error) {
	writer := s.kafka.Writer()
	defer func() { err = errors.Join(err, writer.Close()) }()
	topics := s.kafka.Config().Topics
	names := map[event.Kind]string{event.KindChange: topics.Changes, event.KindAlert: topics.Alerts, event.KindTopology: topics.Topology}
	progress, sent := say.show.progress("replaying events", ""), 0
	defer progress.Done()
	for batch := range slices.Chunk(recording.Events, replayBatch) {
		messages := make([]kafkago.Message, len(batch))
		for i, e := range batch {
			messages[i] = kafkago.Message{Topic: names[e.Kind], Key: []byte(e.Key), Value: e.Value, Time: e.SentAt}
		}
		if err := writer.WriteMessages(ctx, messages...); err != nil {
			return down(fmt.Errorf("produce the recording: %w", err))
		}
		sent += len(batch)
		progress.Step(sent, len(recording.Events))
	}
	return nil
}

// uidsOf are the identities of a recording's events, by kind.
func uidsOf(recording *scenario.Scenario) map[event.Kind][]uint64 {
	all := map[event.Kind][]uint64{}
	for i := range recording.Events {
		e := &recording.Events[i]
		switch e.Kind {
		case event.KindChange:
			rows, _ := event.DecodeChanges(e.Value, event.Meta{})
			for _, c := range rows {
				all[e.Kind] = append(all[e.Kind], c.UID)
			}
		case event.KindAlert:
			rows, _ := event.DecodeAlerts(e.Value, event.Meta{})
			for _, a := range rows {
				all[e.Kind] = append(all[e.Kind], a.UID)
			}
		case event.KindTopology:
			rows, _ := event.DecodeTopologies(e.Value, event.Meta{})
			for _, t := range rows {
				all[e.Kind] = append(all[e.Kind], t.UID)
			}
		}
	}
	return all
}

// awaitStored waits until the store holds the events. The topics are read apart:
// on a busy machine a finding about the alerts alone could settle before the
// first change is read.
func (s *service) awaitStored(ctx context.Context, events map[event.Kind][]uint64, wait *patience) error {
	kinds := slices.Sorted(maps.Keys(events))
	return wait.until(ctx, func(ctx context.Context) (far string, done bool, err error) {
		var missing []string
		for _, kind := range kinds {
			seen, err := s.store.Seen(ctx, kind, events[kind])
			if err != nil {
				return "", false, err
			}
			if open := missingOf(events[kind], seen); open > 0 {
				missing = append(missing, fmt.Sprintf("%d of %d events of kind %s are not stored", open, len(events[kind]), kind))
			}
		}
		return strings.Join(missing, ", "), len(missing) == 0, nil
	})
}

// missingOf counts the identities that were not seen.
func missingOf(uids []uint64, seen map[uint64]bool) (n int) {
	for _, uid := range uids {
		if !seen[uid] {
			n++
		}
	}
	return n
}

// A finding is the last one when it has stood unchanged for longer than the
// correlator lets a changed call graph wait before it groups anew, and through
// so many looks: where one look takes seconds, the correlator's take long too.
const (
	settled      = 6 * time.Second
	settledLooks = 40
)

// standing is the latest finding, since when and through how many looks it has
// stood.
type standing struct {
	latest foundIncident
	over   bool
	since  time.Time
	looks  int
}

// see takes one look's answer in.
func (l *standing) see(found foundIncident, over bool, now time.Time) {
	l.looks, l.over = l.looks+1, over
	if found.finding.Version != l.latest.finding.Version {
		l.latest, l.since, l.looks = found, now, 0
	}
}

// final reports whether no other finding is to be expected.
func (l *standing) final(now time.Time) bool {
	return l.over && l.latest.finding.Version > 0 && now.Sub(l.since) > settled && l.looks >= settledLooks
}

// far says how far the outage has been explained.
func (l *standing) far() string {
	if l.latest.finding.Version == 0 {
		return "all events are stored, the outage has no finding yet"
	}
	state := "goes on"
	if l.over {
		state = "is over"
	}
	return fmt.Sprintf("all events are stored, the outage %s, its latest finding is version %d", state, l.latest.finding.Version)
}

// awaitFinding polls the store until the recording's incident is over and its
// finding has not changed for a while. A finding that never comes to rest is
// returned as it stands in the end.
func (s *service) awaitFinding(ctx context.Context, recording *scenario.Scenario, wait *patience) (foundIncident, error) {
	l := standing{since: time.Now()}
	err := wait.until(ctx, func(ctx context.Context) (far string, done bool, err error) {
		found, over, err := s.findingNow(ctx, recording)
		if err != nil {
			return "", false, err
		}
		l.see(found, over, time.Now())
		return l.far(), l.final(time.Now()), nil
	})
	if errors.Is(err, errStill) && l.latest.finding.Version > 0 {
		return l.latest, nil
	}
	return l.latest, err
}

// findingNow reads what is known at this moment of the recording's incident,
// and whether all its alerts have ended.
func (s *service) findingNow(ctx context.Context, recording *scenario.Scenario) (found foundIncident, over bool, err error) {
	page, err := s.store.Incidents(ctx, query.Incidents{
		Service: recording.Service, From: recording.StartedAt.Add(-time.Minute), To: recording.EndedAt, Limit: query.MaxLimit,
	})
	if err != nil {
		return found, false, err
	}
	for i := range page.Items {
		incident := &page.Items[i]
		if !incident.StartedAt.Equal(recording.StartedAt) || incident.Status == correlate.IncidentMerged {
			continue
		}
		found.title = incident.Title
		found.finding, err = s.store.Finding(ctx, incident.ID, 0)
		if errors.Is(err, query.ErrNotFound) {
			err = nil
		}
		return found, incident.ResolvedAt != nil, err
	}
	return found, false, nil
}
