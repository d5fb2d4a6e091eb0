package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

// someNews has hostile text in every place that others write.
func someNews() *News {
	return &News{
		Incident: correlate.Incident{
			ID: "inc-1", Revision: 3, Title: "checkout <!channel> errors & more\nline two", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical,
			StartedAt: noon, UpdatedAt: noon, Services: []string{"checkout"},
		},
		Finding: &correlate.Finding{Incident: "inc-1", Version: 4, Verdict: correlate.VerdictProbable, NoChangeProbability: 0.1, Missing: []string{"metrics"}, Suspects: []correlate.Suspect{{
			Rank: 1, Probability: 0.82, Change: correlate.Change{Source: "cd", ID: "a", Kind: correlate.KindFeatureFlag, Title: "<https://evil.example|click me> " + strings.Repeat("long ", 50)},
			Evidence: []correlate.Evidence{{Kind: correlate.EvidenceTiming, LogOdds: 2.5, Text: "began 3 min before"}, {Kind: correlate.EvidenceTopology, LogOdds: -0.5, Text: "cart is quiet"}},
		}}},
		Judgement: correlate.StandingOf(nil), Link: "https://faultline.example.com/incidents/inc-1", Changes: []string{"new incident"},
	}
}

const secret = "a secret that is long enough to sign with"

// receiver keeps requests and answers with the statuses in turn.
type receiver struct {
	statuses []int
	headers  []http.Header
	bodies   [][]byte
	paths    []string
	answer   func(path string) string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.headers, r.bodies, r.paths = append(r.headers, req.Header), append(r.bodies, body), append(r.paths, req.URL.Path)
	status := http.StatusOK
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.answer != nil {
		_, _ = io.WriteString(w, r.answer(req.URL.Path))
	}
}

func receive(t *testing.T, r *receiver) string {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL
}

func hook(t *testing.T, address string) *Webhook {
	t.Helper()
	w, err := NewWebhook(address, secret, http.DefaultClient, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAWebhookIsASignedCloudEvent(t *testing.T) {
	r := &receiver{}
	w := hook(t, receive(t, r)+"/hook?key=very-secret")
	for range 2 {
		if _, err := w.Tell(t.Context(), someNews(), ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Tell(t.Context(), someNews(), "inc-1"); err != nil {
		t.Fatal(err)
	}
	h := r.headers[0]
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), r.bodies[0])
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("webhook-signature") != want || h.Get("webhook-timestamp") != strconv.FormatInt(noon.Unix(), 10) {
		t.Errorf("%v, want %s", h, want)
	}
	var event struct {
		SpecVersion, Type, Subject, ID string
		Data                           struct {
			Incident struct{ ID string }
			Changes  []string
		}
	}
	if err := json.Unmarshal(r.bodies[0], &event); err != nil {
		t.Fatal(err)
	}
	if event.SpecVersion != "1.0" || event.Type != "io.faultline.incident.created" || event.Subject != "inc-1" || event.Data.Incident.ID != "inc-1" || event.ID != h.Get("webhook-id") {
		t.Errorf("%+v", event)
	}
	if r.headers[1].Get("webhook-id") != event.ID {
		t.Error("another attempt has another id, so the receiver cannot tell it for a repeat")
	}
	if !strings.Contains(string(r.bodies[2]), "io.faultline.incident.updated") {
		t.Error("an update calls itself new")
	}
	if strings.Contains(w.Name(), "very-secret") {
		t.Errorf("the name %q tells a secret", w.Name())
	}
}

// TestReceiversOfOnePathAreTwoInTheLedger has addresses differ only in what may
// be secret.
func TestReceiversOfOnePathAreTwoInTheLedger(t *testing.T) {
	names := map[string]string{}
	for _, address := range []string{"https://x/hook", "https://x/hook?key=team-one", "https://x/hook?key=team-two", "https://ann:pass-one@x/hook", "https://bob:pass-two@x/hook"} {
		name := hook(t, address).Name()
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s are both named %q", address, other, name)
		}
		names[name] = address
		if strings.Contains(name, "team") || strings.Contains(name, "pass") || !strings.HasPrefix(name, "webhook x/hook") {
			t.Errorf("%s is named %q", address, name)
		}
		if again := hook(t, address).Name(); again != name {
			t.Errorf("%s is named %q and then %q, so a restart would tell all again", address, name, again)
		}
	}
	if name := hook(t, "https://x/hook").Name(); name != "webhook x/hook" {
		t.Errorf("an address without secrets is named %q", name)
	}
}

func TestAWebhookTellsRefusalsFromTrouble(t *testing.T) {
	for status, final := range map[int]bool{500: false, 503: false, 429: false, 408: false, 400: true, 404: true, 410: true, 302: true} {
		w := hook(t, receive(t, &receiver{statuses: []int{status}}))
		w.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		_, err := w.Tell(t.Context(), someNews(), "")
		if err == nil || isFinal(err) != final {
			t.Errorf("%d: %v, for good: %t", status, err, isFinal(err))
		}
	}
	away := hook(t, "http://127.0.0.1:1/?key=very-secret")
	if _, err := away.Tell(t.Context(), someNews(), ""); err == nil || isFinal(err) || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("%v", err)
	}
}

func TestAWebhookWithoutAddressOrSecretIsRefused(t *testing.T) {
	for _, bad := range [][2]string{{"", secret}, {"ftp://x", secret}, {"https://x", "short"}, {"https://x", "whsec_???"}, {"https://x", "whsec_c2hvcnQ="}} {
		if _, err := NewWebhook(bad[0], bad[1], http.DefaultClient, time.Now); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	key := base64.StdEncoding.EncodeToString([]byte(secret))
	w, err := NewWebhook("https://x", "whsec_"+key, http.DefaultClient, time.Now)
	if err != nil || string(w.secret) != secret {
		t.Errorf("%v", err)
	}
}

// slackAPI answers like Slack.
func slackAPI(path string) string {
	if strings.HasSuffix(path, "chat.update") {
		return `{"ok":true,"channel":"C1","ts":"100.1","text":""}`
	}
	return `{"ok":true,"channel":"C1","ts":"100.1"}`
}

func room(t *testing.T, address string, buttons bool) *Slack {
	t.Helper()
	s, err := NewSlack(SlackConfig{Token: "xoxb-1", Channel: "C1", API: address, Buttons: buttons, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSlackPostsOneMessageAndKeepsItUpToDate(t *testing.T) {
	r := &receiver{answer: slackAPI}
	s := room(t, receive(t, r), true)
	thread, err := s.Tell(t.Context(), someNews(), "")
	if err != nil || thread != "100.1" {
		t.Fatalf("%q %v", thread, err)
	}
	later := someNews()
	later.Changes = []string{"resolved, was open"}
	if again, err := s.Tell(t.Context(), later, thread); err != nil || again != thread {
		t.Fatalf("%q %v", again, err)
	}
	if got := strings.Join(r.paths, " "); got != "/chat.postMessage /chat.update /chat.postMessage" {
		t.Errorf("called %s", got)
	}
	form, err := url.ParseQuery(string(r.bodies[2]))
	if err != nil || form.Get("thread_ts") != "100.1" || !strings.Contains(form.Get("text"), "Resolved, was open") {
		t.Errorf("%v %v", form, err)
	}
}

func TestSlackMessagesCannotBeAbused(t *testing.T) {
	r := &receiver{answer: slackAPI}
	if _, err := room(t, receive(t, r), true).Tell(t.Context(), someNews(), ""); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(r.bodies[0]))
	if err != nil {
		t.Fatal(err)
	}
	all := form.Get("text") + form.Get("blocks")
	for _, bad := range []string{"<!channel>", "<https://evil"} {
		if strings.Contains(form.Get("text"), bad) {
			t.Errorf("%q reaches the text", bad)
		}
	}
	var shown []struct {
		Type string
		Text struct{ Type, Text string }
	}
	if err := json.Unmarshal([]byte(form.Get("blocks")), &shown); err != nil {
		t.Fatal(err)
	}
	for _, b := range shown {
		if b.Text.Type == "mrkdwn" && (strings.Contains(b.Text.Text, "<!") || strings.Contains(b.Text.Text, "<https://evil")) {
			t.Errorf("a foreign text keeps its markup: %s", b.Text.Text)
		}
		if len([]rune(b.Text.Text)) > 3000 {
			t.Errorf("a section of %d characters", len(b.Text.Text))
		}
	}
	for _, want := range []string{"82%", "+2.5", "-0.5", "faultline_confirm", "open in Faultline", "metrics"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestButtonsGoOnceSomeoneHasJudged(t *testing.T) {
	n := someNews()
	n.Judgement = correlate.StandingOf([]correlate.Judgement{{ID: "j", Incident: "inc-1", Decision: correlate.DecisionNoChange, DecidedAt: noon}})
	raw, err := json.Marshal(blocks(n, true))
	if err != nil || strings.Contains(string(raw), "faultline_confirm") || !strings.Contains(string(raw), "people say") {
		t.Errorf("%s %v", raw, err)
	}
	n = someNews()
	n.Finding.Suspects[0].Change.ID = strings.Repeat("x", maxButtonValue)
	raw, err = json.Marshal(blocks(n, true))
	if err != nil || strings.Contains(string(raw), "faultline_confirm") || !strings.Contains(string(raw), "faultline_no_change") {
		t.Errorf("a button too large for Slack: %v", err)
	}
}

func TestSlackRefusalsForGoodAreToldApart(t *testing.T) {
	for code, final := range map[string]bool{"channel_not_found": true, "invalid_auth": true, "ratelimited": false, "internal_error": false} {
		s := room(t, receive(t, &receiver{answer: func(string) string { return `{"ok":false,"error":"` + code + `"}` }}), false)
		if _, err := s.Tell(t.Context(), someNews(), ""); err == nil || isFinal(err) != final {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := NewSlack(SlackConfig{Token: "x"}); err == nil {
		t.Error("a room without a channel")
	}
}

func TestNoFindingAndNoChangeHaveTheirSentences(t *testing.T) {
	n := someNews()
	n.Finding.Verdict = correlate.VerdictNoChange
	if got := sentence(n); !strings.HasPrefix(got, "Probably no recorded change did it (10%). Nearest suspect: feature flag ") || !strings.HasSuffix(got, "[cd/a] (82%).") {
		t.Errorf("%q", got)
	}
	n.Finding.Verdict = correlate.VerdictWeak
	if got := sentence(n); !strings.HasPrefix(got, "Weak evidence only. First suspect: feature flag ") {
		t.Errorf("%q", got)
	}
	n.Finding.Suspects = nil
	if got := sentence(n); got != "Probably no recorded change did it (10%)." {
		t.Errorf("%q", got)
	}
	n.Finding = nil
	if got := sentence(n); got != "There is no finding yet." {
		t.Errorf("%q", got)
	}
	if got := percent(0.001) + percent(0.999) + percent(1); got != "<1%>99%100%" {
		t.Errorf("%q", got)
	}
}

// TestAWebhookDoesNotTakeTheSameWordsForTheSameNews confirms a suspect, rules it
// out and confirms it again: neither changes the incident's revision, and the
// first and the last message say the same.
func TestAWebhookDoesNotTakeTheSameWordsForTheSameNews(t *testing.T) {
	r := &receiver{}
	w := hook(t, receive(t, r)+"/hook")
	ids := map[string]string{}
	for name, change := range map[string]func(*News){
		"as it is": func(*News) {}, "judged": func(n *News) { n.Judgement.Judgements = 1 }, "judged thrice": func(n *News) { n.Judgement.Judgements = 3 },
		"another finding": func(n *News) { n.Finding = &correlate.Finding{Version: 9, Verdict: correlate.VerdictWeak} },
	} {
		news := someNews()
		change(news)
		if _, err := w.Tell(t.Context(), news, "inc-1"); err != nil {
			t.Fatal(err)
		}
		id := r.headers[len(r.headers)-1].Get("webhook-id")
		if other, taken := ids[id]; taken {
			t.Errorf("%q and %q have one id: a receiver drops the second", name, other)
		}
		ids[id] = name
	}
}
