// Command bench measures Faultline on real parts and prints each figure beside
// its target:
//
//	go run ./internal/bench            all of them
//	go run ./internal/bench ingest     topic to acknowledged insert
//	go run ./internal/bench latency    alert produced to finding readable
//	go run ./internal/bench fill       a broker full of events, for ingest -broker
//	go run ./internal/bench label      commits labelled by the part AI had
//	go run ./internal/bench engine     attribution in a company of 100,000 services
//	go run ./internal/bench startup    a service that starts reads its window
//	go run ./internal/bench figures    figures for leadership over a year of changes
//
// Apache Kafka runs as a process of its own (scripts/fetch-kafka.sh), the
// embedded ClickHouse engine (scripts/fetch-chdb.sh) inside the measured one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// usage is printed for unknown arguments.
const usage = "usage: bench [ingest|latency|engine|startup|label|figures|fill] [flags]; bench ingest -h lists the flags"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // All that was deferred is done.
	}
}

// groups are the measurements that are made without a name.
func groups() []string {
	return []string{"engine", "ingest", "latency", "startup", "figures", "label"}
}

// runAll makes each group of measurements in a process of its own: the embedded
// engine serves one directory for each, and one group's memory and collector
// would be another's figures.
func runAll(ctx context.Context, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program to run again: %w", err)
	}
	return runEach(ctx, self, groups(), out)
}

// runEach goes on when a group fails, and tells of all that did.
func runEach(ctx context.Context, self string, names []string, out io.Writer) error {
	var failed []error
	for _, name := range names {
		child := exec.CommandContext(ctx, self, name) //nolint:gosec // Our own program.
		child.Stdout, child.Stderr = out, os.Stderr
		child.Cancel = func() error { return child.Process.Signal(os.Interrupt) }
		child.WaitDelay = time.Minute
		if err := child.Run(); err != nil {
			failed = append(failed, fmt.Errorf("measuring %s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// run picks the measurement; without a name it makes all.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return runAll(ctx, os.Stdout)
	}
	switch name, rest := args[0], args[1:]; name {
	case "ingest":
		return runIngest(ctx, rest)
	case "latency":
		return runLatency(ctx, rest)
	case "fill":
		return runFill(ctx, rest)
	case "startup":
		return runStartup(ctx, os.Stdout, rest)
	case "figures":
		return runFigures(ctx, os.Stdout, rest)
	case "label":
		return runLabel(ctx, os.Stdout, rest)
	case "engine":
		return runEngine(ctx, os.Stdout, rest)
	case "produce":
		return runProduce(ctx, rest)
	default:
		return errors.New(usage)
	}
}
