package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/provenance"
)

// The targets of ingest, on two cores.
const (
	wantEventsPerSecond = 50_000
	wantMicrosPerEvent  = 25
	wantResidentMB      = 400
)

// settle is how long after the last acknowledgement the engine's merges are
// still counted, as a figure of its own.
const settle = 5 * time.Second

// ingestFlags are the settings of the measurement.
type ingestFlags struct {
	events, partitions, memoryMB int
	dir, profiles                string
	broker                       string
	batchRows, batchMB, bufferMB int
	inserts                      int
	verbose                      bool
	// nowhere throws the rows away, to tell what fetching and decoding cost.
	nowhere, fsync bool
}

func parseIngestFlags(args []string) (ingestFlags, error) {
	var f ingestFlags
	defaults := ingest.DefaultConfig()
	flags := flag.NewFlagSet("ingest", flag.ContinueOnError)
	flags.IntVar(&f.events, "events", 500_000, "number of change events")
	flags.IntVar(&f.partitions, "partitions", 6, "partitions of the topic")
	flags.IntVar(&f.memoryMB, "engine-memory", 2048, "cap of the embedded engine in MiB")
	flags.StringVar(&f.dir, "dir", "", "directory for the data; empty makes one")
	flags.StringVar(&f.broker, "broker", "", "address of a broker that bench fill has filled, instead of one of its own")
	flags.StringVar(&f.profiles, "profiles", "", "directory for processor and heap profiles")
	flags.IntVar(&f.batchRows, "batch-rows", defaults.BatchRows, "rows of a full batch")
	flags.IntVar(&f.batchMB, "batch-mb", defaults.BatchBytes>>20, "MiB of a full batch")
	flags.IntVar(&f.bufferMB, "buffer-mb", defaults.BufferBytes>>20, "MiB of messages held in memory")
	flags.IntVar(&f.inserts, "inserts", defaults.Inserts, "batches on their way into the store at a time")
	flags.BoolVar(&f.fsync, "fsync", true, "make every insert reach the disk, as the service does")
	flags.BoolVar(&f.nowhere, "nowhere", false, "throw the rows away instead of storing them")
	flags.BoolVar(&f.verbose, "v", false, "log what the parts say")
	return f, flags.Parse(args)
}

// runIngest fills a topic and measures how the consumer empties it into the
// embedded engine.
func runIngest(ctx context.Context, args []string) error {
	f, err := parseIngestFlags(args)
	if err != nil {
		return err
	}
	return withFilled(ctx, &f, func(p *parts) error {
		if err := p.openStore(ctx, &f, f.logger()); err != nil {
			return err
		}
		m, err := measureIngest(ctx, p, &f)
		if err != nil {
			return err
		}
		return printReport(os.Stdout, fmt.Sprintf("ingest, %d events of %d bytes, %d partitions, %d cores",
			f.events, eventBytes, f.partitions, runtime.GOMAXPROCS(0)), m.figures())
	})
}

func (f *ingestFlags) logger() *slog.Logger {
	level := slog.LevelError
	if f.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// ingestMeasure is what one run gave.
type ingestMeasure struct {
	events                   int
	wall                     time.Duration
	processor, settled       time.Duration
	peakMB, meanMB, startMB  float64
	goPeakMB                 float64
	highWaterMB              float64
	inserts                  int64
	allocated, garbageCycles uint64
}

func (m *ingestMeasure) figures() []figure {
	n := float64(m.events)
	return []figure{
		{name: "events from topic to acknowledged insert", measured: n / m.wall.Seconds(), unit: "/s", target: wantEventsPerSecond, least: true},
		{name: "processor time, engine included", measured: float64(m.processor.Nanoseconds()) / 1e3 / n, unit: "us/event", target: wantMicrosPerEvent},
		{name: "the same with the merges of the next 5 s", measured: float64(m.settled.Nanoseconds()) / 1e3 / n, unit: "us/event"},
		{name: "resident memory, peak of samples", measured: m.peakMB, unit: "MB", target: wantResidentMB},
		{name: "resident memory, high-water mark", measured: m.highWaterMB, unit: "MB", target: wantResidentMB},
		{name: "of which Go's heap and stacks, peak", measured: m.goPeakMB, unit: "MB"},
		{name: "resident memory, mean", measured: m.meanMB, unit: "MB"},
		{name: "resident memory before the first event", measured: m.startMB, unit: "MB"},
		{name: "events per insert", measured: n / float64(max(1, m.inserts)), unit: ""},
		{name: "Go heap allocated", measured: float64(m.allocated) / n, unit: "B/event"},
		{name: "Go garbage collections", measured: float64(m.garbageCycles), unit: ""},
	}
}

// counting counts what the store acknowledges and tells when all is there.
type counting struct {
	ingest.Store
	nowhere bool
	want    int64
	rows    atomic.Int64
	inserts atomic.Int64
	all     chan struct{}
}

// InsertChanges implements ingest.ChangeStore.
func (c *counting) InsertChanges(ctx context.Context, token string, rows []event.Change) error {
	if !c.nowhere {
		if err := c.Store.InsertChanges(ctx, token, rows); err != nil {
			return err
		}
	}
	c.inserts.Add(1)
	if n := c.rows.Add(int64(len(rows))); n >= c.want && n-int64(len(rows)) < c.want {
		close(c.all)
	}
	return nil
}

// measureIngest runs the consumer until every event is acknowledged.
func measureIngest(ctx context.Context, p *parts, f *ingestFlags) (*ingestMeasure, error) {
	store := &counting{Store: p.store, nowhere: f.nowhere, want: int64(f.events), all: make(chan struct{})}
	consumer, closeWriter, err := newConsumer(p, f, store)
	if err != nil {
		return nil, err
	}
	defer func() { _ = closeWriter() }()
	stopProfile, err := startProfile(f.profiles)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	m := &ingestMeasure{events: f.events}
	if m.startMB, err = statusMB("VmRSS"); err != nil {
		return nil, err
	}
	memory := startSampler(ctx)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used, err := processorTime()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- consumer.Run(run) }()
	select {
	case <-store.all:
	case err := <-ended:
		return nil, fmt.Errorf("the consumer ended early: %w", err)
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), <-ended)
	}
	m.wall = time.Since(began)
	now, err := processorTime()
	m.processor = now - used
	stopProfile()
	runtime.ReadMemStats(&after)
	m.allocated, m.garbageCycles = after.TotalAlloc-before.TotalAlloc, uint64(after.NumGC-before.NumGC)
	m.inserts = store.inserts.Load()
	time.Sleep(settle)
	later, _ := processorTime()
	m.settled = later - used
	memory.end()
	m.peakMB, m.meanMB, m.goPeakMB = memory.peak, memory.mean, memory.goPeak
	m.highWaterMB, _ = statusMB("VmHWM")
	stop()
	return m, errors.Join(err, <-ended)
}

func newConsumer(p *parts, f *ingestFlags, store ingest.Store) (*ingest.Consumer, func() error, error) {
	config := ingest.DefaultConfig()
	config.BatchRows, config.BatchBytes, config.BufferBytes = f.batchRows, f.batchMB<<20, f.bufferMB<<20
	config.Inserts = f.inserts
	labeller, err := provenance.New(provenance.Builtin())
	if err != nil {
		return nil, nil, err
	}
	writer := p.client.Writer()
	consumer, err := ingest.NewConsumer(config, ingest.Deps{
		Group: ingest.KafkaGroup(p.client.Group("bench-" + strconv.Itoa(os.Getpid()))), Fetcher: p.client.Fetcher(),
		Decoder: format.NewRegistry(format.DefaultConfig()), Store: store, DeadLetters: writer,
		Labeller: labeller, Registerer: prometheus.NewRegistry(), Log: f.logger(),
	})
	return consumer, writer.Close, err
}

// startProfile writes a processor profile until the returned function is
// called, which also writes a heap profile. Without a directory it does nothing.
func startProfile(dir string) (func(), error) {
	if dir == "" {
		return func() {}, nil
	}
	file, err := os.Create(filepath.Join(dir, "ingest.cpu.prof"))
	if err != nil {
		return nil, fmt.Errorf("creating the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the profile: %w", err), file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
		heap, err := os.Create(filepath.Join(dir, "ingest.heap.prof"))
		if err != nil {
			return
		}
		defer func() { _ = heap.Close() }()
		_ = pprof.Lookup("allocs").WriteTo(heap, 0)
	}, nil
}
