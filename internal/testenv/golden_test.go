package testenv

import (
	"path/filepath"
	"testing"
)

// watched is a test that only notes whether it failed.
type watched struct {
	testing.TB

	failed bool
}

func (w *watched) Helper()               {}
func (w *watched) Errorf(string, ...any) { w.failed = true }

func TestATextThatDiffersFromItsFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "testdata", "kept.golden")
	Golden(t, path, "one\n", true)
	Golden(t, path, "one\n", false)
	other := &watched{TB: t}
	if Golden(other, path, "two\n", false); !other.failed {
		t.Error("another text was taken for the one that is kept")
	}
	Golden(t, path, "one\n", false)
}
