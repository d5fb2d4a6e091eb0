package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/figures"
)

// The target of the figures, on two cores: one answer over a year.
const wantFiguresSeconds = 2

// figuresFlags size the year and the measurement.
type figuresFlags struct {
	ingestFlags
	year  yearSize
	asked int
	// keep is a directory to fill, filled one that was filled.
	keep, filled string
	// merge lets closed months be merged during and after the fill, as the
	// service does.
	merge bool
}

func parseFiguresFlags(args []string) (figuresFlags, error) {
	var f figuresFlags
	flags := flag.NewFlagSet("figures", flag.ContinueOnError)
	flags.Uint64Var(&f.year.seed, "seed", 1, "seed of the year")
	flags.IntVar(&f.year.days, "days", 365, "days of changes")
	flags.IntVar(&f.year.changes, "changes", 5000, "changes a day, a third of them told in two events")
	flags.IntVar(&f.year.services, "services", 3000, "services")
	flags.IntVar(&f.year.incidents, "incidents", 4, "incidents a day, two of three judged")
	flags.IntVar(&f.asked, "asked", 5, "how often each figure is asked for")
	flags.IntVar(&f.memoryMB, "engine-memory", 2048, "cap of the embedded engine in MiB")
	flags.StringVar(&f.keep, "keep", "", "fill this data directory for faultline serve, and measure nothing")
	flags.BoolVar(&f.merge, "merge", true, "merge closed months while the year is loaded, as the service does")
	flags.StringVar(&f.filled, "filled", "", "measure on a data directory that -keep filled, and leave it")
	flags.StringVar(&f.dir, "dir", "", "directory for the data; empty makes one")
	flags.StringVar(&f.profiles, "profiles", "", "directory for a processor profile of the answers")
	flags.BoolVar(&f.verbose, "v", false, "log what the parts say")
	return f, flags.Parse(args)
}

// runFigures fills the embedded engine with a year of changes, incidents and
// verdicts, and measures how long the figures for leadership take. Nothing is
// cached between two answers.
func runFigures(ctx context.Context, out io.Writer, args []string) error {
	f, err := parseFiguresFlags(args)
	if err != nil {
		return err
	}
	if f.keep != "" {
		return keepYear(ctx, out, &f)
	}
	if f.filled != "" {
		return onFilledYear(ctx, out, &f)
	}
	_, _ = fmt.Fprintf(out, "filling the store with %d changes of %d days\n", f.year.days*f.year.changes, f.year.days)
	return within(f.dir, func(p *parts) error {
		if err := p.openStore(ctx, &f.ingestFlags, f.logger()); err != nil {
			return err
		}
		y := newYear(f.year, time.Now().UTC())
		return whileMerging(ctx, p.store, &f, func() error { return loadAndAsk(ctx, out, &f, p, y) })
	})
}

// loadAndAsk measures twice: when the last event is in, and once the engine has
// merged what it wants to.
func loadAndAsk(ctx context.Context, out io.Writer, f *figuresFlags, p *parts, y *year) error {
	began := time.Now()
	if err := y.fill(ctx, p.store); err != nil {
		return err
	}
	took := time.Since(began)
	lie, err := p.store.PartsHeld(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "loaded in %.0f s; the year lies in %d parts\n", took.Seconds(), lie)
	// The first answers only: every later one finds fewer parts.
	once := *f
	once.asked = 1
	if err := ask(ctx, out, &once, p, y, "right after loading"); err != nil {
		return err
	}
	return askYear(ctx, out, f, p, y)
}

// whileMerging runs the service's merger of closed months beside a measurement.
func whileMerging(ctx context.Context, store *clickhouse.Store, f *figuresFlags, measure func() error) error {
	if !f.merge {
		return measure()
	}
	merger, err := store.NewMerger(clickhouse.DefaultMergerConfig(), unwatched{}, f.logger())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { merger.Run(ctx) })
	defer running.Wait()
	defer cancel()
	return measure()
}

// unwatched is for a merger that nobody watches: its log tells of failures.
type unwatched struct{}

// Merged implements clickhouse.MergeObserver.
func (unwatched) Merged(clickhouse.MergedMonth) {}

// MergeFailed implements clickhouse.MergeObserver.
func (unwatched) MergeFailed(error) {}

// onFilledYear measures on a year that was filled before and is kept.
func onFilledYear(ctx context.Context, out io.Writer, f *figuresFlags) (err error) {
	p := &parts{dir: f.filled}
	defer func() { err = errors.Join(err, p.closeStore()) }()
	if err := p.openStore(ctx, &f.ingestFlags, f.logger()); err != nil {
		return err
	}
	return askYear(ctx, out, f, p, newYear(f.year, time.Now().UTC()))
}

// askYear measures each figure over a year once the store is calm.
func askYear(ctx context.Context, out io.Writer, f *figuresFlags, p *parts, y *year) error {
	if err := calm(ctx); err != nil {
		return err
	}
	return ask(ctx, out, f, p, y, "after merging")
}

// ask measures each figure over a year.
func ask(ctx context.Context, out io.Writer, f *figuresFlags, p *parts, y *year, when string) error {
	service := figures.New(figures.DefaultConfig(), p.store, func() time.Time { return y.end })
	asked, err := askFigures(ctx, service, f, y)
	if err != nil {
		return err
	}
	return printReport(out, fmt.Sprintf("figures %s, %d days of %d changes, %d incidents a day, %d cores",
		when, f.year.days, f.year.changes, f.year.incidents, runtime.GOMAXPROCS(0)), asked)
}

// keepYear fills a data directory and leaves it, so that a service can make its
// pages and reports of it.
func keepYear(ctx context.Context, out io.Writer, f *figuresFlags) (err error) {
	p := &parts{dir: f.keep}
	defer func() { err = errors.Join(err, p.closeStore()) }()
	if err := p.openStore(ctx, &f.ingestFlags, f.logger()); err != nil {
		return err
	}
	if err := newYear(f.year, time.Now().UTC()).fill(ctx, p.store); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "filled; look at it with: faultline serve --data-dir %s\n", f.keep)
	return err
}

// How long the engine's merges of what was filled are waited for, the share of a
// core below which none runs, and for how many seconds in a row it has to stay
// there: the engine pauses between merges.
const (
	calmWithin  = 3 * time.Minute
	calmShare   = 0.1
	calmSeconds = 15
)

// calm waits until this process is idle: a year that took a year to come in has
// been merged long ago.
func calm(ctx context.Context) error {
	calmFor := 0
	for end := time.Now().Add(calmWithin); time.Now().Before(end) && calmFor < calmSeconds; {
		before, err := processorTime()
		if err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		after, err := processorTime()
		if err != nil {
			return err
		}
		if calmFor++; (after - before).Seconds() >= calmShare {
			calmFor = 0
		}
	}
	return nil
}

// askFigures asks for each figure over the whole year.
func askFigures(ctx context.Context, s *figures.Service, f *figuresFlags, y *year) ([]figure, error) {
	stop, err := profileProcessor(f.profiles)
	if err != nil {
		return nil, err
	}
	defer stop()
	var out []figure
	for _, one := range []struct {
		name   string
		target float64
		ask    func() error
	}{
		{"AI-assisted against others", wantFiguresSeconds, func() error {
			i, err := s.AIImpact(ctx, y.begin, y.end)
			if want := f.year.days * f.year.changes / 2; err == nil && i.Population.Changes < want {
				return fmt.Errorf("%d changes were compared, want %d or more", i.Population.Changes, want)
			}
			return err
		}},
		{"approval and its effect", wantFiguresSeconds, func() error { _, err := s.Policy(ctx, y.begin, y.end); return err }},
		{"accuracy of findings", wantFiguresSeconds, func() error { _, err := s.Accuracy(ctx, y.begin, y.end); return err }},
	} {
		wall, processor, err := measured(f.asked, one.ask)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		out = append(out,
			figure{name: one.name + ", median", measured: wall.Seconds(), unit: "s", target: one.target},
			figure{name: one.name + ", processor time", measured: processor.Seconds(), unit: "s"})
	}
	return out, nil
}

// measured is the median time of some calls, by the clock and by the processor.
func measured(times int, call func() error) (wall, processor time.Duration, err error) {
	var walls, processors []time.Duration
	for range max(1, times) {
		began := time.Now()
		before, err := processorTime()
		if err != nil {
			return 0, 0, err
		}
		if err := call(); err != nil {
			return 0, 0, err
		}
		after, err := processorTime()
		if err != nil {
			return 0, 0, err
		}
		walls, processors = append(walls, time.Since(began)), append(processors, after-before)
	}
	slices.Sort(walls)
	slices.Sort(processors)
	return walls[len(walls)/2], processors[len(processors)/2], nil
}

// profileProcessor writes a profile into a directory until it is stopped; with
// no directory it does nothing.
func profileProcessor(dir string) (stop func(), err error) {
	if dir == "" {
		return func() {}, nil
	}
	file, err := os.Create(filepath.Join(dir, "figures.cpu"))
	if err != nil {
		return nil, fmt.Errorf("making a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("making a profile: %w", err), file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			slog.New(slog.NewTextHandler(os.Stderr, nil)).Error("the profile is not whole", slog.Any("error", err))
		}
	}, nil
}
