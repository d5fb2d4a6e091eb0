package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// Bounds of a look at readiness.
const (
	probeTimeout = 2 * time.Second
	// readinessAge is how long a result stands, so that asking often, which
	// needs no token, costs the stores nothing.
	readinessAge = 500 * time.Millisecond
)

// Health says that the process answers.
type Health struct {
	Status string `json:"status"`
}

// Readiness says whether the process can do its work, and what stands in the
// way.
type Readiness struct {
	Status string        `json:"status"`
	Checks []ProbeResult `json:"checks"`
}

// ProbeResult is the outcome of one probe. Problem is shown only to callers
// with a token, since it may name machines.
type ProbeResult struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	TookMS  int64  `json:"took_ms"`
	Problem string `json:"problem,omitempty"`
}

type healthReply struct {
	Body Health
}

type readinessReply struct {
	Status int
	Body   Readiness
}

// rawReply writes itself.
type rawReply struct {
	Body func(huma.Context)
}

type specInput struct {
	Conditional
}

func (s *Server) routeOps() {
	register(s, route{
		method: http.MethodGet, path: "/healthz", id: "health", tag: tagOps, access: accessOpen,
		summary: "Is the process alive", about: "Looks at nothing but itself: a store that is down must not restart the process.",
		example: Health{Status: "ok"},
	}, func(context.Context, *struct{}) (*healthReply, error) {
		return &healthReply{Body: Health{Status: "ok"}}, nil
	})
	register(s, route{
		method: http.MethodGet, path: "/readyz", id: "ready", tag: tagOps, access: accessOpen,
		summary: "Can the process do its work",
		about:   "Probes what the process depends on. 503 with the same body when a probe fails. Reasons are shown only to callers with a token.",
		example: Readiness{Status: "ready", Checks: []ProbeResult{{Name: "clickhouse", OK: true, TookMS: 3}}},
	}, s.getReady)
	register(s, route{
		method: http.MethodGet, path: "/metrics", id: "metrics", tag: tagOps, access: accessMetrics, media: "text/plain",
		summary: "Metrics in Prometheus' format", about: "Counters and histograms of this process.",
		example: "faultline_http_requests_total{method=\"GET\",route=\"/v1/incidents\",status=\"200\"} 12\n",
	}, func(context.Context, *struct{}) (*rawReply, error) {
		return &rawReply{Body: func(hc huma.Context) {
			c := humagin.Unwrap(hc)
			s.deps.Metrics.ServeHTTP(c.Writer, c.Request)
		}}, nil
	})
	register(s, route{
		method: http.MethodGet, path: "/openapi.json", id: "openapi", tag: tagOps, access: accessOpen, cached: true,
		summary: "This document", about: "OpenAPI 3.1.", example: map[string]any{"openapi": openAPIVersion},
	}, func(_ context.Context, in *specInput) (*reply[map[string]any], error) {
		return encodedReply[map[string]any](&in.Conditional, bodyTag(s.spec), s.spec), nil
	})
	s.document.Paths["/readyz"].Get.Responses["503"] = &huma.Response{
		Description: "A probe fails", Content: map[string]*huma.MediaType{"application/json": {
			Schema:  s.document.Paths["/readyz"].Get.Responses["200"].Content["application/json"].Schema,
			Example: Readiness{Status: "not_ready", Checks: []ProbeResult{{Name: "clickhouse", TookMS: 2000}}},
		}},
	}
}

func (s *Server) getReady(ctx context.Context, _ *struct{}) (*readinessReply, error) {
	result := s.ready.look(ctx)
	if who := requestOf(ctx).caller; who == nil || who.ID == "" {
		public := Readiness{Status: result.Status, Checks: make([]ProbeResult, len(result.Checks))}
		for i, check := range result.Checks {
			check.Problem = ""
			public.Checks[i] = check
		}
		result = public
	}
	status := http.StatusOK
	if result.Status != statusReady {
		status = http.StatusServiceUnavailable
	}
	return &readinessReply{Status: status, Body: result}, nil
}

const (
	statusReady    = "ready"
	statusNotReady = "not_ready"
)

// readiness runs the probes and keeps their last result for a moment.
type readiness struct {
	probes []Probe
	log    *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	last   Readiness
	looked time.Time
}

func newReadiness(probes []Probe, log *slog.Logger, now func() time.Time) *readiness {
	return &readiness{probes: probes, log: log, now: now}
}

// look returns the last result or runs all probes side by side.
func (r *readiness) look(ctx context.Context) Readiness {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.looked.IsZero() && r.now().Sub(r.looked) < readinessAge {
		return r.last
	}
	// The result is for everybody who asks now, so it must not depend on the
	// patience of the first to ask.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	result := Readiness{Status: statusReady, Checks: make([]ProbeResult, len(r.probes))}
	var all sync.WaitGroup
	for i := range r.probes {
		all.Go(func() { result.Checks[i] = r.run(ctx, &r.probes[i]) })
	}
	all.Wait()
	for i := range result.Checks {
		if !result.Checks[i].OK {
			result.Status = statusNotReady
		}
	}
	r.logChange(ctx, &result)
	r.last, r.looked = result, r.now()
	return result
}

// run runs one probe; a panic in it is a failure of the probe.
func (r *readiness) run(ctx context.Context, p *Probe) (result ProbeResult) {
	start := r.now()
	result.Name = p.Name
	defer func() {
		if reason := recover(); reason != nil {
			result.OK, result.Problem = false, fmt.Sprintf("the probe panicked: %v", reason)
		}
		result.TookMS = r.now().Sub(start).Milliseconds()
	}()
	if err := p.Check(ctx); err != nil {
		result.Problem = err.Error()
		return result
	}
	result.OK = true
	return result
}

// logChange logs when the status changes, not at every look.
func (r *readiness) logChange(ctx context.Context, result *Readiness) {
	if result.Status == r.last.Status || r.last.Status == "" && result.Status == statusReady {
		return
	}
	for _, check := range result.Checks {
		if !check.OK {
			r.log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("probe", check.Name), slog.String("problem", check.Problem))
		}
	}
	if result.Status == statusReady {
		r.log.LogAttrs(ctx, slog.LevelInfo, "ready again")
	}
}
