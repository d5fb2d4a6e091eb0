package testenv

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that writes down how it was ended. Ending panics, as the
// real one leaves its goroutine, so that nothing runs after it.
type recorder struct {
	testing.TB
	skipped, failed string
}

type ended struct{}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	panic(ended{})
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	panic(ended{})
}

// outcome runs the helper on a recorder.
func outcome(t *testing.T, helper func(testing.TB)) (r *recorder) {
	t.Helper()
	r = &recorder{TB: t}
	defer func() {
		if why := recover(); why != nil {
			if _, ours := why.(ended); !ours {
				panic(why)
			}
		}
	}()
	helper(r)
	return r
}

func short(t *testing.T, value string) {
	t.Helper()
	was := flag.Lookup("test.short").Value.String()
	if err := flag.Set("test.short", value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("test.short", was) })
}

func TestWhatIsMissingSkipsLoudlyHereAndFailsInCI(t *testing.T) {
	lacking := func(r testing.TB) { Need(r, false, "the engine", "run `make engine`") }
	const want = "the engine is missing; run `make engine`"
	t.Setenv("CI", "")
	if r := outcome(t, lacking); r.failed != "" || r.skipped != "SKIPPED, NOT TESTED: "+want {
		t.Errorf("on a developer's machine: %+v", r)
	}
	t.Setenv("CI", "true")
	if r := outcome(t, lacking); r.skipped != "" || r.failed != "not tested: "+want {
		t.Errorf("in CI: %+v", r)
	}
	if r := outcome(t, func(r testing.TB) { Need(r, true, "the engine", "") }); r.skipped+r.failed != "" {
		t.Errorf("a present component ends the test: %+v", r)
	}
}

func TestShortLeavesOutSlowTestsHereButNeverInCI(t *testing.T) {
	slow := func(r testing.TB) { Slow(r, "opens a browser") }
	t.Setenv("CI", "")
	short(t, "false")
	if r := outcome(t, slow); r.skipped+r.failed != "" {
		t.Errorf("without -short: %+v", r)
	}
	short(t, "true")
	if r := outcome(t, slow); r.failed != "" || !strings.Contains(r.skipped, "opens a browser, which -short leaves out") {
		t.Errorf("with -short: %+v", r)
	}
	t.Setenv("CI", "1")
	if r := outcome(t, slow); r.skipped != "" || !strings.Contains(r.failed, "opens a browser") {
		t.Errorf("with -short in CI: %+v", r)
	}
}

func TestLabelledDataIsFoundOrNamedInOneLine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cases.jsonl")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAULTLINE_LABELLED", "")
	if r := outcome(t, func(r testing.TB) { Labelled(r, "cases.jsonl") }); !strings.Contains(r.failed, "make test-labelled LABELLED=DIR") {
		t.Errorf("without a directory: %+v", r)
	}
	t.Setenv("FAULTLINE_LABELLED", dir)
	if got := Labelled(t, "cases.jsonl"); got != file {
		t.Errorf("path %s, want %s", got, file)
	}
	if r := outcome(t, func(r testing.TB) { Labelled(r, "other") }); !strings.Contains(r.failed, filepath.Join(dir, "other")) {
		t.Errorf("a missing file is not named: %+v", r)
	}
}

func TestTheCacheIsWhereTheSettingSaysOrWithTheUsersOthers(t *testing.T) {
	t.Setenv("FAULTLINE_CACHE", "/elsewhere")
	if dir := CacheDir(t); dir != "/elsewhere" {
		t.Errorf("cache at %s", dir)
	}
	t.Setenv("FAULTLINE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/caches")
	if dir := CacheDir(t); filepath.Base(dir) != "faultline" {
		t.Errorf("cache at %s", dir)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if r := outcome(t, func(r testing.TB) { CacheDir(r) }); !strings.Contains(r.failed, "set FAULTLINE_CACHE") {
		t.Errorf("a machine without a home: %+v", r)
	}
}
