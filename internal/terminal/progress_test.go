package terminal

import (
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// screen is a terminal that several write to.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// lastDrawn is the line that stands on the screen.
func (s *screen) lastDrawn() string {
	lines := strings.Split(s.String(), "\r\x1b[K")
	return lines[len(lines)-1]
}

// watch is a progress with a clock that the test moves.
func watch(width int) (*Progress, *screen, *time.Time) {
	out, now := &screen{}, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	p := NewProgress(out, "scoring cases", Options{Width: width}, func() time.Time { return now })
	return p, out, &now
}

func TestProgressSaysHowMuchIsDoneAndHowLongItTakes(t *testing.T) {
	p, out, now := watch(100)
	*now = now.Add(10 * time.Second)
	p.Step(50, 200)
	if got, want := out.lastDrawn(), "scoring cases [######..................]  25%  50 of 200, about 30s left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	*now = now.Add(time.Second)
	p.Step(250, 200)
	if got := out.lastDrawn(); !strings.Contains(got, "100%  200 of 200") || strings.Contains(got, "left") {
		t.Errorf("more than all: %q", got)
	}
	*now = now.Add(time.Second)
	p.Step(7, 0)
	if got := out.lastDrawn(); got != "scoring cases: 7, 12s" {
		t.Errorf("an unknown total: %q", got)
	}
}

func TestShortWorkDrawsNothingAndLongWorkDrawsSeldom(t *testing.T) {
	p, out, now := watch(80)
	for i := range 100 {
		*now = now.Add(time.Millisecond)
		p.Step(i, 100)
	}
	p.Done()
	if out.String() != "" {
		t.Errorf("short work drew %q", out)
	}
	p, out, now = watch(80)
	*now = now.Add(progressDelay)
	for i := range 1000 {
		*now = now.Add(time.Millisecond)
		p.Step(i, 1000)
	}
	if n := strings.Count(out.String(), "\r"); n < 5 || n > 11 {
		t.Errorf("drawn %d times in a second", n)
	}
}

func TestTheLineIsTakenAwayAndNeverWiderThanTheTerminal(t *testing.T) {
	for _, width := range []int{40, 60, 80, 200} {
		p, out, now := watch(width)
		p.what = "日本語の長い見出し" + strings.Repeat("、とても長い", 20)
		*now = now.Add(time.Minute)
		p.Step(1, 3)
		if got := cells(out.lastDrawn()); got >= width {
			t.Errorf("%d cells on %d columns: the line would wrap and not be taken away", got, width)
		}
		p.Done()
		p.Done()
		if !strings.HasSuffix(out.String(), "\r\x1b[K") {
			t.Errorf("the line stays: %q", out.lastDrawn())
		}
	}
}

func TestNoProgressIsNoProgress(*testing.T) {
	var p *Progress
	p.Step(1, 2)
	p.Tick()
	p.Done()
}

func TestProgressTicksByItselfUntilItIsDone(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := &screen{}
	p := NewProgress(out, "waiting\x1b[2J", Options{Width: 80}, nil)
	p.Tick()
	p.Tick()
	for end := time.Now().Add(time.Minute); strings.Count(out.String(), "waiting") < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not tick: %q", out)
		}
	}
	p.Done()
	if strings.Contains(out.String(), "\x1b[2J") {
		t.Error("the text moves the cursor")
	}
}
