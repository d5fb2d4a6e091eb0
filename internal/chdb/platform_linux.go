package chdb

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/ebitengine/purego"
)

// loadNative maps the shared library into the process and binds its calls. It
// is never unmapped: its background threads outlive every connection.
func loadNative(path string) (*native, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the embedded ClickHouse engine: %w", err)
	}
	lib := &native{}
	for name, target := range lib.symbols() {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%s is not version %s of the embedded ClickHouse engine: %w", path, Version, err)
		}
		purego.RegisterFunc(target, address)
	}
	return lib, nil
}

// lockDirectory makes this process the only one on a data directory until the
// returned file is closed or the process ends, however it ends. The library has
// a lock of its own but reports it as a bare failure to connect.
func lockDirectory(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close() //nolint:errcheck // It was only read.
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w by process %s (lock %s): stop that process or choose another directory", ErrInUse, owner(path), path)
		}
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := errors.Join(file.Truncate(0), writePID(file)); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock of the data directory: %w", err), file.Close())
	}
	return file, nil
}

func writePID(file *os.File) error {
	_, err := file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

func owner(path string) string {
	text, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return pid
	}
	return "unknown"
}
