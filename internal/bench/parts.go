package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/kafka"
	"github.com/faultline/faultline/internal/kafka/kafkatest"
)

// parts are the real parts that a measurement runs on.
type parts struct {
	dir    string
	broker *kafkatest.Broker
	engine *chdb.Engine
	store  *clickhouse.Store
	client *kafka.Client
}

// startBroker starts Apache Kafka with a heap that does not hold it up.
func (p *parts) startBroker(ctx context.Context) error {
	cache := os.Getenv("FAULTLINE_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("finding the cache directory: %w", err)
		}
		cache = filepath.Join(base, "faultline")
	}
	libs, present := kafkatest.Find(cache)
	if !present {
		return errors.New("Apache Kafka is missing; " + kafkatest.Mend) //nolint:staticcheck // A name begins it.
	}
	options := kafkatest.DefaultOptions(libs, filepath.Join(p.dir, "kafka"))
	options.JVM = nil
	if err := os.MkdirAll(options.Dir, 0o750); err != nil {
		return fmt.Errorf("creating the broker's directory: %w", err)
	}
	var err error
	p.broker, err = kafkatest.Start(ctx, options)
	return err
}

// fill sees to a broker with the events to consume: one of its own, or one that
// runs already and is full.
func (p *parts) fill(ctx context.Context, f *ingestFlags) error {
	if f.broker != "" {
		return p.openTopics(ctx, f.broker, f.partitions)
	}
	if err := p.startBroker(ctx); err != nil {
		return err
	}
	if err := p.openTopics(ctx, p.broker.Addr, f.partitions); err != nil {
		return err
	}
	fmt.Printf("producing %d events of %d bytes\n", f.events, eventBytes)
	return produceElsewhere(ctx, p.broker.Addr, f.events)
}

// withFilled runs the measurement with a full broker and a directory for its
// data, and clears both away.
func withFilled(ctx context.Context, f *ingestFlags, measure func(p *parts) error) error {
	return within(f.dir, func(p *parts) error {
		if err := p.fill(ctx, f); err != nil {
			return err
		}
		return measure(p)
	})
}

// within measures in a directory of its own below dir, or the system's if empty,
// and clears the parts and the directory away.
func within(dir string, measure func(p *parts) error) (err error) {
	own, err := os.MkdirTemp(dir, "faultline-bench-")
	if err != nil {
		return fmt.Errorf("making a directory for the data: %w", err)
	}
	p := &parts{dir: own}
	defer func() { err = errors.Join(err, p.close()) }()
	return measure(p)
}

// withYear measures on an embedded store that holds a year of that size.
func withYear(ctx context.Context, f *ingestFlags, size yearSize, measure func(p *parts, y *year) error) error {
	return within(f.dir, func(p *parts) error {
		if err := p.openStore(ctx, f, f.logger()); err != nil {
			return err
		}
		y := newYear(size, time.Now().UTC())
		if err := y.fill(ctx, p.store); err != nil {
			return err
		}
		return measure(p, y)
	})
}

// runFill starts a broker, fills it and keeps it until the context ends, for
// measurements that are made one after the other.
func runFill(ctx context.Context, args []string) error {
	f, err := parseIngestFlags(args)
	if err != nil {
		return err
	}
	return withFilled(ctx, &f, func(p *parts) error {
		fmt.Printf("filled; measure with: bench ingest -events %d -broker %s\n", f.events, p.broker.Addr)
		<-ctx.Done()
		return nil
	})
}

// openTopics connects and creates the topics.
func (p *parts) openTopics(ctx context.Context, broker string, partitions int) error {
	var err error
	if p.client, err = connect(broker); err != nil {
		return err
	}
	plan := kafka.DefaultTopicPlan()
	plan.Partitions = partitions
	_, err = p.client.EnsureTopics(ctx, plan)
	return err
}

// openStore starts the embedded engine and brings the schema up.
func (p *parts) openStore(ctx context.Context, f *ingestFlags, log *slog.Logger) error {
	engine := chdb.DefaultConfig()
	engine.Dir = filepath.Join(p.dir, "clickhouse")
	engine.MaxMemoryBytes = int64(f.memoryMB) << 20
	engine.Durable = f.fsync
	engine.MarkCacheBytes = engine.MaxMemoryBytes / 16
	var err error
	if p.engine, err = chdb.Open(ctx, engine); err != nil {
		return err
	}
	config := clickhouse.DefaultConfig()
	config.Fsync = f.fsync
	if p.store, err = clickhouse.Open(ctx, config, p.engine.Transport(), log); err != nil {
		return err
	}
	return p.store.MigrateUp(ctx)
}

// close ends all parts, the store's engine last, and removes their files.
func (p *parts) close() error {
	var errs []error
	if p.client != nil {
		p.client.Close()
	}
	if p.broker != nil {
		errs = append(errs, p.broker.Stop())
	}
	errs = append(errs, p.closeStore())
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// closeStore ends the store and leaves its files.
func (p *parts) closeStore() error {
	var errs []error
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.engine != nil {
		errs = append(errs, p.engine.Close())
	}
	return errors.Join(errs...)
}
