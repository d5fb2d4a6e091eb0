package chdb

import (
	"syscall"
	"unsafe"
)

// handledSignals are those the library installs handlers for or resets to the
// default action while it starts. A Go program needs its own: SIGSEGV, SIGBUS
// and SIGFPE turn into panics, SIGURG preempts goroutines.
var handledSignals = [...]syscall.Signal{
	syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGABRT, syscall.SIGTRAP, syscall.SIGSYS,
	syscall.SIGURG, syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCHLD, syscall.SIGPROF, syscall.SIGTSTP,
}

// signalAction is the kernel's struct sigaction, which has this layout on amd64
// and arm64.
type signalAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

type savedSignals [len(handledSignals)]signalAction

// saveSignals reads the handlers that are installed now.
func saveSignals() *savedSignals {
	saved := &savedSignals{}
	for i, number := range handledSignals {
		signalCall(number, nil, &saved[i])
	}
	return saved
}

// restore puts back every handler that has changed since.
func (s *savedSignals) restore() {
	for i, number := range handledSignals {
		var current signalAction
		signalCall(number, nil, &current)
		if current != s[i] {
			signalCall(number, &s[i], nil)
		}
	}
}

func signalCall(number syscall.Signal, set, get *signalAction) {
	// The arguments are constants and valid memory: the call cannot fail.
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(number),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), unsafe.Sizeof(set.mask), 0, 0)
}
