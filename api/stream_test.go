package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// follower reads a stream.
type follower struct {
	resp  *http.Response
	lines chan string
	stop  context.CancelFunc
}

// follow opens a stream as a reader.
func (h *harness) followStream(t *testing.T, address string, header map[string]string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/v1/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{resp: resp, lines: make(chan string, 1000), stop: cancel}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(f.lines)
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			f.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		resp.Body.Close()
		<-read
	})
	return f
}

// next waits for the next line with a prefix.
func (f *follower) next(t *testing.T, prefix string) string {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case line, open := <-f.lines:
			if !open {
				t.Fatalf("the stream ended before %q", prefix)
			}
			if strings.HasPrefix(line, prefix) {
				return strings.TrimPrefix(line, prefix)
			}
		case <-deadline:
			t.Fatalf("no %q in time", prefix)
		}
	}
}

// ended waits for the end of the stream.
func (f *follower) ended(t *testing.T) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case _, open := <-f.lines:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the stream does not end")
		}
	}
}

func (h *harness) update(incident string, revision int64, version int, at time.Time) {
	h.store.set(func(f *fakeStore) {
		f.updates = append(f.updates, query.Update{Incident: incident, Revision: revision, FindingVersion: version, At: at})
	})
}

func TestStreamTellsAndResumes(t *testing.T) {
	h := newHarness(t)
	address := h.serve(t)
	first := h.followStream(t, address, nil)
	if got := first.resp.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("X-Accel-Buffering") != "no" || got.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", got)
	}
	first.next(t, "retry: 3000")
	h.update("inc-1", 3, 1, exampleTime(10, 5, 1))
	id := first.next(t, "id: ")
	if kind, data := first.next(t, "event: "), first.next(t, "data: "); kind != "incident.updated" || data != `{"incident":"inc-1","revision":3,"at":"2026-05-04T10:05:01Z"}` {
		t.Errorf("event %s %s", kind, data)
	}
	if kind, data := first.next(t, "event: "), first.next(t, "data: "); kind != "finding.created" || data != `{"incident":"inc-1","version":1,"at":"2026-05-04T10:05:01Z"}` {
		t.Errorf("event %s %s", kind, data)
	}
	first.stop()
	h.update("inc-2", 1, 0, exampleTime(10, 5, 10))
	second := h.followStream(t, address, map[string]string{"Last-Event-ID": id})
	for !strings.Contains(second.next(t, "data: "), "inc-2") {
		continue
	}
}

func TestSilentStreamBeats(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Stream.Heartbeat = 10 * time.Millisecond })
	f := h.followStream(t, h.serve(t), nil)
	for range 3 {
		f.next(t, ": ")
	}
}

func TestStreamOutlivesTheTimeoutsOfOtherRequests(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) {
		c.Timeout, c.HeaderTimeout, c.BodyTimeout = 10*time.Millisecond, 20*time.Millisecond, 20*time.Millisecond
		c.Stream.Heartbeat = 20 * time.Millisecond
	})
	f := h.followStream(t, h.serve(t), nil)
	for range 15 {
		f.next(t, ": ")
	}
}

func TestStopEndsStreamsAtOnce(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.ShutdownTimeout = time.Minute })
	address, stop := h.serveUntil(t)
	f := h.followStream(t, address, nil)
	f.next(t, "retry")
	began := time.Now()
	stop()
	f.ended(t)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("stopping took %s with a stream open", took)
	}
}

func TestTooManyStreamsAreToldToWait(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Stream.MaxClients = 1 })
	address := h.serve(t)
	first := h.followStream(t, address, nil)
	first.next(t, "retry")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/v1/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
	resp, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if wantProblem(t, resp, tooManyStreams); resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(c *Config, d *Deps) {
		d.Now = nil
		for i := range c.Tokens {
			c.Tokens[i].ExpiresAt = time.Now().Add(5 * time.Second)
		}
	})
	f := h.followStream(t, h.serve(t), nil)
	f.next(t, "retry")
	f.ended(t)
}

func TestStreamNeedsAReader(t *testing.T) {
	h := newHarness(t)
	wantProblem(t, h.do(t, ask{path: "/v1/stream"}), unauthorized)
	wantProblem(t, h.do(t, ask{path: "/v1/stream", token: RoleIngest}), forbidden)
	wantProblem(t, h.do(t, ask{path: "/v1/stream", token: RoleReader, header: map[string]string{"Last-Event-ID": strings.Repeat("1", 400)}}), invalidParameter)
}

func TestStreamOfAStoppedServerIsRefused(t *testing.T) {
	h := newHarness(t)
	_, stop := h.serveUntil(t)
	stop()
	resp := h.do(t, ask{path: "/v1/stream", token: RoleReader})
	wantProblem(t, resp, tooManyStreams)
}

func TestStreamIsRefusedWhileTheStoreIsDown(t *testing.T) {
	h := newHarness(t)
	h.store.fail = context.DeadlineExceeded
	h.serve(t)
	wantProblem(t, h.do(t, ask{path: "/v1/stream", token: RoleReader}), storeUnavailable)
}

func TestClientThatDoesNotReadIsCutOff(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Stream.Queue, c.Stream.WriteTimeout = 4, 100*time.Millisecond })
	address := h.serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/v1/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
	resp, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// Nobody reads. Long ids fill the kernel's buffers soon.
	long := strings.Repeat("x", 512<<10)
	deadline := time.Now().Add(2 * time.Minute)
	for i := int64(1); !strings.Contains(h.metricsText(t), `faultline_stream_ends_total{reason=`); i++ {
		h.update("inc-"+long, i, 0, exampleTime(10, 5, 0).Add(time.Duration(i)*time.Millisecond))
		time.Sleep(5 * time.Millisecond)
		if time.Now().After(deadline) {
			t.Fatal("a client that does not read is never cut off")
		}
	}
	cancel()
	_, _ = io.Copy(io.Discard, resp.Body)
}

func (h *harness) metricsText(t *testing.T) string {
	t.Helper()
	return readAll(t, h.do(t, ask{path: "/metrics"}))
}

// brokenWriter fails from its nth write on. It cannot be flushed or limited
// unless it is told so.
type brokenWriter struct {
	httptest.ResponseRecorder
	writes, healthy int
	deadline        error
}

func (w *brokenWriter) Header() http.Header { return http.Header{} }

func (w *brokenWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.writes > w.healthy {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func (w *brokenWriter) SetWriteDeadline(time.Time) error { return w.deadline }

func TestStreamEndsWhenItCannotWrite(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Stream.Heartbeat = time.Millisecond })
	backlog := []streamEvent{{id: "1-a-r1", kind: eventIncident, data: []byte("{}")}, {id: "2-a-r2", kind: eventIncident, data: []byte("{}")}}
	for healthy := range 4 {
		w := &brokenWriter{healthy: healthy}
		sub := &subscriber{backlog: backlog, events: make(chan streamEvent, 1)}
		h.follow(t.Context(), &streamWriter{w: w, control: http.NewResponseController(w), timeout: time.Second}, sub)
		if w.writes != healthy+1 {
			t.Errorf("%d writes after the %dth failed", w.writes, healthy+1)
		}
	}
	closed := errors.New("connection closed")
	w := &brokenWriter{healthy: 10, deadline: closed}
	stream := &streamWriter{w: w, control: http.NewResponseController(w), timeout: time.Second}
	if err := stream.event(backlog[0]); !errors.Is(err, closed) || w.writes != 0 {
		t.Errorf("a write without its limit: %v after %d writes", err, w.writes)
	}
}

func TestStreamEndsWithTheRequest(t *testing.T) {
	h := newHarness(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rec := httptest.NewRecorder()
	h.follow(ctx, &streamWriter{w: rec, control: http.NewResponseController(rec), timeout: time.Second}, &subscriber{events: make(chan streamEvent)})
	if got := rec.Body.String(); got != "retry: 3000\n\n" {
		t.Errorf("wrote %q", got)
	}
}

func TestEventIdsCannotBreakTheStream(t *testing.T) {
	at := exampleTime(10, 0, 0)
	for _, incident := range []string{"inc-1", "a\nb", "a\r\ndata: x", "a\x00b", ""} {
		id := eventID(at, incident, "r1")
		if strings.ContainsAny(id, "\r\n\x00") || !eventTime(id).Equal(at) {
			t.Errorf("id %q of incident %q", id, incident)
		}
	}
}
