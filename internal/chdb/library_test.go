package chdb

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMissingLibraryIsOneLineWithTheMend(t *testing.T) {
	t.Setenv("FAULTLINE_LIBCHDB", "")
	t.Setenv("FAULTLINE_CACHE", t.TempDir())
	_, missing := Find()
	t.Setenv("FAULTLINE_LIBCHDB", filepath.Join(t.TempDir(), "gone.so"))
	_, wrong := Find()
	config := DefaultConfig()
	config.Dir = t.TempDir()
	_, opened := Open(t.Context(), config)
	for _, err := range []error{missing, wrong, opened} {
		if !errors.Is(err, ErrMissing) {
			t.Fatalf("got %v", err)
		}
		for _, part := range []string{"make engine", "--clickhouse-dsn"} {
			if text := err.Error(); !strings.Contains(text, part) || strings.Contains(text, "\n") {
				t.Errorf("%q does not name %s or is more than a line", text, part)
			}
		}
	}
}

func TestTheLibraryIsFoundInTheCacheOrWhereItIsSaidToBe(t *testing.T) {
	cache := t.TempDir()
	installed := filepath.Join(cache, "chdb", Version, "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
	elsewhere := filepath.Join(t.TempDir(), "libchdb.so")
	for _, path := range []string{installed, elsewhere} {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("FAULTLINE_CACHE", cache)
	t.Setenv("FAULTLINE_LIBCHDB", "")
	if path, err := Find(); err != nil || path != installed {
		t.Errorf("got %s, %v", path, err)
	}
	t.Setenv("FAULTLINE_LIBCHDB", elsewhere)
	if path, err := Find(); err != nil || path != elsewhere {
		t.Errorf("got %s, %v", path, err)
	}
	t.Setenv("FAULTLINE_LIBCHDB", filepath.Dir(elsewhere))
	if path, err := Find(); err == nil {
		t.Errorf("a directory passes as the library: %s", path)
	}
}

func TestThePinnedPackageIsTheVersionOfTheCode(t *testing.T) {
	type entry struct {
		Version, Resolved, Integrity string
		Dependencies                 map[string]string
	}
	var manifest entry
	var lock struct{ Packages map[string]entry }
	for name, into := range map[string]any{"package.json": &manifest, "package-lock.json": &lock} {
		text, err := os.ReadFile(filepath.Join("lib", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	const name = "@chdb/lib-linux-x64-gnu"
	if got := manifest.Dependencies; len(got) != 1 || got[name] != Version {
		t.Errorf("package.json depends on %v, the code on %s %s", got, name, Version)
	}
	locked := lock.Packages["node_modules/"+name]
	if locked.Version != Version || !strings.HasPrefix(locked.Integrity, "sha512-") || locked.Resolved != "" {
		t.Errorf("the lockfile has %+v: want version %s, a checksum and no address", locked, Version)
	}
}
