package provenance

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/testenv"
)

func classifier(t testing.TB) *Classifier {
	t.Helper()
	c, err := New(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// publicCommits reads the labelled public commits that lie beside the
// repository, and skips the test where they do not.
func publicCommits(t testing.TB) []Labelled {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "commits.jsonl.gz")
	file, err := os.Open(path)
	if err != nil {
		t.Skip("SKIPPED, NOT TESTED: the labelled public commits are not beside this repository")
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := ReadLabelled(plain)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var _ = testenv.Need

func TestScoresOnPublicCommitsReachTheTargets(t *testing.T) {
	s := classifier(t).Score(publicCommits(t))
	var table strings.Builder
	if err := s.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	for _, target := range []struct {
		name  string
		got   float64
		least float64
	}{
		{"precision of the AI classes", s.Precision.Value(), 0.98},
		{"recall where AI can be known", s.Recall.Value(), 0.95},
		{"first tool right", s.Tool.Value(), 0.97},
		{"hard cases", s.Hard.Value(), 0.9},
		{"ordinary automation not called AI", s.Bots.Value(), 1},
	} {
		if target.got < target.least {
			t.Errorf("%s: %.4f, want at least %.2f", target.name, target.got, target.least)
		}
	}
	for _, m := range s.Wrong {
		t.Logf("%s: %s %.2f, want %v (%v) %v", m.Change, m.Answer.Class, m.Answer.Confidence, m.Acceptable, m.HardCase, m.Answer.Evidence)
	}
}
