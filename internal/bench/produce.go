package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/segmentio/kafka-go"

	faultlinekafka "github.com/faultline/faultline/internal/kafka"
)

// produceBatch is how many messages are handed to the writer at a time.
const produceBatch = 5000

// runProduce fills the changes topic. It runs as a process of its own, so that
// making events is not part of what is measured.
func runProduce(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("produce", flag.ContinueOnError)
	broker := flags.String("broker", "", "address of the broker")
	events := flags.Int("events", 0, "number of events")
	if err := flags.Parse(args); err != nil {
		return err
	}
	client, err := connect(*broker)
	if err != nil {
		return err
	}
	defer client.Close()
	w := client.Writer()
	w.BatchSize, w.BatchBytes = 1000, 1<<20
	g := newGenerator(1)
	for sent := 0; sent < *events; {
		batch := make([]kafka.Message, 0, produceBatch)
		for ; len(batch) < produceBatch && sent < *events; sent++ {
			key, value := g.next()
			batch = append(batch, kafka.Message{Topic: client.Config().Topics.Changes, Key: key, Value: value})
		}
		if err := w.WriteMessages(ctx, batch...); err != nil {
			return errors.Join(firstError(err), w.Close())
		}
	}
	return w.Close()
}

// firstError names the first error of many.
func firstError(err error) error {
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		for _, e := range each {
			if e != nil {
				return fmt.Errorf("producing: %d of %d messages failed, the first with: %w", each.Count(), len(each), e)
			}
		}
	}
	return fmt.Errorf("producing: %w", err)
}

// produceElsewhere runs runProduce in a child process.
func produceElsewhere(ctx context.Context, broker string, events int) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	child := exec.CommandContext(ctx, self, "produce", "-broker", broker, "-events", strconv.Itoa(events))
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil {
		return fmt.Errorf("producing in a child process: %w", err)
	}
	return nil
}

func connect(broker string) (*faultlinekafka.Client, error) {
	config := faultlinekafka.DefaultConfig()
	config.Brokers = []string{broker}
	return faultlinekafka.New(config)
}
