package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

const (
	lettersPath     = "/v1/dead-letters"
	undeliveredPath = "/v1/notifications/undelivered"
)

// lostBox holds undelivered news and what was said about it.
type lostBox struct {
	words []query.NoticeWord
	fail  error
}

func (b *lostBox) Undelivered(_ context.Context, limit int) ([]query.Undelivered, error) {
	other := exampleUndelivered()
	other.Target = "webhook tools.example.com/hook"
	all := []query.Undelivered{exampleUndelivered(), other}
	return all[:min(limit, len(all))], b.fail
}

func (b *lostBox) SaveNoticeWord(_ context.Context, w query.NoticeWord) error {
	b.words = append(b.words, w)
	return b.fail
}

// withLost gives the API letters and news that were lost.
func withLost(t *testing.T, box *letterBox, lost *lostBox) func(*Config, *Deps) {
	t.Helper()
	letters := withLetters(t, box)
	return func(c *Config, d *Deps) {
		letters(c, d)
		d.Lost = lost
	}
}

func (h *harness) adminPost(t *testing.T, path, body string) *http.Response {
	t.Helper()
	return h.do(t, ask{method: http.MethodPost, path: path, token: RoleAdmin, body: body})
}

func TestDeadLettersAreListedWithTheirBeginningAndSentInAgain(t *testing.T) {
	box := &letterBox{}
	h := newHarness(t, withLost(t, box, &lostBox{}))
	page := parse[Page[DeadLetterRecord]](t, h.do(t, ask{path: lettersPath, token: RoleAdmin}))
	if len(page.Items) != 3 || page.Items[0].ID != "faultline.changes/2/41/18446744073709551615" || !strings.Contains(page.Items[0].Excerpt, "mended-1") {
		t.Fatalf("%+v", page.Items)
	}
	if second := page.Items[1]; !utf8.ValidString(second.Excerpt) || second.Bytes != 10 {
		t.Errorf("bytes that are no text: %+v", second)
	}
	got := parse[Replay](t, h.adminPost(t, lettersPath+"/replay", `{"id": "`+page.Items[0].ID+`"}`))
	if got.Accepted != 1 || len(got.Rejected) != 0 || len(h.intake.accepted) != 1 {
		t.Errorf("%+v", got)
	}
	if len(box.audit) != 1 || box.audit[0].Actor != "test-admin" || box.audit[0].Action != "replay" {
		t.Errorf("who did it is not kept: %+v", box.audit)
	}
	one := parse[Page[DeadLetterRecord]](t, h.do(t, ask{path: lettersPath + "?limit=1", token: RoleAdmin}))
	if len(one.Items) != 1 {
		t.Errorf("%d items", len(one.Items))
	}
}

func TestWhatNamesNoDeadLetterIsRefused(t *testing.T) {
	h := newHarness(t, withLost(t, &letterBox{}, &lostBox{}))
	for body, want := range map[string]problemType{
		`{"id": "faultline.changes/2/41"}`:       invalidInput,
		`{"id": "faultline.changes/two/41/7"}`:   invalidInput,
		`{"id": "faultline.changes/2/41/-1"}`:    invalidInput,
		`{}`:                                     invalidInput,
		`{"id": "faultline.changes/9/99/12345"}`: letterNotFound,
	} {
		wantProblem(t, h.adminPost(t, lettersPath+"/replay", body), want)
	}
	if len(h.intake.accepted) != 0 {
		t.Error("something was sent in")
	}
}

func TestAPlaceIsReadAsItIsWritten(t *testing.T) {
	for _, place := range []query.LetterPlace{{}, {Topic: "a.b-c_d", Partition: 3, Offset: 1 << 60, Digest: ^uint64(0)}, {Digest: 7}} {
		got, err := letterPlace(letterID(&place))
		if err != nil || got != place {
			t.Errorf("%+v is read as %+v (%v)", place, got, err)
		}
	}
}

func TestALongLetterIsCutBetweenCharacters(t *testing.T) {
	long := query.DeadLetter{Value: "x" + strings.Repeat("é", maxExcerpt)}
	got := letterRecord(&long)
	if !utf8.ValidString(got.Excerpt) || strings.ContainsRune(got.Excerpt, '\ufffd') || len(got.Excerpt) > maxExcerpt || got.Bytes != 1+2*maxExcerpt {
		t.Errorf("%d bytes of %d, valid %t", len(got.Excerpt), got.Bytes, utf8.ValidString(got.Excerpt))
	}
}

func TestUndeliveredNewsIsAskedForAndDismissed(t *testing.T) {
	box, lost := &letterBox{}, &lostBox{}
	h := newHarness(t, withLost(t, box, lost))
	page := parse[Page[query.Undelivered]](t, h.do(t, ask{path: undeliveredPath, token: RoleAdmin}))
	if diff := cmp.Diff(exampleUndelivered(), page.Items[0]); diff != "" || len(page.Items) != 2 {
		t.Error(diff)
	}
	for how, want := range map[string]struct {
		status int
		state  query.NoticeState
	}{"replay": {http.StatusAccepted, query.NoticeAsked}, "dismiss": {http.StatusOK, query.NoticeDismissed}} {
		resp := h.adminPost(t, undeliveredPath+"/"+how, `{"target": "slack C0123", "incident": "inc-7f3a"}`)
		if got := parse[query.Undelivered](t, resp); resp.StatusCode != want.status || got.State != want.state || got.AskedBy != "test-admin" {
			t.Errorf("%s: status %d, %+v", how, resp.StatusCode, got)
		}
		if last := lost.words[len(lost.words)-1]; last.State != want.state || last.By != "test-admin" || last.Target != "slack C0123" || last.Incident != "inc-7f3a" {
			t.Errorf("%s: kept %+v", how, last)
		}
	}
	if !slices.ContainsFunc(box.audit, func(e query.AuditEntry) bool { return e.Action == "notification asked" && e.Actor == "test-admin" }) {
		t.Errorf("who did it is not kept: %+v", box.audit)
	}
}

func TestUndeliveredNewsThatDoesNotWaitIsRefused(t *testing.T) {
	lost := &lostBox{}
	h := newHarness(t, withLost(t, &letterBox{}, lost))
	for _, body := range []string{`{"target": "slack C0123", "incident": "inc-none"}`, `{"target": "elsewhere", "incident": "inc-7f3a"}`, `{}`} {
		wantProblem(t, h.adminPost(t, undeliveredPath+"/replay", body), letterNotFound)
	}
	wantProblem(t, h.adminPost(t, undeliveredPath+"/replay", `{"targets": "all"}`), invalidInput)
	if len(lost.words) != 0 {
		t.Errorf("kept all the same: %+v", lost.words)
	}
	lost.fail = event.ErrUnavailable
	wantProblem(t, h.do(t, ask{path: undeliveredPath, token: RoleAdmin}), storeUnavailable)
}

func TestAProcessThatTellsNobodyHasNothingUndelivered(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{lettersPath, undeliveredPath} {
		if text := readAll(t, h.do(t, ask{path: path, token: RoleAdmin})); !strings.Contains(text, `"items":[]`) {
			t.Errorf("%s: %s", path, text)
		}
	}
	wantProblem(t, h.adminPost(t, lettersPath+"/replay", `{"id": "a/1/2/3"}`), letterNotFound)
	wantProblem(t, h.adminPost(t, undeliveredPath+"/dismiss", `{"target": "a", "incident": "b"}`), letterNotFound)
}

func TestTheAdministrationPageShowsWhatWasNotDelivered(t *testing.T) {
	box, lost := &letterBox{}, &lostBox{}
	h := newHarness(t, withLost(t, box, lost))
	session := h.enter(t, RoleAdmin)
	page := readAll(t, h.visit(t, "/admin", session))
	for _, needed := range []string{"Undelivered notifications", "slack C0123", "channel_not_found", "given up after 10 attempts", "Try again"} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	form := func(settle, incident string) url.Values {
		return url.Values{"csrf": {h.formToken(t, session)}, "target": {"slack C0123"}, "incident": {incident}, "settle": {settle}}
	}
	for settle, want := range map[string]query.NoticeState{"again": query.NoticeAsked, "forget": query.NoticeDismissed} {
		if resp := h.submit("/admin/notifications", session, form(settle, "inc-7f3a")); resp.StatusCode != http.StatusSeeOther || lost.words[len(lost.words)-1].State != want {
			t.Errorf("%s: status %d, %+v", settle, resp.StatusCode, lost.words)
		}
	}
	kept := len(lost.words)
	for _, wrong := range []url.Values{form("perhaps", "inc-7f3a"), form("again", "inc-none")} {
		if resp := h.submit("/admin/notifications", session, wrong); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%v: status %d", wrong, resp.StatusCode)
		}
	}
	if resp := h.submit("/admin/notifications", h.enter(t, RoleJudge), form("again", "inc-7f3a")); resp.StatusCode != http.StatusForbidden || len(lost.words) != kept {
		t.Errorf("a judge administers: status %d", resp.StatusCode)
	}
}
