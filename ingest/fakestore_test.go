package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

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
	// holds is like block, for inserts that hold one event.
	holds map[string]chan struct{}
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
	for _, id := range rows {
		if held := s.holds[id]; held != nil {
			block = held
		}
	}
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
// refused, the word "poison" is refused as a whole, and "panic" is a bug.
type fakeDecoder struct{}

// Decode implements Decoder.
func (fakeDecoder) Decode(b *event.Batch, kind event.Kind, format string, _ func(string) string, body []byte, meta event.Meta) ([]event.Rejection, error) {
	if string(body) == "poison" {
		return nil, &event.FieldError{Problem: "the document is not JSON", Mend: "send JSON"}
	}
	if string(body) == "panic" {
		b.Changes = append(b.Changes, event.Change{})
		panic("index out of range")
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
	return rejected, nil
}

func uidOf(kind event.Kind, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(kind) + "/" + id))
	return h.Sum64()
}
