package correlate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// judgement is a person's word on a change, so many minutes after noon.
func judgement(id, incident string, decision Decision, change string, minute int) Judgement {
	j := Judgement{ID: id, Incident: incident, Decision: decision, DecidedAt: indexDay.Add(time.Duration(minute) * time.Minute)}
	if change != "" {
		j.Change = &Key{Source: "ci", ID: change}
	}
	return j
}

func pastLines(past []PastCause) []string {
	lines := []string{}
	for _, p := range past {
		word := "confirmed"
		if p.Cleared {
			word = "cleared"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s at %s", p.Incident, strings.Join(p.Services, ","), p.Kind, word, p.At.Format("15:04")))
	}
	return lines
}

func TestHistoryTellsWhatWasKnownAtTheMoment(t *testing.T) {
	h := NewHistory()
	cart, pay := indexed("cart-1", 0, "cart"), indexed("pay-1", 0, "pay", "wallet")
	h.Add(judgement("1", "a", DecisionConfirm, "cart-1", 10), &cart)
	h.Add(judgement("2", "b", DecisionReject, "pay-1", 20), &pay)
	h.Add(judgement("3", "a", DecisionReject, "cart-1", 30), &cart)
	h.Add(judgement("4", "b", DecisionNoChange, "", 40), nil)
	for minute, want := range map[int][]string{
		5:  {},
		15: {"a cart deploy confirmed at 12:10"},
		25: {"a cart deploy confirmed at 12:10", "b pay,wallet deploy cleared at 12:20"},
		50: {"b pay,wallet deploy cleared at 12:20", "a cart deploy cleared at 12:30"},
	} {
		if diff := gocmp.Diff(want, pastLines(h.Before(indexDay.Add(time.Duration(minute)*time.Minute), ""))); diff != "" {
			t.Errorf("at minute %d (-want +got):\n%s", minute, diff)
		}
	}
	if got := pastLines(h.Before(indexDay.Add(time.Hour), "a")); len(got) != 1 || !strings.HasPrefix(got[0], "b ") {
		t.Errorf("an incident is judged by what was said of it: %q", got)
	}
}

func TestTheSameJudgementCountsOnceAndOneWithoutItsChangeNot(t *testing.T) {
	h := NewHistory()
	cart := indexed("cart-1", 0, "cart")
	if !h.Add(judgement("1", "a", DecisionConfirm, "cart-1", 10), &cart) || h.Add(judgement("1", "a", DecisionConfirm, "cart-1", 10), &cart) {
		t.Error("a judgement is new once")
	}
	h.Add(judgement("2", "b", DecisionConfirm, "forgotten", 10), nil)
	if got := h.Before(indexDay.Add(time.Hour), ""); len(got) != 1 {
		t.Errorf("got %q", pastLines(got))
	}
}

func TestTheOldestIncidentsOfAHistoryAreForgotten(t *testing.T) {
	h := NewHistory()
	cart := indexed("cart-1", 0, "cart")
	for i := range maxJudged + 5 {
		h.Add(judgement(fmt.Sprint(i), fmt.Sprintf("i%d", i), DecisionConfirm, "cart-1", 0), &cart)
	}
	if len(h.incidents) != maxJudged || len(h.order) != maxJudged || len(h.seen) != maxJudged || h.incidents["i0"] != nil {
		t.Errorf("keeps %d incidents and %d ids", len(h.incidents), len(h.seen))
	}
}

func TestHistoryDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Judgement
		for i := range rapid.IntRange(1, 12).Draw(t, "judgements") {
			decision := rapid.SampledFrom(Decisions()).Draw(t, "decision")
			change := ""
			if decision != DecisionNoChange {
				change = fmt.Sprintf("c%d", rapid.IntRange(0, 2).Draw(t, "change"))
			}
			incident := fmt.Sprintf("i%d", rapid.IntRange(0, 2).Draw(t, "incident"))
			all = append(all, judgement(fmt.Sprint(i), incident, decision, change, rapid.IntRange(0, 5).Draw(t, "minute")))
		}
		one, other := NewHistory(), NewHistory()
		enter := func(h *History, j Judgement) {
			var c *Change
			if j.Change != nil {
				found := indexed(j.Change.ID, 0, "s"+j.Change.ID)
				c = &found
			}
			h.Add(j, c)
		}
		for _, j := range all {
			enter(one, j)
		}
		r := rand.New(rand.NewPCG(1, uint64(rapid.IntRange(0, 99).Draw(t, "order"))))
		for _, i := range r.Perm(len(all)) {
			enter(other, all[i])
		}
		moment := indexDay.Add(time.Duration(rapid.IntRange(-1, 6).Draw(t, "moment")) * time.Minute)
		if diff := gocmp.Diff(one.Before(moment, "i1"), other.Before(moment, "i1")); diff != "" {
			t.Fatalf("(-in order +shuffled):\n%s", diff)
		}
	})
}

// judgedBefore is a story with so many confirmations and clearances of deploys of cart.
func judgedBefore(confirmed, cleared int, change func(*PastCause)) *story {
	s := newStory(guilty(2*time.Minute, "cart"))
	for i := range confirmed + cleared {
		past := PastCause{
			Incident: fmt.Sprint(i), Services: []string{"cart"}, Kind: KindDeploy, Cleared: i >= confirmed, At: after(-time.Duration(i+1) * time.Hour),
		}
		if change != nil {
			change(&past)
		}
		s.history = append(s.history, past)
	}
	// Elsewhere as many suspects were confirmed as were cleared.
	for i := range 10 {
		s.history = append(s.history, PastCause{
			Incident: fmt.Sprint("other-", i), Services: []string{"ledger"}, Kind: KindDeploy, Cleared: i%2 == 0, At: after(-time.Duration(i+1) * time.Hour),
		})
	}
	return s
}

func historyWeight(t *testing.T, s *story) (logOdds float64, text string) {
	t.Helper()
	log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceHistory)
	return log, text
}

func TestClearedSuspectsSpeakAgainstTheNextOfTheirKind(t *testing.T) {
	none, _ := historyWeight(t, judgedBefore(0, 0, nil))
	one, _ := historyWeight(t, judgedBefore(0, 1, nil))
	many, text := historyWeight(t, judgedBefore(0, 8, nil))
	if !(many < one && one < none) {
		t.Errorf("never judged %.2f, cleared once %.2f, eight times %.2f", none, one, many)
	}
	if !strings.Contains(text, "cleared 8 of its suspects; 0 of the 8 of kind deploy were guilty") {
		t.Errorf("says %q", text)
	}
	confirmed, _ := historyWeight(t, judgedBefore(8, 0, nil))
	if confirmed <= 0 || confirmed <= none {
		t.Errorf("confirmed eight times weighs %.2f", confirmed)
	}
}

// The first verdict of a company clears a change elsewhere: nobody is helped by
// reading that zero of zero incidents were this service's.
func TestWithoutAnyCauseNothingIsCounted(t *testing.T) {
	cleared := func(service string) *story {
		s := newStory(guilty(2*time.Minute, "cart"))
		s.history = []PastCause{{Incident: "1", Services: []string{service}, Kind: KindDeploy, Cleared: true, At: after(-time.Hour)}}
		return s
	}
	runEvidence(t, []evidenceTest{{"cleared elsewhere", cleared("ledger"), EvidenceHistory, absent, nil, nil}})
	log, text := historyWeight(t, cleared("cart"))
	if want := "People confirmed no change as a cause before; cleared 1 change of cart; 0 of the 1 of kind deploy were guilty."; log >= 0 || strings.TrimSpace(text) != want {
		t.Errorf("%.2f %q, want %q", log, text, want)
	}
}

func TestAnotherKindIsNotClearedWithIt(t *testing.T) {
	same, _ := historyWeight(t, judgedBefore(0, 8, nil))
	other, _ := historyWeight(t, judgedBefore(0, 8, func(p *PastCause) { p.Kind = KindConfig }))
	if other <= same {
		t.Errorf("configs of the service were cleared: %.2f; deploys were: %.2f", other, same)
	}
}

func TestTheSameFlagCountsOnItsOwn(t *testing.T) {
	s := judgedBefore(0, 0, nil)
	s.changes[0].Kind, s.changes[0].Labels = KindFeatureFlag, map[string]string{"flag": "new-basket"}
	before, _ := historyWeight(t, s)
	for i := range 3 {
		s.history = append(s.history, PastCause{Incident: fmt.Sprint("f", i), Services: []string{"web"}, Kind: KindFeatureFlag, Flag: "new-basket", At: after(-time.Hour)})
	}
	log, text := historyWeight(t, s)
	if log <= before || !strings.Contains(text, "confirmed 3 of 3 changes of the same flag") {
		t.Errorf("the flag was guilty three times elsewhere: %.2f after %.2f, %q", log, before, text)
	}
}
