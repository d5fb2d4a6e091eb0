package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// serveExport answers with a document in the format that is asked for.
func serveExport(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/incidents/inc-1/export" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"type":"/problems/incident-not-found","title":"There is no such incident","status":404}`)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "as "+r.URL.Query().Get("format")+"\n")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnIncidentIsWrittenToAFileOrToStandardOutput(t *testing.T) {
	opts := ExportOptions{Server: serveExport(t), Incident: "inc-1", Format: "markdown"}
	var out strings.Builder
	if err := ExportIncident(t.Context(), opts, &out); err != nil || out.String() != "as markdown\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	opts.Format, opts.Out = "json", filepath.Join(t.TempDir(), "inc-1.json")
	if err := ExportIncident(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "inc-1 written to") {
		t.Errorf("%q, %v", out.String(), err)
	}
	if raw, err := os.ReadFile(opts.Out); err != nil || string(raw) != "as json\n" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	opts.Out = filepath.Join(t.TempDir(), "no", "such", "folder")
	if err := ExportIncident(t.Context(), opts, &out); err == nil || !strings.Contains(err.Error(), "--out") {
		t.Errorf("%v", err)
	}
}

func TestAnExportThatCannotBeMadeSaysWhatToDo(t *testing.T) {
	at := serveExport(t)
	for want, opts := range map[string]ExportOptions{
		"did you mean markdown":    {Server: at, Incident: "inc-1", Format: "markdow"},
		"faultline incidents list": {Server: at, Incident: "inc-2", Format: "json"},
		"--server":                 {Server: "nowhere", Incident: "inc-1", Format: "json"},
	} {
		if err := ExportIncident(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
