package api

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/api/web"
)

// someNames are rules of names with one that hostile text got into.
type someNames struct{}

func (someNames) Rules() []web.NameRule {
	return []web.NameRule{{Source: "github", Attribute: "repository", Value: "orchard/monolith", Service: "shop"}, {Value: "<script>", Service: "<b>"}}
}
func (someNames) AlertLabels() []string           { return []string{"service", "app"} }
func (someNames) Environments() map[string]string { return map[string]string{"prod": "production"} }
func (someNames) Name(_, _, value string) (string, bool) {
	return strings.ReplaceAll(value, "orchard/monolith", "shop"), value == "orchard/monolith"
}

func withNames(_ *Config, d *Deps) { d.Names = someNames{} }

func TestAnAdministratorAnnouncesAndEndsAWindowOnThePage(t *testing.T) {
	h := newHarness(t)
	admin := h.enter(t, RoleAdmin)
	form := url.Values{"csrf": {h.formToken(t, admin)}, "services": {"checkout, storefront\n"}, "environment": {"production"}, "to": {"2026-05-04T12:00"}, "reason": {"New disks <script>"}}
	resp := h.submit("/admin/maintenance", admin, form)
	if resp.StatusCode != http.StatusSeeOther || len(h.store.windows) != 1 || len(h.store.windows[0].Services) != 2 || h.store.windows[0].CreatedBy != "test-admin" {
		t.Fatalf("status %d, kept %+v: %.500s", resp.StatusCode, h.store.windows, readAll(t, resp))
	}
	page := readAll(t, h.visit(t, "/admin", admin))
	for _, needed := range []string{"New disks &lt;script&gt;", "storefront", "planned", "Take back"} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	h.clock.advance(time.Minute)
	id := regexp.MustCompile(`name="window" value="([^"]+)"`).FindStringSubmatch(readAll(t, h.visit(t, "/admin", admin)))
	if id == nil {
		t.Fatal("the page offers no end")
	}
	if resp := h.submit("/admin/maintenance/end", admin, url.Values{"csrf": form["csrf"], "window": {id[1]}}); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("end: status %d", resp.StatusCode)
	}
	h.clock.advance(time.Minute)
	if page := readAll(t, h.visit(t, "/admin", admin)); !strings.Contains(page, "</span> over") || strings.Contains(page, "End now") {
		t.Error("the window that was ended is not over")
	}
	if len(h.store.audit) != 2 {
		t.Errorf("audit: %+v", h.store.audit)
	}
}

// TestWritesOfTheAdministrationPageAreGuarded plays each form without its proof,
// from another site, as another role, and with what cannot be meant.
func TestWritesOfTheAdministrationPageAreGuarded(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}))
	admin, judge := h.enter(t, RoleAdmin), h.enter(t, RoleJudge)
	forms := map[string]url.Values{
		"/admin/maintenance":     {"services": {"checkout"}, "to": {"2026-05-04T12:00"}, "reason": {"x"}},
		"/admin/maintenance/end": {"window": {"7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11"}},
		"/admin/token":           {"name": {"ci"}, "role": {"ingest"}},
		"/admin/replay":          {"topic": {"faultline.changes"}, "partition": {"2"}, "offset": {"41"}, "digest": {"18446744073709551615"}},
	}
	for path, form := range forms {
		if resp := h.submit(path, admin, form); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s without a proof: status %d", path, resp.StatusCode)
		}
		form.Set("csrf", h.formToken(t, admin))
		if resp := h.submit(path, admin, form, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: status %d", path, resp.StatusCode)
		}
		if resp := h.submit(path, judge, form); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s with an admin's proof as a judge: status %d", path, resp.StatusCode)
		}
		form.Set("csrf", h.formToken(t, judge))
		if resp := h.submit(path, judge, form); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s as a judge: status %d", path, resp.StatusCode)
		}
	}
	proof := h.formToken(t, admin)
	for name, c := range map[string]struct {
		path string
		form url.Values
		want int
	}{
		"no services":    {"/admin/maintenance", url.Values{"to": {"2026-05-04T12:00"}, "reason": {"x"}}, 422},
		"end before now": {"/admin/maintenance", url.Values{"services": {"a"}, "to": {"2026-05-04T09:00"}, "reason": {"x"}}, 422},
		"broken end":     {"/admin/maintenance", url.Values{"services": {"a"}, "to": {"noon"}, "reason": {"x"}}, 422},
		"no window":      {"/admin/maintenance/end", url.Values{"window": {"x"}}, 404},
		"no name":        {"/admin/token", url.Values{"role": {"judge"}}, 422},
		"no such role":   {"/admin/token", url.Values{"name": {"x"}, "role": {"king"}}, 422},
	} {
		c.form.Set("csrf", proof)
		if resp := h.submit(c.path, admin, c.form); resp.StatusCode != c.want || !strings.Contains(readAll(t, resp), "<h1>") {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, c.want)
		}
	}
	if len(h.store.windows) != 0 {
		t.Errorf("kept all the same: %+v", h.store.windows)
	}
}

func TestADrawnTokenIsShownOnceAndOpensNothingByItself(t *testing.T) {
	box := &letterBox{}
	h := newHarness(t, withLetters(t, box))
	admin := h.enter(t, RoleAdmin)
	resp := h.submit("/admin/token", admin, url.Values{"csrf": {h.formToken(t, admin)}, "name": {`a "judge" & co`}, "role": {"judge"}})
	page := readAll(t, resp)
	found := regexp.MustCompile(`flt_[a-z0-9]+_[a-z0-9]+`).FindString(page)
	if found == "" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, kept by caches: %q", resp.StatusCode, resp.Header.Get("Cache-Control"))
	}
	if hash := HashToken(found); !strings.Contains(page, hash) || strings.Contains(h.logs.String(), found) || strings.Contains(h.logs.String(), hash) {
		t.Error("the page lacks the entry, or the log tells the token")
	}
	if !strings.Contains(h.logs.String(), "a token was drawn") {
		t.Error("the log does not say that one was drawn")
	}
	if resp := h.submit("/sign-in", nil, url.Values{"token": {found}}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token that nobody configured opens the door: status %d", resp.StatusCode)
	}
	again := readAll(t, h.visit(t, "/admin", admin))
	if strings.Contains(again, found) {
		t.Error("the token is shown twice")
	}
	if len(box.audit) != 1 || box.audit[0].Actor != "test-admin" || !strings.Contains(found, box.audit[0].Target) {
		t.Errorf("the audit has %+v", box.audit)
	}
	for _, needed := range []string{"Who did what", "token drawn", "<bdi>" + box.audit[0].Target + "</bdi>", "co, judge"} {
		if !strings.Contains(again, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
}

// TestWhatCannotBeAuditedIsNotDone lets the audit fail: a token that nobody can
// account for must not be seen.
func TestWhatCannotBeAuditedIsNotDone(t *testing.T) {
	box := &letterBox{}
	h := newHarness(t, withLetters(t, box))
	admin := h.enter(t, RoleAdmin)
	form := url.Values{"csrf": {h.formToken(t, admin)}, "name": {"ci"}, "role": {"ingest"}}
	box.fail = errors.New("the store is away")
	resp := h.submit("/admin/token", admin, form)
	if text := readAll(t, resp); resp.StatusCode < 400 || strings.Contains(text, "flt_") {
		t.Errorf("status %d: %s", resp.StatusCode, text)
	}
	if resp := h.visit(t, "/admin", admin); resp.StatusCode < 500 {
		t.Errorf("the page without its audit: status %d", resp.StatusCode)
	}
}

func TestTheAdministrationPageTellsWhenATokenWasUsed(t *testing.T) {
	h := newHarness(t)
	admin := h.enter(t, RoleAdmin)
	if page := readAll(t, h.visit(t, "/admin", admin)); strings.Count(page, "not yet") != len(Roles())-1 {
		t.Errorf("%d tokens were not used yet, want all but one", strings.Count(page, "not yet"))
	}
	h.get(t, "/v1/incidents", http.StatusOK)
	h.clock.advance(3 * time.Minute)
	if page := readAll(t, h.visit(t, "/admin", admin)); strings.Count(page, "not yet") != len(Roles())-2 || !strings.Contains(page, "3 min ago") {
		t.Error("the reader's use is not told")
	}
}

func TestTheAdministrationPageTriesASampleName(t *testing.T) {
	h := newHarness(t, withNames)
	admin := h.enter(t, RoleAdmin)
	for value, words := range map[string]string{
		"orchard/monolith": "becomes <strong><bdi>shop</bdi></strong> by a rule", "orchard/cart": "since no rule knows it", "<script>": "&lt;script&gt;</bdi> becomes",
	} {
		page := readAll(t, h.visit(t, "/admin?source=github&attribute=repository&value="+url.QueryEscape(value), admin))
		if !strings.Contains(page, words) || strings.Count(page, "<script") != 1 {
			t.Errorf("%s: the page lacks %q", value, words)
		}
	}
}
