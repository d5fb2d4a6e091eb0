package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/clickhouse"
)

// manyIncidents stores incidents with a finding each.
func manyIncidents(t *testing.T, s *clickhouse.Store, n int) {
	t.Helper()
	incidents, findings := make([]correlate.Incident, n), make([]correlate.Finding, n)
	for i := range n {
		in := exampleIncident()
		in.ID, in.Title = fmt.Sprintf("inc-%05d", i), fmt.Sprintf("service-%d and 3 more: errors", i%500)
		in.StartedAt = exampleTime(10, 0, 0).Add(-time.Duration(i) * 10 * time.Minute)
		in.UpdatedAt, in.Services = in.StartedAt, []string{fmt.Sprintf("service-%d", i%500), "checkout"}
		f := exampleFinding()
		f.Incident, f.AsOf = in.ID, in.StartedAt
		f.Suspects[0].Provenance, f.Suspects[0].Links = nil, nil
		incidents[i], findings[i] = in, f
	}
	if err := s.SaveIncidents(t.Context(), incidents); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveFindings(t.Context(), findings); err != nil {
		t.Fatal(err)
	}
}

// TestPagesStaySmallAndFastWithTenThousandIncidents holds the pages against
// what a commander's first look may cost: 100 KB compressed and 300 ms, here the
// best of some looks, less what the machine's other work makes of them.
func TestPagesStaySmallAndFastWithTenThousandIncidents(t *testing.T) {
	engine := chdbtest.Open(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Database = chdbtest.Database(t, engine)
	store, err := clickhouse.Open(t.Context(), cfg, engine.Transport(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	manyIncidents(t, store, 10_000)
	h := newHarness(t, func(c *Config, d *Deps) {
		c.PublicRead, c.Timeout = true, 30*time.Second
		d.Store, d.Headlines, d.Suspicions, d.Sources = store, store, store, store
	})
	for _, path := range []string{"/", "/?service=service-7", "/incidents/inc-00042"} {
		best, size, machine := time.Hour, 0, pace{}
		for goOn := tries(); goOn(best); {
			r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
			r.Header.Set("Accept-Encoding", "gzip")
			began := time.Now()
			resp := h.answerTo(r)
			best = min(best, machine.alone(time.Since(began)))
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: status %d, %v", path, resp.StatusCode, err)
			}
			size = len(body)
		}
		t.Logf("%s: %d bytes compressed, %v at best", path, size, best)
		if size > 100<<10 || best > usableWithin {
			t.Errorf("%s: %d bytes compressed, %v at best; at most 100 KB and 300 ms are allowed", path, size, best)
		}
	}
	usable(t, h)
}

// usableWithin is what a page may take on an idle machine.
const usableWithin = 300 * time.Millisecond

// tries allows eight of them, and on a busy machine more until one is within
// the time: the best says what the page costs, the others what its neighbours do.
func tries() func(best time.Duration) bool {
	began, n := time.Now(), 0
	return func(best time.Duration) bool {
		n++
		return n <= 8 || best > usableWithin && time.Since(began) < 45*time.Second
	}
}

// usable measures in a browser, from the click to a page that can be used: style
// and script are there, the document is whole. The first look fetches everything.
func usable(t *testing.T, h *harness) {
	t.Helper()
	tab := webtest.Open(t).Tab(t, h.serve(t), webtest.Desktop)
	const nothing = 1 << 30
	first, best, machine := nothing, float64(nothing), pace{}
	for goOn := tries(); goOn(time.Duration(best * float64(time.Millisecond))); {
		tab.Open("/")
		var took float64
		var bytes int
		tab.Eval(`performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd`, &took)
		tab.Eval(`[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.encodedBodySize, 0)`, &bytes)
		best = min(best, machine.alone(time.Duration(took*float64(time.Millisecond))).Seconds()*1000)
		if first == nothing {
			first = bytes
		}
	}
	t.Logf("in a browser: %d bytes with style and script, usable after %.0f ms at best", first, best)
	if first > 100<<10 || best > 300 {
		t.Errorf("in a browser: %d bytes, usable after %.0f ms at best; at most 100 KB and 300 ms are allowed", first, best)
	}
}
