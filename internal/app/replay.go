package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	progress := say.show.progress("correlating", "")
	progress.Tick()
	defer progress.Done()
	if err := s.awaitStored(ctx, uidsOf(recording)); err != nil {
		return foundIncident{}, err
	}
	found, err := s.awaitFinding(ctx, recording)
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
func (s *service) awaitStored(ctx context.Context, events map[event.Kind][]uint64) error {
	for kind, uids := range events {
		for {
			seen, err := s.store.Seen(ctx, kind, uids)
			if err != nil {
				return err
			}
			missing := slices.DeleteFunc(slices.Clone(uids), func(uid uint64) bool { return seen[uid] })
			if len(missing) == 0 {
				break
			}
			select {
			case <-ctx.Done():
				return down(fmt.Errorf("%d of %d events of kind %s are not stored: %w", len(missing), len(uids), kind, ctx.Err()))
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

// settled is how long a finding must stand unchanged to be the last one: longer
// than the correlator lets a changed call graph wait before it groups anew.
const settled = 6 * time.Second

// awaitFinding polls the store until the recording's incident is over and its
// finding has not changed for a while.
func (s *service) awaitFinding(ctx context.Context, recording *scenario.Scenario) (foundIncident, error) {
	var last foundIncident
	since := time.Now()
	for {
		found, over, err := s.findingNow(ctx, recording)
		if err != nil {
			return last, err
		}
		if found.finding.Version != last.finding.Version {
			last, since = found, time.Now()
		}
		if over && last.finding.Version > 0 && time.Since(since) > settled {
			return last, nil
		}
		select {
		case <-ctx.Done():
			if last.finding.Version > 0 {
				return last, nil
			}
			return last, down(ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
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
