package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// place is one partition of one topic.
type place struct {
	topic string
	id    int
}

// fakeLog is a broker's log in memory: messages by partition, and the offsets
// that the group has committed.
type fakeLog struct {
	mu        sync.Mutex
	parts     map[place][]kafka.Message
	first     map[place]int64
	committed map[place]int64
	// changed is closed and replaced when a message is added.
	changed chan struct{}
	// failing, when not nil, is what every fetch returns.
	failing error
	fetches int
}

func newFakeLog() *fakeLog {
	return &fakeLog{
		parts: map[place][]kafka.Message{}, first: map[place]int64{}, committed: map[place]int64{},
		changed: make(chan struct{}),
	}
}

// produce adds messages and returns the offset after them.
func (l *fakeLog) produce(topic string, partition int, values ...string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	for _, v := range values {
		l.parts[at] = append(l.parts[at], kafka.Message{
			Topic: topic, Partition: partition, Offset: l.first[at] + int64(len(l.parts[at])),
			Key: []byte("key of " + v), Value: []byte(v), Time: time.Now(),
			Headers: []kafka.Header{{Key: "trace", Value: []byte("t-" + v[:min(3, len(v))])}},
		})
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return l.first[at] + int64(len(l.parts[at]))
}

// expire deletes what stands before an offset, as retention does.
func (l *fakeLog) expire(topic string, partition int, before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	l.parts[at] = l.parts[at][before-l.first[at]:]
	l.first[at] = before
}

// recreate empties a partition, as making its topic anew does.
func (l *fakeLog) recreate(topic string, partition int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parts, place{topic, partition})
	delete(l.first, place{topic, partition})
}

func (l *fakeLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = err
}

func (l *fakeLog) offset(topic string, partition int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.committed[place{topic, partition}]
}

// Fetch implements Fetcher.
func (l *fakeLog) Fetch(ctx context.Context, topic string, partition int, offset int64, maxBytes int) ([]kafka.Message, int64, error) {
	deadline := time.After(500 * time.Millisecond)
	for {
		messages, changed, err := l.look(place{topic, partition}, offset, maxBytes)
		if err != nil || len(messages) > 0 {
			return messages, offset + int64(len(messages)), err
		}
		select {
		case <-changed:
		case <-deadline:
			return nil, offset, nil
		case <-ctx.Done():
			return nil, offset, ctx.Err()
		}
	}
}

func (l *fakeLog) look(at place, offset int64, maxBytes int) ([]kafka.Message, chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetches++
	index := offset - l.first[at]
	switch {
	case l.failing != nil:
		return nil, nil, l.failing
	case index < 0 || index > int64(len(l.parts[at])):
		return nil, nil, kafka.OffsetOutOfRange
	}
	var found []kafka.Message
	for _, m := range l.parts[at][index:] {
		if maxBytes -= size(&m); maxBytes < 0 && len(found) > 0 {
			break
		}
		found = append(found, m)
	}
	return found, l.changed, nil
}

// Bounds implements Fetcher.
func (l *fakeLog) Bounds(_ context.Context, topic string, partition int) (first, end int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	return l.first[at], l.first[at] + int64(len(l.parts[at])), l.failing
}

// fakeGroup is a consumer group of one member, whose partitions are those
// that the test assigns.
type fakeGroup struct {
	log *fakeLog
	// assign hands generations to the member.
	assign chan []place

	mu         sync.Mutex
	current    *fakeGeneration
	number     int
	commitErrs []error
	commits    int
	closed     chan struct{}
}

func newFakeGroup(l *fakeLog) *fakeGroup {
	return &fakeGroup{log: l, assign: make(chan []place, 16), closed: make(chan struct{})}
}

// Join implements Group.
func (g *fakeGroup) Join() (Membership, error) { return g, nil }

// Next implements Membership.
func (g *fakeGroup) Next(ctx context.Context) (Generation, error) {
	if gen := g.running(); gen != nil {
		select {
		case <-gen.done:
			gen.functions.Wait()
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-g.closed:
			return nil, kafka.ErrGroupClosed
		}
	}
	select {
	case parts := <-g.assign:
		return g.begin(parts), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-g.closed:
		return nil, kafka.ErrGroupClosed
	}
}

func (g *fakeGroup) running() *fakeGeneration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current
}

func (g *fakeGroup) begin(parts []place) *fakeGeneration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	gen := &fakeGeneration{group: g, number: g.number, assigned: map[string][]kafka.PartitionAssignment{}, done: make(chan struct{})}
	for _, at := range parts {
		offset, known := g.log.committed[at]
		if !known {
			offset = kafka.FirstOffset
		}
		gen.assigned[at.topic] = append(gen.assigned[at.topic], kafka.PartitionAssignment{ID: at.id, Offset: offset})
	}
	g.current = gen
	return gen
}

// rebalance ends the running generation and assigns other partitions.
func (g *fakeGroup) rebalance(parts ...place) {
	g.assign <- parts
	if gen := g.running(); gen != nil {
		gen.end()
	}
}

// Close implements Membership.
func (g *fakeGroup) Close() error {
	close(g.closed)
	if gen := g.running(); gen != nil {
		gen.end()
		gen.functions.Wait()
	}
	return nil
}

// fenceOff makes the group refuse the commits of the running generation, as it
// does once another member has its partitions.
func (g *fakeGroup) fenceOff() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
}

// failCommits makes the next commits fail.
func (g *fakeGroup) failCommits(errs ...error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commitErrs = errs
}

type fakeGeneration struct {
	group     *fakeGroup
	number    int
	assigned  map[string][]kafka.PartitionAssignment
	once      sync.Once
	done      chan struct{}
	functions sync.WaitGroup
}

// Assigned implements Generation.
func (g *fakeGeneration) Assigned() map[string][]kafka.PartitionAssignment { return g.assigned }

// Start implements Generation.
func (g *fakeGeneration) Start(fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	g.functions.Go(func() {
		defer g.end()
		defer cancel()
		go func() {
			<-g.done
			cancel()
		}()
		fn(ctx)
	})
}

func (g *fakeGeneration) end() { g.once.Do(func() { close(g.done) }) }

// CommitOffsets implements Generation.
func (g *fakeGeneration) CommitOffsets(next map[string]map[int]int64) error {
	g.group.mu.Lock()
	defer g.group.mu.Unlock()
	g.group.commits++
	if g.number != g.group.number {
		return kafka.IllegalGeneration
	}
	if len(g.group.commitErrs) > 0 {
		err := g.group.commitErrs[0]
		g.group.commitErrs = g.group.commitErrs[1:]
		if err != nil {
			return err
		}
	}
	g.group.log.mu.Lock()
	defer g.group.log.mu.Unlock()
	for topic, parts := range next {
		for id, offset := range parts {
			g.group.log.committed[place{topic, id}] = offset
		}
	}
	return nil
}

// fakeStore keeps rows by UID, as the real store does after its fold, and
// counts how often each came.
type fakeStore struct {
	mu      sync.Mutex
	rows    map[uint64]string
	times   map[string]int
	letters []event.DeadLetter
	tokens  []string
	inserts int
	// down, when not nil, is what every insert returns; refuses picks rows
	// that are refused; block, when not nil, holds inserts until it is closed
	// or their context ends; deaf makes them not obey their context.
	down    error
	refuses func(id string) bool
	block   chan struct{}
	deaf    bool
}

func newFakeStore() *fakeStore {
	return &fakeStore{rows: map[uint64]string{}, times: map[string]int{}}
}

var errStoreDown = errors.New("connection refused")

func (s *fakeStore) set(change func(*fakeStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *fakeStore) insert(ctx context.Context, token string, rows map[uint64]string) error {
	s.mu.Lock()
	block, deaf := s.block, s.deaf
	s.inserts++
	s.mu.Unlock()
	if block != nil {
		ended := ctx.Done()
		if deaf {
			ended = nil
		}
		select {
		case <-block:
		case <-ended:
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	for _, id := range rows {
		if s.refuses != nil && s.refuses(id) {
			return fmt.Errorf("code 252: %w", event.ErrRefused)
		}
	}
	s.tokens = append(s.tokens, token)
	maps.Copy(s.rows, rows)
	for _, id := range rows {
		s.times[id]++
	}
	return nil
}

// InsertChanges implements ChangeStore.
func (s *fakeStore) InsertChanges(ctx context.Context, token string, rows []event.Change) error {
	m := map[uint64]string{}
	for i := range rows {
		m[rows[i].UID] = rows[i].ID
	}
	return s.insert(ctx, token, m)
}

// InsertAlerts implements AlertStore.
func (s *fakeStore) InsertAlerts(ctx context.Context, token string, rows []event.Alert) error {
	m := map[uint64]string{}
	for i := range rows {
		m[rows[i].UID] = rows[i].Name
	}
	return s.insert(ctx, token, m)
}

// InsertTopology implements TopologyStore.
func (s *fakeStore) InsertTopology(ctx context.Context, token string, rows []event.Topology) error {
	m := map[uint64]string{}
	for i := range rows {
		m[rows[i].UID] = rows[i].Source
	}
	return s.insert(ctx, token, m)
}

// InsertDeadLetters implements DeadLetterStore.
func (s *fakeStore) InsertDeadLetters(_ context.Context, rows []event.DeadLetter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	s.letters = append(s.letters, rows...)
	return nil
}

// Seen implements SeenStore.
func (s *fakeStore) Seen(_ context.Context, _ event.Kind, uids []uint64) (map[uint64]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[uint64]bool{}
	for _, u := range uids {
		if _, ok := s.rows[u]; ok {
			seen[u] = true
		}
	}
	return seen, s.down
}

// ids are the stored events, sorted.
func (s *fakeStore) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Values(s.rows))
}

// fakeWriter keeps what is written to the dead-letter topic.
type fakeWriter struct {
	mu      sync.Mutex
	written []kafka.Message
	errs    []error
}

// WriteMessages implements MessageWriter.
func (w *fakeWriter) WriteMessages(_ context.Context, messages ...kafka.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) > 0 {
		err := w.errs[0]
		w.errs = w.errs[1:]
		if err != nil {
			return err
		}
	}
	w.written = append(w.written, messages...)
	return nil
}

func (w *fakeWriter) all() []kafka.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.written)
}

// fakeDecoder reads ids joined by bars; an id that begins with "bad" is
// refused, and the word "poison" is refused as a whole.
type fakeDecoder struct{}

// Decode implements Decoder.
func (fakeDecoder) Decode(kind event.Kind, format string, _ func(string) string, body []byte, meta event.Meta) (event.Batch, []event.Rejection, error) {
	var b event.Batch
	if string(body) == "poison" {
		return b, nil, &event.FieldError{Problem: "the document is not JSON", Mend: "send JSON"}
	}
	var rejected []event.Rejection
	for i, id := range strings.Split(string(body), "|") {
		if strings.HasPrefix(id, "bad") {
			rejected = append(rejected, event.Rejection{Line: i + 1, Err: &event.FieldError{Path: "id", Problem: "is " + id}})
			continue
		}
		m := meta
		m.Format, m.Raw, m.UID = format, []byte(id), uidOf(kind, id)
		switch kind {
		case event.KindAlert:
			b.Alerts = append(b.Alerts, event.Alert{Alert: correlate.Alert{Name: id}, Meta: m})
		case event.KindTopology:
			b.Topologies = append(b.Topologies, event.Topology{Topology: correlate.Topology{Source: id}, Meta: m})
		default:
			b.Changes = append(b.Changes, event.Change{Change: correlate.Change{ID: id}, Meta: m})
		}
	}
	return b, rejected, nil
}

func uidOf(kind event.Kind, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(kind) + "/" + id))
	return h.Sum64()
}

// rig is a consumer among fakes.
type rig struct {
	*testing.T
	log      *fakeLog
	group    *fakeGroup
	store    *fakeStore
	writer   *fakeWriter
	registry *prometheus.Registry
	config   Config
	consumer *Consumer
	cancel   context.CancelFunc
	ended    chan error
}

// newRig returns a rig that is not running. Its topics are called changes,
// alerts, topology and dead.
func newRig(t *testing.T, adjust func(*Config)) *rig {
	t.Helper()
	l := newFakeLog()
	r := &rig{
		T: t, log: l, group: newFakeGroup(l), store: newFakeStore(), writer: &fakeWriter{},
		registry: prometheus.NewRegistry(), config: testConfig(), ended: make(chan error, 1),
	}
	if adjust != nil {
		adjust(&r.config)
	}
	return r
}

func testConfig() Config {
	c := DefaultConfig()
	c.Topics = Topics{Changes: "changes", Alerts: "alerts", Topology: "topology", DeadLetter: "dead"}
	c.Decoders = 4
	return c
}

// start runs the consumer with the given partitions of the topic changes.
func (r *rig) start(parts ...place) {
	r.Helper()
	var err error
	r.consumer, err = NewConsumer(r.config, Deps{
		Group: r.group, Fetcher: r.log, Decoder: fakeDecoder{}, Store: r.store, DeadLetters: r.writer,
		Registerer: r.registry, Log: silence(),
	})
	if err != nil {
		r.Fatal(err)
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(r.Context())
	r.group.assign <- parts
	go func() { r.ended <- r.consumer.Run(ctx) }()
}

// stop ends the consumer and returns what Run returned.
func (r *rig) stop() error {
	r.cancel()
	return <-r.ended
}

// crash abandons the consumer as kill -9 would, as far as its partners can
// see: what it does from now on has no effect.
func (r *rig) crash() {
	r.group.fenceOff()
	r.store.set(func(s *fakeStore) { s.down = errors.New("killed") })
	r.cancel()
	<-r.ended
}

// figure reads a counter or gauge by its name and labels, as in
// `errors_total{reason="fetch"}`.
func (r *rig) figure(name string, labels ...string) float64 {
	r.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "faultline_ingest_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if slices.Equal(values, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func silence() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// series returns prefix-0 to prefix-(n-1).
func series(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%04d", prefix, i)
	}
	return out
}
