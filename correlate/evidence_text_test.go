package correlate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// crowded is a story in which so many further services alert gravely, each with a
// summary of its own, and the first says the summary.
func crowded(title, summary string, others int, says func(i int) string) *story {
	s := titled(title, summary)
	for i := range others {
		a := s.alert(fmt.Sprintf("depot-%c%c", 'a'+i/6, 'k'+i%6), "HighErrorRate", SeverityCritical, time.Duration(i+1)*5*time.Second)
		a.Summary = says(i)
		s.alerts = append(s.alerts, a)
	}
	return s
}

func textWeight(t *testing.T, s *story) float64 {
	t.Helper()
	log, _, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceText)
	return log
}

// In a storm something is always said: what one of a dozen services says by
// chance must not find the cause.
func TestWhatFewOfTheAlertingServicesSayWeighsLess(t *testing.T) {
	silent := func(int) string { return "" }
	alone := textWeight(t, titled("tune the voucher engine", "voucher fails"))
	few := textWeight(t, crowded("tune the voucher engine", "voucher fails", 10, silent))
	all := textWeight(t, crowded("tune the voucher engine", "voucher fails", 10, func(int) string { return "voucher fails" }))
	if !(0 < few && few < 0.6*alone) {
		t.Errorf("a word that one of 12 services says weighs %.2f, one that one of two says %.2f", few, alone)
	}
	if all <= 1.5*few {
		t.Errorf("a word that nearly all of 12 services say weighs %.2f, one that a single one says %.2f", all, few)
	}
}

// A disk that fills slowly beside the outage says words too.
func TestWhatOnlyLesserAlertsSayWeighsLeast(t *testing.T) {
	grave := titled("tune the voucher engine", "voucher fails")
	lesser := titled("tune the voucher engine", "")
	warning := lesser.alert("search", "DiskPressure", SeverityWarning, -time.Minute)
	warning.Summary = "voucher fails"
	lesser.alerts = append(lesser.alerts, warning)
	if a, b := textWeight(t, grave), textWeight(t, lesser); !(0 < b && b < a/3) {
		t.Errorf("said by a grave alert a word weighs %.2f, said by a warning alone %.2f", a, b)
	}
}

// Without a grave alert the warnings are all there is.
func TestWhereNoAlertIsGraveAllAreRead(t *testing.T) {
	s := titled("tune the voucher engine", "voucher fails")
	for i := range s.alerts {
		s.alerts[i].Severity = SeverityWarning
	}
	if got, want := textWeight(t, s), textWeight(t, titled("tune the voucher engine", "voucher fails")); math.Abs(got-want) > 1e-9 {
		t.Errorf("among warnings the word weighs %.2f, among grave alerts %.2f", got, want)
	}
}

// A service that alerts five times says what it says once.
func TestAServiceThatRepeatsItselfIsHeardOnce(t *testing.T) {
	once, often := titled("tune the voucher engine", "voucher fails"), titled("tune the voucher engine", "voucher fails")
	for i := range 5 {
		again := often.alert("cart", fmt.Sprintf("HighErrorRate%c", 'a'+i), SeverityCritical, time.Duration(i)*time.Second)
		again.Summary = "voucher fails"
		often.alerts = append(often.alerts, again)
	}
	if a, b := textWeight(t, once), textWeight(t, often); math.Abs(a-b) > 1e-9 {
		t.Errorf("said once it weighs %.3f, said six times by the same service %.3f", a, b)
	}
}

func TestTheSharesOfTheServicesThatSayAWord(t *testing.T) {
	s := crowded("", "voucher fails", 2, func(i int) string { return []string{"voucher lost", "queue full"}[i] })
	e := NewEngine(DefaultWeights())
	scene := e.newScene(&Input{Alerts: s.alerts, AsOf: s.asOf, Graph: NewGraph(s.topology), Changes: NewChangeIndex(s.changes...)})
	defer scene.leave()
	told := scene.toldWords()
	for word, want := range map[string]float64{"voucher": 0.5, "queue": 0.25, "never": 0} {
		if got := told[word]; got != want {
			t.Errorf("%q is said by %v of the four services, want %v", word, got, want)
		}
	}
	c := corpus{told: told}
	for power, want := range map[float64]float64{0: 1, 0.5: 0.5, 1: 0.25} {
		if got := c.weightOf("queue", power); got != want {
			t.Errorf("power %v: a word of one in four services keeps %v of its weight, want %v", power, got, want)
		}
	}
	if got := c.weightOf("never", 1); got != leastTold {
		t.Errorf("a word that no grave alert says keeps %v of its weight, want %v", got, leastTold)
	}
}

// One of a dozen alerts that mentions a certificate does not make a renewal the
// likeliest kind of change, nor clear all others.
func TestAKindIsSuspectAsFarAsTheAlertsSpeakOfIt(t *testing.T) {
	told := func(others int, says string) float64 {
		s := crowded("renewal", "certificate chain broken", others, func(int) string { return says })
		s.changes[0].Kind = KindCertificate
		for _, e := range suspectOf(t, s.judge(), "guilty").Evidence {
			if e.Kind == EvidencePrior && strings.Contains(e.Text, "are often behind alerts about") {
				return e.LogOdds
			}
		}
		return 0
	}
	one, all := told(10, "slow"), told(10, "certificate chain broken")
	if !(0 < one && one < 0.5*all) {
		t.Errorf("one of 12 services that speaks of certificates weighs %.2f, eleven %.2f", one, all)
	}
}
