package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/config"
)

// reportServer answers for the report of one week.
func reportServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" || r.URL.Path != "/v1/reports/2026-W47" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"title":"There is no such report","detail":"the week has not begun"}`))
			return
		}
		_, _ = w.Write([]byte("report as " + r.URL.Query().Get("format")))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestTheReportIsFetchedAsItIsAskedFor(t *testing.T) {
	server := reportServer(t)
	var out strings.Builder
	opts := ReportOptions{Week: "2026-W47", Format: "markdown", Server: server.URL, Token: "t"}
	if err := Report(t.Context(), opts, &out); err != nil || out.String() != "report as markdown" {
		t.Errorf("%q %v", out.String(), err)
	}
	opts.Format, opts.Out = "pdf", filepath.Join(t.TempDir(), "r.pdf")
	out.Reset()
	if err := Report(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), opts.Out) {
		t.Errorf("%q %v", out.String(), err)
	}
	if text, err := os.ReadFile(opts.Out); err != nil || string(text) != "report as pdf" {
		t.Errorf("%q %v", text, err)
	}
}

func TestABadQuestionForAReportIsToldBeforeAnythingIsAsked(t *testing.T) {
	for part, opts := range map[string]ReportOptions{
		"--format":                {Week: "2026-W47", Format: "docx", Server: "http://127.0.0.1:1"},
		"--week":                  {Week: "2026-W54", Format: "html", Server: "http://127.0.0.1:1"},
		"want a year and an ISO":  {Week: "47", Format: "html", Server: "http://127.0.0.1:1"},
		"--server":                {Week: "2026-W47", Format: "html", Server: "nonsense"},
		"the week has not begun":  {Week: "2026-W50", Format: "html", Server: reportServer(t).URL},
		"There is no such report": {Format: "html", Server: reportServer(t).URL, Token: "another"},
	} {
		err := Report(t.Context(), opts, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), part) || errors.Is(err, ErrDependency) {
			t.Errorf("%+v: %v, want %q", opts, err, part)
		}
	}
	down := ReportOptions{Week: "2026-W47", Format: "html", Server: "http://127.0.0.1:1"}
	if err := Report(t.Context(), down, &strings.Builder{}); !errors.Is(err, ErrDependency) {
		t.Errorf("a service that is away: %v", err)
	}
}

func TestTheSettingsNameTheChannelsOfTheReport(t *testing.T) {
	cfg := config.Default().Report
	if channels, err := reportChannels(&cfg); err != nil || len(channels) != 0 {
		t.Errorf("%v %v", channels, err)
	}
	cfg.Dir, cfg.SlackWebhook = t.TempDir(), "https://hooks.example.org/secret"
	cfg.SMTP = config.SMTP{Address: "mail.example.org:587", Security: "starttls", From: "f@example.org", To: []string{"a@example.org", "b@example.org"}}
	channels, err := reportChannels(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range channels {
		names = append(names, c.Recipients()...)
	}
	if got := strings.Join(names, " "); got != "files:"+cfg.Dir+" mail:a@example.org mail:b@example.org slack" {
		t.Error(got)
	}
	cfg.SMTP.To = []string{"nobody at all"}
	if _, err := reportChannels(&cfg); err == nil || !strings.Contains(err.Error(), "report.smtp") {
		t.Errorf("a recipient that is no address: %v", err)
	}
}
