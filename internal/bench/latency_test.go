package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// answering is a service whose API is the handler.
func answering(t *testing.T, handler http.HandlerFunc) *service {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &service{url: server.URL}
}

// soon ends a wait that would never end by itself.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestMeasuringBeginsOnlyWhenTheServiceIsReady(t *testing.T) {
	var asked atomic.Int64
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if err := s.ready(t.Context()); err != nil || asked.Load() != 3 {
		t.Errorf("after %d questions: %v", asked.Load(), err)
	}
}

func TestAServiceThatNeverGetsReadyIsAnError(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if err := s.ready(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// An incident is readable before its finding is, and the list is empty before
// either: neither may stop the clock.
func TestTheClockStopsAtTheFindingNotAtTheIncident(t *testing.T) {
	var lists, findings atomic.Int64
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/incidents":
			if got := r.URL.Query().Get("service"); got != "latency-0007" {
				t.Errorf("asked for the incidents of %q", got)
			}
			if lists.Add(1) == 1 {
				_, _ = fmt.Fprint(w, `{"items":[]}`)
				return
			}
			_, _ = fmt.Fprint(w, `{"items":[{"id":"inc-1"}]}`)
		case "/v1/incidents/inc-1/finding":
			if findings.Add(1) < 3 {
				w.WriteHeader(http.StatusNotFound)
			}
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	if err := s.awaitFinding(t.Context(), "latency-0007"); err != nil {
		t.Fatal(err)
	}
	if lists.Load() != 4 || findings.Load() != 3 {
		t.Errorf("%d lists, %d findings asked for", lists.Load(), findings.Load())
	}
}

func TestAFindingThatNeverComesIsAnError(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"items":[]}`) })
	err := s.awaitFinding(soon(t), "latency-0007")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerThatIsNoJSONIsAnError(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `<html>`) })
	if err := s.awaitFinding(t.Context(), "latency-0007"); err == nil {
		t.Error("a page was taken for a list of incidents")
	}
}

// Kafka's writer tells of a batch with one entry for each message, most of them
// empty; the first that is not says what is wrong.
func TestTheFirstFailedMessageIsTold(t *testing.T) {
	refused := errors.New("refused")
	err := firstError(kafka.WriteErrors{nil, refused, errors.New("later")})
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "2 of 3") {
		t.Errorf("got %v", err)
	}
	if err := firstError(refused); !errors.Is(err, refused) {
		t.Errorf("a plain error became %v", err)
	}
}
