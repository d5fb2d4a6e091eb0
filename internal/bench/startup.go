package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/faultline/faultline/correlate"
)

// startupFlags size the window that a service reads when it starts.
type startupFlags struct {
	ingestFlags
	year yearSize
	// batch is how many changes are asked for at a time.
	batch int
}

func parseStartupFlags(args []string) (startupFlags, error) {
	var f startupFlags
	runner := correlate.DefaultRunnerConfig()
	flags := flag.NewFlagSet("startup", flag.ContinueOnError)
	flags.Uint64Var(&f.year.seed, "seed", 1, "seed of the window")
	flags.IntVar(&f.year.days, "days", int(runner.ChangeWindow/(24*time.Hour)), "days in the window")
	flags.IntVar(&f.year.changes, "changes", 10_000, "changes a day, a third of them told in two events")
	flags.IntVar(&f.year.services, "services", 3000, "services")
	flags.IntVar(&f.year.incidents, "incidents", 4, "incidents a day")
	flags.IntVar(&f.batch, "batch", runner.Batch, "changes read at a time, as the service does")
	flags.IntVar(&f.memoryMB, "engine-memory", 2048, "cap of the embedded engine in MiB")
	flags.StringVar(&f.dir, "dir", "", "directory for the data; empty makes one")
	flags.StringVar(&f.profiles, "profiles", "", "directory for a processor profile of the reading")
	flags.BoolVar(&f.verbose, "v", false, "log what the parts say")
	return f, flags.Parse(args)
}

// runStartup fills the embedded engine with a window of changes and measures how
// long a service that starts takes to hold them: before that it judges nothing.
func runStartup(ctx context.Context, out io.Writer, args []string) error {
	f, err := parseStartupFlags(args)
	if err != nil {
		return err
	}
	return withYear(ctx, &f.ingestFlags, f.year, func(p *parts, y *year) error {
		if err := calm(ctx); err != nil {
			return err
		}
		stop, err := startProfile(f.profiles)
		if err != nil {
			return err
		}
		m, err := measureStartup(ctx, p.store.NewTail(y.begin), f.batch)
		stop()
		if err != nil {
			return err
		}
		return printReport(out, fmt.Sprintf("start-up, a window of %d changes in %d days, %d cores", m.changes, f.year.days,
			runtime.GOMAXPROCS(0)), m.figures())
	})
}

// startupMeasure is what reading one window took.
type startupMeasure struct {
	changes, looks  int
	wall, processor time.Duration
	longest         time.Duration
}

// measureStartup reads the feed until it has nothing more to tell, and holds the
// changes as the runner does.
func measureStartup(ctx context.Context, feed correlate.Feed, batch int) (*startupMeasure, error) {
	m, index := &startupMeasure{}, correlate.NewChangeIndex()
	used, err := processorTime()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for more := true; more; m.looks++ {
		asked := time.Now()
		delta, err := feed.Next(ctx, batch)
		if err != nil {
			return nil, fmt.Errorf("reading the window: %w", err)
		}
		for i := range delta.Changes {
			index.Put(delta.Changes[i])
		}
		more, m.longest = delta.More, max(m.longest, time.Since(asked))
	}
	m.wall, m.changes = time.Since(began), index.Len()
	now, err := processorTime()
	m.processor = now - used
	return m, err
}

func (m *startupMeasure) figures() []figure {
	n := float64(max(m.changes, 1))
	return []figure{
		{name: "from the first question to the last change held", measured: m.wall.Seconds(), unit: "s"},
		{name: "changes held", measured: n / m.wall.Seconds(), unit: "/s"},
		{name: "processor time, engine included", measured: float64(m.processor.Nanoseconds()) / 1e3 / n, unit: "us/change"},
		{name: "looks", measured: float64(m.looks), unit: ""},
		{name: "one look, longest", measured: float64(m.longest) / 1e6, unit: "ms"},
	}
}
