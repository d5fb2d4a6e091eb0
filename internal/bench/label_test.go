package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/provenance"
)

// Commits that all look alike would measure a cache and not the rules.
func TestTheCommitsToLabelAreVariedAndOfBothClasses(t *testing.T) {
	classifier, err := provenance.New(provenance.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	commits := drawCommits(700, 3)
	messages, classes := map[string]bool{}, map[correlate.ProvenanceClass]int{}
	for i := range commits {
		messages[commits[i].Message] = true
		classes[classifier.Commit(&commits[i]).Class]++
		if n := len(commits[i].Message); n < 200 || n > 1500 {
			t.Errorf("a message has %d bytes: %q", n, commits[i].Message)
		}
	}
	if len(messages) < 650 || len(classes) < 2 {
		t.Errorf("%d messages of 700 are distinct, of classes %v", len(messages), classes)
	}
	if diff := cmp.Diff(commits, drawCommits(700, 3)); diff != "" {
		t.Error("the same seed makes other commits")
	}
}

func TestLabellingIsReportedBesideItsTarget(t *testing.T) {
	var out bytes.Buffer
	if err := runLabel(t.Context(), &out, []string{"-commits", "2500"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"provenance, 2500 commits", "per second of processor time", "at least 20000 /s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := runLabel(stopped, &out, nil); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a stopped measurement says %v", err)
	}
	if err := run(t.Context(), []string{"label", "-commits", "none"}); err == nil {
		t.Error("a number of commits that is none is taken")
	}
}

// digestOf is the line with the digest of all findings.
func digestOf(t *testing.T, more ...string) string {
	t.Helper()
	var out bytes.Buffer
	args := []string{
		"-services", "600", "-edges", "4000", "-changes", "3000", "-window", "24h", "-attributions", "6",
		"-alerting", "10", "-updates", "200", "-snapshots", "2", "-snapshot-edges", "200", "-digest",
	}
	if err := runEngine(t.Context(), &out, append(args, more...)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "findings sha256 ") })
	if at < 0 {
		t.Fatalf("no digest in\n%s", out.String())
	}
	return lines[at]
}

// The digest is what two builds are compared by.
func TestTheDigestDependsOnTheFindingsAlone(t *testing.T) {
	once := digestOf(t)
	if again := digestOf(t, "-updates", "50"); again != once {
		t.Errorf("%s, then %s", once, again)
	}
	if other := digestOf(t, "-seed", "9"); other == once {
		t.Error("another company has the same findings")
	}
}

func TestUpdatesBringNewServicesAndPackingKeepsThem(t *testing.T) {
	f := smallFlags(t, "-snapshots", "3", "-snapshot-edges", "300")
	m := &engineMeasure{flags: &f}
	m.build()
	services, edges := m.graph.Len(), m.graph.Edges()
	m.snap(t.Context())
	if added := m.graph.Len() - services; added != 9 || m.graph.Edges() < edges+9 {
		t.Errorf("%d services and %d calls were added, want 9 services and their calls", added, m.graph.Edges()-edges)
	}
	names := m.graph.Services()
	m.pack()
	if diff := cmp.Diff(names, m.graph.Services()); diff != "" || len(m.packing) == 0 {
		t.Errorf("packing changed the services (-before +after), or was not measured:\n%s", diff)
	}
	m.snapshots = paused{}
	ended, end := context.WithCancel(t.Context())
	end()
	if m.snap(ended); len(m.snapshots.cpu) > 0 {
		t.Error("updates go on after the end")
	}
}

// A measurement that fails must leave neither files nor parts behind.
func TestAFailedMeasurementClearsItsDirectory(t *testing.T) {
	dir := t.TempDir()
	f := ingestFlags{dir: dir, broker: "not an address", partitions: 1}
	called := false
	ctx, stop := context.WithCancel(t.Context())
	stop() // Nobody answers.
	if err := withFilled(ctx, &f, func(*parts) error { called = true; return nil }); err == nil || called {
		t.Errorf("without a broker: error %v, measured %v", err, called)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	f.dir = filepath.Join(dir, "missing")
	if err := withFilled(t.Context(), &f, nil); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("without a directory: %v", err)
	}
}
