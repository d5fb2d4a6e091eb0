// Package testenv tells tests which outside components this machine has. It is
// imported by tests only.
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
	if present {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing; %s", component, mend)
	}
	t.Skipf("SKIPPED, NOT TESTED: %s is missing; %s", component, mend)
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
