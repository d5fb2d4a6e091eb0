package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/testenv"
)

// fakeServer records requests and answers like the API.
type fakeServer struct {
	requests []string
	later    int
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.later > 0 {
		f.later--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("Authorization") != "Bearer flt_a_b" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"title":"Unauthorized","detail":"no such token"}`)
		return
	}
	lines := strings.Count(string(body), "\n")
	f.requests = append(f.requests, fmt.Sprintf("%s %s %d", r.URL.Path, r.Header.Get("Content-Type"), lines))
	answer := map[string]any{"accepted": lines, "duplicates": 0}
	for i, line := range strings.Split(string(body), "\n") {
		if strings.Contains(line, `"bad"`) {
			answer["accepted"] = lines - 1
			answer["rejected"] = []map[string]any{{"line": i + 1, "path": "started_at", "problem": "has no zone", "mend": "append Z"}}
		}
	}
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(answer)
}

func importFrom(t *testing.T, server *fakeServer, format string, stdin string, files ...string) (string, error) {
	t.Helper()
	s := httptest.NewServer(server)
	defer s.Close()
	var out strings.Builder
	err := Import(context.Background(), ImportOptions{Files: files, Format: format, Server: s.URL, Token: "flt_a_b", Output: "table"}, strings.NewReader(stdin), &out)
	return out.String(), err
}

func TestImportSortsValuesByWhatTheyAre(t *testing.T) {
	server := &fakeServer{}
	stdin := `{"id":"1","kind":"deploy","source":"ci"}
[{"id":"2","kind":"config","source":"ci"},{"service":"cart","name":"Down","status":"firing"}]
{"source":"catalog","services":[],"edges":[]}
{"version":"4","groupKey":"g","alerts":[]} {"specversion":"1.0","type":"t","source":"s","id":"i"}
{"event":{"id":"x"}} {"deployment":{},"repository":{}} {"version":"1","orgId":1,"groupKey":"g","alerts":[]} {"schema":1,"uid":"u","operation":{}} {"_id":"1","accesses":[],"kind":"flag"} {"action":"Create","alert":{},"integrationId":"i"}
{"object_kind":"push","project":{},"ref":"r","commits":[],"repository":{}} {"involvedObject":{},"reason":"r"} {"schema":"s","uid":"u","podHash":"h"} {"schema":"s","cycle":"c","transition":"Warn"} {"data":{}} {"routing_key":"k","payload":{}}`
	out, err := importFrom(t, server, "auto", stdin, "-")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/v1/changes application/x-ndjson 2",
		"/v1/alerts application/x-ndjson 1",
		"/v1/topology application/x-ndjson 1",
		"/v1/webhooks/alertmanager application/json 1",
		"/v1/webhooks/cloudevents application/json 1",
		"/v1/webhooks/pagerduty application/json 1",
		"/v1/webhooks/github application/json 1",
		"/v1/webhooks/grafana application/json 1",
		"/v1/webhooks/argocd application/json 1",
		"/v1/webhooks/launchdarkly application/json 1",
		"/v1/webhooks/opsgenie application/json 1",
		"/v1/webhooks/gitlab application/json 1",
		"/v1/webhooks/flux application/json 1",
		"/v1/webhooks/argo-rollouts application/json 1",
		"/v1/webhooks/datadog application/json 1",
		"/v1/webhooks/datadog application/json 1",
		"/v1/webhooks/pagerduty-change application/json 1",
	}
	if diff := cmp.Diff(want, server.requests); diff != "" {
		t.Error(diff)
	}
	if out != "accepted 18, known before 0, refused 0\n" {
		t.Errorf("printed %q", out)
	}
}

func TestImportSkipsAByteOrderMark(t *testing.T) {
	const marked = "\ufeff" + `{"id":"1","kind":"deploy","source":"ci"}`
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(marked))
	_ = zip.Close()
	for name, stdin := range map[string]string{"plain": marked, "gzip": packed.String(), "nothing else": "\ufeff"} {
		out, err := importFrom(t, &fakeServer{}, "auto", stdin, "-")
		if want := fmt.Sprintf("accepted %d", strings.Count(marked, "id")-strings.Count(name, "nothing")); err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestImportNamesRefusedElements(t *testing.T) {
	out, err := importFrom(t, &fakeServer{}, "auto", `{"id":"1","kind":"deploy","source":"ci"}

{"id":"bad","kind":"deploy","source":"ci"} {"what":1}
7`, "-")
	if err == nil || errors.Is(err, ErrDependency) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"accepted 1", "refused 3", "- line 3, element 2: started_at: has no zone; append Z", "- line 3: is neither a change", "- line 4: is no JSON object"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
}

func TestImportWaitsForAServerThatSaysLater(t *testing.T) {
	testenv.Slow(t, "waits for Retry-After")
	out, err := importFrom(t, &fakeServer{later: 1}, "change", `{"id":"1"}`, "-")
	if err != nil || !strings.Contains(out, "accepted 1") {
		t.Errorf("%q %v", out, err)
	}
}

func TestImportReadsGzipFilesAndSplitsLargeOnes(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	for i := range importBatchValues + 1 {
		fmt.Fprintf(zip, `{"id":"%d"}`+"\n", i)
	}
	_ = zip.Close()
	path := filepath.Join(t.TempDir(), "changes.jsonl.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &fakeServer{}
	if _, err := importFrom(t, server, "change", "", path); err != nil {
		t.Fatal(err)
	}
	want := []string{"/v1/changes application/x-ndjson 2000", "/v1/changes application/x-ndjson 1"}
	if diff := cmp.Diff(want, server.requests); diff != "" {
		t.Error(diff)
	}
}

func TestImportFailures(t *testing.T) {
	ctx := context.Background()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	cases := map[string]struct {
		opts  ImportOptions
		stdin string
		want  string
	}{
		"no token":    {ImportOptions{Files: []string{"-"}, Server: "http://x"}, "", "FAULTLINE_TOKEN"},
		"no address":  {ImportOptions{Files: []string{"-"}, Server: "nowhere", Token: "t"}, "", "--server"},
		"no file":     {ImportOptions{Files: []string{"/nonexistent"}, Server: "http://x", Token: "t"}, "", "/nonexistent"},
		"no JSON":     {ImportOptions{Files: []string{"-"}, Server: "http://x", Token: "t"}, "{}\n{\"id\":", "-: line 2: the JSON value that begins there has no end"},
		"broken gzip": {ImportOptions{Files: []string{"-"}, Server: "http://x", Token: "t"}, "\x1f\x8bnope", "gzip"},
		"bad array":   {ImportOptions{Files: []string{"-"}, Server: "http://x", Token: "t"}, "\n[1,", "-: line 2: "},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := Import(ctx, tc.opts, strings.NewReader(tc.stdin), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	err := Import(cancelled, ImportOptions{Files: []string{"-"}, Format: "change", Server: closed.URL, Token: "t"}, strings.NewReader(`{}`), io.Discard)
	if err == nil {
		t.Error("a closed server took events")
	}
}

func TestImportTellsWhatTheServiceAnswers(t *testing.T) {
	s := httptest.NewServer(&fakeServer{})
	defer s.Close()
	err := Import(context.Background(), ImportOptions{Files: []string{"-"}, Format: "change", Server: s.URL, Token: "wrong"}, strings.NewReader(`{}`), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "no such token") {
		t.Errorf("got %v", err)
	}
}

func TestHealth(t *testing.T) {
	ready := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked %s", r.URL.Path)
		}
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, `{"status":"ok"}`)
	}))
	defer s.Close()
	var out strings.Builder
	if err := Health(context.Background(), s.URL+"/", &out); err != nil || out.String() != "{\"status\":\"ok\"}\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	ready = false
	if err := Health(context.Background(), s.URL, io.Discard); !errors.Is(err, ErrDependency) {
		t.Errorf("got %v", err)
	}
	if err := Health(context.Background(), "http://127.0.0.1:1", io.Discard); !errors.Is(err, ErrDependency) {
		t.Errorf("got %v", err)
	}
	if err := Health(context.Background(), "::", io.Discard); err == nil || errors.Is(err, ErrDependency) {
		t.Errorf("got %v", err)
	}
}

func TestEveryFormatHasItsDoor(t *testing.T) {
	for format, want := range map[string]string{"change": "/v1/changes", "alert": "/v1/alerts", "topology": "/v1/topology", "github": "/v1/webhooks/github", "a/b": "/v1/webhooks/a%2Fb"} {
		if got, problem := route(json.RawMessage(`{}`), format); got != want || problem != "" {
			t.Errorf("%s: %s %s", format, got, problem)
		}
	}
	// No telltale may hide another: each of them leads to its own door.
	for _, own := range telltales() {
		fields := map[string]any{}
		for name := range strings.FieldsSeq(own.fields) {
			fields[name] = map[string]any{}
		}
		raw, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := route(raw, "auto"); got != own.route {
			t.Errorf("a payload with %s goes to %s, not to %s", own.fields, got, own.route)
		}
	}
}

func TestElementsOfAnArrayAreEventsOfTheirOwn(t *testing.T) {
	server := &fakeServer{}
	out, err := importFrom(t, server, "auto", `[{"id":"1","kind":"deploy","source":"ci"},{"id":"2","kind":"deploy","source":"ci"}] []`, "-")
	if err != nil || !strings.Contains(out, "accepted 2") || len(server.requests) != 1 {
		t.Errorf("%q %v %v", out, err, server.requests)
	}
	if _, err := importFrom(t, &fakeServer{}, "auto", `[1,`, "-"); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a broken array: %v", err)
	}
}

func TestManyRefusalsAreCountedAndTheFirstShown(t *testing.T) {
	result := ImportResult{Accepted: 3, Rejected: []ImportRejection{}}
	for i := range 57 {
		result.Rejected = append(result.Rejected, ImportRejection{File: "a\x1b[2J.jsonl", Line: i + 1, Element: i + 1, Path: "kind", Problem: "missing", Mend: "give a kind"})
	}
	var out strings.Builder
	if err := printImport(&out, "table", result); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"accepted 3, known before 0, refused 57", "line 20: kind: missing; give a kind", "and 37 more; -o json lists all"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "line 21") || strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 22 {
		t.Errorf("%s", text)
	}
	for output, want := range map[string]string{"json": `"element": 57`, "yaml": "element: 57"} {
		out.Reset()
		if err := printImport(&out, output, result); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v %.200s", output, err, out.String())
		}
	}
	if err := printImport(fullDisk{}, "table", result); !errors.Is(err, errRig) {
		t.Errorf("a full disk: %v", err)
	}
}

func TestThePauseIsWhatTheServiceAsksForWithinReason(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second} {
		if got := pause(nil, attempt); got != want {
			t.Errorf("attempt %d: %s", attempt, got)
		}
	}
	if got := pause(&client.Problem{RetryAfter: 7 * time.Second}, 1); got != 7*time.Second {
		t.Errorf("asked for seven seconds: %s", got)
	}
	if got := pause(&client.Problem{RetryAfter: 24 * time.Hour}, 2); got != 2*time.Second {
		t.Errorf("asked for a day: %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that leaves waits: %v", err)
	}
}

func TestTheHintAboutMoreFitsWhatWasAsked(t *testing.T) {
	server := httptest.NewServer(&pagingService{all: MostIncidents + 1})
	defer server.Close()
	for limit, raise := range map[int]bool{1: true, 200: true, MostIncidents: false} {
		var out strings.Builder
		if err := ListIncidents(t.Context(), IncidentsOptions{Server: server.URL, Output: "table", Limit: limit}, &out); err != nil || !strings.Contains(out.String(), "there are more") {
			t.Fatalf("limit %d: %v", limit, err)
		}
		if strings.Contains(out.String(), "raise --limit") != raise {
			t.Errorf("limit %d: want raising the limit advised: %t", limit, raise)
		}
	}
}

func TestWatchingAsYAMLGivesDocumentsOfTheirOwn(t *testing.T) {
	_, at := serveIncidents(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &stopAfter{text: "version: 3", count: 2, stop: cancel}
	if err := WatchIncidents(ctx, IncidentOptions{Server: at, Incident: "inc-1", Output: "yaml"}, out); err != nil {
		t.Fatal(err)
	}
	documents := strings.Split(out.printed.String(), "\n---\n")
	if len(documents) < 2 {
		t.Fatalf("%s", out.printed.String())
	}
	for _, document := range documents {
		var finding struct{ Version int }
		if err := yaml.Unmarshal([]byte(document), &finding); err != nil || finding.Version != 3 {
			t.Errorf("%+v %v\n%s", finding, err, document)
		}
	}
}
