package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// letterService is a service with two dead letters, of which the second is
// refused again, and one undelivered notification.
type letterService struct{ asked []string }

func (s *letterService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI()+" "+string(raw))
	w.Header().Set("Content-Type", "application/json")
	const lost = `{"target":"slack C1","incident":"inc-1","state":"given_up","given_up_at":"2026-11-20T11:00:00Z","attempts":10,"reason":"channel_not_found"}`
	switch {
	case r.URL.Path == "/v1/dead-letters":
		_, _ = io.WriteString(w, `{"items":[
			{"id":"c/0/1/7","at":"2026-11-20T11:00:00Z","topic":"c","partition":0,"offset":1,"reason":"started_at: is missing","excerpt":"{}","bytes":2},
			{"id":"c/0/2/8","at":"2026-11-20T11:00:00Z","topic":"c","partition":0,"offset":2,"reason":"no JSON","excerpt":"x","bytes":1}]}`)
	case r.URL.Path == "/v1/dead-letters/replay" && strings.Contains(string(raw), "c/0/1/7"):
		_, _ = io.WriteString(w, `{"accepted":1,"duplicates":0,"rejected":[]}`)
	case r.URL.Path == "/v1/dead-letters/replay" && strings.Contains(string(raw), "c/0/2/8"):
		_, _ = io.WriteString(w, `{"accepted":0,"duplicates":0,"rejected":["no JSON"]}`)
	case r.URL.Path == "/v1/notifications/undelivered":
		_, _ = io.WriteString(w, `{"items":[`+lost+`]}`)
	case strings.HasPrefix(r.URL.Path, "/v1/notifications/undelivered/") && strings.Contains(string(raw), "slack C1"):
		if strings.HasSuffix(r.URL.Path, "replay") {
			w.WriteHeader(http.StatusAccepted)
		}
		_, _ = io.WriteString(w, strings.Replace(lost, "given_up", "asked", 1))
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"type":"/problems/letter-not-found","title":"There is no such message","detail":"x"}`)
	}
}

func letterBox(t *testing.T) (*letterService, LettersOptions) {
	t.Helper()
	s := &letterService{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, LettersOptions{Server: server.URL, Token: "flt_a_b", Limit: 50, Output: "table"}
}

func TestDeadLettersAreListedAndSentInAgain(t *testing.T) {
	s, opts := letterBox(t)
	var out strings.Builder
	if err := ListDeadLetters(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "c/0/1/7") || !strings.Contains(out.String(), "started_at: is missing") {
		t.Fatalf("%v %s", err, out.String())
	}
	out.Reset()
	one := opts
	one.ID = "c/0/1/7"
	if err := ReplayDeadLetters(t.Context(), one, &out); err != nil || !strings.Contains(out.String(), "accepted 1") {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	all := opts
	all.All, all.Output = true, "json"
	err := ReplayDeadLetters(t.Context(), all, &out)
	var result ReplayResult
	if !errors.Is(err, ErrNo) || json.Unmarshal([]byte(out.String()), &result) != nil || result.Sent != 2 || result.Accepted != 1 || len(result.Rejected) != 1 || result.Rejected[0] != "c/0/2/8: no JSON" {
		t.Errorf("%v %s", err, out.String())
	}
	if len(s.asked) != 5 || !strings.Contains(s.asked[0], "limit=50") {
		t.Errorf("asked %q", s.asked)
	}
}

func TestWhichDeadLetterIsMeantMustBeSaid(t *testing.T) {
	s, opts := letterBox(t)
	both := opts
	both.All, both.ID = true, "c/0/1/7"
	many := opts
	many.Limit, many.All = 500, true
	odd := opts
	odd.All, odd.Output = true, "xml"
	for name, o := range map[string]LettersOptions{"none": opts, "both": both, "too many": many, "output": odd} {
		if err := ReplayDeadLetters(t.Context(), o, io.Discard); err == nil || errors.Is(err, ErrDependency) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("asked %q", s.asked)
	}
	unknown := opts
	unknown.ID = "nowhere/0/0/0"
	if err := ReplayDeadLetters(t.Context(), unknown, io.Discard); err == nil || !strings.Contains(err.Error(), "no such message") || !strings.Contains(err.Error(), "nowhere/0/0/0") {
		t.Errorf("%v", err)
	}
}

func TestUndeliveredNotificationsAreListedAskedForAndDismissed(t *testing.T) {
	s, opts := letterBox(t)
	var out strings.Builder
	if err := ListUndelivered(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "channel_not_found") || !strings.Contains(out.String(), "slack C1") {
		t.Fatalf("%v %s", err, out.String())
	}
	opts.Target, opts.Incident = "slack C1", "inc-1"
	out.Reset()
	if err := ReplayUndelivered(t.Context(), opts, &out); err != nil || out.String() != "inc-1 for slack C1: another attempt will be made\n" {
		t.Errorf("%v %q", err, out.String())
	}
	out.Reset()
	opts.Output = "yaml"
	if err := DismissUndelivered(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "target: slack C1") {
		t.Errorf("%v %q", err, out.String())
	}
	if last := s.asked[len(s.asked)-1]; !strings.HasPrefix(last, "POST /v1/notifications/undelivered/dismiss ") || !strings.Contains(last, `"incident":"inc-1"`) {
		t.Errorf("asked %q", last)
	}
	opts.Target = "elsewhere"
	if err := ReplayUndelivered(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), "no such message") {
		t.Errorf("%v", err)
	}
}

func TestNothingToShowIsSaid(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[]}`)
	}))
	defer server.Close()
	opts := LettersOptions{Server: server.URL, Limit: 5, Output: "table"}
	for want, list := range map[string]func() (string, error){
		"no dead letters": func() (string, error) {
			var b strings.Builder
			err := ListDeadLetters(t.Context(), opts, &b)
			return b.String(), err
		},
		"nothing is undelivered": func() (string, error) {
			var b strings.Builder
			err := ListUndelivered(t.Context(), opts, &b)
			return b.String(), err
		},
	} {
		if got, err := list(); err != nil || !strings.Contains(got, want) {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
}

func TestIncidentsAreOfferedToTheShell(t *testing.T) {
	_, at := serveIncidents(t, 1)
	if got := IncidentIDs(t.Context(), at, ""); len(got) != 1 || got[0] != "inc-1\topen, checkout errors" {
		t.Errorf("%q", got)
	}
	for _, away := range []string{"http://127.0.0.1:1", "nowhere"} {
		if got := IncidentIDs(t.Context(), away, ""); len(got) != 0 {
			t.Errorf("%s offers %q", away, got)
		}
	}
}
