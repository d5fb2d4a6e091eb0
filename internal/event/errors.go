package event

import (
	"errors"
	"fmt"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// ErrBadSignature is returned when a delivery is not signed, or not signed with
// the secret that its format is configured with.
var ErrBadSignature = errors.New("the signature does not match the body and the configured secret")

// ErrUnavailable is wrapped by every error that means "the store cannot be
// reached now": nothing is wrong with the request, and the same request may
// succeed later.
var ErrUnavailable = errors.New("the store cannot be reached")

// ErrBusy is wrapped by the refusal of a delivery because too many wait for the
// store already. The store may well be up; the same request may succeed later.
var ErrBusy = errors.New("too many deliveries wait for the store")

// UnknownFormatError is returned for a format that no decoder is registered for.
type UnknownFormatError struct {
	Format string
	// Known are the formats that exist, sorted.
	Known []string
}

// Error names the format and lists the known ones.
func (e *UnknownFormatError) Error() string {
	return fmt.Sprintf("unknown format %q; known are %s", e.Format, strings.Join(e.Known, ", "))
}

// ErrRefused is wrapped by an insert error that lies in the rows: the store
// answered, and the same rows would be refused however often they are sent.
// The writer halves such a batch until the guilty rows are found. Every other
// insert error is taken for passing and the same batch is sent again. It is the
// correlator's own, which does likewise with what it concludes.
var ErrRefused = correlate.ErrRefused
