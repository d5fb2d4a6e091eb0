package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// changeRow is one row of changes: an event with what the store derives of it.
type changeRow struct {
	*event.Change
	key                            uint64
	class, provenance, contractual string
	approvals                      []string
}

// newChangeRow fails where a value cannot be written as JSON.
func newChangeRow(e *event.Change, room *jsonRoom) (changeRow, error) {
	row := changeRow{Change: e, key: hashOf(e.ID), approvals: approvalsOf(&e.Change)}
	var err error
	if row.contractual, err = canonical(&e.Meta, &e.Change); err != nil {
		return row, err
	}
	if e.Provenance != nil {
		row.class = string(e.Provenance.Class)
		row.provenance, err = room.provenance(e.Provenance)
	}
	return row, err
}

// serviceRow is one row of change_services, lookupRow one of change_lookup. They
// are two tables because one, in which a service is one more hash, answers "the
// changes of these services" two to three times as slowly and takes more disk: see ADR 3.
type (
	serviceRow struct {
		service   string
		startedAt time.Time
		key       uint64
	}
	lookupRow struct {
		hash      uint64
		startedAt time.Time
	}
)

// The columns of the three tables.
var (
	changeFields = []field[changeRow]{
		wordField("uid", func(r *changeRow) uint64 { return r.UID }),
		wordField("key", func(r *changeRow) uint64 { return r.key }),
		textField("source", func(r *changeRow) string { return r.Source }),
		textField("id", func(r *changeRow) string { return r.ID }),
		textField("kind", func(r *changeRow) string { return string(r.Kind) }),
		textField("title", func(r *changeRow) string { return r.Title }),
		textsField("services", func(r *changeRow) []string { return r.Services }),
		textField("environment", func(r *changeRow) string { return r.Environment }),
		textsField("regions", func(r *changeRow) []string { return r.Regions }),
		timeField("started_at", func(r *changeRow) time.Time { return r.StartedAt }),
		optionalTimeField("finished_at", func(r *changeRow) *time.Time { return r.FinishedAt }),
		textField("status", func(r *changeRow) string { return string(r.Status) }),
		textField("version", func(r *changeRow) string { return r.Version }),
		textField("actor_type", func(r *changeRow) string { return actorType(r.Actor) }),
		labelsField("labels", func(r *changeRow) map[string]string { return r.Labels }),
		textField("provenance_class", func(r *changeRow) string { return r.class }),
		textField("provenance", func(r *changeRow) string { return r.provenance }),
		textField("format", func(r *changeRow) string { return r.Format }),
		textField("topic", func(r *changeRow) string { return r.Origin.Topic }),
		smallField("partition", func(r *changeRow) int32 { return int32(r.Origin.Partition) }),
		numberField("offset", func(r *changeRow) int64 { return r.Origin.Offset }),
		optionalTimeField("observed_at", func(r *changeRow) *time.Time { return r.ObservedAt }),
		timeField("arrived_at", func(r *changeRow) time.Time { return r.ArrivedAt }),
		textField("raw", func(r *changeRow) string { return textOf(r.Raw) }),
		textField("canonical", func(r *changeRow) string { return r.contractual }),
		countField("commits", func(r *changeRow) uint32 { return uint32(len(r.Commits)) }),
		countField("lines", func(r *changeRow) uint32 { return lines(&r.Change.Change) }),
		tinyField("undoes", func(r *changeRow) uint8 { return undoes(&r.Change.Change) }),
		tinyField("parts", func(r *changeRow) uint8 { return partsOf(&r.Change.Change) }),
		textsField("approvals", func(r *changeRow) []string { return r.approvals }),
		countField("lead_seconds", func(r *changeRow) uint32 { return leadSeconds(&r.Change.Change) }),
	}
	serviceFields = []field[serviceRow]{
		textField("service", func(r *serviceRow) string { return r.service }),
		timeField("started_at", func(r *serviceRow) time.Time { return r.startedAt }),
		wordField("key", func(r *serviceRow) uint64 { return r.key }),
	}
	lookupFields = []field[lookupRow]{
		wordField("hash", func(r *lookupRow) uint64 { return r.hash }),
		timeField("started_at", func(r *lookupRow) time.Time { return r.startedAt }),
	}
)

// rowBytes is about what a row weighs beside its raw payload.
const rowBytes = 400

// InsertChanges stores change events. It returns when they are durable. Rows
// that are stored already collapse with those; the token, if any, lets the
// server drop a retry of the same rows without writing them twice. On an error
// any part of the rows may be stored, and the whole call may be repeated.
func (s *Store) InsertChanges(ctx context.Context, token string, rows []event.Change) error {
	size := func(e *event.Change) int { return len(e.Raw) + rowBytes }
	return inPieces(&s.cfg, rows, size, func(piece []event.Change) error {
		return s.insertChanges(ctx, token, piece)
	})
}

// insertChanges writes the index rows first: see the package comment.
func (s *Store) insertChanges(ctx context.Context, token string, events []event.Change) error {
	rows := make([]changeRow, len(events))
	var room jsonRoom
	for i := range events {
		var err error
		if rows[i], err = newChangeRow(&events[i], &room); err != nil {
			return s.refuse("insert changes", fmt.Errorf("change %s of %s: %w", events[i].ID, events[i].Source, err))
		}
	}
	slices.SortFunc(rows, byOrderKey)
	token = tokenOf(token, events, func(e *event.Change) uint64 { return e.UID })
	if err := insertRows(ctx, s, "change_services", token, serviceFields, servicesOf(rows)); err != nil {
		return err
	}
	if err := insertRows(ctx, s, "change_lookup", token, lookupFields, lookupsOf(rows)); err != nil {
		return err
	}
	return insertRows(ctx, s, "changes", token, changeFields, rows)
}

// byOrderKey is the order of the table. A block that has it already is written
// as it stands; any other one the server copies once more, column by column.
func byOrderKey(a, b changeRow) int {
	if c := cmp.Compare(a.StartedAt.UnixMilli(), b.StartedAt.UnixMilli()); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.UID, b.UID))
}

func servicesOf(changes []changeRow) []serviceRow {
	rows := make([]serviceRow, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		for _, service := range c.Services {
			rows = append(rows, serviceRow{service: service, startedAt: c.StartedAt, key: c.key})
		}
		if len(c.Services) == 0 {
			rows = append(rows, serviceRow{startedAt: c.StartedAt, key: c.key})
		}
	}
	return rows
}

func lookupsOf(changes []changeRow) []lookupRow {
	rows := make([]lookupRow, 0, 2*len(changes))
	for i := range changes {
		c := &changes[i]
		rows = append(rows, lookupRow{hash: c.key, startedAt: c.StartedAt}, lookupRow{hash: c.UID, startedAt: c.StartedAt})
		for _, sha := range joinedBy(&c.Change.Change) {
			rows = append(rows, lookupRow{hash: commitHash(sha), startedAt: c.StartedAt})
		}
	}
	return rows
}

func actorType(actor *correlate.Actor) string {
	if actor == nil {
		return ""
	}
	return string(actor.Type)
}
