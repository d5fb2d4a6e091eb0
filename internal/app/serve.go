package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/kafka"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/report/deliver"
)

// Serve runs the service until the context ends or a part of it fails. Ended before
// it was up it has ended as asked, and says so in the log.
func Serve(ctx context.Context, cfg config.Config, logs io.Writer) error {
	log := newLogger(cfg.Log, logs)
	s, err := start(ctx, cfg, log)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("stopped before the service was up", slog.Any("reason", err))
		return nil
	}
	if err != nil {
		return err
	}
	log.Info("the service is up", slog.Any("roles", cfg.Roles), slog.String("api", s.address))
	return errors.Join(s.wait(ctx), s.stop(ctx))
}

// service is a running process with the roles that it plays.
type service struct {
	cfg      config.Config
	log      *slog.Logger
	registry *prometheus.Registry
	cleanup  *cleanup
	// failed receives the error of a part that ended by itself.
	failed chan error

	store   *clickhouse.Store
	kafka   *kafka.Client
	formats *format.Registry
	intake  *ingest.Intake
	runner  *correlate.Runner
	reports *deliver.Desk
	rules   *policy.Policy
	// address is where the API listens, empty without that role.
	address string
	probes  probes
}

// start builds and starts every part, from the stores up. When it fails it has
// undone what it did.
func start(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *service, err error) {
	s := &service{
		cfg: cfg, log: log, registry: prometheus.NewRegistry(),
		cleanup: &cleanup{log: log}, failed: make(chan error, 1),
		formats: format.NewRegistry(formatConfig(&cfg.Formats)),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(ctx))
		}
	}()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.store, err = openStore(ctx, &s.cfg, s.cleanup, log); err != nil {
		return nil, err
	}
	if err := readySchema(ctx, &s.cfg, s.store); err != nil {
		return nil, err
	}
	s.probes.add("clickhouse", s.store.Ping)
	for _, part := range []struct {
		role  config.Role
		start func(context.Context) error
	}{
		{config.RoleCorrelate, s.startRunner},
		{config.RoleIngest, s.startIngest},
		{config.RoleAPI, s.startAPI},
		{config.RoleReport, s.startNotifier},
		{config.RoleReport, s.startReport},
	} {
		if !cfg.Plays(part.role) {
			continue
		}
		if err := part.start(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// wait returns when the context ends, or with the error of a part that failed.
func (s *service) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		s.log.Info("stopping")
		return nil
	case err := <-s.failed:
		return down(err)
	}
}

// stop undoes everything that start did.
func (s *service) stop(ctx context.Context) error {
	return s.cleanup.run(ctx, s.cfg.ShutdownTimeout)
}

// run starts the loop of a part and pushes its end on the stack.
func (s *service) run(ctx context.Context, name string, loop func(context.Context) error) {
	w := startWorker(ctx, name, s.failed, loop)
	s.cleanup.push(name, w.stop)
}

func (s *service) startRunner(ctx context.Context) error {
	cfg := correlate.DefaultRunnerConfig()
	cfg.ChangeWindow = s.cfg.Correlate.Window
	cfg.Poll = s.cfg.Correlate.PollInterval
	cfg.EdgeLife = s.cfg.ClickHouse.EdgeRetention
	_, weights, err := readWeights(s.cfg.Correlate.WeightsFile)
	if err != nil {
		return fmt.Errorf("correlate.weights_file: %w", err)
	}
	observer, err := newRunnerMetrics(s.registry, s.log)
	if err != nil {
		return err
	}
	meter, err := openMeter(&s.cfg.Metrics, s.cleanup)
	if err != nil {
		return err
	}
	s.runner = correlate.NewRunner(cfg, correlate.RunnerPorts{
		Meter:      meter,
		Docket:     newDocket(s.store),
		Calendar:   s.store,
		Feed:       s.store.NewTail(nowUTC().Add(-cfg.ChangeWindow)),
		Sink:       s.store,
		Attributor: correlate.NewEngine(weights),
		Ledger:     s.store,
		Atlas:      s.store,
		Archive:    s.store,
		Observer:   observer,
	})
	s.run(ctx, "correlator", func(ctx context.Context) error { s.runner.Run(ctx); return nil })
	s.startWholes(ctx)
	if err := s.startMerging(ctx); err != nil {
		return err
	}
	return nil
}

// listen opens the API's address early, so that a taken port is a clear error
// of the start.
func (s *service) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.API.Listen)
	if err != nil {
		return nil, down(&net.OpError{Op: "listen for the API", Net: "tcp", Err: err})
	}
	return l, nil
}
