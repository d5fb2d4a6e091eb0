package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/faultline/faultline/correlate"
)

// Source asks one server. It is safe for use from many goroutines.
type Source struct {
	cfg     Config
	api     promv1.API
	idle    *http.Transport
	queries []compiled
	// turns holds one token for each query that may be under way.
	turns chan struct{}
}

// New checks the settings and the templates; it asks nothing yet.
func New(cfg Config) (*Source, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if len(cfg.Queries) == 0 {
		cfg.Queries = DefaultQueries()
	}
	queries, err := compile(cfg.Queries)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, queries: queries, turns: make(chan struct{}, cfg.Concurrency)}
	base, transport := newTransport(&s.cfg)
	client, err := api.NewClient(api.Config{Address: cfg.URL, RoundTripper: transport})
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	s.api, s.idle = promv1.NewAPI(client), base
	return s, nil
}

// Close ends idle connections.
func (s *Source) Close() { s.idle.CloseIdleConnections() }

// answer is what one query brought.
type answer struct {
	service, query string
	series         []correlate.Series
	err            error
}

// Measure returns the series of the services between the two moments, and what
// could not be had. Moments are rounded to the step, so that everyone who asks
// about the same time gets the same samples. Services beyond what the bound on
// queries allows are left out from the end of the list.
func (s *Source) Measure(ctx context.Context, q correlate.Measuring) (series []correlate.Series, missing []string) {
	services := q.Services[:min(len(q.Services), s.cfg.MaxQueries/len(s.queries))]
	if left := len(q.Services) - len(services); left > 0 {
		missing = append(missing, fmt.Sprintf("Metrics of %d more services: not asked for, at most %d queries are made for one incident.", left, s.cfg.MaxQueries))
	}
	between := promv1.Range{Start: roundUp(q.From, s.cfg.Step), End: q.To.Truncate(s.cfg.Step), Step: s.cfg.Step}
	answers := make([]answer, len(services)*len(s.queries))
	var asking sync.WaitGroup
	for i := range answers {
		service, query := services[i/len(s.queries)], &s.queries[i%len(s.queries)]
		asking.Go(func() {
			answers[i] = answer{service: service, query: query.Name}
			answers[i].series, answers[i].err = s.ask(ctx, query, service, q.Environment, between)
		})
	}
	asking.Wait()
	for i := range answers {
		series = append(series, answers[i].series...)
	}
	return series, append(missing, complaints(answers)...)
}

func roundUp(t time.Time, step time.Duration) time.Time {
	if down := t.Truncate(step); down.Before(t) {
		return down.Add(step)
	}
	return t
}

// ask makes one query when it is its turn.
func (s *Source) ask(ctx context.Context, q *compiled, service, environment string, between promv1.Range) ([]correlate.Series, error) {
	expr, err := q.render(variables(service, environment, s.cfg.ServiceLabel, s.cfg.Window))
	if err != nil {
		return nil, err
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for its turn: %w", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	value, _, _, err := s.api.QueryRange(ctx, expr, between, promv1.WithTimeout(s.cfg.Timeout))
	if err != nil {
		return nil, err //nolint:wrapcheck // It is told in a sentence that says what was asked.
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("the answer is a %s, want a range vector", value.Type())
	}
	return s.read(q, service, matrix)
}

// read turns an answer into series in an order that does not depend on the
// server.
func (s *Source) read(q *compiled, service string, matrix model.Matrix) ([]correlate.Series, error) {
	if len(matrix) > s.cfg.MaxSeries {
		return nil, fmt.Errorf("the answer has %d series, at most %d are read; aggregate more", len(matrix), s.cfg.MaxSeries)
	}
	slices.SortFunc(matrix, func(a, b *model.SampleStream) int { return cmp.Compare(a.Metric.String(), b.Metric.String()) })
	series := make([]correlate.Series, 0, len(matrix))
	for _, stream := range matrix {
		x := correlate.Series{
			Service: service, Signal: q.Signal, Unit: q.Unit,
			Instance: label(stream.Metric, instanceLabels[:]), Version: versionOf(stream.Metric),
		}
		if q.Direction != "" {
			x.Labels = map[string]string{"direction": q.Direction, "peer": label(stream.Metric, peerLabels[:])}
		}
		for _, p := range stream.Values {
			x.Points = append(x.Points, correlate.Point{At: p.Timestamp.Time().UTC(), Value: float64(p.Value)})
		}
		series = append(series, x)
	}
	return series, nil
}

// versionOf is the version that a series names. Istio writes unknown where a
// workload has none.
func versionOf(metric model.Metric) string {
	if version := label(metric, versionLabels[:]); version != "unknown" {
		return version
	}
	return ""
}

func label(metric model.Metric, names []string) string {
	for _, name := range names {
		if value := metric[model.LabelName(name)]; value != "" {
			return string(value)
		}
	}
	return ""
}

// maxComplaints bounds the sentences about failed queries.
const maxComplaints = 3

// complaints tell which queries failed and why, one sentence for each reason,
// and that nothing was found where all went well.
func complaints(answers []answer) []string {
	var reasons []string
	failed, found := map[string][]string{}, false
	for i := range answers {
		a := &answers[i]
		found = found || len(a.series) > 0
		if a.err == nil {
			continue
		}
		why := reason(a.err)
		if failed[why] == nil {
			reasons = append(reasons, why)
		}
		failed[why] = append(failed[why], a.query+" of "+a.service)
	}
	var out []string
	for _, why := range reasons[:min(len(reasons), maxComplaints)] {
		what := failed[why]
		list := strings.Join(what[:min(len(what), 3)], ", ")
		if len(what) > 3 {
			list += fmt.Sprintf(" and %d more", len(what)-3)
		}
		out = append(out, fmt.Sprintf("Metrics (%s): %s.", list, why))
	}
	if !found && len(reasons) == 0 {
		out = append(out, "Metrics: the server has no series of the services under the names asked for.")
	}
	return out
}
