package main

import (
	"math"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestTheTimeWithoutACoreIsTheSecondNumber(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"123 4567 8\n": 4567, "1 0 2": 0, "1 2": 0, "1 x 3": 0, "": 0, "9 5000000000 1": 5 * time.Second,
	} {
		if got := parseWait([]byte(line)); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

// Sleeping is being held up, working is processor time, and each is measured as
// what it is even while others have the cores.
func TestAStepThatWaitsIsHeldUpAndUsesNoProcessor(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wait, err := newCoreWait()
	if err != nil {
		t.Fatal(err)
	}
	defer wait.close()
	p := paused{wait: wait}
	p.step(func() { time.Sleep(30 * time.Millisecond) })
	if p.held[0] < 29*time.Millisecond || p.cpu[0] > 10*time.Millisecond {
		t.Errorf("asleep for 30 ms: held up %v, %v on a core", p.held[0], p.cpu[0])
	}
	p.step(func() {
		for before := threadTime(); threadTime()-before < 30*time.Millisecond; {
		}
	})
	if p.cpu[1] < 30*time.Millisecond || p.held[1] < 29*time.Millisecond {
		t.Errorf("worked for 30 ms: held up %v, %v on a core", p.held[1], p.cpu[1])
	}
	if p.own[0] != p.held[0] {
		t.Errorf("it waited for the clock: %v of %v are its own doing", p.own[0], p.held[0])
	}
	if p.own[1] != p.cpu[1] && p.own[1] != p.held[1] {
		t.Errorf("it kept its core: %v are its own doing, neither %v on a core nor %v held up", p.own[1], p.cpu[1], p.held[1])
	}
}

// A thread that has no core is not held up by what it runs.
func TestWaitingForACoreIsNotBeingHeldUp(t *testing.T) {
	for range 2 * runtime.NumCPU() { // Other processes, for Go hands its own cores round itself.
		other := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wait, err := newCoreWait()
	if err != nil {
		t.Fatal(err)
	}
	defer wait.close()
	before, clock, spent := wait.so(), time.Now(), threadTime()
	for time.Since(clock) < 200*time.Millisecond {
	}
	taken, worked := time.Since(clock), threadTime()-spent
	if unexplained := taken - worked - (wait.so() - before); worked < taken*9/10 && unexplained > taken/2 {
		t.Errorf("%v by the clock, %v on a core, %v waiting for one", taken, worked, wait.so()-before)
	}
}

func TestOnlyBucketsThatGrewCountAsStops(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0.001, 0.002, 0.1, math.Inf(1)}
	histogram := func(counts ...uint64) *metrics.Float64Histogram {
		return &metrics.Float64Histogram{Counts: counts, Buckets: buckets}
	}
	for name, test := range map[string]struct {
		before, after *metrics.Float64Histogram
		want          time.Duration
	}{
		"nothing":            {histogram(1, 2, 3, 0), histogram(1, 2, 3, 0), 0},
		"long ones before":   {histogram(0, 0, 5, 1), histogram(0, 4, 5, 1), 2 * time.Millisecond},
		"the longest counts": {histogram(0, 0, 0, 0), histogram(3, 1, 1, 0), 100 * time.Millisecond},
		"without a bound":    {histogram(0, 0, 0, 0), histogram(0, 0, 0, 1), 100 * time.Millisecond},
	} {
		if got := longestSince(test.before, test.after); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
