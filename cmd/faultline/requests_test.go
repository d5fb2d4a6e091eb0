package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// recorder is a service that writes down what it is asked and answers with what
// the commands expect.
type recorder struct {
	mu    sync.Mutex
	asked []string
}

// findingBody is a finding with one suspect.
const findingBody = `{"incident":"inc-1","version":4,"as_of":"2026-11-20T11:01:00Z","verdict":"probable","no_change_probability":0.1,"missing":[],
	"suspects":[{"rank":1,"probability":0.8,"change":{"source":"cd","id":"a","kind":"deploy","title":"new cart"},"evidence":[]}]}`

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.asked = append(r.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", req.Method, req.URL.RequestURI(), req.Header.Get("If-Match"), raw)))
	if req.Header.Get("Authorization") != "Bearer flt_a_b" && req.URL.Path != "/readyz" {
		r.asked = append(r.asked, "WITHOUT THE TOKEN")
	}
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	const verdict = `"verdict":{"id":"v","incident":"inc-1","decision":"confirm","finding_version":4,"decided_by":"ada","decided_at":"2026-11-20T11:05:00Z"},"judgement":{"state":"confirmed","judgements":1}`
	const proposed = `{"id":"0c8f-1","incident":"inc-1","finding_version":4,"decision":"no_change","reason":"r","proposed_by":"a","proposed_at":"2026-11-20T11:02:00Z","state":"open"}`
	status, body := http.StatusOK, `{"items":[]}`
	switch path := req.URL.Path; {
	case strings.HasSuffix(path, "/finding"):
		w.Header().Set("ETag", `"tag-4"`)
		body = findingBody
	case strings.HasSuffix(path, "/commander"):
		w.Header().Set("ETag", `"tag-c"`)
		body = `{"incident":"inc-1","commander":"ada","history":[]}`
	case strings.HasSuffix(path, "/verdict"):
		status, body = http.StatusCreated, "{"+verdict+"}"
	case strings.HasSuffix(path, "/proposals"):
		body = `{"items":[` + proposed + `]}`
	case strings.HasSuffix(path, "/accept"):
		status, body = http.StatusCreated, `{"proposal":`+proposed+","+verdict+"}"
	case strings.HasSuffix(path, "/dismiss") && strings.Contains(path, "proposals"):
		body = proposed
	case strings.Contains(path, "/undelivered/"):
		status, body = map[bool]int{true: http.StatusAccepted, false: http.StatusOK}[strings.HasSuffix(path, "replay")], `{"target":"slack C1","incident":"inc-1","state":"asked","given_up_at":"2026-11-20T11:00:00Z","attempts":10,"reason":"x"}`
	case strings.HasSuffix(path, "dead-letters/replay"):
		body = `{"accepted":1,"duplicates":0,"rejected":[]}`
	case strings.HasPrefix(path, "/v1/provenance"):
		body = `{"rules":"2","examined":0,"changed":0,"overridden":0,"classes":[],"moves":[],"unknown":[]}`
	case strings.HasSuffix(path, "gate"):
		body = `{"decided_at":"2026-11-20T11:05:00Z","decision":"allow","change":{"source":"ci","id":"d"},"class":"human","tier":1,"policy":"p","findings":[],"approvals":[]}`
	case req.Method == http.MethodPost:
		status, body = http.StatusAccepted, `{"accepted":1,"duplicates":0,"rejected":[]}`
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// TestFlagsReachTheService runs command lines against a service and looks at
// what it is asked: a flag that is parsed and dropped is found by nobody else.
func TestFlagsReachTheService(t *testing.T) {
	file := filepath.Join(t.TempDir(), "change.json")
	if err := os.WriteFile(file, []byte(`{"id":"d","source":"ci","kind":"deploy","started_at":"2026-11-20T11:00:00Z","services":["cart"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string][]string{
		"incidents list --status open,quiet --severity high --service cart --text disk --limit 7": {"GET /v1/incidents?", "status=open,quiet", "severity=high", "service=cart", "q=disk", "limit=7"},
		"incidents list --since 24h -o json":                                                      {"GET /v1/incidents?", "from=20"},
		"incidents show inc/1":                                                                    {"GET /v1/incidents/inc%2F1/finding"},
		"verdict inc-1 confirm --reason why":                                                      {`POST /v1/incidents/inc-1/verdict "tag-4"`, `"decision":"confirm"`, `"reason":"why"`, `"finding_version":4`, `"id":"a"`},
		"verdict inc-1 reject --change b --source flags":                                          {`"decision":"reject"`, `"source":"flags"`, `"id":"b"`},
		"verdict inc-1 no-change":                                                                 {`"decision":"no_change"`},
		"proposals list":                                                                          {"GET /v1/proposals?", "state=open", "limit=200"},
		"proposals list --all":                                                                    {"GET /v1/proposals?limit=200"},
		"incidents export inc/1":                                                                  {"GET /v1/incidents/inc%2F1/export?format=markdown"},
		"incidents export inc-1 --format json":                                                    {"GET /v1/incidents/inc-1/export?format=json"},
		"incidents commander inc/1":                                                               {"GET /v1/incidents/inc%2F1/commander"},
		"incidents commander inc-1 Grace":                                                         {`PUT /v1/incidents/inc-1/commander "tag-c" {"commander":"Grace"}`},
		"incidents commander inc-1 --nobody":                                                      {`PUT /v1/incidents/inc-1/commander "tag-c" {"commander":""}`},
		"proposals list inc-1 --all -o yaml":                                                      {"GET /v1/incidents/inc-1/proposals"},
		"proposals accept inc-1 0c8f --reason why":                                                {`POST /v1/incidents/inc-1/proposals/0c8f-1/accept "tag-4" {"reason":"why"}`},
		"proposals dismiss inc-1 --reason why":                                                    {`POST /v1/incidents/inc-1/proposals/0c8f-1/dismiss`, `{"reason":"why"}`},
		"dead-letters list --limit 3":                                                             {"GET /v1/dead-letters?limit=3"},
		"dead-letters replay c/0/1/7":                                                             {"POST /v1/dead-letters/replay", `{"id":"c/0/1/7"}`},
		"dead-letters replay --all --limit 9":                                                     {"GET /v1/dead-letters?limit=9"},
		"notifications undelivered --limit 4":                                                     {"GET /v1/notifications/undelivered?limit=4"},
		"notifications replay room inc-1":                                                         {"POST /v1/notifications/undelivered/replay", `"incident":"inc-1"`, `"target":"room"`},
		"notifications dismiss room inc-1":                                                        {"POST /v1/notifications/undelivered/dismiss", `"target":"room"`},
		"provenance reapply --from 2026-01-01 --to 2026-02-01T12:00:00Z --dry-run":                {"POST /v1/provenance", `"dry_run":true`, `"from":"2026-01-01T00:00:00Z"`, `"to":"2026-02-01T12:00:00Z"`},
		"gate --change " + file + " --break-glass down":                                           {"POST /v1/", `"break-glass":"down"`, `"services":["cart"]`},
		"import --format change " + file:                                                          {"POST /v1/changes", `"id":"d"`},
		"import --format github " + file:                                                          {"POST /v1/webhooks/github"},
		"report --week 2026-W47 --format json":                                                    {"GET /v1/reports/2026-W47?format=json"},
		"health":                                                                                  {"GET /readyz"},
	} {
		service := &recorder{}
		server := httptest.NewServer(service)
		var out, errs strings.Builder
		environ := []string{"FAULTLINE_TOKEN=flt_a_b", "FAULTLINE_SERVER=" + server.URL}
		if code := run(context.Background(), strings.Fields(line), environ, strings.NewReader(""), &out, &errs); code != exitOK {
			t.Errorf("%s: exit %d: %s", line, code, errs.String())
		}
		server.Close()
		all := strings.Join(service.asked, "\n")
		for _, part := range want {
			if !strings.Contains(all+" ", part) || strings.Contains(all, "WITHOUT THE TOKEN") {
				t.Errorf("%s: asked without %s:\n%s", line, part, all)
			}
		}
	}
}

// TestServerOnTheLineBeatsTheEnvironment: the address that a person types is the
// one that is asked.
func TestServerOnTheLineBeatsTheEnvironment(t *testing.T) {
	service := &recorder{}
	server := httptest.NewServer(service)
	defer server.Close()
	environ := []string{"FAULTLINE_TOKEN=flt_a_b", "FAULTLINE_SERVER=http://127.0.0.1:1"}
	for _, line := range []string{"incidents list", "dead-letters list", "notifications undelivered", "health", "proposals list inc-1"} {
		var errs strings.Builder
		if code := run(context.Background(), append(strings.Fields(line), "--server", server.URL), environ, nil, io.Discard, &errs); code != exitOK {
			t.Errorf("%s: exit %d: %s", line, code, errs.String())
		}
	}
	if len(service.asked) != 5 {
		t.Errorf("asked %q", service.asked)
	}
}

// TestPackedFilesAndStandardInputAreClassifiedAlike: what a pipe carries must not
// depend on how it was packed.
func TestPackedFilesAndStandardInputAreClassifiedAlike(t *testing.T) {
	const change = `{"id":"c-1","commits":[{"sha":"1","message":"Fix\n\nCo-authored-by: Claude <noreply@anthropic.com>"}]}` + "\n"
	packed := filepath.Join(t.TempDir(), "changes.jsonl.gz")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	zip := gzip.NewWriter(f)
	_, _ = io.WriteString(zip, change)
	_, _ = zip.Close(), f.Close()
	code, fromFile, errs := execute(t, "", "classify", packed)
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if _, fromPipe, _ := execute(t, change, "classify", "-"); fromPipe != fromFile {
		t.Errorf("by a pipe %s, by a file %s", fromPipe, fromFile)
	}
	var line struct{ ID, Class string }
	if err := json.Unmarshal([]byte(fromFile), &line); err != nil || line.ID != "c-1" || line.Class != "ai_assisted" {
		t.Errorf("%+v %v", line, err)
	}
	for _, args := range [][]string{{"-o", "table"}, {"-o", "yaml"}, {"--summary", "-o", "yaml"}, {"--summary", "-o", "table"}} {
		if code, out, errs := execute(t, change, append([]string{"classify", "-"}, args...)...); code != exitOK || !strings.Contains(out, "ai_assisted") {
			t.Errorf("%v: exit %d %s%s", args, code, out, errs)
		}
	}
}

// TestADeniedChangeIsExitOneAndItsAnswerStays: pipelines go by the code, people
// by what is printed.
func TestADeniedChangeIsExitOneAndItsAnswerStays(t *testing.T) {
	for output, want := range map[string]string{"table": "DENY", "json": `"decision": "deny"`, "yaml": "decision: deny"} {
		code, out, errs := execute(t, denied, "gate", "--change", "-", "-o", output)
		if code != exitNo || !strings.Contains(out, want) || errs != "" {
			t.Errorf("-o %s: exit %d, stdout %s, stderr %q", output, code, out, errs)
		}
	}
	if code, out, _ := execute(t, "", "policy", "check", "-o", "json"); code != exitOK || !strings.Contains(out, `"rules": [`) {
		t.Errorf("policy check: exit %d %s", code, out)
	}
}

// TestAnEmptyCommanderIsNobodysName: a script whose variable is empty must learn of
// it, neither ask instead of saying nor relieve who commands.
func TestAnEmptyCommanderIsNobodysName(t *testing.T) {
	service := &recorder{}
	server := httptest.NewServer(service)
	defer server.Close()
	for _, name := range []string{"", " \t"} {
		var out, errs strings.Builder
		environ := []string{"FAULTLINE_TOKEN=flt_a_b", "FAULTLINE_SERVER=" + server.URL}
		code := run(t.Context(), []string{"incidents", "commander", "inc-1", name}, environ, strings.NewReader(""), &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), "--nobody") || out.String() != "" || len(service.asked) > 0 {
			t.Errorf("%q: exit %d, %q %q, asked %v", name, code, out.String(), errs.String(), service.asked)
		}
	}
}
