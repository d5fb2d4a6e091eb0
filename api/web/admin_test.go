package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// calendar is a port of windows that remembers.
type calendar struct {
	windows []Window
	asked   *Announcement
	ended   string
	err     error
}

func (c *calendar) Windows(context.Context) ([]Window, error) { return c.windows, c.err }
func (c *calendar) Announce(_ context.Context, a *Announcement) error {
	c.asked = a
	return c.err
}

func (c *calendar) EndWindow(_ context.Context, id string) error {
	c.ended = id
	return c.err
}

// posted is a form as it reaches a handler.
func posted(values url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_ = r.ParseForm()
	return r
}

// parsedOnce are the templates, which many tests share.
var parsedOnce = sync.OnceValues(parsePages)

// bareSite has templates and a clock, and the ports that a test gives it.
func bareSite(t *testing.T, deps Deps) *Site {
	t.Helper()
	parsed, err := parsedOnce()
	if err != nil {
		t.Fatal(err)
	}
	files, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	deps.Now = func() time.Time { return time.Date(2026, 5, 4, 10, 5, 0, 0, time.UTC) }
	return &Site{deps: deps, pages: parsed, assets: files, fresh: newFreshness(nil, deps.Now)}
}

func TestAnAnnouncementIsReadAsItIsMeant(t *testing.T) {
	c := &calendar{}
	s := bareSite(t, Deps{Windows: c})
	w := httptest.NewRecorder()
	err := s.announce(w, posted(url.Values{
		"services": {" cart ,checkout\n\n pricing,,"}, "environment": {" staging "}, "from": {"2026-05-04T11:00"}, "to": {"2026-05-04T12:30"}, "reason": {" New disks. "},
	}))
	if err != nil || w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin#h-windows" {
		t.Fatalf("status %d to %q, %v", w.Code, w.Header().Get("Location"), err)
	}
	a := c.asked
	if strings.Join(a.Services, "|") != "cart|checkout|pricing" || a.Environment != "staging" || a.Reason != "New disks." || !a.From.Equal(time.Date(2026, 5, 4, 11, 0, 0, 0, time.UTC)) || !a.To.Equal(time.Date(2026, 5, 4, 12, 30, 0, 0, time.UTC)) {
		t.Errorf("asked: %+v", a)
	}
	if err := s.announce(httptest.NewRecorder(), posted(url.Values{"everything": {"yes"}, "to": {"2026-05-04T12:30"}, "reason": {"x"}})); err != nil || len(c.asked.Services) != 0 || !c.asked.From.IsZero() {
		t.Errorf("everything, as soon as may be: %+v, %v", c.asked, err)
	}
}

// TestAnEmptyListOfServicesIsNoWishToMuteEverything is the mistake that would
// hide an outage.
func TestAnEmptyListOfServicesIsNoWishToMuteEverything(t *testing.T) {
	c := &calendar{}
	s := bareSite(t, Deps{Windows: c})
	for name, form := range map[string]url.Values{
		"empty": {"services": {""}, "to": {"2026-05-04T12:30"}, "reason": {"x"}}, "commas": {"services": {" , ,\n"}, "to": {"2026-05-04T12:30"}, "reason": {"x"}},
		"broken time": {"services": {"a"}, "to": {"half past noon"}, "reason": {"x"}},
	} {
		w := httptest.NewRecorder()
		if err := s.announce(w, posted(form)); err != nil || w.Code != http.StatusUnprocessableEntity || c.asked != nil {
			t.Errorf("%s: status %d, asked %+v, %v", name, w.Code, c.asked, err)
		}
	}
}

func TestFailuresOfTheCalendarReachTheCaller(t *testing.T) {
	broken := errors.New("the store is down")
	s := bareSite(t, Deps{Windows: &calendar{err: broken}})
	if err := s.announce(httptest.NewRecorder(), posted(url.Values{"services": {"a"}, "to": {"2026-05-04T12:30"}})); !errors.Is(err, broken) {
		t.Errorf("announce: %v", err)
	}
	if err := s.endWindow(httptest.NewRecorder(), posted(url.Values{"window": {"x"}})); !errors.Is(err, broken) {
		t.Errorf("end: %v", err)
	}
	if err := s.windows(posted(nil), &adminBody{}); !errors.Is(err, broken) {
		t.Errorf("list: %v", err)
	}
	none := bareSite(t, Deps{})
	for name, handle := range map[string]func(http.ResponseWriter, *http.Request) error{"announce": none.announce, "end": none.endWindow, "draw": none.drawToken} {
		w := httptest.NewRecorder()
		if err := handle(w, posted(nil)); err != nil || w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s without its port: status %d, %v", name, w.Code, err)
		}
	}
}

func TestWindowsSayWhoHadAHandInThem(t *testing.T) {
	at := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	many := make([]string, 30)
	s := bareSite(t, Deps{Windows: &calendar{windows: []Window{
		{ID: "1", State: "running", Services: many, From: at, To: at.Add(time.Hour), CreatedBy: "ada", ChangedBy: "ada"},
		{ID: "2", State: "over", From: at, To: at, CreatedBy: "ada", ChangedBy: "grace"},
	}}})
	body := &adminBody{}
	if err := s.windows(posted(nil), body); err != nil || len(body.Windows) != 2 {
		t.Fatal(err)
	}
	if w := body.Windows[0]; !w.Endable || w.By != "ada" || len(w.Services.Names)+w.Services.More != 30 || len(w.Services.Names) > maxRowServices {
		t.Errorf("running: %+v", w)
	}
	if w := body.Windows[1]; w.Endable || w.By != "ada, ended by grace" || w.Sign == "" {
		t.Errorf("over: %+v", w)
	}
}

func TestLagIsSaidOnlyAsFineAsItMatters(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "under a second", 999 * time.Millisecond: "under a second", 6 * time.Second: "6 s", 90 * time.Second: "1 min 30 s"} {
		if got := lagWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestAnErrorBecomesOneSentence(t *testing.T) {
	for text, want := range map[string]string{"no such role": "No such role.", "It is over.": "It is over.", "\u202ebad": "Bad."} {
		if got := sentence(errors.New(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAPlotWithoutAnyValueIsBare(t *testing.T) {
	empty := plotIntervals("x", "x", "x", []interval{{label: "a", missing: true}, {label: "b", missing: true}}, shareScale())
	some := plotIntervals("x", "x", "x", []interval{{label: "a", missing: true}, {label: "b", value: 0.5, hi: 1}}, shareScale())
	if !empty.Bare() || some.Bare() {
		t.Errorf("bare: %v and %v", empty.Bare(), some.Bare())
	}
}
