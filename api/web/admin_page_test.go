package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/query"
)

func TestTheAdministrationListsWhatItKnows(t *testing.T) {
	p := busy("shop").get(t, admin, "/admin")
	sources := p.part("Sources, over the last week")
	if row := sources.row("shop"); row[1] != "alert" || row[3] != "late: 20 s" || row[4] != "1,234" {
		t.Errorf("%q", row)
	}
	if row := sources.row("quiet one"); !strings.HasPrefix(row[2], "quiet since 2 May") || row[3] != "under a second" {
		t.Errorf("%q", row)
	}
	windows := p.part("Maintenance windows")
	if rows := windows.rows(); len(rows) != 2 || rows[0][0] != "shop in shop" || !strings.Contains(rows[0][5], "Take back: shop") || rows[1][0] != "all in production" || !strings.Contains(rows[1][5], "End now: r") {
		t.Errorf("%q", rows)
	}
	letters := p.part("Dead letters")
	letters.says("shop", "t, partition 3, offset 9, format shop", "by hand", "by HTTP")
	if got := letters.first("form").fields(); got["topic"] != "t" || got["partition"] != "3" || got["offset"] != "9" || got["digest"] != "77" {
		t.Errorf("%v", got)
	}
	lost := p.part("Undelivered notifications")
	lost.says("given up after 3 attempts", "left out", "Another attempt was asked for by shop.")
	if want := []string{"Try again", "Dismiss", "Dismiss"}; !slices.Equal(lost.buttons(), want) {
		t.Errorf("%q", lost.buttons())
	}
	tokens := p.part("Tokens")
	if rows := tokens.rows(); len(rows) != 2 || rows[0][3] != "never" || rows[0][4] != "4 May 10:00:00 UTC (1 h ago)" || !strings.HasPrefix(rows[1][3], "expired 4 May") || rows[1][4] != "not yet" {
		t.Errorf("%q", rows)
	}
	audit := p.part("Who did what")
	if rows := audit.rows(); len(rows) != 3 || rows[0][2] != "verdict given" || rows[0][4] != "confirm: so" {
		t.Errorf("%q", rows)
	}
	audit.leads("inc-1", "/incidents/inc-1")
	audit.leads("ci/c-1", "/changes/c-1?source=ci")
	names := p.part("Names of services")
	names.says("the first of these labels: service, app", "prd is production")
	if row := names.row("github"); !slices.Equal(row, []string{"github", "any", "orchard/monolith", "shop"}) {
		t.Errorf("%q", row)
	}
	names.denies("becomes")
	rules := p.part("Policy in force")
	rules.says("Version shop")
	rules.leads("r", "/policy?rule=r")
}

// first is the first element of a name.
func (p *reading) first(name string) *reading { return &reading{p.t, p.all(name)[0]} }

func TestAnAdministrationOfNothingSaysSo(t *testing.T) {
	p := (&world{}).get(t, admin, "/admin")
	p.says("Nothing has arrived in the last week.", "None announced.", "No token is configured: nobody can write.", "Nobody has done anything yet.", "No rule is configured")
	bare := bareSite(t, Deps{})
	answer := httptest.NewRecorder()
	if err := bare.adminPage(answer, request("/admin").WithContext(WithVisitor(t.Context(), admin))); err != nil {
		t.Fatal(err)
	}
	without := read(t, answer.Body.String())
	lawful(t, without)
	without.denies("Who did what", "Names of services", "Policy in force", "Draw a new one", "Announce one")
}

func TestASampleOfANameIsTried(t *testing.T) {
	w := busy("shop")
	w.get(t, admin, "/admin?source=github&attribute=repository&value=orchard%2Fmonolith").part("Names of services").says("orchard/monolith becomes shop by a rule.")
	unknown := w.get(t, admin, "/admin?value=other").part("Names of services")
	unknown.says("other becomes other, since no rule knows it.")
	if fields := unknown.fields(); fields["value"] != "other" {
		t.Errorf("the form forgets the sample: %v", fields)
	}
}

// TestFormsOfTheAdministrationDoWhatTheySay and nothing that they do not.
func TestFormsOfTheAdministrationDoWhatTheySay(t *testing.T) {
	place := url.Values{"topic": {"t"}, "partition": {"3"}, "offset": {"9"}, "digest": {"77"}}
	without := func(name string) url.Values {
		form := url.Values{}
		for k, v := range place {
			if k != name {
				form[k] = v
			}
		}
		return form
	}
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		status int
		did    string
		says   string
	}{
		"replay":              {"/admin/replay", place, 200, "replay t 3 9 77", "Sent in again: 2 accepted, 1 known already, 1 refused. no kind"},
		"replay no partition": {"/admin/replay", without("partition"), 422, "", "does not name a dead letter"},
		"replay no offset":    {"/admin/replay", without("offset"), 422, "", "does not name a dead letter"},
		"replay no digest":    {"/admin/replay", without("digest"), 422, "", "does not name a dead letter"},
		"draw":                {"/admin/token", url.Values{"name": {" ci "}, "role": {"judge"}}, 200, `draw "ci" judge`, "It is shown this once and kept nowhere: flt_secret"},
		"end":                 {"/admin/maintenance/end", url.Values{"window": {"w-1"}}, 303, "end w-1", ""},
		"announce":            {"/admin/maintenance", url.Values{"services": {"a, b"}, "environment": {"prod"}, "to": {"2026-05-04T12:00"}, "reason": {"x"}}, 303, `announce [a b] in "prod"`, ""},
		"again":               {"/admin/notifications", url.Values{"settle": {"again"}, "target": {"x"}, "incident": {"i"}}, 303, "again x i", ""},
		"forget":              {"/admin/notifications", url.Values{"settle": {"forget"}, "target": {"x"}, "incident": {"i"}}, 303, "forget x i", ""},
		"neither":             {"/admin/notifications", url.Values{"target": {"x"}}, 422, "", "neither to try again nor to dismiss"},
	} {
		w := busy("shop")
		answer, err := w.post(t, admin, c.path, c.form)
		if err != nil || answer.Code != c.status || strings.Join(w.did, ";") != c.did {
			t.Errorf("%s: status %d, did %q, %v", name, answer.Code, w.did, err)
		}
		if c.says != "" {
			p := read(t, answer.Body.String())
			lawful(t, p)
			p.says(c.says)
		}
	}
	for port, path := range map[string]string{"Replay": "/admin/replay", "EndWindow": "/admin/maintenance/end"} {
		w := busy("shop")
		w.broken = port
		if answer, err := w.post(t, admin, path, place); !errors.Is(err, errBroken) || answer.Body.Len() > 0 {
			t.Errorf("%s: %d, %v", path, answer.Code, err)
		}
	}
	w := busy("shop")
	w.broken = "Draw"
	if answer, err := w.post(t, admin, "/admin/token", url.Values{}); err != nil || answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), "The port is broken.") {
		t.Errorf("draw: %d, %v", answer.Code, err)
	}
}

func TestADrawnTokenIsShownOnce(t *testing.T) {
	w := busy("shop")
	if _, err := w.post(t, admin, "/admin/token", url.Values{"name": {"ci"}}); err != nil {
		t.Fatal(err)
	}
	w.get(t, admin, "/admin").denies("flt_secret")
}

func TestManyLettersAreCut(t *testing.T) {
	w := busy("shop")
	w.letters = make([]query.DeadLetter, maxLetters+1)
	w.letters[0].Value = strings.Repeat("x", blockLetters+1)
	p := w.get(t, admin, "/admin").part("Dead letters")
	p.says("There are older ones.", "The message, its beginning")
	if n := len(p.all("form")); n != maxLetters {
		t.Errorf("%d letters", n)
	}
}
