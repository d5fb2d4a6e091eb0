package api

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pace tells what a look would have taken if the machine had nothing else to
// do: a core that is shared among five gives everybody a fifth of the time.
type pace struct{ before float64 }

// spell is the work that measures the machine: more than a throttled process
// gets at once.
const spell = 100 * time.Millisecond

// alone is the time of a look without the machine's other work. A look that was
// quick enough is left as it is. One that was not is shortened by what its
// surroundings cost, the lesser of those after this slow look and after the one
// before it, so that a single hiccup of the machine excuses nothing.
func (p *pace) alone(took time.Duration) time.Duration {
	if took <= usableWithin {
		return took
	}
	after := slowness(spell)
	fair := float64(took) / max(1, min(p.before, after))
	p.before = after
	return time.Duration(fair)
}

// slowness is how much longer than its processor time some work takes, 1 where
// nobody else wants the core.
func slowness(work time.Duration) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, spent := time.Now(), threadTime()
	for threadTime()-spent < work {
	}
	return float64(time.Since(began)) / float64(work)
}

// threadTime is the processor time of the calling thread.
func threadTime() time.Duration {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(spent.Nano())
}

func TestASlowPageIsNotExcusedByAnIdleMachine(t *testing.T) {
	quick := pace{before: 50}
	if got := quick.alone(usableWithin); got != usableWithin || quick.before != 50 {
		t.Errorf("a look that was quick enough became %v", got)
	}
	hiccup := pace{before: 1}
	if got := hiccup.alone(time.Hour); got != time.Hour || hiccup.before < 0.99 {
		t.Errorf("one slow look became %v on a machine of %.2f", got, hiccup.before)
	}
	// Work cannot take less time than it works; its surroundings excuse no more
	// than they were seen to cost.
	busy := pace{before: 4}
	if got, most := busy.alone(time.Hour), max(1, min(4, busy.before)); got < time.Duration(float64(time.Hour)/most)-time.Second || got > time.Hour {
		t.Errorf("became %v on a machine of %.2f", got, busy.before)
	}
}
