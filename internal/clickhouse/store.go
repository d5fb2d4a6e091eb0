package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Store keeps and answers. It is safe for concurrent use.
type Store struct {
	cfg     Config
	options *clickhouse.Options
	secret  string
	log     *slog.Logger
	sql     statements

	read, write driver.Conn
	// direct replaces write for inserts where there is a transport.
	direct *direct
}

// Open checks the settings and that a server answers; it leaves the schema
// alone. With a transport the statements go to it (the embedded engine) and the
// address in the settings is not used. The caller closes the store.
func Open(ctx context.Context, cfg Config, transport http.RoundTripper, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("settings of the ClickHouse store: %w", err)
	}
	opt, err := options(&cfg, transport)
	if err != nil {
		return nil, fmt.Errorf("settings of the ClickHouse store: %w", err)
	}
	cfg.Database = opt.Auth.Database
	s := &Store{cfg: cfg, options: opt, secret: opt.Auth.Password, log: log}
	if s.sql, err = loadStatements(); err != nil {
		return nil, err
	}
	version, err := s.greet(ctx)
	if err != nil {
		return nil, err
	}
	if s.read, err = s.pool(cfg.Database, cfg.MaxReadConns); err != nil {
		return nil, err
	}
	if s.write, err = s.pool(cfg.Database, cfg.MaxWriteConns); err != nil {
		return nil, errors.Join(err, s.read.Close())
	}
	if transport != nil {
		s.direct = newDirect(transport, cfg.Database, cfg.MaxWriteConns)
	}
	log.DebugContext(ctx, "store opened", slog.String("database", cfg.Database), slog.String("server_version", version))
	return s, nil
}

// pool opens a pool of connections to one database, none of them yet.
func (s *Store) pool(database string, size int) (driver.Conn, error) {
	opt := *s.options
	opt.Auth.Database = database
	opt.MaxOpenConns, opt.MaxIdleConns = size, size
	conn, err := clickhouse.Open(&opt)
	return conn, s.fail("open", err)
}

// greet asks the server for its version, outside any database of ours, which
// may not exist yet.
func (s *Store) greet(ctx context.Context) (version string, err error) {
	conn, err := s.pool("default", 1)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	if err := conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
		return "", s.fail("connect to "+s.address(), err)
	}
	return version, nil
}

// address says where the server is, without credentials.
func (s *Store) address() string {
	if s.options.TransportFunc != nil {
		return "the embedded engine"
	}
	return fmt.Sprint(s.options.Addr)
}

// Ping asks the server whether it is there.
func (s *Store) Ping(ctx context.Context) error {
	return s.query(ctx, "ping", "SELECT 1", nil, func(driver.Rows) error { return nil })
}

// Close ends all connections. Calls that are under way fail.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

// query runs a statement with named parameters and calls scan for each row.
func (s *Store) query(ctx context.Context, op, sql string, params []any, scan func(driver.Rows) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	rows, err := s.read.Query(ctx, sql, params...)
	if err != nil {
		return s.fail(op, err)
	}
	defer func() { err = errors.Join(err, s.fail(op, rows.Close())) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return s.fail(op, err)
		}
	}
	return s.fail(op, rows.Err())
}
