package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/testenv"
)

// pages is a feed that tells its pages one after the other.
type pages struct {
	list  []correlate.Delta
	fails error
	asked []int
}

func (p *pages) Next(_ context.Context, limit int) (correlate.Delta, error) {
	p.asked = append(p.asked, limit)
	if len(p.list) == 0 {
		return correlate.Delta{}, p.fails
	}
	page := p.list[0]
	p.list = p.list[1:]
	return page, nil
}

func page(more bool, ids ...int) correlate.Delta {
	d := correlate.Delta{More: more}
	for _, id := range ids {
		d.Changes = append(d.Changes, correlate.Change{ID: fmt.Sprint(id), Source: "ci", StartedAt: time.Unix(int64(id), 0)})
	}
	return d
}

func TestAWindowIsReadToItsEndAndEachChangeCountedOnce(t *testing.T) {
	feed := &pages{list: []correlate.Delta{page(true), page(true, 1, 2, 3), page(true, 3, 4), page(false, 5), page(false, 6)}}
	m, err := measureStartup(t.Context(), feed, 77)
	if err != nil {
		t.Fatal(err)
	}
	if m.changes != 5 || m.looks != 4 || feed.asked[0] != 77 {
		t.Errorf("%d changes in %d looks of %d", m.changes, m.looks, feed.asked[0])
	}
	if m.wall <= 0 || m.longest <= 0 || m.longest > m.wall || m.processor < 0 {
		t.Errorf("%v in all, the longest look %v, %v of processor time", m.wall, m.longest, m.processor)
	}
}

func TestAWindowThatCannotBeReadGivesNoFigures(t *testing.T) {
	broken := errors.New("the store is gone")
	if _, err := measureStartup(t.Context(), &pages{list: []correlate.Delta{page(true, 1)}, fails: broken}, 10); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

func TestStartupFiguresAreRatesOfWhatIsHeld(t *testing.T) {
	m := startupMeasure{changes: 2000, looks: 3, wall: 4 * time.Second, processor: 6 * time.Second, longest: 1500 * time.Millisecond}
	for i, want := range []float64{4, 500, 3000, 3, 1500} {
		if got := m.figures()[i]; got.measured != want {
			t.Errorf("%s: %g, want %g", got.name, got.measured, want)
		}
	}
	if empty := (&startupMeasure{wall: time.Second}).figures(); empty[1].measured > 1 {
		t.Errorf("an empty window has %g changes a second", empty[1].measured)
	}
}

func TestTheStartOfAServiceIsMeasured(t *testing.T) {
	_, missing := chdb.Find()
	testenv.Need(t, missing == nil, "the embedded ClickHouse engine", "run `make engine`")
	out := apart(t, "startup", "-days", "3", "-changes", "300", "-services", "40", "-batch", "200", "-dir", t.TempDir())
	for _, want := range []string{"a window of 900 changes in 3 days", "from the first question to the last change held", "us/change"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}
