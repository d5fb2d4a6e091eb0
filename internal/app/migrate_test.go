package app

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/config"
)

// TestAskingForTheSchemaMakesNothing: who only asks, perhaps in the wrong directory,
// leaves no store behind.
func TestAskingForTheSchemaMakesNothing(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = filepath.Join(t.TempDir(), "faultline-data")
	var out strings.Builder
	if err := MigrateStatus(t.Context(), cfg, "json", &out, io.Discard); !errors.Is(err, ErrNo) {
		t.Fatalf("%v", err)
	}
	var lines []migrationLine
	if err := json.Unmarshal([]byte(out.String()), &lines); err != nil || len(lines) < 20 {
		t.Fatalf("%d migrations, %v", len(lines), err)
	}
	for i, line := range lines {
		if line.State != "pending" || line.At != nil || int(line.Version) != i+1 {
			t.Errorf("%+v", line)
		}
	}
	if _, err := os.Stat(cfg.DataDir); !os.IsNotExist(err) {
		t.Errorf("the data directory is there: %v", err)
	}
	if err := MigrateStatus(t.Context(), cfg, "xml", io.Discard, io.Discard); err == nil || errors.Is(err, ErrNo) {
		t.Errorf("xml: %v", err)
	}
	if err := MigrateStatus(t.Context(), cfg, "table", fullDisk{}, io.Discard); !errors.Is(err, errRig) {
		t.Errorf("a full disk: %v", err)
	}
}
