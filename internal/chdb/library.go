package chdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Version is the release of the engine package that this build is made for, as
// the lockfile in lib/ pins it.
const Version = "26.7.3-stable.1"

// ErrMissing is wrapped by the error of Find when the engine is not installed.
var ErrMissing = errors.New("the embedded ClickHouse engine is missing")

// Find is the path of the engine's shared library: FAULTLINE_LIBCHDB when set,
// else the file that `make engine` installs in the cache directory
// (FAULTLINE_CACHE, or "faultline" in the user's cache directory). The error
// wraps ErrMissing and says in one line how to mend it.
func Find() (string, error) {
	path := os.Getenv("FAULTLINE_LIBCHDB")
	if path == "" {
		cache, err := cacheDir()
		if err != nil {
			return "", missing("no cache directory: " + err.Error())
		}
		path = filepath.Join(cache, "chdb", Version, "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", missing("no file " + path)
	}
	return path, nil
}

func missing(detail string) error {
	return fmt.Errorf("%w (%s): fetch it with `make engine`, or name a server with --clickhouse-dsn", ErrMissing, detail)
}

func cacheDir() (string, error) {
	if dir := os.Getenv("FAULTLINE_CACHE"); dir != "" {
		return dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache directory: %w", err)
	}
	return filepath.Join(base, "faultline"), nil
}
