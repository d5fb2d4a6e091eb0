//go:build !linux

package chdb

import (
	"fmt"
	"os"
	"runtime"
)

func loadNative(string) (*native, error) {
	return nil, fmt.Errorf("%w (it runs on Linux and this is %s): name a server with --clickhouse-dsn", ErrMissing, runtime.GOOS)
}

func lockDirectory(string) (*os.File, error) {
	return nil, fmt.Errorf("%w (it runs on Linux and this is %s): name a server with --clickhouse-dsn", ErrMissing, runtime.GOOS)
}

func trim(string) error { return nil }
