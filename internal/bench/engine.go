package main

import (
	"context"
	"flag"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/faultline/faultline/correlate"
)

// The targets of the engine, of which one core is one second per second.
const (
	wantAttributionMS = 5
	wantEngineMB      = 4000
	wantPauseMS       = 10
)

// engineFlags size the company and the measurement.
type engineFlags struct {
	seed                        uint64
	services, edges, changes    int
	alerting, attributions      int
	updates, snapshots, snapped int
	window                      time.Duration
	bodies                      int
	memoryMB                    int64
	profiles                    string
	digest                      bool
}

func parseEngineFlags(args []string) (engineFlags, error) {
	var f engineFlags
	runner := correlate.DefaultRunnerConfig()
	flags := flag.NewFlagSet("engine", flag.ContinueOnError)
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the company")
	flags.IntVar(&f.services, "services", 100_000, "services")
	flags.IntVar(&f.edges, "edges", 1_000_000, "calls between services")
	flags.IntVar(&f.changes, "changes", 10_000_000, "changes in the window")
	flags.IntVar(&f.alerting, "alerting", 50, "alerting services of an incident")
	flags.IntVar(&f.attributions, "attributions", 1000, "incidents to attribute")
	flags.IntVar(&f.updates, "updates", 200_000, "single updates of changes")
	flags.IntVar(&f.snapshots, "snapshots", 200, "updates of the topology")
	flags.IntVar(&f.snapped, "snapshot-edges", 500, "calls in one update of the topology, a tenth of them new and every hundredth to a new service")
	flags.DurationVar(&f.window, "window", runner.ChangeWindow, "time that the changes fill")
	flags.IntVar(&f.bodies, "bodies", runner.HeldBodies, "whole changes held, as the runner does")
	flags.Int64Var(&f.memoryMB, "memory-limit", 3500, "limit that the collector keeps to, in MB, as GOMEMLIMIT sets it for the service")
	flags.BoolVar(&f.digest, "digest", false, "print a digest of all findings, to compare two builds; costs time between the attributions")
	flags.StringVar(&f.profiles, "profiles", "", "directory for processor and heap profiles")
	return f, flags.Parse(args)
}

// engineMeasure is what one run found.
type engineMeasure struct {
	flags *engineFlags
	world *world
	graph *correlate.Graph
	index *correlate.ChangeIndex

	attribution                      attributionCost
	puts, snapshots, drops, releases paused
	packing                          spread
	stopWorld, stopping              time.Duration
	residentMB, suspects             float64
	digested                         hash.Hash
}

// runEngine builds the company in memory, attributes incidents in it, and
// updates it.
func runEngine(ctx context.Context, out io.Writer, args []string) error {
	f, err := parseEngineFlags(args)
	if err != nil {
		return err
	}
	before := debug.SetMemoryLimit(f.memoryMB * 1e6)
	defer debug.SetMemoryLimit(before)
	m := &engineMeasure{flags: &f}
	m.build()
	if err := m.heapProfile(); err != nil {
		return err
	}
	if err := m.profiled("attribute", func() error { m.attribute(ctx); return nil }); err != nil {
		return err
	}
	if err := m.profiled("update", func() error { return m.update(ctx) }); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped: %w", err)
	}
	if m.digested != nil {
		_, _ = fmt.Fprintf(out, "findings sha256 %x\n", m.digested.Sum(nil))
	}
	if err := printReport(out, m.title(), m.figures()); err != nil {
		return err
	}
	_, err = io.WriteString(out, engineNote)
	return err
}

// title says what was measured.
func (m *engineMeasure) title() string {
	return fmt.Sprintf("engine: %d services, %d calls (fan-out p99 %d, max %d; fan-in p99 %d, max %d), %d changes in %s, "+
		"%d alerting services, GOMAXPROCS %d, memory limit %d MB", m.graph.Len(), m.graph.Edges(),
		at99(m.world.fanOut), m.world.fanOut[0], at99(m.world.fanIn), m.world.fanIn[0], m.index.Len(), m.flags.window,
		m.flags.alerting, runtime.GOMAXPROCS(0), m.flags.memoryMB)
}

// build fills graph and index the way the runner does: changes in order of
// time, the oldest whole values forgotten when there are too many.
func (m *engineMeasure) build() {
	m.world = newWorld(m.flags)
	m.graph = correlate.NewGraph(m.world.topology(m.flags.edges))
	m.index = correlate.NewChangeIndex()
	for i := range m.flags.changes {
		m.index.Put(m.world.change(i, m.flags.changes))
		if m.index.Held() > m.flags.bodies+cleanPortion {
			m.index.ReleaseOldest(cleanPortion)
		}
	}
	debug.FreeOSMemory()
}

// profiled runs the part, under a profile where one is asked for.
func (m *engineMeasure) profiled(name string, part func() error) error {
	if m.flags.profiles == "" {
		return part()
	}
	file, err := os.Create(filepath.Join(m.flags.profiles, "engine-"+name+".pprof"))
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return fmt.Errorf("starting the profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return part()
}

// heapProfile writes what is held in memory, where profiles are asked for.
func (m *engineMeasure) heapProfile() error {
	if m.flags.profiles == "" {
		return nil
	}
	file, err := os.Create(filepath.Join(m.flags.profiles, "engine-heap.pprof"))
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	defer func() { _ = file.Close() }()
	runtime.GC()
	if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	return nil
}

// figures list what was measured beside what is wanted.
func (m *engineMeasure) figures() []figure {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	a := &m.attribution
	return []figure{
		{name: "attribution, processor time, p50", measured: ms(a.cpu.at(0.50)), unit: "ms"},
		{name: "attribution, processor time, p99", measured: ms(a.cpu.at(0.99)), unit: "ms", target: wantAttributionMS},
		{name: "attribution, with all that the collector did, mean", measured: ms(a.all), unit: "ms", target: wantAttributionMS},
		{name: "attribution, by the clock, p99", measured: ms(a.wall.at(0.99)), unit: "ms"},
		{name: "suspects found per incident", measured: m.suspects, unit: ""},
		{name: "memory allocated per attribution", measured: a.allocatedKB, unit: "KB"},
		{name: "resident, peak while attributing and updating", measured: m.residentMB, unit: "MB", target: wantEngineMB},
		{name: "one change put, processor time, p99", measured: ms(m.puts.cpu.at(0.99)), unit: "ms"},
		{name: "one change put, held up, longest", measured: ms(m.puts.held.at(1)), unit: "ms", target: wantPauseMS},
		{name: "one change put, held up of the program's doing, longest", measured: ms(m.puts.own.at(1)), unit: "ms", target: wantPauseMS},
		{name: "one topology update, held up, longest", measured: ms(m.snapshots.held.at(1)), unit: "ms", target: wantPauseMS},
		{name: "one topology update, held up of the program's doing, longest", measured: ms(m.snapshots.own.at(1)), unit: "ms", target: wantPauseMS},
		{name: "one topology update, processor time, longest", measured: ms(m.snapshots.cpu.at(1)), unit: "ms", target: wantPauseMS},
		{name: "dropping a portion of old changes, held up, longest", measured: ms(m.drops.held.at(1)), unit: "ms", target: wantPauseMS},
		{name: "releasing a portion of whole changes, held up, longest", measured: ms(m.releases.held.at(1)), unit: "ms", target: wantPauseMS},
		{name: "the collector stopping everything, by the clock, longest", measured: ms(m.stopWorld), unit: "ms", target: wantPauseMS},
		{name: "the collector's way to a stop, by the clock, longest", measured: ms(m.stopping), unit: "ms"},
		{name: "packing the graph, beside the looks", measured: ms(m.packing.at(1)), unit: "ms"},
	}
}

// engineNote explains the figures whose names do not.
const engineNote = "  held up: time by the clock without that in which the thread was ready and had no core, what the collector takes included;\n" +
	"  of the program's doing: the same where the thread gave up its core to wait for something, elsewhere its processor time\n"
