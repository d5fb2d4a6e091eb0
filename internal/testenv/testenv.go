// Package testenv tells tests what this machine has and how much time there is, and
// compares what they make with files. It is imported by tests only, and nothing else
// in the repository skips a test.
package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// Need ends the test when a component is missing: a loud skip on a developer's
// machine, a failure under CI, where nothing may be missing. Mend names the
// command that fetches the component.
func Need(t testing.TB, present bool, component, mend string) {
	t.Helper()
	if !present {
		leave(t, component+" is missing; "+mend)
	}
}

// Slow ends the test under -short, with the reason why it takes long: a skip on
// a developer's machine, a failure under CI, where every test is run.
func Slow(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		leave(t, why+", which -short leaves out")
	}
}

func leave(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("not tested: %s", why)
	}
	t.Skipf("SKIPPED, NOT TESTED: %s", why)
}

// Labelled returns the path of a file of labelled data, which belongs to others
// and is no part of the repository. The directory is named by
// FAULTLINE_LABELLED; a test that asks for it stands under the build tag
// "labelled" and fails without the file.
func Labelled(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("FAULTLINE_LABELLED")
	if dir == "" {
		t.Fatalf("FAULTLINE_LABELLED names no directory; run `make test-labelled LABELLED=DIR`")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("labelled data: %v", err)
	}
	return path
}

// CacheDir is where fetched components live: FAULTLINE_CACHE, or "faultline"
// in the user's cache directory.
func CacheDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("FAULTLINE_CACHE"); dir != "" {
		return dir
	}
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("no cache directory: %v; set FAULTLINE_CACHE", err)
	}
	return filepath.Join(base, "faultline")
}
