package chdb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// ErrClosed is wrapped by the errors of statements that a closed or closing
// engine refuses or cuts off.
var ErrClosed = errors.New("the embedded ClickHouse engine is closed")

// Engine is a ClickHouse server inside this process.
type Engine struct {
	config  Config
	lib     *native
	lock    *os.File
	version string

	// free holds the idle connections that requests share; control holds the
	// one that stops statements running on the others.
	free, control chan *connection
	// ended is cancelled, with ErrClosed as its cause, when Close begins.
	ended context.Context
	end   context.CancelCauseFunc
	close func() error
}

// Open starts the engine on config.Dir and creates its database. A process has
// one engine at a time, and every later one must use the same directory and
// limits; the error then wraps ErrInUse, as it does when another process has
// the directory, and wraps ErrMissing when the library is not installed. The
// context bounds the start only.
func Open(ctx context.Context, config Config) (*Engine, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config, err := config.resolve()
	if err != nil {
		return nil, err
	}
	lib, err := claim(config.Library, config.identity())
	if err != nil {
		return nil, err
	}
	e, err := start(ctx, config, lib)
	if err != nil {
		unclaim()
		return nil, err
	}
	return e, nil
}

func start(ctx context.Context, config Config, lib *native) (*Engine, error) {
	lock, err := lockDirectory(config.lockFile())
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config: config, lib: lib, lock: lock,
		free: make(chan *connection, config.Connections), control: make(chan *connection, 1),
	}
	e.ended, e.end = context.WithCancelCause(context.Background())
	e.close = sync.OnceValue(e.shut)
	e.control <- &connection{engine: e, name: "control"}
	for i := range config.Connections {
		e.free <- &connection{engine: e, name: fmt.Sprintf("connection-%d", i+1)}
	}
	if err := e.prepare(ctx); err != nil {
		return nil, errors.Join(err, e.disconnect())
	}
	return e, nil
}

// prepare starts the engine by its first connection, learns its version and
// creates the database.
func (e *Engine) prepare(ctx context.Context) error {
	if err := e.config.writeServerFile(); err != nil {
		return err
	}
	c := <-e.control
	defer c.release(e.control)
	if err := c.open(); err != nil {
		return err
	}
	settle(e.config.identity())
	version, err := c.run(ctx, statement{sql: "SELECT version()", format: "TSVRaw"})
	if err != nil {
		return fmt.Errorf("ask the embedded ClickHouse engine for its version: %w", err)
	}
	e.version = strings.TrimSpace(string(version))
	sql := "CREATE DATABASE IF NOT EXISTS " + identifier(e.config.Database) + " ENGINE = Atomic"
	if _, err := c.run(ctx, statement{sql: sql}); err != nil {
		return fmt.Errorf("create the database %s: %w", e.config.Database, err)
	}
	// Memory is all that is lost when this fails.
	_ = trim(e.config.Library)
	return nil
}

// Version is the engine's own version, such as "26.7.2.1".
func (e *Engine) Version() string { return e.version }

// Database is the database that statements use unless they name another.
func (e *Engine) Database() string { return e.config.Database }

// Transport runs requests of clickhouse-go's HTTP protocol on the engine. It is
// safe for concurrent use and needs no address.
func (e *Engine) Transport() http.RoundTripper { return transport{e} }

// TransportFunc is Transport in the shape of clickhouse.Options.TransportFunc,
// to be used with Protocol: clickhouse.HTTP and no compression.
func (e *Engine) TransportFunc(*http.Transport) (http.RoundTripper, error) {
	return e.Transport(), nil
}

// Close stops running statements, closes unread results, disconnects and lets
// go of the directory. It waits for statements that are slow to stop. The
// library stays loaded.
func (e *Engine) Close() error { return e.close() }

func (e *Engine) shut() error {
	e.end(ErrClosed)
	defer unclaim()
	return e.disconnect()
}

// disconnect waits for every connection, closes it and lets go of the directory.
func (e *Engine) disconnect() error {
	for range e.config.Connections {
		(<-e.free).shut()
	}
	(<-e.control).shut()
	if err := e.lock.Close(); err != nil {
		return fmt.Errorf("release the lock of the data directory: %w", err)
	}
	return nil
}

// acquire waits for an idle connection, as long as the context, which ends with
// the engine, and the configured limit allow. The caller hands it back.
func (e *Engine) acquire(ctx context.Context) (*connection, error) {
	// A select with several open ways takes any of them.
	if ctx.Err() != nil {
		return nil, failed(ctx, "")
	}
	timer := time.NewTimer(e.config.AcquireTimeout)
	defer timer.Stop()
	select {
	case c := <-e.free:
		if err := c.open(); err != nil {
			c.release(e.free)
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a free connection of the embedded ClickHouse engine: %w", context.Cause(ctx))
	case <-timer.C:
		return nil, fmt.Errorf("all %d connections of the embedded ClickHouse engine stayed busy for %s: close results that are not read to their end, or raise Connections",
			e.config.Connections, e.config.AcquireTimeout)
	}
}
