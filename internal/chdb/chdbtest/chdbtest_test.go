package chdbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachDatabaseIsNewAndGoneAfterItsTest(t *testing.T) {
	engine := Open(t)
	var first string
	t.Run("one", func(t *testing.T) {
		first = Database(t, engine)
		execute(t, engine, "CREATE TABLE "+first+".t (x UInt8) ENGINE = MergeTree ORDER BY x")
	})
	if second := Database(t, engine); second == first {
		t.Errorf("two tests share the database %s", first)
	}
	execute(t, engine, "SELECT throwIf(count() > 0) FROM system.databases WHERE name = '"+first+"'")
	if Open(t) != engine {
		t.Error("a second engine")
	}
}

func TestOnlyDirectoriesOfEndedProcessesAreRemoved(t *testing.T) {
	parent := t.TempDir()
	// Process numbers end well below this one.
	gone := filepath.Join(parent, dirPrefix+"999999999-1")
	alive := filepath.Join(parent, fmt.Sprintf("%s%d-1", dirPrefix, os.Getpid()))
	foreign := filepath.Join(parent, "something-else")
	for _, dir := range []string{gone, alive, foreign} {
		if err := os.Mkdir(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	sweep(parent)
	for dir, want := range map[string]bool{gone: false, alive: true, foreign: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v, want it to stay: %v", dir, err, want)
		}
	}
}

func TestDataGoesToMemoryOnlyWhereThereIsRoom(t *testing.T) {
	if got := parentDir(filepath.Join(t.TempDir(), "absent")); got != os.TempDir() {
		t.Errorf("without a file system in memory: %s", got)
	}
	if got := parentDir("/proc"); got != os.TempDir() {
		t.Errorf("in a file system without room: %s", got)
	}
}
