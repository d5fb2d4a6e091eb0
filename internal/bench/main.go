// Command bench measures Faultline on real parts and prints each figure beside
// its target:
//
//	go run ./internal/bench ingest    topic to acknowledged insert
//
// Apache Kafka runs as a process of its own (scripts/fetch-kafka.sh), the
// embedded ClickHouse engine (scripts/fetch-chdb.sh) inside the measured one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// usage is printed for unknown arguments.
const usage = "usage: bench [ingest] [flags]; bench ingest -h lists the flags"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // All that was deferred is done.
	}
}

// run picks the measurement; without a name it is ingest.
func run(ctx context.Context, args []string) error {
	name := "ingest"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, args = args[0], args[1:]
	}
	switch name {
	case "ingest":
		return runIngest(ctx, args)
	case "produce":
		return runProduce(ctx, args)
	default:
		return errors.New(usage)
	}
}
