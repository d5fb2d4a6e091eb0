package chdb

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// native is the part of the library's C interface that this package calls.
// Field names follow the C names without their prefix; handles and sizes are
// uintptr, and every buffer travels with its length because both statements and
// data hold NUL bytes.
type native struct {
	setSignalHandlersEnabled func(enabled int32)
	connect                  func(argc int32, argv **byte) uintptr
	closeConn                func(slot uintptr)

	query       nativeStatement
	streamQuery nativeStatement
	streamFetch func(conn, stream uintptr) uintptr
	streamStop  func(conn, stream uintptr)

	insert        nativeStatement
	insertAppend  func(stream uintptr, data *byte, length uintptr) int32
	insertDone    func(stream uintptr) uintptr
	insertCancel  func(stream uintptr)
	insertError   func(stream uintptr) uintptr
	insertDestroy func(stream uintptr)

	resultBuffer  func(result uintptr) uintptr
	resultLength  func(result uintptr) uintptr
	resultError   func(result uintptr) uintptr
	resultDestroy func(result uintptr)
}

// nativeStatement is the shape shared by the three calls that start a
// statement: SQL, format and named parameters, all with lengths.
type nativeStatement func(conn uintptr, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr,
	names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) uintptr

// loadNative maps the shared library into the process and binds its calls. The
// library is never unmapped: its background threads outlive every connection.
func loadNative(path string) (*native, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the embedded ClickHouse engine %s: %w", path, err)
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

// symbols names the C function behind each field.
func (n *native) symbols() map[string]any {
	return map[string]any{
		"chdb_set_signal_handlers_enabled": &n.setSignalHandlersEnabled,
		"chdb_connect":                     &n.connect,
		"chdb_close_conn":                  &n.closeConn,
		"chdb_query_with_params_n":         &n.query,
		"chdb_stream_query_with_params_n":  &n.streamQuery,
		"chdb_stream_fetch_result":         &n.streamFetch,
		"chdb_stream_cancel_query":         &n.streamStop,
		"chdb_stream_insert_with_params_n": &n.insert,
		"chdb_stream_append":               &n.insertAppend,
		"chdb_stream_done":                 &n.insertDone,
		"chdb_stream_cancel_insert":        &n.insertCancel,
		"chdb_stream_insert_error":         &n.insertError,
		"chdb_destroy_insert_stream":       &n.insertDestroy,
		"chdb_result_buffer":               &n.resultBuffer,
		"chdb_result_length":               &n.resultLength,
		"chdb_result_error":                &n.resultError,
		"chdb_destroy_query_result":        &n.resultDestroy,
	}
}

// dial opens a connection with command-line style arguments and returns the
// address of its handle, 0 on failure. The engine sets signal handlers while it
// starts; Go's own are put back before any Go code can depend on them.
func (n *native) dial(args []string) uintptr {
	vector := make([]*byte, 0, len(args)+1)
	for _, arg := range args {
		vector = append(vector, unsafe.StringData(arg+"\x00"))
	}
	vector = append(vector, nil)
	defer runtime.KeepAlive(vector)
	saved := saveSignals()
	defer saved.restore()
	n.setSignalHandlersEnabled(0)
	return n.connect(int32(len(args)), &vector[0])
}

// start runs one of the statement calls.
func (n *native) start(call nativeStatement, slot uintptr, s statement, format string) uintptr {
	params := newParameters(s.params)
	defer runtime.KeepAlive(params)
	return call(handleAt(slot), unsafe.StringData(s.sql), uintptr(len(s.sql)),
		unsafe.StringData(format), uintptr(len(format)),
		first(params.names), first(params.nameLens), first(params.values), first(params.valueLens), uintptr(len(params.names)))
}

// parameters are named query parameters laid out the way C wants them.
type parameters struct {
	names, values       []*byte
	nameLens, valueLens []uintptr
}

func newParameters(named map[string]string) *parameters {
	p := &parameters{}
	for name, value := range named {
		// An empty string may have no address, and the call refuses a null one.
		p.names = append(p.names, unsafe.StringData(name+"\x00"))
		p.nameLens = append(p.nameLens, uintptr(len(name)))
		p.values = append(p.values, unsafe.StringData(value+"\x00"))
		p.valueLens = append(p.valueLens, uintptr(len(value)))
	}
	return p
}

func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// failure is the error text of a result, empty when it succeeded.
func (n *native) failure(result uintptr) string {
	if result == 0 {
		return "the embedded engine returned no result"
	}
	return textAt(n.resultError(result))
}

// bytes is the data of a result. It is the library's memory: valid until the
// result is destroyed.
func (n *native) bytes(result uintptr) []byte {
	length := n.resultLength(result)
	address := n.resultBuffer(result)
	if address == 0 || length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointerAt(address)), length)
}

// handleAt reads the connection handle out of the slot that chdb_connect made.
func handleAt(slot uintptr) uintptr { return *(*uintptr)(pointerAt(slot)) }

// textAt copies the NUL-terminated text at a C address, "" for a null address.
func textAt(address uintptr) string {
	if address == 0 {
		return ""
	}
	length := 0
	for *(*byte)(pointerAt(address + uintptr(length))) != 0 {
		length++
	}
	return string(unsafe.Slice((*byte)(pointerAt(address)), length))
}

// pointerAt turns an address of the library's own memory into a pointer. The
// detour through a pointer to the address tells vet that this memory is not
// Go's, so the collector neither moves nor frees it.
func pointerAt(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
