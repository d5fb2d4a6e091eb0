// Package chdbtest shares one embedded ClickHouse engine between all tests of a
// process, which can hold only one, and gives each test a database of its own.
package chdbtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/testenv"
)

// The engine is one per process by its nature, so the helper that shares it has
// to be as well.
var (
	open    sync.Once
	shared  *chdb.Engine
	openErr error
	number  atomic.Int64
)

// Open is the engine of this test process, on a temporary directory. Tests must
// not close it. It skips the test where the library is missing.
func Open(t testing.TB) *chdb.Engine {
	t.Helper()
	_, err := chdb.Find()
	testenv.Need(t, err == nil, "the embedded ClickHouse engine", "run `make engine`")
	open.Do(func() {
		shared, openErr = start()
	})
	if openErr != nil {
		t.Fatalf("start the embedded ClickHouse engine: %v", openErr)
	}
	return shared
}

// dirPrefix begins the names of data directories, before the process's number.
const dirPrefix = "faultline-chdb-"

// start opens an engine that does not sync to disk. Nothing tells when the last
// test has ended, so the data directory is left to the next run to remove.
func start() (*chdb.Engine, error) {
	parent := parentDir(memoryDir)
	sweep(parent)
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	config := chdb.DefaultConfig()
	config.Dir, config.Durable = dir, false
	return chdb.Open(context.Background(), config)
}

// The file system in memory of Linux, and how much of it has to be free.
const (
	memoryDir     = "/dev/shm"
	memoryMinimum = 4 << 30
)

// parentDir is where data directories are made. Tests make and drop thousands
// of small tables, and on a disk most of their time goes into its inodes.
func parentDir(memory string) string {
	var space syscall.Statfs_t
	if err := syscall.Statfs(memory, &space); err != nil || space.Bavail*uint64(space.Bsize) < memoryMinimum { //nolint:gosec // A block has a size.
		return os.TempDir()
	}
	return memory
}

// sweep removes the data directories of test processes that have ended.
func sweep(parent string) {
	dirs, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		if _, err := os.Stat(filepath.Join("/proc", pid)); pid != "" && os.IsNotExist(err) {
			_ = os.RemoveAll(dir)
		}
	}
}

// Database makes an empty Atomic database, returns its name and drops it when
// the test ends.
func Database(t testing.TB, engine *chdb.Engine) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", number.Add(1))
	execute(t, engine, "CREATE DATABASE "+name+" ENGINE = Atomic")
	t.Cleanup(func() { execute(t, engine, "DROP DATABASE "+name+" SYNC") })
	return name
}

// execute runs a statement through the engine's transport.
func execute(t testing.TB, engine *chdb.Engine, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/", strings.NewReader(sql))
	if err != nil {
		t.Fatalf("make a request: %v", err)
	}
	response, err := engine.Transport().RoundTrip(req)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer response.Body.Close() //nolint:errcheck // Only read.
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", sql, text, err)
	}
}
