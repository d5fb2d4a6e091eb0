package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// letterBox holds some dead letters and what was audited.
type letterBox struct {
	audit []query.AuditEntry
	// fail makes keeping and reading the audit fail.
	fail error
}

func (*letterBox) letters() []query.DeadLetter {
	return []query.DeadLetter{
		{
			LetterPlace: query.LetterPlace{Topic: "faultline.changes", Partition: 2, Offset: 41, Digest: 18446744073709551615}, At: exampleTime(9, 0, 0), Format: contractFormat,
			Reason: "started_at: missing", Value: `{"id":"mended-1","source":"ci","kind":"deploy","services":["checkout"],"started_at":"2026-05-04T09:00:00Z"}`,
		},
		{LetterPlace: query.LetterPlace{Topic: "faultline.alerts", Digest: 7}, At: exampleTime(8, 0, 0), Reason: "not JSON <script>", Value: "\x00\xff<script>"},
		{
			LetterPlace: query.LetterPlace{Topic: "faultline.changes", Partition: 3, Offset: 1, Digest: 9}, At: exampleTime(8, 30, 0), Format: "signed",
			Reason: "started_at: missing", Value: `{"id":"mended-2","source":"ci","kind":"deploy","services":["checkout"],"started_at":"2026-05-04T09:00:00Z"}`,
		},
	}
}

func (b *letterBox) DeadLetters(_ context.Context, limit int) ([]query.DeadLetter, error) {
	all := b.letters()
	return all[:min(limit, len(all))], nil
}

func (b *letterBox) DeadLetter(_ context.Context, place query.LetterPlace) (query.DeadLetter, error) {
	for _, l := range b.letters() {
		if l.LetterPlace == place {
			return l, nil
		}
	}
	return query.DeadLetter{}, query.ErrNotFound
}

func (b *letterBox) SaveAudit(_ context.Context, entry query.AuditEntry) error {
	if b.fail == nil {
		b.audit = append(b.audit, entry)
	}
	return b.fail
}

func (b *letterBox) AuditEntries(_ context.Context, limit int) ([]query.AuditEntry, error) {
	newest := slices.Clone(b.audit)
	slices.Reverse(newest)
	return newest[:min(len(newest), limit)], b.fail
}

// withLetters gives the API dead letters, sources and the rules that ship.
func withLetters(t *testing.T, box *letterBox) func(*Config, *Deps) {
	t.Helper()
	rules, err := policy.Compile(policy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return func(_ *Config, d *Deps) {
		d.Letters, d.Audit, d.Policy, d.Sources = box, box, rules, someSources{}
		d.KindOfTopic = func(topic string) event.Kind {
			return map[string]event.Kind{"faultline.changes": event.KindChange, "faultline.alerts": event.KindAlert}[topic]
		}
	}
}

type someSources struct{}

func (someSources) Freshness(context.Context) ([]query.Freshness, error) {
	return []query.Freshness{
		{Kind: "alert", Source: "prometheus", LastSeenAt: exampleTime(10, 4, 58), Events: 1200}, {Kind: "change", Source: "argo-cd", LastSeenAt: exampleTime(10, 4, 0).AddDate(0, 0, -2), Events: 31},
	}, nil
}

func TestTheAdministrationPageTellsAndHidesWhatItMust(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}))
	admin := h.enter(t, RoleAdmin)
	text := readAll(t, h.visit(t, "/admin", admin))
	for _, needed := range []string{"prometheus", "argo-cd", "quiet since", "1,200", "test-judge", "started_at: missing", "faultline.changes, partition 2, offset 41", "Policy in force", `href="/admin" aria-current`} {
		if !strings.Contains(text, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	for role, token := range h.tokens {
		if strings.Contains(text, token) || strings.Contains(text, HashToken(token)) {
			t.Errorf("the page tells the token of %s", role)
		}
	}
	for _, role := range []Role{RoleReader, RoleJudge} {
		session := h.enter(t, role)
		if resp := h.visit(t, "/admin", session); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", role, resp.StatusCode)
		}
		if text := readAll(t, h.visit(t, "/", session)); strings.Contains(text, `href="/admin"`) {
			t.Errorf("%s is offered the page", role)
		}
	}
	if text := readAll(t, h.visit(t, "/", admin)); !strings.Contains(text, "alerts: last") || !strings.Contains(text, `class="feed silent"`) {
		t.Error("the list does not tell how fresh the events are")
	}
}

func TestADeadLetterIsSentInAgainOnceAndAudited(t *testing.T) {
	box := &letterBox{}
	h := newHarness(t, withLetters(t, box))
	admin := h.enter(t, RoleAdmin)
	form := url.Values{"csrf": {h.formToken(t, admin)}, "topic": {"faultline.changes"}, "partition": {"2"}, "offset": {"41"}, "digest": {"18446744073709551615"}}
	if text := readAll(t, h.submit("/admin/replay", admin, form)); !strings.Contains(text, "1 accepted, 0 known already, 0 refused") {
		t.Errorf("first: %.600s", text)
	}
	if text := readAll(t, h.submit("/admin/replay", admin, form)); !strings.Contains(text, "0 accepted, 1 known already, 0 refused") {
		t.Errorf("again: %.600s", text)
	}
	form.Set("topic", "faultline.alerts")
	form.Set("partition", "0")
	form.Set("offset", "0")
	form.Set("digest", "7")
	if text := readAll(t, h.submit("/admin/replay", admin, form)); !strings.Contains(text, "0 accepted, 0 known already, 1 refused") {
		t.Errorf("still broken: %.600s", text)
	}
	if len(box.audit) != 3 || box.audit[0].Actor != "test-admin" || box.audit[0].Target != "faultline.changes/2/41/18446744073709551615" {
		t.Errorf("audit: %+v", box.audit)
	}
	form.Set("digest", "8")
	if resp := h.submit("/admin/replay", admin, form); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown letter: status %d", resp.StatusCode)
	}
	form.Set("digest", "x")
	if resp := h.submit("/admin/replay", admin, form); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no letter: status %d", resp.StatusCode)
	}
	if resp := h.submit("/admin/replay", h.enter(t, RoleJudge), form); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a judge: status %d", resp.StatusCode)
	}
}

// TestADeadLetterOfASignedFormatIsSentInAgain has a webhook's payload come over
// Kafka, where nobody signs it, while deliveries of its format must be signed.
func TestADeadLetterOfASignedFormatIsSentInAgain(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}))
	admin := h.enter(t, RoleAdmin)
	form := url.Values{"csrf": {h.formToken(t, admin)}, "topic": {"faultline.changes"}, "partition": {"3"}, "offset": {"1"}, "digest": {"9"}}
	if text := readAll(t, h.submit("/admin/replay", admin, form)); !strings.Contains(text, "1 accepted, 0 known already, 0 refused") {
		t.Errorf("%.600s", text)
	}
}

func TestThePageOfViolationsShowsWhatTheAPIDoes(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}))
	session := h.enter(t, RoleReader)
	found := parse[Page[Violation]](t, h.get(t, "/v1/policy/violations", http.StatusOK)).Items
	if len(found) == 0 {
		t.Fatal("the story has no violation, so this tests nothing")
	}
	text := readAll(t, h.visit(t, "/policy", session))
	for _, needed := range []string{"Deploy checkout 4.12.0", found[0].Title, strings.ReplaceAll(string(found[0].Lapse), "_", " "), "AI-assisted"} {
		if !strings.Contains(text, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	if text := readAll(t, h.visit(t, "/policy?lapse=break_glass", session)); !strings.Contains(text, "No violation matches") {
		t.Error("the filter does not filter")
	}
	for path, want := range map[string]int{"/policy?lapse=nonsense": 422, "/policy?cursor=x": 422, "/policy?from=x": 422} {
		if resp := h.visit(t, path, session); resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
		}
	}
}

func TestAChangesPageTellsHowItStandsToTheRulesWithoutUnveiling(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}))
	h.store.set(func(f *fakeStore) {
		f.decisions = []query.GateDecision{{At: exampleTime(9, 51, 0), Change: correlate.Key{Source: "argo-cd", ID: "checkout-1842"}, Decision: "deny", AskedBy: "pipeline", Reasons: []string{"nobody senior approved it"}}}
	})
	text := readAll(t, h.visit(t, "/changes/checkout-1842", h.enter(t, RoleReader)))
	for _, needed := range []string{`id="h-policy"`, "The gate said <strong>deny</strong> to <bdi>pipeline</bdi>", "Nobody senior approved it", "no approval"} {
		if !strings.Contains(text, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	blind := newHarness(t, withBigDay(t))
	text = readAll(t, blind.visit(t, "/changes/payments-812?source=argo-cd", blind.enter(t, RoleJudge)))
	veil := strings.Index(text, "the rules ask what part AI had")
	if at := strings.Index(text, "AI had a part"); veil < 0 || at < veil {
		t.Errorf("a judge who has not decided reads at %d what the veil at %d hides", at, veil)
	}
	if text := readAll(t, blind.visit(t, "/changes/payments-813?source=argo-cd", blind.enter(t, RoleReader))); !strings.Contains(text, "The gate was not asked about it.") {
		t.Error("silence of the gate is not told")
	}
}
