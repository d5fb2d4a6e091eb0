package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kfake"
	"golang.org/x/sys/unix"
)

// EmbeddedConfig says where the broker inside the process listens and keeps
// its log.
type EmbeddedConfig struct {
	// Listen is host:port on loopback; port 0 takes a free one.
	Listen string
	// DataDir keeps topics, messages and committed offsets over restarts;
	// empty keeps them in memory.
	DataDir string
	// SyncWrites makes each write survive a power failure, not only the end of
	// the process.
	SyncWrites bool
}

// Embedded is a Kafka broker inside the process. It speaks the real protocol
// to any client on this machine, without authentication, which is why it only
// listens on loopback.
type Embedded struct {
	config  EmbeddedConfig
	log     *slog.Logger
	cluster *kfake.Cluster
	lock    *os.File
}

// NewEmbedded returns a broker that is not started.
func NewEmbedded(config EmbeddedConfig, log *slog.Logger) *Embedded {
	return &Embedded{config: config, log: log}
}

// Start opens the data directory and listens. A directory is used by one
// broker at a time; a second one is refused.
func (e *Embedded) Start(ctx context.Context) error {
	if err := requireLoopback(e.config.Listen); err != nil {
		return err
	}
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			return new(net.ListenConfig).Listen(ctx, network, e.config.Listen)
		}),
		kfake.WithLogger(brokerLog{e.log}),
	}
	if e.config.DataDir != "" {
		if err := e.lockDir(); err != nil {
			return err
		}
		options = append(options, kfake.DataDir(e.config.DataDir))
	}
	if e.config.SyncWrites {
		options = append(options, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		e.unlockDir()
		return fmt.Errorf("starting the embedded Kafka broker on %s: %w", e.config.Listen, err)
	}
	e.cluster = cluster
	return nil
}

// Brokers returns the address that clients dial.
func (e *Embedded) Brokers() []string { return e.cluster.ListenAddrs() }

// Close writes the state down and stops the broker. It may be called on a
// broker that was not started.
func (e *Embedded) Close() {
	if e.cluster != nil {
		e.cluster.Close()
	}
	e.unlockDir()
}

func (e *Embedded) lockDir() error {
	if err := os.MkdirAll(e.config.DataDir, 0o750); err != nil {
		return fmt.Errorf("creating the data directory of the embedded Kafka broker: %w", err)
	}
	path := filepath.Join(e.config.DataDir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("opening the lock of the embedded Kafka broker: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return fmt.Errorf("another process uses %s; stop it or choose another data directory: %w",
			e.config.DataDir, err)
	}
	e.lock = file
	return nil
}

func (e *Embedded) unlockDir() {
	if e.lock != nil {
		_ = e.lock.Close()
		e.lock = nil
	}
}

func requireLoopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("embedded Kafka broker: %q is not host:port: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("embedded Kafka broker: " + listen + " is not a loopback address; " +
		"the embedded broker has no authentication, use 127.0.0.1 or a Kafka of your own")
}

// brokerLog passes the broker's complaints to slog. Its routine messages are
// one per request and are dropped.
type brokerLog struct{ log *slog.Logger }

// Logf implements kfake.Logger.
func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error("embedded kafka broker", slog.String("message", fmt.Sprintf(format, args...)))
	case kfake.LogLevelWarn:
		l.log.Debug("embedded kafka broker", slog.String("message", fmt.Sprintf(format, args...)))
	default:
	}
}
