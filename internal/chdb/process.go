package chdb

import (
	"errors"
	"fmt"
	"sync"
)

// ErrInUse is wrapped by the error of Open when an engine already has the data
// directory, or when this process already has an engine.
var ErrInUse = errors.New("the data directory of the embedded ClickHouse engine is in use")

// process is a global because the library itself is one: it holds a single
// engine per process, fixed to the directory and limits it first started with,
// even after its last connection closes. Starting it on another directory
// would silently go on with the first (seen), so that is refused here.
var process struct {
	sync.Mutex
	lib     *native
	library string
	ran     identity
	open    bool
}

// claim reserves the process's engine for one Engine and loads the library the
// first time.
func claim(library string, as identity) (*native, error) {
	process.Lock()
	defer process.Unlock()
	switch {
	case process.open:
		return nil, fmt.Errorf("%w: this process has an open engine already, and can have only one", ErrInUse)
	case process.lib == nil:
		lib, err := loadNative(library)
		if err != nil {
			return nil, err
		}
		process.lib, process.library = lib, library
	case process.library != library:
		return nil, fmt.Errorf("%w: this process loaded %s and cannot load %s as well", ErrInUse, process.library, library)
	case process.ran != identity{} && process.ran != as:
		return nil, fmt.Errorf("%w: this process ran its engine on %s, and cannot change the directory or the limits until it ends", ErrInUse, process.ran.dir)
	}
	process.open = true
	return process.lib, nil
}

// settle records that the engine did start.
func settle(as identity) {
	process.Lock()
	defer process.Unlock()
	process.ran = as
}

// unclaim lets another Engine have the process's engine.
func unclaim() {
	process.Lock()
	defer process.Unlock()
	process.open = false
}
