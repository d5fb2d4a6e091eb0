package client

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

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect makes an impatient client of a handler.
func connect(t *testing.T, h http.HandlerFunc) *Faultline {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := DefaultConfig()
	cfg.Server, cfg.Token, cfg.MaxPause, cfg.Transport = server.URL+"/", "secret-token", time.Millisecond, transport
	c, err := Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAnswerIsReadIntoItsType(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret-token" || r.URL.Path != "/v1/incidents/inc-1" {
			t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"3"`)
		_, _ = fmt.Fprint(w, `{"id":"inc-1","revision":3,"title":"checkout errors","status":"open","started_at":"2026-11-20T11:00:00Z","updated_at":"2026-11-20T11:00:00Z","services":["checkout"],"alerts":[],"member":"of a newer server"}`)
	})
	answer, err := c.GetIncidentWithResponse(t.Context(), "inc-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if in := answer.JSON200; in == nil || in.Title != "checkout errors" || in.Revision != 3 {
		t.Errorf("%s", answer.Body)
	}
	if answer.HTTPResponse.Header.Get("ETag") != `"3"` {
		t.Error("the ETag is out of reach")
	}
}

func TestARefusalIsAProblemThatNamesTheField(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprint(w, `{"title":"A parameter is not valid","status":422,"errors":[{"location":"query","path":"limit","message":"is 900","mend":"give 1 to 200"}]}`)
	})
	_, err := c.ListIncidentsWithResponse(t.Context(), nil)
	var p *Problem
	if !errors.As(err, &p) || p.Status != 422 || p.Errors[0].Path != "limit" {
		t.Fatalf("%v", err)
	}
	if want := "A parameter is not valid; limit: is 900 (give 1 to 200) (status 422)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if NotFound(err) {
		t.Error("a bad parameter is taken for a missing incident")
	}
}

// A sentence that says the same fault twice takes longer to read than the fault
// to mend.
func TestARefusalSaysNothingTwice(t *testing.T) {
	source := ProblemField{Path: "source", Message: "is missing", Mend: "name the sending system"}
	kind := ProblemField{Path: "kind", Message: "is missing", Mend: "use one of deploy, config"}
	for want, p := range map[string]Problem{
		"No: source: is missing; name the sending system (status 422)":  {Detail: "source: is missing; name the sending system", Errors: []ProblemField{source}},
		"No: source: is missing (name the sending system) (status 422)": {Detail: "source: is missing", Errors: []ProblemField{source}},
		"No: source: is missing": {Detail: "source: is missing", Errors: []ProblemField{{Path: "source", Message: "is missing"}}},
		"No: source: is missing; source: is missing (name the sending system); kind: is missing (use one of": {Detail: "source: is missing", Errors: []ProblemField{source, kind}},
		"No: two faults; source: is missing (name the sending system); kind: is missing (use one of deploy":  {Detail: "two faults", Errors: []ProblemField{source, kind}},
	} {
		p.Title, p.Status = "No", http.StatusUnprocessableEntity
		if got := p.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestARefusalThatIsNoProblemIsToldByItsStatus(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>not here</html>", http.StatusNotFound)
	})
	_, err := c.GetIncidentWithResponse(t.Context(), "inc-1", nil)
	if !NotFound(err) || !strings.Contains(err.Error(), "404") || strings.Contains(err.Error(), "html") {
		t.Errorf("%v", err)
	}
}

func TestABusyServiceIsAskedAgainForReadsOnly(t *testing.T) {
	for method, ask := range map[string]func(*Faultline) error{
		http.MethodGet: func(c *Faultline) error {
			_, err := c.ListIncidentsWithResponse(t.Context(), nil)
			return err
		},
		http.MethodPost: func(c *Faultline) error {
			_, err := c.SendChangesWithBodyWithResponse(t.Context(), "application/json", strings.NewReader("{}"))
			return err
		},
	} {
		var asked atomic.Int32
		c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) < 3 {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"items":[]}`)
		})
		err := ask(c)
		if method == http.MethodGet && (err != nil || asked.Load() != 3) {
			t.Errorf("GET: %d attempts, %v", asked.Load(), err)
		}
		if method == http.MethodPost && (err == nil || asked.Load() != 1) {
			t.Errorf("POST: %d attempts, %v: it may have been carried out", asked.Load(), err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	var asked atomic.Int32
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if _, err := c.ListIncidentsWithResponse(t.Context(), nil); err == nil || int(asked.Load()) != DefaultConfig().Attempts {
		t.Errorf("%d attempts, %v", asked.Load(), err)
	}
	c.sender.cfg.MaxPause = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.ListIncidentsWithResponse(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller without time was kept waiting: %v", err)
	}
}

func TestASilentServiceEndsWithTheTimeLimit(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c.sender.cfg.Timeout = 50 * time.Millisecond
	if _, err := c.GetIncidentWithResponse(t.Context(), "inc-1", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestTheTokenDoesNotFollowARedirect(t *testing.T) {
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked.Store(r.Header.Get("Authorization") != "") }))
	defer other.Close()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	if _, err := c.GetIncidentWithResponse(t.Context(), "inc-1", nil); err == nil || leaked.Load() {
		t.Errorf("%v, leaked %t", err, leaked.Load())
	}
}

func TestAnAddressWithoutSchemeIsRefused(t *testing.T) {
	for _, server := range []string{"", "localhost:8080", "ftp://host", "http://"} {
		if _, err := Connect(Config{Server: server}); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:8080") {
			t.Errorf("%q: %v", server, err)
		}
	}
}

func TestTheStreamResumesBehindTheLastEvent(t *testing.T) {
	var connections atomic.Int32
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		switch connections.Add(1) {
		case 1:
			_, _ = fmt.Fprint(w, ": hello\n\nid: 7-a\nevent: finding.created\ndata: {\"incident\":\ndata: \"inc-1\"}\n\nid: 8-b\nevent: cut off")
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = fmt.Fprintf(w, "id: 9-c\nevent: resumed\ndata: %s\n\n", r.Header.Get("Last-Event-ID"))
		}
	})
	enough := errors.New("enough")
	var seen []Event
	err := c.Follow(t.Context(), func(e Event) error {
		if seen = append(seen, e); len(seen) == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if seen[0].Kind != "finding.created" || string(seen[0].Data) != "{\"incident\":\n\"inc-1\"}" || string(seen[1].Data) != "7-a" {
		t.Errorf("%q", seen)
	}
}

func TestTheStreamEndsOnARefusalAndWithItsContext(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	var p *Problem
	if err := c.Follow(t.Context(), func(Event) error { return nil }); !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("%v", err)
	}
	quiet := connect(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := quiet.Follow(ctx, func(Event) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
