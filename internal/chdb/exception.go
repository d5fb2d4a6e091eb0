package chdb

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// exception is the engine's answer to a statement that failed.
type exception string

// Error is the text as a server would send it, "Code: 47. DB::Exception: ...".
func (e exception) Error() string { return string(e) }

var codePrefix = regexp.MustCompile(`^Code: (\d+)\.`)

// code is the number of the exception, 0 when the text has none.
func (e exception) code() int {
	match := codePrefix.FindStringSubmatch(string(e))
	if match == nil {
		return 0
	}
	number, err := strconv.Atoi(match[1])
	if err != nil {
		return 0
	}
	return number
}

// framePadding is how many spaces precede the text in a frame. The driver meets
// a frame while it decodes a block; it fails within the spaces and finds the
// text whole in the rest, where it would otherwise show a part of it twice.
const framePadding = 512

// frame is the exception as a server writes it into a response whose status has
// gone out already: a marker, a tag of 16 characters, the text, its length and
// the tag, and the marker again.
func (e exception) frame() []byte {
	const marker, tag = "\r\n__exception__\r\n", "faultline-engine"
	text := strings.Repeat(" ", framePadding) + strings.TrimRight(string(e), "\n") + "\n"
	return fmt.Appendf(nil, "%s%s\r\n%s%d %s%s", marker, tag, text, len(text), tag, marker)
}

// failed is the error of a statement: the context's when that has ended, since
// the engine's own text then only says that it was told to stop.
func failed(ctx context.Context, text string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("statement stopped: %w", context.Cause(ctx))
	}
	return exception(strings.TrimPrefix(text, "Error: "))
}
