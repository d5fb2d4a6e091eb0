//go:build labelled

package provenance

import (
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/testenv"
)

// publicCommits reads labelled public commits, which belong to their projects.
func publicCommits(t testing.TB) []Labelled {
	t.Helper()
	file, err := os.Open(testenv.Labelled(t, "commits.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
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

func TestScoresOnPublicCommitsReachTheTargets(t *testing.T) {
	s := classifier(t).Score(publicCommits(t))
	for _, row := range s.Rows() {
		t.Log(strings.Join(row, "  "))
	}
	for _, target := range []struct {
		name       string
		got, least float64
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
	if s.MeanConfidence > s.Accuracy+0.01 {
		t.Errorf("claims are right in %.3f of cases, but say %.3f", s.Accuracy, s.MeanConfidence)
	}
}

// BenchmarkLabel measures changes of one commit with real messages.
func BenchmarkLabel(b *testing.B) {
	c, rows := classifier(b), publicCommits(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Label(&rows[i%len(rows)].Change)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
