package app

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestProgressIsShownOnATerminalOnlyAndNeverBesideADocument(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, show := range map[string]Show{"nothing": {}, "a buffer": {Out: &bytes.Buffer{}}, "a file": {Out: file}} {
		if show.progress("work", "table") != nil {
			t.Errorf("progress is shown on %s", name)
		}
	}
	var none Show
	p := none.progress("work", "json")
	p.Step(1, 2)
	p.Tick()
	p.Done()
}

func TestColoursAndWidthFollowTheTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "73")
	if got := terminalOptions(&bytes.Buffer{}); got.Width != 73 || got.Color {
		t.Errorf("%+v", got)
	}
	t.Setenv("COLUMNS", "wide")
	if got := terminalOptions(os.NewFile(^uintptr(0), "closed")); got.Width != 0 || got.Color {
		t.Errorf("%+v", got)
	}
}

func TestWhatMayHaveBeenMeantIsNamed(t *testing.T) {
	known := []string{"open", "quiet", "resolved", "merged"}
	for given, want := range map[string]string{
		"opne": "open", "OPEN": "open", "quite": "quiet", "resolve": "resolved", "mer": "merged", "closed": "", "": "", "x": "",
	} {
		if got := Nearest(given, known); got != want {
			t.Errorf("%q is taken for %q, want %q", given, got, want)
		}
	}
	err := notAmong("--status", "opne", known)
	for _, needed := range []string{"--status", `"opne"`, "open, quiet, resolved, merged", "did you mean open?"} {
		if !strings.Contains(err.Error(), needed) {
			t.Errorf("%v lacks %q", err, needed)
		}
	}
	if err := notAmong("--status", "closed", known); strings.Contains(err.Error(), "did you mean") {
		t.Errorf("%v guesses", err)
	}
}

func TestDistanceIsADistance(t *testing.T) {
	word := rapid.StringMatching(`[a-zé]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len([]rune(a)), len([]rune(b))) {
			t.Errorf("%q to %q is %d", a, b, d)
		}
	})
}
