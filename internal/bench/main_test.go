package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// asBench makes the test binary the program itself: a process serves one
// directory of the embedded engine, so each measurement needs one of its own.
const asBench = "FAULTLINE_TEST_AS_BENCH"

func TestMain(m *testing.M) {
	if os.Getenv(asBench) == "" {
		os.Exit(m.Run())
	}
	main()
}

// apart runs the program in a process of its own and returns what it printed.
func apart(t *testing.T, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, args...)
	child.Env = append(os.Environ(), asBench+"=1")
	var out, errs bytes.Buffer
	child.Stdout, child.Stderr = &out, &errs
	if err := child.Run(); err != nil {
		t.Fatalf("bench %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// A group that is not known by its name would be missing from "make bench", and
// nobody would see it.
func TestEveryGroupIsMadeByItsName(t *testing.T) {
	for _, name := range groups() {
		if !strings.Contains(usage, name) {
			t.Errorf("%s is not in the usage", name)
		}
		// Each knows -h, and none of its figures is made.
		if err := run(t.Context(), []string{name, "-h"}); err == nil || !strings.Contains(err.Error(), "help") {
			t.Errorf("%s -h: %v", name, err)
		}
	}
	if err := run(t.Context(), []string{"nonsense"}); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("nonsense: %v", err)
	}
	if !slices.Contains(groups(), "figures") {
		t.Error("the figures of leadership are not measured")
	}
}

// Groups that share a process fight over the directory of the embedded engine:
// that once left "make bench" without its last figures.
func TestAGroupThatFailsLeavesTheOthers(t *testing.T) {
	t.Setenv(asBench, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	err = runEach(t.Context(), self, []string{"nonsense", "more nonsense"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "measuring nonsense") || !strings.Contains(err.Error(), "measuring more nonsense") {
		t.Errorf("%v", err)
	}
}
