package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/faultline/faultline/correlate"
)

// spread is a set of durations.
type spread []time.Duration

// at is the quantile, 0 when nothing was measured; 1 is the longest.
func (s spread) at(quantile float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Clone(s)
	slices.Sort(sorted)
	return sorted[min(int(quantile*float64(len(sorted))), len(sorted)-1)]
}

// at99 is the 99th percentile of numbers in descending order.
func at99(descending []int) int { return descending[len(descending)/100] }

// attributionCost is what attributions took: processor time of their own thread
// and time by the clock of each, processor time of the whole process and memory
// on average.
type attributionCost struct {
	cpu, wall   spread
	all         time.Duration
	allocatedKB float64
}

// threadTime is the processor time of the calling thread, which must be locked:
// on a machine that others use too, the clock measures them as well.
func threadTime() time.Duration {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		return 0
	}
	return time.Duration(spent.Nano())
}

// timed adds the processor time of the part.
func (s *spread) timed(part func()) {
	before := threadTime()
	part()
	*s = append(*s, threadTime()-before)
}

// attribute judges one incident after another; nothing is kept warm by asking
// the same twice.
func (m *engineMeasure) attribute(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	engine := correlate.NewEngine(correlate.DefaultWeights())
	inputs := make([]correlate.Input, m.flags.attributions)
	for i := range inputs {
		inputs[i] = correlate.Input{
			Incident: correlate.Incident{ID: fmt.Sprint(i), Environment: correlate.DefaultEnvironment},
			Alerts:   m.world.incident(i, m.flags.alerting), AsOf: m.world.end, Graph: m.graph, Changes: m.index,
		}
	}
	var before, after runtime.MemStats
	watch := startSampler(ctx)
	runtime.ReadMemStats(&before)
	began, _ := processorTime()
	for i := range inputs {
		if ctx.Err() != nil {
			break
		}
		clock := time.Now()
		var finding correlate.Finding
		m.attribution.cpu.timed(func() { finding = engine.Attribute(inputs[i]) })
		m.attribution.wall = append(m.attribution.wall, time.Since(clock))
		m.suspects += float64(len(finding.Suspects))
		m.digest(&finding)
	}
	ended, _ := processorTime()
	runtime.ReadMemStats(&after)
	watch.end()
	n := max(len(m.attribution.cpu), 1)
	m.suspects /= float64(n)
	m.attribution.all = (ended - began) / time.Duration(n)
	m.attribution.allocatedKB = float64(after.TotalAlloc-before.TotalAlloc) / 1e3 / float64(n)
	m.residentMB = max(m.residentMB, watch.peak)
}

// digest adds the finding to the digest of all, where one is asked for: two
// builds that conclude the same print the same.
func (m *engineMeasure) digest(f *correlate.Finding) {
	if !m.flags.digest {
		return
	}
	if m.digested == nil {
		m.digested = sha256.New()
	}
	if err := json.NewEncoder(m.digested).Encode(f); err != nil {
		m.digested.Write([]byte(err.Error()))
	}
}

// cleanPortion is how many changes the runner drops or releases at once.
const cleanPortion = 1000

// update adds changes, updates known ones, brings some late, lets old ones go,
// and adds snapshots, while the collector runs as it likes.
func (m *engineMeasure) update(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wait, err := newCoreWait()
	if err != nil {
		return err
	}
	defer wait.close()
	for _, p := range []*paused{&m.puts, &m.snapshots, &m.drops, &m.releases} {
		p.wait = wait
	}
	watch, collector := startSampler(ctx), watchStops()
	step := m.flags.window / time.Duration(m.flags.changes)
	for i := range m.flags.updates {
		if ctx.Err() != nil {
			break
		}
		number := m.flags.changes + i
		switch i % 4 {
		case 1: // One of yesterday ends.
			number -= m.flags.changes / 30
		case 3: // One of last week comes late.
			number -= m.flags.changes / 4
		}
		c := m.world.change(number, m.flags.changes)
		if i%4 == 3 {
			c.ID = fmt.Sprintf("late-%d", i)
		}
		m.puts.step(func() { m.index.Put(c) })
		if i%cleanPortion == 0 {
			oldest := m.world.end.Add(-m.flags.window + time.Duration(2*i)*step)
			m.drops.step(func() { m.index.DropBefore(oldest, cleanPortion) })
			m.releases.step(func() { m.index.ReleaseOldest(cleanPortion) })
		}
	}
	m.snap(ctx)
	watch.end()
	m.residentMB = max(m.residentMB, watch.peak)
	m.stopWorld, m.stopping = collector.longest()
	return nil
}

// snap adds snapshots to the graph and packs it when it is stale.
func (m *engineMeasure) snap(ctx context.Context) {
	for n := range m.flags.snapshots {
		if ctx.Err() != nil {
			return
		}
		t := correlate.Topology{Source: "mesh", ObservedAt: m.world.end.Add(time.Duration(n) * time.Minute)}
		for i := range m.flags.snapped {
			callee := m.world.rng.Int32N(int32(len(m.world.names)))
			caller := m.world.rng.Int32N(int32(len(m.world.names)))
			if list := m.world.callers[callee]; len(list) > 0 && i%10 > 0 {
				caller = list[m.world.rng.IntN(len(list))]
			}
			edge := m.world.edge(caller, callee)
			if i%100 == 99 { // Now and then the callee is one that nobody knew.
				edge.Callee = fmt.Sprintf("new-%d-%d", n, i)
			}
			t.Edges = append(t.Edges, edge)
		}
		m.snapshots.step(func() { m.graph = m.graph.With(t) })
		if m.graph.Stale() {
			m.pack()
		}
	}
}

// pack packs the graph on a thread of its own, as the runner does, so that what
// the collector asks for that much memory is not asked of the next update.
func (m *engineMeasure) pack() {
	packed := make(chan *correlate.Graph)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var graph *correlate.Graph
		m.packing.timed(func() { graph = m.graph.Packed() })
		packed <- graph
	}()
	m.graph = <-packed
}
