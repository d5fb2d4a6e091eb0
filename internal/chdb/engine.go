package chdb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Config says where the engine keeps its data and how much it may use.
type Config struct {
	// Library is the path of libchdb.so; empty asks Find.
	Library string
	// Dir is the data directory, created when absent. One process at a time.
	Dir string
	// Database is the Atomic database that Open creates and that statements use
	// unless their request names another.
	Database string
	// MaxMemoryBytes caps what the engine may allocate in all.
	MaxMemoryBytes int64
	// MarkCacheBytes caps the cache of index marks, which is part of that.
	MarkCacheBytes int64
	// Connections is how many statements may run at the same time.
	Connections int
	// AcquireTimeout bounds the wait for one of those connections, on top of
	// what the request's context allows.
	AcquireTimeout time.Duration
	// Durable makes every insert reach the disk before it is acknowledged. Off,
	// a killed process loses nothing but a power cut may.
	Durable bool
}

// DefaultConfig suits a single machine: half a gigabyte and a bit for the
// engine, eight statements at a time, inserts synced to disk.
func DefaultConfig() Config {
	return Config{
		Dir:            filepath.Join("data", "clickhouse"),
		Database:       "faultline",
		MaxMemoryBytes: 2 << 30,
		MarkCacheBytes: 128 << 20,
		Connections:    8,
		AcquireTimeout: 30 * time.Second,
		Durable:        true,
	}
}

// ErrClosed is returned for statements that reach a closed engine.
var ErrClosed = errors.New("the embedded ClickHouse engine is closed")

// Engine is a ClickHouse server inside this process.
type Engine struct {
	config  Config
	lib     *native
	args    []string
	free    chan *connection
	control chan *connection
	lock    *os.File
	version string

	closing chan struct{}
	once    sync.Once
}

// Open starts the engine on a directory. The context bounds the start only.
func Open(ctx context.Context, config Config) (*Engine, error) {
	return open(ctx, config)
}

func open(ctx context.Context, config Config) (*Engine, error) {
	if config.Library == "" {
		path, err := Find()
		if err != nil {
			return nil, err
		}
		config.Library = path
	}
	if err := os.MkdirAll(config.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	lib, err := loadNative(config.Library)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config: config, lib: lib, args: arguments(config),
		free: make(chan *connection, config.Connections), control: make(chan *connection, 1), closing: make(chan struct{}),
	}
	for i := range config.Connections + 1 {
		c, err := e.dial(i)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			e.control <- c
			continue
		}
		e.free <- c
	}
	return e, e.prepare(ctx)
}

func arguments(config Config) []string {
	return []string{
		"clickhouse", "--path=" + config.Dir, "--timezone=UTC",
		fmt.Sprintf("--max_server_memory_usage=%d", config.MaxMemoryBytes),
		fmt.Sprintf("--mark_cache_size=%d", config.MarkCacheBytes),
	}
}

func (e *Engine) prepare(ctx context.Context) error {
	c := <-e.control
	defer func() { e.control <- c }()
	out, err := c.run(statement{sql: "SELECT version()"}, "TSVRaw")
	if err != nil {
		return err
	}
	e.version = string(out[:len(out)-1])
	_, err = c.run(statement{sql: "CREATE DATABASE IF NOT EXISTS " + identifier(e.config.Database) + " ENGINE = Atomic"}, "Native")
	return err
}

// Transport runs the requests of clickhouse-go's HTTP protocol on the engine:
// clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"},
// TransportFunc: engine.TransportFunc}.
func (e *Engine) Transport() http.RoundTripper { return transport{e} }

// TransportFunc is Transport in the shape of clickhouse.Options.TransportFunc.
func (e *Engine) TransportFunc(*http.Transport) (http.RoundTripper, error) { return e.Transport(), nil }

// Close waits for running statements, closes the connections and lets go of
// the directory.
func (e *Engine) Close() error {
	e.once.Do(func() {
		close(e.closing)
		for range e.config.Connections {
			(<-e.free).close()
		}
		(<-e.control).close()
	})
	return nil
}

func (e *Engine) acquire(ctx context.Context) (*connection, error) {
	timer := time.NewTimer(e.config.AcquireTimeout)
	defer timer.Stop()
	select {
	case <-e.closing:
		return nil, ErrClosed
	default:
	}
	select {
	case c := <-e.free:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a free connection of the embedded engine: %w", context.Cause(ctx))
	case <-e.closing:
		return nil, ErrClosed
	case <-timer.C:
		return nil, fmt.Errorf("all %d connections of the embedded engine stayed busy for %s", e.config.Connections, e.config.AcquireTimeout)
	}
}
