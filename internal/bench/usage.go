package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// samplePause is the pause between two looks at the resident memory.
const samplePause = 50 * time.Millisecond

// processorTime is what this process has used of all cores, children not
// counted.
func processorTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("asking for the processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// statusMB reads a size of /proc/self/status, such as VmRSS or VmHWM, in MB of
// a million bytes.
func statusMB(name string) (float64, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("asking for the resident memory: %w", err)
	}
	defer func() { _ = file.Close() }()
	return parseStatus(bufio.NewScanner(file), name)
}

func parseStatus(lines *bufio.Scanner, name string) (float64, error) {
	for lines.Scan() {
		value, found := strings.CutPrefix(lines.Text(), name+":")
		if !found {
			continue
		}
		kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", name, err)
		}
		return kb * 1024 / 1e6, nil
	}
	return 0, fmt.Errorf("the kernel does not tell %s", name)
}

// sampler watches the resident memory until it is stopped.
type sampler struct {
	stop func()
	done sync.WaitGroup
	// peak and mean are in MB, as is the peak of what Go's runtime holds of it;
	// read them after stopping.
	peak, mean, goPeak float64
}

func startSampler(ctx context.Context) *sampler {
	s := &sampler{}
	ctx, s.stop = context.WithCancel(ctx)
	s.done.Go(func() {
		tick := time.NewTicker(samplePause)
		defer tick.Stop()
		sum, n := 0.0, 0.0
		for {
			if mb, err := statusMB("VmRSS"); err == nil {
				sum, n = sum+mb, n+1
				s.peak, s.mean = max(s.peak, mb), sum/n
				s.goPeak = max(s.goPeak, goMB())
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return s
}

// goMB is the memory that Go's runtime has from the kernel and has not returned.
func goMB() float64 {
	held := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(held)
	return float64(held[0].Value.Uint64()-held[1].Value.Uint64()) / 1e6
}

func (s *sampler) end() {
	s.stop()
	s.done.Wait()
}
