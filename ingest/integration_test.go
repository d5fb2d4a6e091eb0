package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	kafkago "github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/kafka"
	"github.com/faultline/faultline/internal/testenv"
)

// patience bounds how long a test waits for what must happen.
const patience = 4 * time.Minute

// site is a broker with topics of its own and a store that both replicas of a
// consumer share.
type site struct {
	*testing.T
	client *kafka.Client
	store  *memory
	writer *kafkago.Writer
	config ingest.Config
}

// onBothBrokers runs a test against the embedded broker and against Apache
// Kafka itself.
func onBothBrokers(t *testing.T, test func(s *site)) {
	t.Run("embedded", func(t *testing.T) {
		e := kafka.NewEmbedded(kafka.EmbeddedConfig{Listen: "127.0.0.1:0"}, quiet())
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		test(newSite(t, e.Brokers()...))
	})
	t.Run("apache", func(t *testing.T) {
		test(newSite(t, apache.Broker(t).Addr))
	})
}

func newSite(t *testing.T, brokers ...string) *site {
	t.Helper()
	config := kafka.DefaultConfig()
	config.Brokers = brokers
	unique := fmt.Sprint(filepath.Base(t.TempDir()), time.Now().UnixNano())
	config.Topics = kafka.Topics{
		Changes: unique + ".changes", Alerts: unique + ".alerts",
		Topology: unique + ".topology", DeadLetter: unique + ".dead",
	}
	client, err := kafka.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	plan := kafka.TopicPlan{Partitions: 4, Replication: 1, MaxMessageBytes: 12 << 20}
	if _, err := client.EnsureTopics(ctx, plan); err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, client: client, store: newMemory(), writer: client.Writer(), config: ingest.DefaultConfig()}
	s.config.Topics = ingest.Topics(config.Topics)
	t.Cleanup(func() {
		_ = s.writer.Close()
		client.Close()
	})
	return s
}

// replica is one running consumer.
type replica struct {
	cancel context.CancelFunc
	ended  chan error
}

func (s *site) startReplica() *replica {
	s.Helper()
	client, err := kafka.New(s.client.Config())
	if err != nil {
		s.Fatal(err)
	}
	writer := client.Writer()
	group := client.Group("faultline-" + s.config.Topics.Changes)
	group.HeartbeatInterval, group.SessionTimeout = 200*time.Millisecond, 6*time.Second
	consumer, err := ingest.NewConsumer(s.config, ingest.Deps{
		Group: ingest.KafkaGroup(group), Fetcher: client.Fetcher(),
		Decoder: format.NewRegistry(format.DefaultConfig()), Store: s.store, DeadLetters: writer,
		Registerer: prometheus.NewRegistry(), Log: quiet(),
	})
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &replica{cancel: cancel, ended: make(chan error, 1)}
	go func() {
		r.ended <- consumer.Run(ctx)
		_ = writer.Close()
		client.Close()
	}()
	return r
}

func (s *site) stop(r *replica) {
	s.Helper()
	r.cancel()
	if err := <-r.ended; err != nil {
		s.Errorf("Run = %v", err)
	}
}

func (s *site) produce(messages ...kafkago.Message) {
	s.Helper()
	if err := s.writer.WriteMessages(s.Context(), messages...); err != nil {
		s.Fatal(err)
	}
}

// changes are n messages of one change event each, over all partitions.
func (s *site) changes(prefix string, n int) []kafkago.Message {
	messages := make([]kafkago.Message, n)
	for i := range messages {
		messages[i] = kafkago.Message{
			Topic: s.config.Topics.Changes, Key: fmt.Append(nil, "service-", i%17),
			Value: fmt.Appendf(nil, `{"id":"%s-%05d","source":"test","kind":"deploy","services":["service-%d"],"started_at":%q}`,
				prefix, i, i%17, time.Now().UTC().Format(time.RFC3339)),
		}
	}
	return messages
}

// await waits until the store satisfies a condition.
func (s *site) await(what string, satisfied func(m *memory) bool) {
	s.Helper()
	deadline := time.Now().Add(patience)
	for !s.store.check(satisfied) {
		if time.Now().After(deadline) {
			s.Fatalf("%s did not happen within %s: %d changes, %d alerts, %d snapshots, %d dead letters are stored", what, patience,
				len(s.store.changes), len(s.store.alerts), len(s.store.topologies), len(s.store.letters))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// memory is a store that keeps each event once, as the fold of the real one.
type memory struct {
	mu         sync.Mutex
	changes    map[uint64]string
	alerts     map[uint64]string
	topologies map[uint64]string
	letters    []event.DeadLetter
	inserted   int
}

func newMemory() *memory {
	return &memory{changes: map[uint64]string{}, alerts: map[uint64]string{}, topologies: map[uint64]string{}}
}

func (m *memory) check(satisfied func(*memory) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return satisfied(m)
}

// InsertChanges implements ingest.ChangeStore. It takes its time, so that
// rebalances fall into running inserts.
func (m *memory) InsertChanges(_ context.Context, _ string, rows []event.Change) error {
	time.Sleep(10 * time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rows {
		m.changes[rows[i].UID] = rows[i].ID
	}
	m.inserted += len(rows)
	return nil
}

// InsertAlerts implements ingest.AlertStore.
func (m *memory) InsertAlerts(_ context.Context, _ string, rows []event.Alert) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rows {
		m.alerts[rows[i].UID] = rows[i].Name
	}
	return nil
}

// InsertTopology implements ingest.TopologyStore.
func (m *memory) InsertTopology(_ context.Context, _ string, rows []event.Topology) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rows {
		m.topologies[rows[i].UID] = rows[i].Source
	}
	return nil
}

// InsertDeadLetters implements ingest.DeadLetterStore.
func (m *memory) InsertDeadLetters(_ context.Context, rows []event.DeadLetter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, rows...)
	return nil
}

func TestEventsOfEveryTopicArrive(t *testing.T) {
	onBothBrokers(t, func(s *site) {
		r := s.startReplica()
		s.produce(s.changes("c", 500)...)
		s.produce(
			kafkago.Message{Topic: s.config.Topics.Alerts, Value: []byte(
				`[{"source":"am","service":"checkout","name":"errors","status":"firing","started_at":"2026-11-20T10:00:00Z"},` +
					`{"source":"am","service":"cart","name":"latency","status":"firing","started_at":"2026-11-20T10:00:00Z"}]`)},
			kafkago.Message{Topic: s.config.Topics.Topology, Value: []byte(
				`{"observed_at":"2026-11-20T10:00:00Z","source":"mesh","services":[{"name":"cart"}],"edges":[{"caller":"web","callee":"cart"}]}`)},
		)
		s.await("the arrival of all events", func(m *memory) bool {
			return len(m.changes) == 500 && len(m.alerts) == 2 && len(m.topologies) == 1
		})
		s.stop(r)
		if len(s.store.letters) > 0 {
			s.Fatalf("dead letters: %+v", s.store.letters)
		}
	})
}

func TestRestartGoesOnWhereItStopped(t *testing.T) {
	onBothBrokers(t, func(s *site) {
		r := s.startReplica()
		s.produce(s.changes("first", 1000)...)
		s.await("the first thousand", func(m *memory) bool { return len(m.changes) == 1000 })
		s.stop(r)
		s.produce(s.changes("second", 1000)...)
		r = s.startReplica()
		s.await("the second thousand", func(m *memory) bool { return len(m.changes) == 2000 })
		s.stop(r)
		if s.store.inserted != 2000 {
			s.Fatalf("%d rows were inserted, want each once after an orderly stop", s.store.inserted)
		}
	})
}

func TestRebalanceInTheMiddleLosesAndDoublesNothing(t *testing.T) {
	onBothBrokers(t, func(s *site) {
		s.config.BatchRows = 200
		const total = 12_000
		first := s.startReplica()
		produced := make(chan struct{})
		go func() {
			defer close(produced)
			for i := range total / 500 {
				s.produce(s.changes(fmt.Sprint("part", i), 500)...)
				time.Sleep(50 * time.Millisecond)
			}
		}()
		s.await("the first events", func(m *memory) bool { return len(m.changes) > 500 })
		second := s.startReplica()
		time.Sleep(1500 * time.Millisecond)
		s.stop(first)
		third := s.startReplica()
		<-produced
		s.await("the arrival of all events", func(m *memory) bool { return len(m.changes) == total })
		s.stop(second)
		s.stop(third)
		var ids []string
		for _, id := range s.store.changes {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		if got := len(slices.Compact(ids)); got != total {
			s.Fatalf("%d different changes are stored, want %d", got, total)
		}
		s.Logf("%d rows were inserted for %d events", s.store.inserted, total)
	})
}

func TestPoisonAndHugeMessagesAreDeadLettersByteForByte(t *testing.T) {
	onBothBrokers(t, func(s *site) {
		huge := append([]byte(`{"id":"huge","title":"`), bytes.Repeat([]byte("x"), 10<<20)...)
		poison := [][]byte{
			[]byte("\x00\xff not JSON"), []byte(`{"id":"c"`), huge,
			[]byte(`[{"id":"good","source":"test","kind":"deploy","started_at":"2026-11-20T10:00:00Z"},{"id":"no source"}]`),
		}
		for _, value := range poison {
			s.produce(kafkago.Message{Topic: s.config.Topics.Changes, Key: []byte("same partition"), Value: value})
		}
		s.produce(kafkago.Message{Topic: s.config.Topics.Changes, Key: []byte("same partition"), Value: s.changes("after", 1)[0].Value})
		r := s.startReplica()
		s.await("the dead letters and what comes after them", func(m *memory) bool {
			return len(m.letters) == len(poison) && len(m.changes) == 2
		})
		s.stop(r)
		for _, l := range s.store.letters {
			if !bytes.Equal(l.Value, poison[l.Origin.Offset]) {
				s.Errorf("the row of the message at offset %d differs from it", l.Origin.Offset)
			}
		}
		for _, l := range s.deadTopic(len(poison)) {
			headers := map[string]string{}
			for _, h := range l.Headers {
				headers[h.Key] = string(h.Value)
			}
			offset, err := strconv.Atoi(headers[ingest.HeaderOffset])
			if err != nil || headers[ingest.HeaderTopic] != s.config.Topics.Changes ||
				headers[ingest.HeaderError] == "" || headers[ingest.HeaderPartition] == "" {
				s.Fatalf("a dead letter has the headers %v", headers)
			}
			if !bytes.Equal(l.Value, poison[offset]) {
				s.Errorf("the dead letter of the message at offset %d differs from it", offset)
			}
		}
	})
}

// deadTopic reads the dead-letter topic.
func (s *site) deadTopic(n int) []kafkago.Message {
	s.Helper()
	var all []kafkago.Message
	var next int64
	for len(all) < n {
		messages, after, err := s.client.Fetcher().Fetch(s.Context(), s.config.Topics.DeadLetter, 0, next, 1<<20)
		if err != nil {
			s.Fatal(err)
		}
		all, next = append(all, messages...), after
	}
	return all
}

func TestBrokerThatComesBackIsReadOn(t *testing.T) {
	config := kafka.EmbeddedConfig{Listen: testenv.Address(t), DataDir: t.TempDir()}
	broker := kafka.NewEmbedded(config, quiet())
	if err := broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, broker.Brokers()...)
	r := s.startReplica()
	s.produce(s.changes("before", 100)...)
	s.await("the events before the outage", func(m *memory) bool { return len(m.changes) == 100 })
	broker.Close()
	time.Sleep(2 * time.Second)
	broker = kafka.NewEmbedded(config, quiet())
	if err := broker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	s.produce(s.changes("after", 100)...)
	s.await("the events after the outage", func(m *memory) bool { return len(m.changes) == 200 })
	s.stop(r)
}

func quiet() *slog.Logger {
	if testing.Verbose() && os.Getenv("FAULTLINE_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}
