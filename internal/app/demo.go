package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/scenario"
)

// DemoOptions say which outage to replay and what to do then.
type DemoOptions struct {
	Scenario string
	Exit     bool
	Listen   string
	DataDir  string
	// Environ may hold FAULTLINE_LOG_LEVEL and other settings, "NAME=value".
	Environ []string
}

// demoPatience bounds the time without any headway between the last event and
// the finding, demoPause is the time between two looks for it.
const (
	demoPatience = 2 * time.Minute
	demoPause    = 100 * time.Millisecond
)

// Demo replays a recorded outage through Kafka and the real consumers on
// embedded stores and prints the finding. Then it serves until the context
// ends, or with Exit stops, with ErrNo unless the guilty change ranked first.
func Demo(ctx context.Context, opts DemoOptions, out, logs io.Writer) (err error) {
	recording, err := scenario.Load(opts.Scenario, nowUTC())
	if err != nil {
		return err
	}
	cfg, remove, err := demoConfig(opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	say := narrator{out: out, started: time.Now(), show: Show{Out: logs}}
	say.line("Faultline demo: %s", recording.Title)
	say.paragraph(recording.Story)
	say.step("starting embedded Kafka and ClickHouse in %s", cfg.DataDir)
	progress := say.show.progress("setting up", "")
	progress.Tick()
	s, err := start(ctx, cfg, newLogger(cfg.Log, logs))
	progress.Done()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop(ctx)) }()
	found, err := s.replayAndFind(ctx, &recording, &say)
	if err != nil {
		return err
	}
	if err := printFinding(out, "table", &found.finding, found.title); err != nil {
		return err
	}
	first := len(found.finding.Suspects) > 0 && found.finding.Suspects[0].Change.Key() == recording.Guilty
	say.verdict(first, recording.Guilty)
	if opts.Exit {
		if !first {
			return ErrNo
		}
		return nil
	}
	say.serving(s.address, cfg.DataDir, found.finding.Incident)
	return s.wait(ctx)
}

// demoConfig are the settings of a demo: everything in one process, readable
// without a token on loopback. Remove takes away a directory that it made.
func demoConfig(opts DemoOptions) (cfg config.Config, remove func() error, err error) {
	remove = func() error { return nil }
	dir := opts.DataDir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "faultline-demo-"); err != nil {
			return cfg, remove, err
		}
		remove = func() error { return os.RemoveAll(dir) }
	}
	overrides := map[string]string{
		"data_dir": dir, "roles": "ingest,correlate,api", "api.listen": opts.Listen, "api.public_read": "true",
		"kafka.embedded_listen": "127.0.0.1:0", "kafka.brokers": "", "clickhouse.dsn": "",
	}
	if !containsVariable(opts.Environ, config.EnvName("log.level")) {
		overrides["log.level"] = "warn"
	}
	cfg, err = config.Load("", opts.Environ, overrides)
	if err != nil {
		err = errors.Join(err, remove())
	}
	return cfg, remove, err
}

func containsVariable(environ []string, name string) bool {
	for _, pair := range environ {
		if strings.HasPrefix(pair, name+"=") {
			return true
		}
	}
	return false
}

// narrator tells the reader of a demo what happens.
type narrator struct {
	out     io.Writer
	started time.Time
	show    Show
}

func (n *narrator) line(format string, args ...any) { _, _ = fmt.Fprintf(n.out, format+"\n", args...) }

// step tells what begins, with the seconds since the start.
func (n *narrator) step(format string, args ...any) {
	n.line("[%5.1f s] %s", time.Since(n.started).Seconds(), fmt.Sprintf(format, args...))
}

// paragraph prints a text in lines that fit, and an empty line.
func (n *narrator) paragraph(text string) {
	_ = printLine(n.out, text)
	n.line("")
}

func (n *narrator) verdict(first bool, guilty fmt.Stringer) {
	if first {
		n.line("\nThe recording says that %s did it: the guilty change ranked first.", guilty)
		return
	}
	n.line("\nThe recording says that %s did it: the guilty change did NOT rank first.", guilty)
}

// serving says how to look further.
func (n *narrator) serving(address, dir, incident string) {
	n.line("\nOpen the incident's page; looking needs no token in the demo:")
	n.line("  http://%s/incidents/%s", address, incident)
	n.line("To decide about it, sign in on the page with the token in %s/%s.", dir, tokenFile)
	n.line("\nThe same by the API:")
	n.line("  curl http://%s/v1/incidents/%s/finding", address, incident)
	n.line("  curl http://%s/v1/incidents/%s/timeline", address, incident)
	n.line("  curl http://%s/openapi.json", address)
	n.line("Writing needs that token. Stop with Ctrl-C.")
}
