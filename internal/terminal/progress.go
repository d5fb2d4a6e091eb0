package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows on one line how far long work has come. It draws nothing until
// the work has lasted a moment, redraws at most ten times a second, and takes
// its line away at the end, so that what is printed afterwards stands alone. A
// nil Progress shows nothing: that is what files, pipes and scripts get.
type Progress struct {
	out   io.Writer
	width int
	now   func() time.Time

	mu      sync.Mutex
	what    string
	done    int
	total   int
	began   time.Time
	drawn   time.Time
	visible bool
	stop    chan struct{}
	stopped chan struct{}
}

// How patient the line is: work shorter than the first shows nothing.
const (
	progressDelay = 300 * time.Millisecond
	progressPause = 100 * time.Millisecond
)

// progressCells is the length of the bar of progress.
const progressCells = 24

// NewProgress makes the line of one piece of work, such as "scoring cases", on a
// terminal of so many columns. Now is the clock, time.Now when nil.
func NewProgress(out io.Writer, what string, o Options, now func() time.Time) *Progress {
	if now == nil {
		now = time.Now
	}
	return &Progress{out: out, what: clean(what), width: newPage(o).width, now: now, began: now()}
}

// Step tells that so many of the total are done; total 0 means that nobody knows.
func (p *Progress) Step(done, total int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = done, total
	p.draw()
}

// Tick redraws the line by itself until Done, for work that says nothing
// meanwhile.
func (p *Progress) Tick() {
	if p == nil || p.stop != nil {
		return
	}
	p.stop, p.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.stopped)
		ticker := time.NewTicker(progressPause)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
				p.mu.Lock()
				p.draw()
				p.mu.Unlock()
			}
		}
	}()
}

// Done takes the line away. It may be called again.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	if p.stop != nil {
		close(p.stop)
		<-p.stopped
		p.stop = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.visible {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.visible = false
	}
}

// draw writes the line when it is time. The lock is held.
func (p *Progress) draw() {
	now := p.now()
	if now.Sub(p.began) < progressDelay || now.Sub(p.drawn) < progressPause {
		return
	}
	p.drawn, p.visible = now, true
	_, _ = io.WriteString(p.out, "\r\x1b[K"+clip(p.line(now), p.width-1))
}

// line says what is done, how much of it, and how long it will take.
func (p *Progress) line(now time.Time) string {
	took := now.Sub(p.began)
	if p.total <= 0 {
		if p.done == 0 {
			return fmt.Sprintf("%s, %s", p.what, took.Round(time.Second))
		}
		return fmt.Sprintf("%s: %d, %s", p.what, p.done, took.Round(time.Second))
	}
	done := min(max(p.done, 0), p.total)
	full := done * progressCells / p.total
	text := fmt.Sprintf("%s [%s%s] %3d%%  %d of %d", p.what, strings.Repeat("#", full), strings.Repeat(".", progressCells-full), done*100/p.total, done, p.total)
	if done > 0 && done < p.total {
		left := time.Duration(float64(took) / float64(done) * float64(p.total-done))
		text += fmt.Sprintf(", about %s left", left.Round(time.Second))
	}
	return text
}
