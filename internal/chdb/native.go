package chdb

import (
	"runtime"
	"unsafe"
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
// address of its handle, 0 on failure. The first one starts the engine, which
// takes over SIGSEGV and its kin unless told not to: a nil dereference in Go
// would then hang the process instead of becoming a panic.
func (n *native) dial(args []string) uintptr {
	vector := make([]*byte, 0, len(args)+1)
	for _, arg := range args {
		vector = append(vector, cString(arg))
	}
	vector = append(vector, nil)
	defer runtime.KeepAlive(vector)
	n.setSignalHandlersEnabled(0)
	return n.connect(int32(len(args)), &vector[0])
}

// start runs one of the statement calls on a connection.
func (n *native) start(call nativeStatement, slot uintptr, s statement) uintptr {
	var names, values []*byte
	var nameLens, valueLens []uintptr
	for name, value := range s.params {
		names, nameLens = append(names, cString(name)), append(nameLens, uintptr(len(name)))
		values, valueLens = append(values, cString(value)), append(valueLens, uintptr(len(value)))
	}
	defer runtime.KeepAlive([][]*byte{names, values})
	return call(handleAt(slot), cString(s.sql), uintptr(len(s.sql)), cString(s.format), uintptr(len(s.format)),
		first(names), first(nameLens), first(values), first(valueLens), uintptr(len(names)))
}

// failure is the error text of a result, empty when it succeeded.
func (n *native) failure(result uintptr) string {
	if result == 0 {
		return "the embedded ClickHouse engine returned no result"
	}
	return textAt(n.resultError(result))
}

// bytes is the data of a result. It is the library's memory: valid until the
// result is destroyed.
func (n *native) bytes(result uintptr) []byte {
	address, length := n.resultBuffer(result), n.resultLength(result)
	if address == 0 || length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointerAt(address)), length)
}

// cString is the address of a copy that ends with a zero byte. Even empty text
// gets an address, because the library refuses null pointers.
func cString(text string) *byte {
	return unsafe.SliceData(append([]byte(text), 0))
}

func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// handleAt reads the connection handle out of the slot that connect returned.
func handleAt(slot uintptr) uintptr { return *(*uintptr)(pointerAt(slot)) }

// textAt copies the zero-terminated text at a C address, "" for a null address.
func textAt(address uintptr) string {
	if address == 0 {
		return ""
	}
	start, length := (*byte)(pointerAt(address)), 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(start), length)) != 0 {
		length++
	}
	return string(unsafe.Slice(start, length))
}

// pointerAt turns an address of the library's own memory into a pointer. The
// detour through the address of the address tells vet what the name says: this
// memory is not Go's, so the collector neither moves nor frees it.
func pointerAt(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
