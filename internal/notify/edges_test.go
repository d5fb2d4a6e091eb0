package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// TestTwoNotifiersOfOneProcessAreRefused: both would tell, and neither's figures
// would be right.
func TestTwoNotifiersOfOneProcessAreRefused(t *testing.T) {
	w := newWorld()
	deps := Deps{Store: w, Judgements: w, Commands: w, Ledger: w, Lost: w, Targets: []Target{w}, Registerer: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	if _, err := New(quick(), deps); err != nil {
		t.Fatal(err)
	}
	if _, err := New(quick(), deps); err == nil || !strings.Contains(err.Error(), "metrics") {
		t.Errorf("%v", err)
	}
}

// lossyLedger keeps nothing of what was lost.
type lossyLedger struct{ *world }

func (lossyLedger) SaveNoticeWord(context.Context, query.NoticeWord) error {
	return errors.New("the store is away")
}

// TestALedgerThatCannotBeWrittenStopsNoNews: what cannot be kept is logged, and
// the next incident is told all the same.
func TestALedgerThatCannotBeWrittenStopsNoNews(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	logged := &strings.Builder{}
	n, err := New(cfg, Deps{Store: w, Judgements: w, Commands: w, Ledger: w, Lost: lossyLedger{w}, Targets: []Target{w}, Registerer: prometheus.NewRegistry(), Log: slog.New(slog.NewTextHandler(logged, nil)), Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.broken(1)
	round(t, n)
	if !strings.Contains(logged.String(), "could not be kept") || !strings.Contains(logged.String(), "incident=inc-1") {
		t.Errorf("logged %s", logged)
	}
	w.happen("inc-2", correlate.IncidentOpen, "", "")
	round(t, n)
	if len(w.told) != 1 || w.told[0].Incident.ID != "inc-2" {
		t.Errorf("told %+v", w.told)
	}
}

func TestVerdictsAndIncidentsAreForgottenAfterAWhile(t *testing.T) {
	w, cfg := newWorld(), quick()
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.verdicts["inc-1"] = []correlate.Judgement{{ID: "j-1", Incident: "inc-1", Decision: correlate.DecisionNoChange, DecidedAt: w.now.Add(time.Second)}}
	round(t, n)
	if len(n.seen) != 1 || len(n.heard) != 1 {
		t.Fatalf("%d incidents and %d verdicts are known", len(n.seen), len(n.heard))
	}
	w.pass(2 * cfg.Memory)
	w.happen("inc-2", correlate.IncidentOpen, "", "")
	w.verdicts["inc-2"] = []correlate.Judgement{{ID: "j-2", Incident: "inc-2", Decision: correlate.DecisionNoChange, DecidedAt: w.now.Add(time.Second)}}
	round(t, n)
	round(t, n) // The look after the one that heard of the newer verdict forgets.
	if _, old := n.seen["inc-1"]; old {
		t.Error("incidents pile up for as long as the process lives")
	}
	if _, old := n.heard["j-1"]; old {
		t.Error("verdicts pile up for as long as the process lives")
	}
}

// TestAFindingThatCannotBeReadIsTriedAgain: told without it, people would hear
// that there is none.
func TestAFindingThatCannotBeReadIsTriedAgain(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictProbable, "a")
	if err := n.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.deps.Store = unreadable{w}
	n.queues[0].tell(t.Context(), "inc-1")
	if len(w.told) != 0 {
		t.Fatalf("told without the finding: %+v", w.told)
	}
	n.deps.Store = w
	w.pass(time.Second)
	round(t, n)
	if len(w.told) != 1 || w.told[0].Finding == nil {
		t.Errorf("told %+v", w.told)
	}
}

// unreadable is a store whose findings cannot be read.
type unreadable struct{ *world }

func (unreadable) Finding(context.Context, string, int) (correlate.Finding, error) {
	return correlate.Finding{}, errors.New("timeout")
}

func TestWithoutAnAddressOfThePagesNoLinkIsMade(t *testing.T) {
	n := outageNews()
	n.Link = ""
	if text := read(t, n); strings.Contains(text, "open in Faultline") {
		t.Errorf("%s", text)
	}
	notifier := &Notifier{cfg: Config{}}
	if got := notifier.link("inc-1"); got != "" {
		t.Errorf("link %q", got)
	}
	notifier.cfg.Link = "https://f.example/"
	if got := notifier.link("a/b c"); got != "https://f.example/incidents/a%2Fb%20c" {
		t.Errorf("link %q", got)
	}
}

func TestWhatHasNoSeverityOrTitleStillReads(t *testing.T) {
	n := outageNews()
	n.Incident.Severity = ""
	n.Finding.Suspects[0].Change.Title, n.Finding.Suspects[0].Change.Services = "", []string{"checkout", "cart"}
	if text := read(t, n); !strings.HasPrefix(text, "Open: checkout") || !strings.Contains(text, `deploy "checkout, cart" [argo-cd/d-412]`) {
		t.Errorf("%s", text)
	}
	n.Finding.Suspects = nil
	before := toldOf(outageNews(), "slack C1", "1", noon)
	if got := changes(&before, n); strings.Contains(strings.Join(got, ";"), "suspect") {
		t.Errorf("no suspect is another suspect: %q", got)
	}
}

// TestLongTextsKeepToSlacksLimits: one that is too long makes Slack refuse the
// whole message.
func TestLongTextsKeepToSlacksLimits(t *testing.T) {
	n, long := outageNews(), strings.Repeat("ü<&", 3000)
	n.Incident.Title, n.Incident.Services = long, []string{long, long}
	n.Finding.Missing = []string{long}
	for i := range n.Finding.Suspects {
		s := &n.Finding.Suspects[i]
		s.Change.Title = long
		for range 9 {
			s.Evidence = append(s.Evidence, correlate.Evidence{LogOdds: 3, Text: long})
		}
	}
	n.Finding.BlastRadius.Alerting = []string{long, long, long, long, long, long, long, long, long}
	for line := range strings.SplitSeq(read(t, n), "\n") {
		if runes := len([]rune(line)); runes > 3000 {
			t.Errorf("a text of %d characters: %.60s", runes, line)
		}
	}
	if head := []rune(strings.SplitN(read(t, n), "\n", 2)[0]); len(head) > headerRunes {
		t.Errorf("a header of %d characters", len(head))
	}
}

func TestAnAnswerToAButtonGoesToSlackOrNowhere(t *testing.T) {
	r := &receiver{}
	address := receive(t, r)
	x := NewInteractions(signingSecret, []string{"U1"}, func(context.Context, Verdict) error { return nil }, http.DefaultClient, slog.New(slog.DiscardHandler))
	for _, to := range []string{address, "", "://", "https://hooks.slack.com.evil.example/x"} {
		if w := press(t, x, pressed("U1", actionNoChange, `{"i":"inc-1","v":4}`, to), time.Now(), signingSecret); w.Code != http.StatusOK {
			t.Errorf("%q: status %d", to, w.Code)
		}
	}
	if len(r.bodies) != 0 {
		t.Errorf("an answer went elsewhere: %s", r.bodies)
	}
	x.replyHost = "127.0.0.1:1"
	if w := press(t, x, pressed("U1", actionNoChange, `{"i":"inc-1","v":4}`, "http://127.0.0.1:1/x"), time.Now(), signingSecret); w.Code != http.StatusOK {
		t.Errorf("an answer that cannot be sent undoes the verdict: %d", w.Code)
	}
	replies := &receiver{}
	at := receive(t, replies)
	x.replyHost = strings.TrimPrefix(at, "http://")
	press(t, x, pressed("U1", actionConfirm, `no json`, at), time.Now(), signingSecret)
	if len(replies.bodies) != 1 || !strings.Contains(string(replies.bodies[0]), "another version of Faultline") {
		t.Errorf("a button of before: %s", replies.bodies)
	}
}
