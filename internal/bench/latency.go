package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// wantFindingMS is the target for the 99th percentile of the time from an
// alert's production to its finding in the API.
const wantFindingMS = 1000

// latencyFlags are the settings of the measurement.
type latencyFlags struct {
	alerts, changesPerSecond int
	verbose                  bool
}

// runLatency measures the time from producing an alert to reading its finding
// in the API, while changes arrive at a steady rate. The service is the real
// binary in a process of its own, on Apache Kafka and the embedded engine.
func runLatency(ctx context.Context, args []string) error {
	var f latencyFlags
	flags := flag.NewFlagSet("latency", flag.ContinueOnError)
	flags.IntVar(&f.alerts, "alerts", 100, "number of alerts, one incident each")
	flags.IntVar(&f.changesPerSecond, "changes", 1000, "changes per second in the background")
	flags.BoolVar(&f.verbose, "v", false, "show the log of the service")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return within("", func(p *parts) error {
		if err := p.startBroker(ctx); err != nil {
			return err
		}
		took, err := serveAndMeasure(ctx, p, &f)
		if err != nil {
			return err
		}
		slices.Sort(took)
		return printReport(os.Stdout, fmt.Sprintf("alert produced to finding readable, %d alerts at %d changes/s", f.alerts, f.changesPerSecond), []figure{
			{name: "p50", measured: milliseconds(took[len(took)/2]), unit: "ms"},
			{name: "p99", measured: milliseconds(took[len(took)*99/100]), unit: "ms", target: wantFindingMS},
			{name: "slowest", measured: milliseconds(took[len(took)-1]), unit: "ms"},
		})
	})
}

// serveAndMeasure measures a service that it starts on the broker and stops.
func serveAndMeasure(ctx context.Context, p *parts, f *latencyFlags) (took []time.Duration, err error) {
	s, err := startService(ctx, p.dir, p.broker.Addr, f.verbose)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return s.measure(ctx, p.broker.Addr, f)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// service is the measured process.
type service struct {
	cmd *exec.Cmd
	url string
}

// startService builds the binary, starts it and waits until it is ready.
func startService(ctx context.Context, dir, broker string, verbose bool) (*service, error) {
	binary := filepath.Join(dir, "faultline")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/faultline").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the service: %w: %s", err, out)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &service{url: "http://" + address}
	s.cmd = exec.CommandContext(ctx, binary, "serve", "--data-dir", filepath.Join(dir, "data"), "--api-listen", address, //nolint:gosec // The arguments are ours.
		"--kafka-brokers", broker, "--api-public-read", "true", "--api-rate-per-second", "10000", "--api-rate-burst", "10000", "--log-level", "warn")
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 30 * time.Second
	if verbose {
		s.cmd.Stderr = os.Stderr
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the service: %w", err)
	}
	return s, s.ready(ctx)
}

// readyWithin bounds the start of the service.
const readyWithin = time.Minute

func (s *service) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if status, err := s.get(ctx, "/readyz", nil); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service did not become ready: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop asks the process to end and waits for it.
func (s *service) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the service: %w", err)
	}
	return s.cmd.Wait()
}

// get reads a JSON answer.
func (s *service) get(ctx context.Context, path string, into any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK && into != nil {
		err = json.Unmarshal(body, into)
	}
	return resp.StatusCode, err
}

// measure sends changes at a steady rate and, in between, one alert after the
// other, each on a service of its own, and times each until its finding.
func (s *service) measure(ctx context.Context, broker string, f *latencyFlags) (took []time.Duration, err error) {
	writer := &kafka.Writer{
		Addr: kafka.TCP(broker), Balancer: &kafka.Hash{}, BatchTimeout: 5 * time.Millisecond, RequiredAcks: kafka.RequireAll,
	}
	group, ctx := errgroup.WithContext(ctx)
	background, stop := context.WithCancel(ctx)
	group.Go(func() error { return sendChanges(background, writer, f.changesPerSecond) })
	group.Go(func() error {
		defer stop()
		if err := warmUp(ctx); err != nil {
			return err
		}
		for n := range f.alerts {
			d, err := s.timeAlert(ctx, writer, n)
			if err != nil {
				return err
			}
			took = append(took, d)
		}
		return nil
	})
	return took, errors.Join(group.Wait(), writer.Close())
}

// warmUp lets the changes flow for a while first.
func warmUp(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Second):
		return nil
	}
}

// ticksPerSecond is how often a piece of the changes is sent.
const ticksPerSecond = 20

// sendChanges sends changes at a rate until the context ends.
func sendChanges(ctx context.Context, writer *kafka.Writer, perSecond int) error {
	changes := newGenerator(7)
	tick := time.NewTicker(time.Second / ticksPerSecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		batch := make([]kafka.Message, perSecond/ticksPerSecond)
		for i := range batch {
			batch[i].Topic = "faultline.changes"
			batch[i].Key, batch[i].Value = changes.next()
		}
		if err := writer.WriteMessages(ctx, batch...); err != nil && ctx.Err() == nil {
			return fmt.Errorf("sending changes: %w", err)
		}
	}
}

// alertPoll is the pause between two questions for the finding.
const alertPoll = 10 * time.Millisecond

// timeAlert produces an alert and asks the API until its finding is there.
func (s *service) timeAlert(ctx context.Context, writer *kafka.Writer, n int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	name := fmt.Sprintf("latency-%04d", n)
	started := time.Now()
	alert := fmt.Sprintf(`{"source":"bench","service":%q,"name":"HighErrorRate","severity":"critical","signal":"errors","status":"firing","started_at":%q}`,
		name, started.UTC().Format(time.RFC3339Nano))
	if err := writer.WriteMessages(ctx, kafka.Message{Topic: "faultline.alerts", Key: []byte(name), Value: []byte(alert)}); err != nil {
		return 0, fmt.Errorf("sending an alert: %w", err)
	}
	if err := s.awaitFinding(ctx, name); err != nil {
		return 0, err
	}
	return time.Since(started), nil
}

// awaitFinding asks the API until the service's incident has its finding.
func (s *service) awaitFinding(ctx context.Context, name string) error {
	for {
		var page struct{ Items []struct{ ID string } }
		if _, err := s.get(ctx, "/v1/incidents?limit=1&service="+name, &page); err != nil {
			return err
		}
		if len(page.Items) > 0 {
			status, err := s.get(ctx, "/v1/incidents/"+page.Items[0].ID+"/finding", nil)
			if err != nil {
				return err
			}
			if status == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no finding for %s: %w", name, ctx.Err())
		case <-time.After(alertPoll):
		}
	}
}
