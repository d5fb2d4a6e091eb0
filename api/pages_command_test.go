package api

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// commandTag is what the form of a commander was made on.
var commandTag = regexp.MustCompile(`/commander"[^>]*>\s*<input[^>]*><input type="hidden" name="tag" value="([^"]+)"`)

// commandForm is the form of a judge who looks at the incident now.
func (h *harness) commandForm(t *testing.T, session *http.Cookie, do, name string) url.Values {
	t.Helper()
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	tag, proof := commandTag.FindStringSubmatch(page), hiddenToken.FindStringSubmatch(page)
	if tag == nil || proof == nil {
		t.Fatalf("the page of a judge has no form to say who commands: %s", page)
	}
	return url.Values{"csrf": {proof[1]}, "tag": {html.UnescapeString(tag[1])}, "do": {do}, "commander": {name}}
}

func TestThePageTakesHandsOverAndGivesUpCommand(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleJudge)
	if page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session)); !strings.Contains(page, "Nobody commands.") || !strings.Contains(page, "Take command") {
		t.Error("the page does not say that nobody commands, or offers no way to")
	}
	for _, step := range []struct{ do, name, shown, gone string }{
		{"take", "", "Commander: <strong><bdi>test-judge</bdi></strong>", "Take command"},
		{"hand", " Grace <b>Hopper</b> ", "Commander: <strong><bdi>Grace &lt;b&gt;Hopper&lt;/b&gt;</bdi></strong>", "<b>Hopper"},
		{"leave", "", "Nobody commands.", "Hand over"},
	} {
		resp := h.submit("/incidents/inc-7f3a/commander", session, h.commandForm(t, session, step.do, step.name))
		if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/incidents/inc-7f3a" {
			t.Fatalf("%s: status %d: %s", step.do, resp.StatusCode, readAll(t, resp))
		}
		page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
		if !strings.Contains(page, step.shown) || strings.Contains(page, step.gone) {
			t.Errorf("%s: the page lacks %q or has %q", step.do, step.shown, step.gone)
		}
		list := readAll(t, h.visit(t, "/", session))
		if name := query.CommanderOf(h.store.commands); name != "" && !strings.Contains(list, "Commander: <bdi>"+html.EscapeString(name)) || name == "" && strings.Contains(list, "Commander:") {
			t.Errorf("%s: the list does not say that %q commands", step.do, name)
		}
	}
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a?window=all", session))
	for _, needed := range []string{"test-judge takes command", "Nobody commands any more, said test-judge", "commander"} {
		if !strings.Contains(page, needed) {
			t.Errorf("the timeline lacks %q", needed)
		}
	}
}

func TestAFormOfCommandIsCheckedLikeAllOthers(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleJudge)
	for name, c := range map[string]struct {
		change func(url.Values)
		want   int
	}{
		"nobody named": {func(f url.Values) { f.Set("do", "hand"); f.Set("commander", "  ") }, 422},
		"a long name":  {func(f url.Values) { f.Set("do", "hand"); f.Set("commander", strings.Repeat("x", 101)) }, 422},
		"nothing said": {func(f url.Values) { f.Del("do") }, 422},
		"old":          {func(f url.Values) { f.Set("tag", `"inc-7f3a-commander-7"`) }, 412},
		"no tag":       {func(f url.Values) { f.Del("tag") }, 428},
		"no proof":     {func(f url.Values) { f.Del("csrf") }, 403},
	} {
		form := h.commandForm(t, session, "take", "")
		c.change(form)
		resp := h.submit("/incidents/inc-7f3a/commander", session, form)
		if text := readAll(t, resp); resp.StatusCode != c.want || c.want == 412 && !strings.Contains(text, `href="/incidents/inc-7f3a"`) {
			t.Errorf("%s: status %d, want %d: %.300s", name, resp.StatusCode, c.want, text)
		}
	}
	reader := h.enter(t, RoleReader)
	if page := readAll(t, h.visit(t, "/incidents/inc-7f3a", reader)); strings.Contains(page, "/commander") || !strings.Contains(page, "Nobody commands.") {
		t.Error("a reader sees a form, or does not see who commands")
	}
	if resp := h.submit("/incidents/inc-7f3a/commander", reader, url.Values{"csrf": {h.formToken(t, reader)}, "do": {"take"}}); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a reader took command: status %d", resp.StatusCode)
	}
	if len(h.store.commands) != 0 {
		t.Errorf("kept all the same: %+v", h.store.commands)
	}
}

var tallyLink = regexp.MustCompile(`<li><a href="([^"]+)"( aria-current="true")?><span class="chip (?:st|sev)-(\w+)">.*?<span class="num">([\d,]+)</span></a></li>`)

// tallies are the counts above the list by their value.
func tallies(page string) map[string][3]string {
	all := map[string][3]string{}
	for _, m := range tallyLink.FindAllStringSubmatch(page, -1) {
		all[m[3]] = [3]string{html.UnescapeString(m[1]), m[4], m[2]}
	}
	return all
}

// TestEachCountAboveTheListIsWhatItsLinkShows follows each link and counts the
// rows behind it.
func TestEachCountAboveTheListIsWhatItsLinkShows(t *testing.T) {
	h := newHarness(t)
	h.store.incidents = nil
	mixedIncidents(h.store, 40)
	session := h.enter(t, RoleReader)
	for _, path := range []string{"/", "/?status=open", "/?severity=critical&q=errors", "/?from=2026-05-04T08:30&service=checkout"} {
		counts := tallies(readAll(t, h.visit(t, path, session)))
		if len(counts) != 8 {
			t.Fatalf("%s: %d counts: %v", path, len(counts), counts)
		}
		for value, c := range counts {
			if c[2] != "" {
				continue // It leads back to all.
			}
			page := readAll(t, h.visit(t, c[0], session))
			if rows := strings.Count(page, `class="rowlink"`); fmt.Sprint(rows) != c[1] {
				t.Errorf("%s: %s says %s, %s shows %d", path, value, c[1], c[0], rows)
			}
			if at := tallies(page)[value]; at[2] == "" {
				t.Errorf("%s: %s is not marked as chosen at %s", path, value, c[0])
			}
		}
	}
	chosen := tallies(readAll(t, h.visit(t, "/?status=open&severity=info&cursor=", session)))
	if chosen["open"][0] != "/?severity=info" || chosen["info"][0] != "/?status=open" || chosen["high"][0] != "/?severity=high&status=open" {
		t.Errorf("the links lead to %v", chosen)
	}
}

func TestWhatAgentsProposeOnAllIncidentsIsOnOnePage(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	if page := readAll(t, h.visit(t, "/proposals", session)); !strings.Contains(page, "Nothing waits") {
		t.Error("without proposals the page does not say so")
	}
	if list := readAll(t, h.visit(t, "/", session)); !strings.Contains(list, `href="/proposals"`) || !strings.Contains(list, "Nothing proposed by agents waits") {
		t.Error("the list does not lead to the proposals")
	}
	p, q, settled := exampleProposal(), exampleProposal(), exampleProposal()
	p.Reason = "<script>alert(1)</script> \u202eit began before"
	q.ID, q.Incident, q.Decision, q.Change, q.ProposedAt = "1c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", "inc-gone", correlate.DecisionNoChange, nil, exampleTime(9, 0, 0)
	settled.ID, settled.State, settled.Reason = "2c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", query.ProposalAccepted, "settled long ago"
	h.store.proposals = map[string][]query.Proposal{"inc-7f3a": {p, settled}, "inc-gone": {q}}
	page := readAll(t, h.visit(t, "/proposals", session))
	for _, needed := range []string{
		`href="/incidents/inc-7f3a#verdict"`, "checkout and 1 more: errors", "Incident inc-gone", "to confirm as the cause", "that no recorded change is to blame", "it began before",
		`href="/changes/checkout-1842?source=argo-cd"`, "unconfirmed", "assistant",
	} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
	for _, bad := range []string{"<script>alert", "\u202e", "settled long ago", "<form method=\"post\" action=\"/incidents"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if list := readAll(t, h.visit(t, "/", session)); !strings.Contains(list, "2 proposed by agents, waiting") {
		t.Error("the list does not count what waits")
	}
	h.store.failOn = map[string]error{"Incident": event.ErrUnavailable}
	if resp := h.visit(t, "/proposals", session); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a store that fails: status %d", resp.StatusCode)
	}
}

func TestManyProposalsArePaged(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	var all []query.Proposal
	for i := range 60 {
		p := exampleProposal()
		p.ID, p.Reason, p.ProposedAt = fmt.Sprintf("0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6%02d", i), fmt.Sprintf("reason-%02d.", i), exampleTime(9, i, 0)
		all = append(all, p)
	}
	h.store.proposals = map[string][]query.Proposal{"inc-7f3a": all}
	if list := readAll(t, h.visit(t, "/", session)); !strings.Contains(list, "50 or more proposed by agents, waiting") {
		t.Error("the list counts beyond what it read")
	}
	seen, path := 0, "/proposals"
	for range 10 {
		page := readAll(t, h.visit(t, path, session))
		seen += strings.Count(page, "reason-")
		next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page)
		if next == nil {
			break
		}
		path = html.UnescapeString(next[1])
	}
	if seen != 60 {
		t.Errorf("the pages show %d of 60", seen)
	}
	if resp := h.visit(t, "/proposals?cursor=wrong", session); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a wrong cursor: status %d", resp.StatusCode)
	}
}

func TestTheIncidentPageSaysHowToUndoWhatItBlames(t *testing.T) {
	h := newHarness(t)
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", h.enter(t, RoleReader)))
	for _, needed := range []string{
		"Undo it", "The sender gave a rollback link; the version before was 4.11.3.", "Please take checkout in production (eu-west-1) back from 4.12.0 to 4.11.3.",
		`data-copy="Copy the message"`, "faultline verdict inc-7f3a confirm --change=checkout-1842 --source=argo-cd", "Faultline undoes nothing.",
	} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
}
