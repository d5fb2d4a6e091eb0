package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestWrongUsageSaysWhatToDoNext goes through the commands with wrong words:
// each answer names the mend, and stays on its one line.
func TestWrongUsageSaysWhatToDoNext(t *testing.T) {
	for line, want := range map[string]string{
		"serv":                                  "did you mean `faultline serve`?",
		"deploy":                                "it has attribute, classify",
		"incidents lst":                         "did you mean `faultline incidents list`?",
		"incidents":                             "say which",
		"incidents show":                        "usage: faultline incidents show INCIDENT",
		"incidents show a b":                    "usage: faultline incidents show INCIDENT",
		"incidents list --status opne":          "did you mean open?",
		"incidents list --severity hgih":        "did you mean high?",
		"incidents list --limit 10001":          "want 1 to 10000",
		"incidents list --since -1h":            "want how far back",
		"incidents list --since soon":           `--since "soon" is no duration; want one such as 90s, 15m or 24h`,
		"incidents list --limit many":           `--limit "many" is no whole number; see`,
		"simulate --seed -1":                    `--seed "-1" is no whole number from 0 on`,
		"simulate --no-change-share half":       `--no-change-share "half" is no number`,
		"serve --check=perhaps":                 `--check "perhaps" is neither true nor false`,
		"incidents list -o xml":                 "want table, json or yaml",
		"incidents list --server nowhere":       "want one such as http://",
		"incidents watch --server nowhere":      "want one such as http://",
		"verdict inc-1":                         "usage: faultline verdict INCIDENT confirm|reject|no_change",
		"verdict inc-1 confrim":                 "did you mean confirm?",
		"serve --api-listn x":                   "did you mean --api-listen?",
		"serve now":                             "usage: faultline serve",
		"attribute":                             "usage: faultline attribute --case FILE",
		"eval --case x":                         "did you mean --cases?",
		"eval":                                  "usage: faultline eval --cases FILE...",
		"fit":                                   "usage: faultline fit --cases FILE... --out FILE",
		"demo --scenario retail":                "retail-outage",
		"token create --role judg --name x":     "judge",
		"token create":                          "usage: faultline token create --role ROLE --name NAME",
		"report --format pfd":                   "did you mean pdf?",
		"report --week 2026-99":                 "2026-W47",
		"import":                                "usage: faultline import FILE...",
		"classify":                              "usage: faultline classify FILE",
		"gate":                                  "name a file with one change",
		"gate --change x --server a --policy b": "give one or the other",
		"policy check nofile":                   "name a file of rules",
		"policy chek":                           "did you mean `faultline policy check`?",
		"dashboards export":                     "usage: faultline dashboards export --out DIR",
		"migrate":                               "faultline migrate --help",
		"simulate --services 3":                 "10 to 20000",
		"provenance reapply --from yesterday":   "want 2026-11-02",
		"mcp --server nowhere":                  "want one such as http://",
		"health --server nowhere":               "want one such as http://",
		"dead-letters replay":                   "faultline dead-letters list",
		"dead-letters replay a --all":           "faultline dead-letters list",
		"dead-letters list --limit 0":           "want 1 to 200",
		"notifications replay x":                "usage: faultline notifications replay TARGET INCIDENT",
		"notifications dismis":                  "did you mean `faultline notifications dismiss`?",
	} {
		code, out, errs := execute(t, "", strings.Fields(line)...)
		if code != exitUsage || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "faultline: ") || out != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q, want %q", line, code, out, errs, want)
		}
	}
}

func TestAServiceThatIsAwayIsExitThreeAndSaysWhereItWasLookedFor(t *testing.T) {
	for _, line := range []string{
		"incidents list", "incidents show inc-1", "incidents watch inc-1", "verdict inc-1 no_change", "report", "provenance reapply", "dead-letters list", "dead-letters replay --all",
		"notifications undelivered", "notifications replay a b", "notifications dismiss a b", "health",
	} {
		code, _, errs := execute(t, "", append(strings.Fields(line), "--server", "http://127.0.0.1:1")...)
		if code != exitDependency || !strings.Contains(errs, "faultline serve") || !strings.Contains(errs, "127.0.0.1:1") || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit %d, stderr %q", line, code, errs)
		}
	}
}

// TestListingCommandsTakeEveryOutput walks all commands: what prints a table
// prints JSON and YAML.
func TestListingCommandsTakeEveryOutput(t *testing.T) {
	var visit func(cmd *cobra.Command)
	listing := 0
	visit = func(cmd *cobra.Command) {
		if f := cmd.Flags().Lookup("output"); f != nil {
			listing++
			if f.Shorthand != "o" || !strings.Contains(f.Usage, "yaml") {
				t.Errorf("%s: -%s says %q", cmd.CommandPath(), f.Shorthand, f.Usage)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(rootCommand(nil))
	if listing < 15 {
		t.Errorf("only %d commands have -o", listing)
	}
}

// TestHelpFitsTheTerminalAndShowsHowToBegin: but for examples, which are copied
// whole, no line of any command's help is wider than 80 columns; each command
// shows an example, and settings do not drown what it is about.
func TestHelpFitsTheTerminalAndShowsHowToBegin(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			return
		}
		_, out, _ := execute(t, "", append(path, "--help")...)
		lines := strings.Split(out, "\n")
		if len(lines) > 60 {
			t.Errorf("%v: %d lines of help", path, len(lines))
		}
		for _, line := range lines {
			if len([]rune(line)) > 80 && !strings.HasPrefix(line, "  faultline ") && !strings.HasPrefix(line, "  FAULTLINE_") {
				t.Errorf("%v: %d columns: %s", path, len([]rune(line)), line)
			}
		}
		if !cmd.HasSubCommands() && !strings.Contains(cmd.Example, "faultline "+strings.Join(path, " ")) {
			t.Errorf("%v: the example %q does not show the command", path, cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			visit(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	visit(rootCommand(nil), nil)
	_, out, _ := execute(t, "", "serve", "--help")
	for want, there := range map[string]bool{"--kafka-brokers": true, "--api-rate-burst string": false, "`faultline serve\n--dump` prints all": true, "--check": true} {
		if strings.Contains(out, want) != there {
			t.Errorf("help of serve, %q: %t\n%s", want, !there, out)
		}
	}
	if _, out, _ = execute(t, "", "migrate", "up", "--help"); strings.Contains(out, "--kafka-brokers") || !strings.Contains(out, "--clickhouse-dsn") {
		t.Errorf("help of migrate up:\n%s", out)
	}
	if code, _, errs := execute(t, "", "serve", "--api-rate-burst", "many", "--check"); code != exitUsage || !strings.Contains(errs, "--api-rate-burst") {
		t.Errorf("a flag that help does not list: exit %d %s", code, errs)
	}
	if _, _, errs := execute(t, "", "notifications", "replay", "a", "b", "--limit", "3"); !strings.Contains(errs, "unknown flag") {
		t.Errorf("a limit on one: %s", errs)
	}
}

func TestTheShellCompletesIncidentsAndChoices(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[{"id":"inc-7f3a","revision":1,"title":"checkout","status":"open","started_at":"2026-11-20T11:00:00Z","updated_at":"2026-11-20T11:00:00Z","services":[],"alerts":[],
			"judgement":{"state":"unjudged","confirmed":[],"rejected":[],"judgements":0}}]}`)
	}))
	defer server.Close()
	complete := func(words ...string) string {
		var out strings.Builder
		run(context.Background(), append([]string{cobra.ShellCompRequestCmd}, words...), []string{"FAULTLINE_SERVER=" + server.URL}, nil, &out, io.Discard)
		return out.String()
	}
	for want, words := range map[string][]string{
		"inc-7f3a\topen, checkout": {"incidents", "show", ""},
		"no_change":                {"verdict", "inc-7f3a", ""},
		"resolved":                 {"incidents", "list", "--status", ""},
		"yaml":                     {"incidents", "list", "-o", ""},
		"agent":                    {"token", "create", "--role", ""},
		"assistant-guardrail":      {"demo", "--scenario", ""},
		"dead-letters":             {""},
	} {
		if got := complete(words...); !strings.Contains(got, want) {
			t.Errorf("%q completes to %q, without %q", words, got, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, errs := execute(t, "", "completion", shell); code != exitOK || len(out) < 1000 {
			t.Errorf("completion %s: exit %d %s", shell, code, errs)
		}
	}
}

// TestNoCommandSpeaksOfItsInside gives every command a flag that there is not, and
// what reads files a directory and a file of rubbish: one line on standard error,
// nothing on standard output, and no word of the language it is written in.
func TestNoCommandSpeaksOfItsInside(t *testing.T) {
	rubbish := filepath.Join(t.TempDir(), "rubbish")
	if err := os.WriteFile(rubbish, []byte("{\"id\":[1],\"at\":2}\nnonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		lines = append(lines, append(path[:len(path):len(path)], "--nonsense"))
		for _, sub := range cmd.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				visit(sub, append(path[:len(path):len(path)], sub.Name()))
			}
		}
	}
	visit(rootCommand(nil), nil)
	for _, file := range []string{rubbish, filepath.Dir(rubbish), filepath.Join(rubbish, "below")} {
		lines = append(lines, []string{"attribute", "--case", file}, []string{"eval", "--cases", file}, []string{"eval", "--storms", file},
			[]string{"classify", file}, []string{"classify", "--score", file}, []string{"import", file}, []string{"gate", "--change", file},
			[]string{"gate", "--change", file, "--topology", file}, []string{"policy", "check", file}, []string{"serve", "--check", "--config", file},
			[]string{"fit", "--cases", file, "--out", file})
	}
	for _, line := range lines {
		var out, errs strings.Builder
		code := run(t.Context(), line, []string{"FAULTLINE_TOKEN=flt_a_b", "FAULTLINE_SERVER=http://127.0.0.1:1"}, strings.NewReader(""), &out, &errs)
		said := errs.String()
		if code != exitUsage || out.String() != "" || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "faultline: ") {
			t.Errorf("%v: exit %d, %q, %q", line, code, out.String(), said)
		}
		for _, inside := range []string{"Go struct", "Go value", "json:", "strconv", "goroutine", "correlate.", "map[", "runtime error", "%!"} {
			if strings.Contains(said, inside) {
				t.Errorf("%v speaks of %q: %s", line, inside, said)
			}
		}
	}
}
