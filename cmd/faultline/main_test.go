package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

// execute runs one command line as main does.
func execute(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(context.Background(), args, []string{"HOME=" + t.TempDir()}, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestEveryCommandHelps(t *testing.T) {
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		code, out, errs := execute(t, "", append(path, "--help")...)
		if code != exitOK || !strings.Contains(out, "Usage:") || errs != "" {
			t.Errorf("%v --help: exit %d, stdout %q, stderr %q", path, code, out, errs)
		}
		if cmd.Short == "" {
			t.Errorf("%v has no short description", path)
		}
		for _, sub := range cmd.Commands() {
			visit(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	visit(rootCommand(nil), nil)
}

func TestBadUsageIsOneLineAndExitTwo(t *testing.T) {
	cases := map[string][]string{
		"unknown command":   {"deploy"},
		"unknown flag":      {"serve", "--brokers", "x"},
		"unknown setting":   {"serve", "--api-listen", "nowhere", "--check"},
		"missing flag":      {"attribute"},
		"missing file":      {"attribute", "--case", "/nonexistent.jsonl"},
		"unknown ranker":    {"eval", "--cases", "-", "--ranker", "astrology"},
		"unknown evidence":  {"eval", "--cases", "-", "--without", "luck"},
		"unknown output":    {"eval", "--cases", "-", "-o", "xml"},
		"unknown scenario":  {"demo", "--scenario", "sharknado"},
		"unknown role":      {"token", "create", "--role", "king", "--name", "n"},
		"negative services": {"simulate", "--services", "-3"},
		"import no token":   {"import", "-"},
		"migrate what":      {"migrate", "sideways"},
		"migrate alone":     {"migrate"},
		"token alone":       {"token"},
		"extra argument":    {"serve", "now"},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			code, _, errs := execute(t, "", args...)
			if code != exitUsage {
				t.Errorf("exit %d, want %d; stderr %q", code, exitUsage, errs)
			}
			if !strings.HasPrefix(errs, "faultline: ") || strings.Count(errs, "\n") != 1 {
				t.Errorf("stderr is not one line: %q", errs)
			}
		})
	}
}

func TestServeCheckAndDump(t *testing.T) {
	path := filepath.Join(t.TempDir(), "faultline.yaml")
	if err := os.WriteFile(path, []byte("kafka: {sasl: {mechanism: plain, username: u, password: hunter2}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := execute(t, "", "serve", "--config", path, "--check"); code != exitOK || !strings.Contains(out, "valid") {
		t.Errorf("exit %d %q %q", code, out, errs)
	}
	code, out, _ := execute(t, "", "serve", "--config", path, "--dump", "--log-level", "warn")
	if code != exitOK || !strings.Contains(out, "level: warn") || strings.Contains(out, "hunter2") {
		t.Errorf("exit %d %q", code, out)
	}
}

func TestTokenCreatePrintsTokenAndHash(t *testing.T) {
	code, out, errs := execute(t, "", "token", "create", "--role", "ingest", "--name", "ci", "-o", "json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var made struct{ Token, Hash, ID, Role string }
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(made.Token, "flt_"+made.ID+"_") || !strings.HasPrefix(made.Hash, "sha256:") || made.Role != "ingest" {
		t.Errorf("made %+v", made)
	}
}

func TestHealthOfNothingIsExitThree(t *testing.T) {
	code, _, errs := execute(t, "", "health", "--server", "http://127.0.0.1:1")
	if code != exitDependency || !strings.Contains(errs, "faultline serve") {
		t.Errorf("exit %d, stderr %q", code, errs)
	}
}

func TestSimulatedCasesCanBeScoredAndAttributed(t *testing.T) {
	code, cases, errs := execute(t, "", "simulate", "--seed", "3", "--services", "60", "--changes-per-day", "100", "--days", "2", "--incidents", "3", "--no-change-share", "0")
	if code != exitOK || strings.Count(cases, "\n") != 3 {
		t.Fatalf("exit %d, %d cases: %s", code, strings.Count(cases, "\n"), errs)
	}
	code, out, errs := execute(t, cases, "eval", "--cases", "-", "--ranker", "faultline,recency", "-o", "json")
	if code != exitOK {
		t.Fatalf("eval: exit %d: %s", code, errs)
	}
	var report struct {
		Rankers []struct {
			Name  string
			Cases int
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Rankers) != 2 || report.Rankers[0].Cases != 3 {
		t.Errorf("eval printed %.300s (%v)", out, err)
	}
	first, _, _ := strings.Cut(cases, "\n")
	code, out, errs = execute(t, first, "attribute", "--case", "-", "-o", "json")
	if code != exitOK || !strings.Contains(out, `"suspects"`) {
		t.Errorf("attribute: exit %d %.200s %s", code, out, errs)
	}
}

func TestSimulatedStormsCanBeGroupedAndScored(t *testing.T) {
	code, storms, errs := execute(t, "", "simulate", "--storms", "--seed", "3", "--services", "60", "--changes-per-day", "100", "--days", "2", "--incidents", "5")
	if code != exitOK || strings.Count(storms, "\n") != 5 {
		t.Fatalf("exit %d, %d storms: %s", code, strings.Count(storms, "\n"), errs)
	}
	code, out, errs := execute(t, storms, "eval", "--storms", "-")
	if code != exitOK || !strings.Contains(out, "monitoring_fails") || !strings.Contains(out, "purity") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs = execute(t, "", "eval"); code != exitUsage || !strings.Contains(errs, "storms") {
		t.Errorf("without cases and storms: exit %d: %s", code, errs)
	}
}

func TestOutagesAreWrittenWithDefaultsOfTheirOwn(t *testing.T) {
	code, small, errs := execute(t, "", "simulate", "--outages", "--seed", "3", "--services", "40", "--changes-per-day", "20")
	if code != exitOK || errs != "" || strings.Count(small, "\n") < 50 {
		t.Fatalf("exit %d, %d bytes, %s", code, len(small), errs)
	}
	if _, again, _ := execute(t, "", "simulate", "--outages", "--seed", "3", "--services", "40", "--changes-per-day", "20"); again != small {
		t.Error("the same seed wrote other cases")
	}
	// 150 changes a day and 300 services, not the 500 of simulated incidents.
	code, usual, _ := execute(t, "", "simulate", "--outages")
	first, _, _ := strings.Cut(usual, "\n")
	var c struct {
		Changes  []struct{}
		Topology struct{ Services []struct{} }
	}
	if err := json.Unmarshal([]byte(first), &c); err != nil || code != exitOK {
		t.Fatal(code, err)
	}
	if n := len(c.Topology.Services); n < 300 || n > 320 || len(c.Changes) < 230 || len(c.Changes) > 400 {
		t.Errorf("%d services, %d changes in two days", n, len(c.Changes))
	}
	for _, other := range [][]string{{"--storms"}, {"--days", "3"}, {"--incidents", "3"}, {"--no-change-share", "0"}} {
		if code, _, errs := execute(t, "", append([]string{"simulate", "--outages"}, other...)...); code != exitUsage || !strings.Contains(errs, "outages") {
			t.Errorf("%v: exit %d, %s", other, code, errs)
		}
	}
}

func TestExitCodes(t *testing.T) {
	cases := map[error]int{
		nil:                                    exitOK,
		fmt.Errorf("gate: %w", app.ErrNo):      exitNo,
		errors.New("bad input"):                exitUsage,
		fmt.Errorf("x: %w", app.ErrDependency): exitDependency,
	}
	for err, want := range cases {
		if got := exitCode(err); got != want {
			t.Errorf("%v exits %d, want %d", err, got, want)
		}
	}
	if got := oneLine(errors.New("a\nb\r\nc")); got != "a; b; c" {
		t.Errorf("got %q", got)
	}
}

func TestAttributePrintsEveryKeyOfTheContract(t *testing.T) {
	const head = `"at":"2026-11-02T10:00:00Z","alerts":[{"source":"am","service":"a","name":"Err","status":"firing","started_at":"2026-11-02T09:55:00Z"}],` +
		`"changes":[{"id":"c1","source":"ci","kind":"deploy","services":["a"],"started_at":"2026-11-02T09:50:00Z"}]}`
	cases := `{"name":"one",` + head + "\n" + `{"name":"two",` + head
	code, out, errs := execute(t, cases, "attribute", "--case", "-", "--name", "two", "-o", "json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var finding map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &finding); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"incident", "version", "as_of", "verdict", "no_change_probability", "suspects", "missing", "blast_radius"} {
		if _, there := finding[key]; !there {
			t.Errorf("the finding has no %q", key)
		}
	}
	if string(finding["incident"]) != `"two"` {
		t.Errorf("incident %s, want the case that was named", finding["incident"])
	}
	var suspects []map[string]json.RawMessage
	if err := json.Unmarshal(finding["suspects"], &suspects); err != nil || len(suspects) != 1 {
		t.Fatalf("suspects %s (%v)", finding["suspects"], err)
	}
	for _, key := range []string{"change", "rank", "probability", "evidence", "provenance", "links"} {
		if value, there := suspects[0][key]; !there || string(value) == "null" {
			t.Errorf("%q of the suspect is %s", key, value)
		}
	}
	if code, _, errs := execute(t, cases, "attribute", "--case", "-", "--name", "three"); code != exitUsage || !strings.Contains(errs, "three") {
		t.Errorf("a name that no case has: exit %d %s", code, errs)
	}
}

func TestDashboardsExportNamesABadAddress(t *testing.T) {
	var out, errs bytes.Buffer
	dir := t.TempDir()
	if code := run(t.Context(), []string{"dashboards", "export", "--out", dir, "--base-url", "nowhere"}, nil, nil, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "base-url") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	errs.Reset()
	if code := run(t.Context(), []string{"dashboards", "export", "--out", dir}, nil, nil, &out, &errs); code != exitOK || strings.Count(out.String(), "\n") != 9 {
		t.Errorf("exit %d: %s %s", code, out.String(), errs.String())
	}
}
