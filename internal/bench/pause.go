package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// coreWait reads how long a thread has been ready to run without a core to run
// on: other processes, or other threads of this one, had them all. On a busy
// machine that is most of what the clock shows, and none of it is a pause of what
// is measured.
type coreWait struct {
	file *os.File
	// room is what the kernel's line is read into.
	room [96]byte
}

// newCoreWait watches the calling thread, which must be locked.
func newCoreWait() (*coreWait, error) {
	file, err := os.Open("/proc/thread-self/schedstat")
	if err != nil {
		return nil, fmt.Errorf("asking how long a thread waits for a core: %w", err)
	}
	return &coreWait{file: file}, nil
}

func (w *coreWait) close() { _ = w.file.Close() }

// so is the time waited so far, 0 when nobody watches or the kernel does not tell.
func (w *coreWait) so() time.Duration {
	if w == nil {
		return 0
	}
	n, _ := w.file.ReadAt(w.room[:], 0)
	return parseWait(w.room[:n])
}

// parseWait reads the second of the three numbers of a line of schedstat: time on
// a core, time waiting for one, both in nanoseconds, and turns on a core.
func parseWait(line []byte) time.Duration {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return 0
	}
	ns, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(ns)
}

// paused measures steps of one thread: processor time, and time by the clock
// without that in which there was no core. What is left besides processor time is
// what the step was kept waiting for: the collector, locks, the hypervisor. A
// thread that waits for the collector or a lock gives up its core, which the kernel
// counts: own is all that held up a step in which it did, and of the others the
// processor time, since a thread that kept its core was held up by the hypervisor
// or the kernel.
type paused struct {
	cpu, held, own spread
	wait           *coreWait
}

// step runs the part and measures it.
func (p *paused) step(part func()) {
	gave, waited, clock := coresGivenUp(), p.wait.so(), time.Now()
	p.cpu.timed(part)
	held := max(time.Since(clock)-(p.wait.so()-waited), 0)
	p.held = append(p.held, held)
	if coresGivenUp() == gave {
		held = p.cpu[len(p.cpu)-1]
	}
	p.own = append(p.own, held)
}

// coresGivenUp is how often the calling thread, which must be locked, has given up
// its core to wait for something.
func coresGivenUp() int64 {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		return 0
	}
	return used.Nvcsw
}

// stops watches how long the collector stops the whole process.
type stops struct {
	before []*metrics.Float64Histogram
}

// stopNames are the histograms of the runtime: from the decision to stop until
// everything runs again, and of that the time until everything had stopped, which
// on a busy machine is mostly that of waiting for threads that have no core.
var stopNames = [...]string{"/sched/pauses/total/gc:seconds", "/sched/pauses/stopping/gc:seconds"}

// watchStops begins to watch.
func watchStops() *stops { return &stops{before: stopHistograms()} }

func stopHistograms() []*metrics.Float64Histogram {
	list := make([]*metrics.Float64Histogram, len(stopNames))
	for i, name := range stopNames {
		sample := []metrics.Sample{{Name: name}}
		metrics.Read(sample)
		list[i] = sample[0].Value.Float64Histogram()
	}
	return list
}

// longest are the longest stop and the longest way to one since the watch began.
func (s *stops) longest() (total, stopping time.Duration) {
	after := stopHistograms()
	return longestSince(s.before[0], after[0]), longestSince(s.before[1], after[1])
}

// longestSince is the upper bound of the last bucket of a histogram of seconds
// that has grown, of one without an upper bound the lower.
func longestSince(before, after *metrics.Float64Histogram) time.Duration {
	for i := len(after.Counts) - 1; i >= 0; i-- {
		if after.Counts[i] == before.Counts[i] {
			continue
		}
		bound := after.Buckets[i+1]
		if math.IsInf(bound, 0) {
			bound = after.Buckets[i]
		}
		return time.Duration(bound * float64(time.Second))
	}
	return 0
}
