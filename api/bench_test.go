package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

// benchHarness is a server whose finding is as large as findings get: twenty
// suspects with commits and evidence, and a drawn blast radius.
func benchHarness(b *testing.B) *harness {
	b.Helper()
	h := newHarness(b, func(_ *Config, d *Deps) { d.Now, d.Log = nil, slog.New(slog.DiscardHandler) })
	finding := &h.store.findings["inc-7f3a"][0]
	first := finding.Suspects[0]
	finding.Suspects = nil
	for i := range 20 {
		s := first
		s.Rank = i + 1
		s.Change.ID = fmt.Sprintf("checkout-%d", i)
		s.Change.Commits = []correlate.Commit{{SHA: fmt.Sprintf("%040d", i), Message: "Retry payments that time out, with a budget per order", Files: []string{"pay/retry.go", "pay/retry_test.go"}}}
		s.Evidence = slices.Repeat(first.Evidence, 3)
		h.store.provenances[s.Change.Key()] = exampleProvenance()
		finding.Suspects = append(finding.Suspects, s)
	}
	for i := range 100 {
		finding.BlastRadius.Nodes = append(finding.BlastRadius.Nodes, correlate.BlastNode{Service: fmt.Sprintf("service-%03d", i), State: "potential", Distance: 2})
	}
	return h
}

// BenchmarkFinding is the handler alone: no connection, no store.
func BenchmarkFinding(b *testing.B) {
	h := benchHarness(b)
	handler := h.Handler()
	etag := h.get(b, "/v1/incidents/inc-7f3a/finding", http.StatusOK).Header.Get("ETag")
	for name, header := range map[string]string{"whole": "", "not modified": etag} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := h.request(ask{path: "/v1/incidents/inc-7f3a/finding", token: RoleReader})
				if header != "" {
					r.Header.Set("If-None-Match", header)
				}
				rec := httptest.NewRecorder()
				handler.ServeHTTP(rec, r)
				b.SetBytes(int64(rec.Body.Len()))
			}
		})
	}
}

// BenchmarkFindingServed is the whole way over loopback with eight clients, and
// reports requests per second and the 99th percentile.
func BenchmarkFindingServed(b *testing.B) {
	h := benchHarness(b)
	address := h.serve(b)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	const clients = 8
	var mu sync.Mutex
	var all []time.Duration
	work := make(chan struct{})
	var done sync.WaitGroup
	for range clients {
		done.Go(func() {
			var mine []time.Duration
			for range work {
				began := time.Now()
				h.fetch(b, transport, address)
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	began := time.Now()
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	done.Wait()
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/time.Since(began).Seconds(), "req/s")
	b.ReportMetric(float64(all[len(all)*50/100].Microseconds()), "p50-us")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-us")
}

func (h *harness) fetch(b *testing.B, transport *http.Transport, address string) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address+"/v1/incidents/inc-7f3a/finding", http.NoBody)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
	resp, err := transport.RoundTrip(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("status %d, %v", resp.StatusCode, err)
	}
}
