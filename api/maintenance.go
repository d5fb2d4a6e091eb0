package api

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Bounds of a maintenance window.
const (
	longestWindow  = 30 * 24 * time.Hour
	windowServices = 200
	// windowsBack is how long windows that are over are listed.
	windowsBack = 7 * 24 * time.Hour
)

// MaintenanceRequest announces a window. A start that is left out or too near
// becomes the earliest possible one.
type MaintenanceRequest struct {
	Services    []string   `json:"services"`
	Environment string     `json:"environment,omitempty"`
	StartsAt    *time.Time `json:"starts_at,omitempty"`
	EndsAt      time.Time  `json:"ends_at"`
	Reason      string     `json:"reason"`
}

// MaintenanceWindow is an announced window.
type MaintenanceWindow struct {
	ID          string    `json:"id"`
	State       string    `json:"state"`
	Services    []string  `json:"services"`
	Environment string    `json:"environment"`
	StartsAt    time.Time `json:"starts_at"`
	EndsAt      time.Time `json:"ends_at"`
	Reason      string    `json:"reason"`
	CreatedBy   string    `json:"created_by"`
	CreatedAt   time.Time `json:"created_at"`
	ChangedBy   string    `json:"changed_by"`
	ChangedAt   time.Time `json:"changed_at"`
}

// The states of a window as seen now.
const (
	windowPlanned = "planned"
	windowRunning = "running"
	windowOver    = "over"
)

func windowStates() []string { return []string{windowPlanned, windowRunning, windowOver} }

type windowInput struct {
	ID string `path:"id" format:"uuid" maxLength:"36" doc:"Id of the window." example:"7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11"`
}

type windowReply struct {
	Body MaintenanceWindow
}

type windowsReply struct {
	Body Page[MaintenanceWindow]
}

func (s *Server) routeMaintenance() {
	register(s, route{
		method: http.MethodGet, path: "/v1/maintenance", id: "listMaintenance", tag: tagOps, access: accessRead,
		summary: "List maintenance windows", about: "Those to come, those that run, and those that ended in the last week; the latest to begin first.",
		example: Page[MaintenanceWindow]{Items: []MaintenanceWindow{exampleWindow()}},
	}, s.listMaintenance)
	register(s, route{
		method: http.MethodPost, path: "/v1/maintenance", id: "announceMaintenance", tag: tagOps, access: accessAdmin, status: http.StatusCreated,
		summary: "Announce a maintenance window",
		about: "Alerts of its services that begin inside it open no incident; one that still fires at its end counts from then on. Nothing that was counted before is taken back: " +
			"a window begins 15 seconds from now at the earliest, so that every correlator knows of it.",
		example: exampleWindow(), problems: bodyProblems(),
		body: s.objectBody(reflect.TypeFor[MaintenanceRequest](), "The window.", MaintenanceRequest{
			Services: []string{"checkout"}, EndsAt: exampleTime(12, 0, 0), Reason: "The database moves to other disks.",
		}),
	}, s.postMaintenance)
	register(s, route{
		method: http.MethodDelete, path: "/v1/maintenance/{id}", id: "endMaintenance", tag: tagOps, access: accessAdmin,
		summary: "End a maintenance window early", about: "It ends 15 seconds from now; one that has not begun is taken back. Ending one that is over changes nothing.",
		example: exampleWindow(), problems: []problemType{invalidParameter, windowNotFound},
	}, func(ctx context.Context, in *windowInput) (*windowReply, error) {
		w, err := s.endWindow(ctx, in.ID)
		return &windowReply{Body: w}, err
	})
}

func (s *Server) listMaintenance(ctx context.Context, _ *struct{}) (*windowsReply, error) {
	windows, err := s.windows(ctx)
	if err != nil {
		return nil, err
	}
	return &windowsReply{Body: Page[MaintenanceWindow]{Items: windows}}, nil
}

func (s *Server) postMaintenance(ctx context.Context, in *Delivery) (*windowReply, error) {
	var made MaintenanceWindow
	err := s.withBody(ctx, in, func(ctx context.Context, body []byte) error {
		var asked MaintenanceRequest
		err := decodeInto(body, &asked)
		if err == nil {
			made, err = s.announce(ctx, &asked)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &windowReply{Body: made}, nil
}

// check says what is wrong with a window that would begin at a moment.
func (m *MaintenanceRequest) check(begins time.Time) error {
	var wrong []FieldProblem
	field := func(path, message, mend string) {
		wrong = append(wrong, FieldProblem{Location: "body", Path: path, Message: message, Mend: mend})
	}
	switch {
	case m.EndsAt.IsZero():
		field("ends_at", "missing", "say when the work is over, in RFC 3339")
	case !m.EndsAt.After(begins):
		field("ends_at", "is not after the earliest start", "a window begins 15 seconds from now at the earliest; give a later end")
	case m.EndsAt.Sub(begins) > longestWindow:
		field("ends_at", "is more than 30 days after the start", "announce the work in parts")
	}
	if len(m.Services) > windowServices {
		field("services", fmt.Sprintf("names more than %d services", windowServices), "leave it empty to mute the whole environment, or announce the work in parts")
	}
	if slices.ContainsFunc(m.Services, func(name string) bool { return strings.TrimSpace(name) == "" || len(name) > 500 }) {
		field("services", "holds a name that is empty or too long", "name services as the topology does")
	}
	if strings.TrimSpace(m.Reason) == "" {
		field("reason", "missing", "say in a sentence what is done")
	}
	return invalidInput.orNil(append(wrong, reasonProblems(m.Reason)...))
}

// announce keeps a window.
func (s *Server) announce(ctx context.Context, m *MaintenanceRequest) (MaintenanceWindow, error) {
	now := s.moment()
	begins := now.Add(correlate.MaintenanceNotice)
	if m.StartsAt != nil && m.StartsAt.After(begins) {
		begins = m.StartsAt.UTC().Truncate(time.Millisecond)
	}
	if err := m.check(begins); err != nil {
		return MaintenanceWindow{}, err
	}
	by := requestOf(ctx).callerName()
	w := query.MaintenanceWindow{
		ID: uuid.NewString(), Reason: strings.TrimSpace(m.Reason), CreatedBy: by, CreatedAt: now, ChangedBy: by, ChangedAt: now,
		Maintenance: correlate.Maintenance{
			Services: append([]string{}, m.Services...), Environment: cmp.Or(m.Environment, correlate.DefaultEnvironment), From: begins, To: m.EndsAt.UTC().Truncate(time.Millisecond),
		},
	}
	return s.keepWindow(ctx, &w, "announced")
}

// endWindow ends a window before its time.
func (s *Server) endWindow(ctx context.Context, id string) (MaintenanceWindow, error) {
	now := s.moment()
	known, err := s.deps.Store.MaintenanceWindows(ctx, now.Add(-windowsBack))
	if err != nil {
		return MaintenanceWindow{}, fmt.Errorf("read maintenance windows: %w", err)
	}
	at := slices.IndexFunc(known, func(w query.MaintenanceWindow) bool { return w.ID == id })
	if at < 0 {
		return MaintenanceWindow{}, windowNotFound.with("no window has this id, or it has been over for more than a week")
	}
	w := known[at]
	ends := now.Add(correlate.MaintenanceNotice)
	if w.From.After(ends) {
		ends = w.From
	}
	if !ends.Before(w.To) {
		return windowOf(&w, now), nil
	}
	w.To, w.ChangedBy, w.ChangedAt = ends, requestOf(ctx).callerName(), now
	return s.keepWindow(ctx, &w, "ended")
}

// keepWindow stores a window with who did what to it.
func (s *Server) keepWindow(ctx context.Context, w *query.MaintenanceWindow, done string) (MaintenanceWindow, error) {
	entry := query.AuditEntry{
		At: w.ChangedAt, ID: uuid.NewString(), Actor: w.ChangedBy, Action: "maintenance " + done, Target: w.ID,
		Detail: fmt.Sprintf("%s %v from %s to %s: %s", w.Environment, w.Services, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339), w.Reason),
	}
	if err := s.deps.Store.SaveMaintenance(ctx, *w, entry); err != nil {
		return MaintenanceWindow{}, fmt.Errorf("keep a maintenance window: %w", err)
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "a maintenance window was changed", slog.String("window", w.ID), slog.String("done", done),
		slog.String("caller", w.ChangedBy), slog.Time("starts_at", w.From), slog.Time("ends_at", w.To))
	return windowOf(w, s.moment()), nil
}

// windows lists those that matter still.
func (s *Server) windows(ctx context.Context) ([]MaintenanceWindow, error) {
	now := s.moment()
	known, err := s.deps.Store.MaintenanceWindows(ctx, now.Add(-windowsBack))
	if err != nil {
		return nil, fmt.Errorf("read maintenance windows: %w", err)
	}
	all := make([]MaintenanceWindow, len(known))
	for i := range known {
		all[i] = windowOf(&known[i], now)
	}
	return all, nil
}

// windowOf is a window as seen at a moment.
func windowOf(w *query.MaintenanceWindow, now time.Time) MaintenanceWindow {
	state := windowRunning
	switch {
	case !now.Before(w.To):
		state = windowOver
	case now.Before(w.From):
		state = windowPlanned
	}
	return MaintenanceWindow{
		ID: w.ID, State: state, Services: append([]string{}, w.Services...), Environment: w.Environment, StartsAt: w.From, EndsAt: w.To, Reason: w.Reason,
		CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt, ChangedBy: w.ChangedBy, ChangedAt: w.ChangedAt,
	}
}

// moment is now as the store keeps it.
func (s *Server) moment() time.Time { return s.deps.Now().UTC().Truncate(time.Millisecond) }

func exampleWindow() MaintenanceWindow {
	return MaintenanceWindow{
		ID: "7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11", State: windowRunning, Services: []string{"checkout"}, Environment: correlate.DefaultEnvironment,
		StartsAt: exampleTime(10, 0, 15), EndsAt: exampleTime(12, 0, 0), Reason: "The database moves to other disks.",
		CreatedBy: "ada", CreatedAt: exampleTime(10, 0, 0), ChangedBy: "ada", ChangedAt: exampleTime(10, 0, 0),
	}
}
