package prometheus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/faultline/faultline/correlate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a server that answers range queries with what the test says.
type fake struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request)

	mu          sync.Mutex
	asked       []string
	authorized  []string
	under, most atomic.Int64
}

func newFake(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *fake {
	t.Helper()
	f := &fake{answer: answer}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := f.under.Add(1)
	defer f.under.Add(-1)
	for most := f.most.Load(); now > most && !f.most.CompareAndSwap(most, now); most = f.most.Load() {
	}
	f.mu.Lock()
	f.asked = append(f.asked, fmt.Sprintf("%s %s %s", r.FormValue("query"), r.FormValue("start"), r.FormValue("end")))
	f.authorized = append(f.authorized, r.Header.Get("Authorization"))
	f.mu.Unlock()
	f.answer(w, r)
}

// stream is one series of an answer.
type stream struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
}

// matrix writes the answer to a range query.
func matrix(w http.ResponseWriter, streams ...stream) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"status": "success", "data": map[string]any{"resultType": "matrix", "result": streams},
	})
}

// refuse writes an error as Prometheus does.
func refuse(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "error", "errorType": kind, "error": text})
}

// one is a single template without frills.
func one(expr string) []Query {
	return []Query{{Name: "errors", Signal: "error_ratio", Unit: "ratio", Expr: expr}}
}

// sourceOf is a source that asks the server; change may alter its settings.
func sourceOf(t *testing.T, address string, change func(*Config)) *Source {
	t.Helper()
	cfg := DefaultConfig(address)
	cfg.Queries = one(`errors{service="{{.service}}"}`)
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// noon is the end of what the tests ask about.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// about asks for the services' last hour.
func about(services ...string) correlate.Measuring {
	return correlate.Measuring{Services: services, Environment: "production", From: noon.Add(-time.Hour), To: noon}
}
