package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// announces sends a window as an administrator.
func (h *harness) announces(t *testing.T, body string) *http.Response {
	t.Helper()
	return h.do(t, ask{method: http.MethodPost, path: "/v1/maintenance", token: RoleAdmin, body: body})
}

func TestAWindowIsAnnouncedListedAndEndedEarly(t *testing.T) {
	h := newHarness(t)
	resp := h.announces(t, `{"services":["checkout"],"ends_at":"2026-05-04T12:00:00+02:00","reason":" New disks. "}`)
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an end in the past by another zone: status %d", resp.StatusCode)
	}
	resp = h.announces(t, `{"services":["checkout"],"starts_at":"2026-05-04T09:00:00Z","ends_at":"2026-05-04T14:00:00+02:00","reason":" New disks. "}`)
	made := parse[MaintenanceWindow](t, resp)
	want := MaintenanceWindow{
		ID: made.ID, State: windowPlanned, Services: []string{"checkout"}, Environment: "production", StartsAt: exampleTime(10, 5, 15), EndsAt: exampleTime(12, 0, 0), Reason: "New disks.",
		CreatedBy: "test-admin", CreatedAt: exampleTime(10, 5, 0), ChangedBy: "test-admin", ChangedAt: exampleTime(10, 5, 0),
	}
	if diff := cmp.Diff(want, made); resp.StatusCode != http.StatusCreated || diff != "" {
		t.Fatalf("status %d: %s", resp.StatusCode, diff)
	}
	h.clock.advance(time.Minute)
	listed := parse[Page[MaintenanceWindow]](t, h.get(t, "/v1/maintenance", http.StatusOK))
	if len(listed.Items) != 1 || listed.Items[0].State != windowRunning {
		t.Errorf("listed: %+v", listed)
	}
	end := ask{method: http.MethodDelete, path: "/v1/maintenance/" + made.ID, token: RoleAdmin}
	ended := parse[MaintenanceWindow](t, h.do(t, end))
	if !ended.EndsAt.Equal(exampleTime(10, 6, 15)) {
		t.Errorf("ends at %v", ended.EndsAt)
	}
	h.clock.advance(time.Hour)
	again := parse[MaintenanceWindow](t, h.do(t, end))
	if again.State != windowOver || !again.EndsAt.Equal(ended.EndsAt) || len(h.store.audit) != 2 {
		t.Errorf("ended again: %+v, audit %+v", again, h.store.audit)
	}
	if a := h.store.audit[1]; a.Actor != "test-admin" || a.Action != "maintenance ended" || a.Target != made.ID {
		t.Errorf("audit: %+v", a)
	}
}

func TestAWindowThatHasNotBegunIsTakenBack(t *testing.T) {
	h := newHarness(t)
	made := parse[MaintenanceWindow](t, h.announces(t, `{"services":[],"environment":"staging","starts_at":"2026-05-05T00:00:00Z","ends_at":"2026-05-05T01:00:00Z","reason":"x"}`))
	back := parse[MaintenanceWindow](t, h.do(t, ask{method: http.MethodDelete, path: "/v1/maintenance/" + made.ID, token: RoleAdmin}))
	if !back.EndsAt.Equal(back.StartsAt) || back.Environment != "staging" {
		t.Errorf("taken back: %+v", back)
	}
}

func TestWindowsThatCannotBeMeantAreRefused(t *testing.T) {
	h := newHarness(t)
	many := strings.Repeat(`"s",`, 201)
	for name, c := range map[string]struct{ body, field string }{
		"no end":        {`{"services":[],"reason":"x"}`, "ends_at"},
		"ends too soon": {`{"services":[],"ends_at":"2026-05-04T10:05:10Z","reason":"x"}`, "ends_at"},
		"too long":      {`{"services":[],"ends_at":"2026-07-04T10:05:10Z","reason":"x"}`, "ends_at"},
		"no reason":     {`{"services":[],"ends_at":"2026-05-04T12:00:00Z","reason":"  "}`, "reason"},
		"long reason":   {fmt.Sprintf(`{"services":[],"ends_at":"2026-05-04T12:00:00Z","reason":%q}`, strings.Repeat("x", 2001)), "reason"},
		"empty name":    {`{"services":[" "],"ends_at":"2026-05-04T12:00:00Z","reason":"x"}`, "services"},
		"many names":    {fmt.Sprintf(`{"services":[%s"s"],"ends_at":"2026-05-04T12:00:00Z","reason":"x"}`, many), "services"},
		"unknown field": {`{"service":"checkout","ends_at":"2026-05-04T12:00:00Z","reason":"x"}`, ""},
	} {
		p := wantProblem(t, h.announces(t, c.body), invalidInput)
		if c.field != "" && (len(p.Errors) == 0 || p.Errors[0].Path != c.field || p.Errors[0].Mend == "") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if len(h.store.windows) != 0 {
		t.Errorf("kept all the same: %+v", h.store.windows)
	}
	wantProblem(t, h.do(t, ask{method: http.MethodDelete, path: "/v1/maintenance/7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11", token: RoleAdmin}), windowNotFound)
	wantProblem(t, h.do(t, ask{method: http.MethodPost, path: "/v1/maintenance", token: RoleJudge, body: "{}"}), forbidden)
}
