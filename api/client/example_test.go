package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/faultline/faultline/api/client"
)

// aService is a service with one incident, which answers as the description
// says.
func aService() *httptest.Server {
	const incident = `{"id":"inc-7f3a","revision":3,"title":"checkout errors","status":"open","severity":"critical","started_at":"2026-05-04T10:00:00Z",
		"updated_at":"2026-05-04T10:01:00Z","services":["checkout"],"alerts":[],"judgement":{"state":"unjudged","judgements":0,"confirmed":[],"rejected":[]}}`
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer flt_example_token":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"title":"A valid token is needed"}`)
		case r.URL.Path == "/v1/incidents":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"items":[`+incident+`]}`)
		case r.URL.Path == "/v1/stream":
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "id: 1\nevent: finding.created\ndata: {\"incident\":\"inc-7f3a\",\"version\":3}\n\n")
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"title":"There is no such incident"}`)
		}
	}))
}

// Example lists incidents and follows what happens, as docs/api.md shows it.
func Example() {
	server := aService()
	defer server.Close()
	ctx := context.Background()

	cfg := client.DefaultConfig()
	cfg.Server, cfg.Token = server.URL, "flt_example_token"
	faultline, err := client.Connect(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := faultline.ListIncidentsWithResponse(ctx, &client.ListIncidentsParams{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, incident := range page.JSON200.Items {
		fmt.Println(incident.Id, incident.Status, incident.Title)
	}
	if _, err := faultline.GetFindingWithResponse(ctx, "inc-none", nil); client.NotFound(err) {
		fmt.Println("no finding yet")
	}
	enough := errors.New("enough")
	err = faultline.Follow(ctx, func(e client.Event) error {
		fmt.Println(e.Kind, string(e.Data))
		return enough
	})
	fmt.Println(errors.Is(err, enough))
	// Output:
	// inc-7f3a open checkout errors
	// no finding yet
	// finding.created {"incident":"inc-7f3a","version":3}
	// true
}

// TestTheDocumentShowsWhatTheExampleRuns holds the lines of docs/api.md against
// the example above, which compiles and runs.
func TestTheDocumentShowsWhatTheExampleRuns(t *testing.T) {
	document, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(document)
	if block == nil {
		t.Fatal("docs/api.md shows no Go")
	}
	for line := range strings.Lines(string(block[1])) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") || strings.Contains(line, "cfg.Server") || line == "return nil" {
			continue
		}
		if !strings.Contains(string(own), line) {
			t.Errorf("docs/api.md shows %q, which the example does not run", line)
		}
	}
}
