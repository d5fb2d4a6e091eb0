package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/faultline/faultline/internal/event"
)

// fakeIntake decodes for real and remembers what it has seen.
type fakeIntake struct {
	mu   sync.Mutex
	seen map[uint64]bool
	fail error
	hang bool
	// secret, when set, is demanded of the format "signed".
	secret string
	// accepted keeps what was handed over.
	accepted []delivered
}

type delivered struct {
	kind   event.Kind
	format string
	header http.Header
	body   string
}

func newFakeIntake() *fakeIntake { return &fakeIntake{seen: map[uint64]bool{}, secret: "s3cret"} }

// Checked tells that one format is signed.
func (f *fakeIntake) Checked(format string) bool { return format == "signed" }

func (f *fakeIntake) Accept(ctx context.Context, kind event.Kind, format string, header http.Header, body []byte) (event.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepted = append(f.accepted, delivered{kind, format, header.Clone(), string(body)})
	if f.hang {
		<-ctx.Done()
		return event.Receipt{}, fmt.Errorf("insert: %w", ctx.Err())
	}
	if f.fail != nil {
		return event.Receipt{}, f.fail
	}
	switch format {
	case contractFormat, pagerDutyChangeFormat, "plain":
	case "signed":
		if header.Get("X-Signature") != f.secret {
			return event.Receipt{}, fmt.Errorf("signed: %w", event.ErrBadSignature)
		}
	default:
		return event.Receipt{}, &event.UnknownFormatError{Format: format, Known: []string{"plain", "signed"}}
	}
	return f.decode(kind, body), nil
}

// Readmit is Accept with the signature that the delivery lacks.
func (f *fakeIntake) Readmit(ctx context.Context, kind event.Kind, format string, header http.Header, body []byte) (event.Receipt, error) {
	header = header.Clone()
	header.Set("X-Signature", f.secret)
	return f.Accept(ctx, kind, format, header, body)
}

// decode runs the real decoder and counts by UID.
func (f *fakeIntake) decode(kind event.Kind, body []byte) event.Receipt {
	var uids []uint64
	var rejected []event.Rejection
	meta := event.Meta{Format: contractFormat, ArrivedAt: exampleTime(10, 0, 0)}
	switch kind {
	case event.KindAlert:
		var events []event.Alert
		events, rejected = event.DecodeAlerts(body, meta)
		for i := range events {
			uids = append(uids, events[i].UID)
		}
	case event.KindTopology:
		var events []event.Topology
		events, rejected = event.DecodeTopologies(body, meta)
		for i := range events {
			uids = append(uids, events[i].UID)
		}
	case event.KindChange, "":
		var events []event.Change
		events, rejected = event.DecodeChanges(body, meta)
		for i := range events {
			uids = append(uids, events[i].UID)
		}
	}
	receipt := event.Receipt{Rejected: rejected}
	for _, uid := range uids {
		if f.seen[uid] {
			receipt.Duplicates++
			continue
		}
		f.seen[uid] = true
		receipt.Accepted++
	}
	return receipt
}
