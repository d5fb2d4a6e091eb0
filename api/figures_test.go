package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/figures"
)

// fakeFigures answers with the examples, fails with its store and keeps what was
// asked.
type fakeFigures struct {
	store    *fakeStore
	mu       sync.Mutex
	from, to time.Time
	fail     error
}

func (f *fakeFigures) enter(ctx context.Context, from, to time.Time) error {
	if f.store != nil {
		if err := f.store.enter(ctx, "Figures"); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.from, f.to = from, to
	return f.fail
}

func (f *fakeFigures) AIImpact(ctx context.Context, from, to time.Time) (figures.Impact, error) {
	return exampleImpact(), f.enter(ctx, from, to)
}

func (f *fakeFigures) Accuracy(ctx context.Context, from, to time.Time) (figures.Accuracy, error) {
	return exampleAccuracy(), f.enter(ctx, from, to)
}

func (f *fakeFigures) Policy(ctx context.Context, from, to time.Time) (figures.PolicyEffect, error) {
	return examplePolicyEffect(), f.enter(ctx, from, to)
}

// figureRoutes are all routes of figures.
var figureRoutes = []string{"/v1/stats/ai-impact", "/v1/stats/accuracy", "/v1/stats/policy"}

func TestFiguresAreAnsweredWithTheirWords(t *testing.T) {
	h := newHarness(t)
	impact := parse[figures.Impact](t, h.get(t, figureRoutes[0], http.StatusOK))
	if impact.Headline.Verdict != figures.NoDifference || !strings.Contains(impact.Headline.Words, "does not show that there is none") || impact.Population.Unknown.N != 11000 {
		t.Errorf("%+v", impact)
	}
	accuracy := parse[figures.Accuracy](t, h.get(t, figureRoutes[1], http.StatusOK))
	if accuracy.PrecisionAt1.N != 62 || accuracy.Words == "" {
		t.Errorf("%+v", accuracy)
	}
	policy := parse[figures.PolicyEffect](t, h.get(t, figureRoutes[2], http.StatusOK))
	if policy.Coverage.Events != 2510 || policy.Effect.Name != "senior_approval" {
		t.Errorf("%+v", policy)
	}
}

func TestThePeriodOfFiguresReachesTheirMaker(t *testing.T) {
	h := newHarness(t)
	for _, route := range figureRoutes {
		h.get(t, route+"?from=2026-06-29T00:00:00%2B02:00&to=2026-11-23T00:00:00Z", http.StatusOK)
		if !h.figures.from.Equal(time.Date(2026, 6, 28, 22, 0, 0, 0, time.UTC)) || !h.figures.to.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %v to %v", route, h.figures.from, h.figures.to)
		}
		h.get(t, route, http.StatusOK)
		if !h.figures.from.IsZero() || !h.figures.to.IsZero() {
			t.Errorf("%s: a period that nobody asked for", route)
		}
	}
}

func TestAPeriodThatMakesNoSenseNamesItsField(t *testing.T) {
	h := newHarness(t)
	h.figures.fail = &figures.PeriodError{Field: "from", Problem: "is not before to", Mend: "give an earlier from"}
	for _, route := range figureRoutes {
		p := wantProblem(t, h.do(t, ask{path: route, token: RoleReader}), invalidParameter)
		if len(p.Errors) != 1 || p.Errors[0].Path != "from" || p.Errors[0].Location != "query" || p.Errors[0].Mend != "give an earlier from" {
			t.Errorf("%+v", p)
		}
	}
	h.figures.fail = nil
	p := wantProblem(t, h.do(t, ask{path: figureRoutes[0] + "?from=yesterday", token: RoleReader}), invalidParameter)
	if len(p.Errors) != 1 || p.Errors[0].Path != "from" {
		t.Errorf("%+v", p)
	}
	wantProblem(t, h.do(t, ask{path: figureRoutes[0] + "?team=a", token: RoleReader}), invalidParameter)
}

func TestFiguresWithoutTheirStoreAreUnavailable(t *testing.T) {
	h := newHarness(t)
	h.figures.fail = event.ErrUnavailable
	for _, route := range figureRoutes {
		wantProblem(t, h.do(t, ask{path: route, token: RoleReader}), storeUnavailable)
	}
}

func TestFiguresNeedATokenAndKnowTheirETag(t *testing.T) {
	h := newHarness(t)
	for _, route := range figureRoutes {
		wantProblem(t, h.do(t, ask{path: route}), unauthorized)
		wantProblem(t, h.do(t, ask{path: route, token: RoleIngest}), forbidden)
		etag := h.get(t, route, http.StatusOK).Header.Get("ETag")
		again := h.do(t, ask{path: route, token: RoleReader, header: map[string]string{"If-None-Match": etag}})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: status %d for its own ETag", route, again.StatusCode)
		}
	}
}

func TestFiguresNameNobody(t *testing.T) {
	h := newHarness(t)
	for _, route := range figureRoutes {
		text := readAll(t, h.get(t, route, http.StatusOK))
		for _, word := range []string{"author", "login", "email", "decided_by", "@"} {
			if strings.Contains(strings.ReplaceAll(text, "other than the author", ""), word) {
				t.Errorf("%s speaks of %q", route, word)
			}
		}
	}
}
