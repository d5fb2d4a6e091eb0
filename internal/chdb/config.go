package chdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config says where the engine keeps its data and how much it may use.
type Config struct {
	// Library is the path of libchdb.so; empty asks Find.
	Library string
	// Dir is the data directory, created when absent. One process at a time.
	Dir string
	// Database is the Atomic database that Open creates, and that statements
	// use unless their request names another. The engine's own "default"
	// database refuses refreshable materialized views.
	Database string
	// MaxMemoryBytes caps what the engine allocates in all; Go's heap does not
	// count. A query that would exceed it fails with code 241.
	MaxMemoryBytes int64
	// MarkCacheBytes caps each of the caches of index marks and primary keys,
	// which are part of MaxMemoryBytes.
	MarkCacheBytes int64
	// Connections is how many statements may run at the same time. A result
	// that is still being read occupies one.
	Connections int
	// AcquireTimeout bounds the wait for one of those connections, besides the
	// request's context.
	AcquireTimeout time.Duration
	// Durable syncs every insert to disk before it is acknowledged. When false,
	// a killed process loses nothing acknowledged but a power cut may.
	Durable bool
}

// DefaultConfig suits one machine: 2 GiB of memory, eight statements at a time,
// inserts synced to disk.
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

// validate names every field that cannot be right.
func (c Config) validate() error {
	var errs []error
	refuse := func(wrong bool, field, mend string) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s %s", field, mend))
		}
	}
	refuse(c.Dir == "", "Dir", "is empty: name a directory for the data")
	refuse(c.Database == "", "Database", "is empty: name a database")
	refuse(c.MaxMemoryBytes < 256<<20, "MaxMemoryBytes", "is below 268435456 (256 MiB), which the engine needs to start")
	refuse(c.MarkCacheBytes < 1<<20, "MarkCacheBytes", "is below 1048576 (1 MiB)")
	refuse(c.Connections < 1 || c.Connections > 1024, "Connections", "is outside 1 to 1024")
	refuse(c.AcquireTimeout <= 0, "AcquireTimeout", "is not positive")
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("configuration of the embedded ClickHouse engine: %w", err)
	}
	return nil
}

// resolve fills in the library and makes the directory absolute and present,
// so that two spellings of one directory compare equal.
func (c Config) resolve() (Config, error) {
	var err error
	if c.Library == "" {
		if c.Library, err = Find(); err != nil {
			return c, err
		}
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return c, fmt.Errorf("create the data directory: %w", err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return c, fmt.Errorf("resolve the data directory: %w", err)
	}
	c.Dir = dir
	return c, nil
}

// identity is what the library fixes when it first starts in a process.
type identity struct {
	dir                     string
	memoryBytes, cacheBytes int64
	durable                 bool
}

func (c Config) identity() identity {
	return identity{c.Dir, c.MaxMemoryBytes, c.MarkCacheBytes, c.Durable}
}

// arguments are the engine's command line. Session settings among them hold for
// every connection; implicit_select is off because it would accept any
// expression as a statement, which a server refuses.
func (c Config) arguments() []string {
	return []string{
		"clickhouse", "--path=" + c.Dir, "--config-file=" + c.serverFile(),
		"--session_timezone=UTC", "--implicit_select=0",
	}
}

func (c Config) serverFile() string { return filepath.Join(c.Dir, "faultline.xml") }

func (c Config) lockFile() string { return filepath.Join(c.Dir, "faultline.lock") }

// writeServerFile writes the server's settings. They go into a file because the
// command line reaches only some of them: fsync_after_insert given there is
// ignored (seen). The engine's own caches default to 5 GiB each.
func (c Config) writeServerFile() error {
	settings := []struct {
		name  string
		value int64
	}{
		{"max_server_memory_usage", c.MaxMemoryBytes},
		{"mark_cache_size", c.MarkCacheBytes},
		{"index_mark_cache_size", c.MarkCacheBytes},
		{"primary_index_cache_size", c.MarkCacheBytes},
	}
	var text strings.Builder
	text.WriteString("<clickhouse>\n")
	for _, s := range settings {
		fmt.Fprintf(&text, "  <%s>%d</%s>\n", s.name, s.value, s.name)
	}
	if c.Durable {
		text.WriteString("  <merge_tree><fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory></merge_tree>\n")
	}
	text.WriteString("</clickhouse>\n")
	if err := os.WriteFile(c.serverFile(), []byte(text.String()), 0o640); err != nil {
		return fmt.Errorf("write the settings of the embedded ClickHouse engine: %w", err)
	}
	return nil
}
