package correlate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// twoFaults is an outage in which three callers of each of two databases alert,
// both of which were changed just before. Shared names services that call both.
func twoFaults(shared ...string) shopStory {
	s := shopStory{changes: []Change{changed("left", 4*time.Minute, "stock"), changed("right", 6*time.Minute, "login")}}
	for i := range 3 {
		for side, base := range map[string]string{"shelf": "stock", "door": "login"} {
			name := fmt.Sprintf("%s-%d", side, i)
			s.edges = append(s.edges, name+">"+base)
			s.alerts = append(s.alerts, critical(name, time.Duration(i)*20*time.Second))
		}
	}
	for _, name := range shared {
		s.edges = append(s.edges, name+">stock", name+">login")
	}
	for i := range 30 { // Routine elsewhere.
		s.edges = append(s.edges, fmt.Sprintf("office-%d>files", i))
		s.changes = append(s.changes, changed(fmt.Sprintf("routine-%d", i), time.Duration(i+1)*time.Hour, fmt.Sprintf("office-%d", i)))
	}
	return s
}

// attributed is the finding with the given share of incidents with two causes.
func attributed(s shopStory, second float64) Finding {
	w := DefaultWeights()
	w.Second = second
	return NewEngine(w).Attribute(s.input())
}

// pairLine is the line about the pair among a suspect's evidence.
func pairLine(s *Suspect) string {
	for _, ev := range s.Evidence {
		if strings.HasPrefix(ev.Text, "Two changes may be guilty together") && ev.LogOdds > 0 {
			return ev.Text
		}
	}
	return ""
}

func TestTwoChangesOfWhichNeitherExplainsAllAreWeighedAsAPair(t *testing.T) {
	story := twoFaults()
	alone, f := attributed(story, 0), attributed(story, DefaultWeights().Second)
	first := []string{f.Suspects[0].Change.ID, f.Suspects[1].Change.ID}
	slices.Sort(first)
	if !slices.Equal(first, []string{"left", "right"}) {
		t.Fatalf("the first two suspects are %v", first)
	}
	for i := range 2 {
		s := &f.Suspects[i]
		other := map[string]string{"left": "right (config of login)", "right": "left (config of stock)"}[s.Change.ID]
		if line := pairLine(s); !strings.Contains(line, "it explains 3 of 6 services with grave alerts, and "+other+" explains 3 more") {
			t.Errorf("%s: %q among %+v", s.Change.ID, line, s.Evidence)
		}
	}
	low := min(f.Suspects[0].Probability, f.Suspects[1].Probability)
	if lower := min(alone.Suspects[0].Probability, alone.Suspects[1].Probability); low <= lower {
		t.Errorf("the weaker of the two has %v, without pairs %v", low, lower)
	}
	if f.NoChangeProbability >= alone.NoChangeProbability {
		t.Errorf("no change has %v, without pairs %v", f.NoChangeProbability, alone.NoChangeProbability)
	}
}

func TestProbabilitiesOfPairsAddUpToOneAtMost(t *testing.T) {
	for _, second := range []float64{0, 0.08, 0.5, 0.9} {
		f := attributed(twoFaults("both"), second)
		sum := f.NoChangeProbability
		for i := range f.Suspects {
			sum += f.Suspects[i].Probability
			if i > 0 && f.Suspects[i].Probability > f.Suspects[i-1].Probability {
				t.Errorf("share %v: suspect %d stands above the one before it", second, i+1)
			}
		}
		if sum > 1+1e-5 {
			t.Errorf("share %v: the probabilities add up to %v", second, sum)
		}
	}
}

func TestEvidenceWithAPairStillAddsUp(t *testing.T) {
	w := DefaultWeights()
	w.Second, w.Calibration = 0.5, Calibration{}
	w.NoChangeOdds = 1e5 // Else too little is left of it to compare with.
	story := twoFaults()
	f := NewEngine(w).Attribute(story.input())
	sums := make([]float64, 2)
	for i := range sums {
		for _, ev := range f.Suspects[i].Evidence {
			sums[i] += ev.LogOdds
		}
		if got := Logit(f.Suspects[i].Probability/(f.Suspects[i].Probability+f.NoChangeProbability)) - sums[i]; got > 0.02 || got < -0.02 {
			t.Errorf("suspect %d: the evidence adds up to %v, which is off by %v", i+1, sums[i], got)
		}
	}
}

func TestOneChangeThatExplainsAllIsNoHalfOfAPair(t *testing.T) {
	story := twoFaults()
	for i := range 3 { // All callers of the one call the other too.
		story.edges = append(story.edges, fmt.Sprintf("door-%d>stock", i))
	}
	f := attributed(story, DefaultWeights().Second)
	if f.Suspects[0].Change.ID != "left" {
		t.Fatalf("first is %s", f.Suspects[0].Change.ID)
	}
	for i := range f.Suspects {
		if line := pairLine(&f.Suspects[i]); line != "" {
			t.Errorf("%s: %q", f.Suspects[i].Change.ID, line)
		}
	}
}

func TestPairsLeaveTiesAlone(t *testing.T) {
	story := twoFaults()
	twin := changed("left-too", 4*time.Minute, "stock")
	story.changes = append(story.changes, twin)
	f := attributed(story, 0.5)
	p := map[string]float64{}
	for i := range f.Suspects {
		p[f.Suspects[i].Change.ID] = f.Suspects[i].Probability
	}
	if p["left"] == 0 || p["left"] != p["left-too"] {
		t.Errorf("two changes that nothing tells apart have %v and %v", p["left"], p["left-too"])
	}
}

func TestPairsNeedTimes(t *testing.T) {
	story := twoFaults()
	f := NewEngine(DefaultWeights(), EvidenceTiming).Attribute(story.input())
	for i := range f.Suspects {
		if line := pairLine(&f.Suspects[i]); line != "" {
			t.Errorf("without times: %q", line)
		}
	}
}

// drawnPair is a company of random calls in which two services break at once,
// each of which was changed minutes before, with their callers alerting.
func drawnPair(seed uint64) (s shopStory, guilty []string) {
	const services = 60
	r := rand.New(rand.NewPCG(seed, 9))
	name := func(i int) string { return fmt.Sprintf("s%02d", i) }
	calls := make([][]int, services) // Who calls whom; callees have the greater number.
	for i := range services - 1 {
		for range 1 + r.IntN(3) {
			to := i + 1 + r.IntN(services-i-1)
			if !slices.Contains(calls[i], to) {
				calls[i] = append(calls[i], to)
				s.edges = append(s.edges, name(i)+">"+name(to))
			}
		}
	}
	for i := range 80 {
		s.changes = append(s.changes, changed(fmt.Sprintf("c%02d", i), time.Duration(1+r.IntN(2000))*time.Minute, name(r.IntN(services))))
	}
	alerting := map[int]bool{}
	for n, origin := range []int{30 + r.IntN(15), 45 + r.IntN(15)} {
		id := fmt.Sprintf("guilty-%d", n)
		guilty = append(guilty, id)
		s.changes = append(s.changes, changed(id, time.Duration(3+r.IntN(9))*time.Minute, name(origin)))
		for i := range services {
			if (i == origin || slices.Contains(calls[i], origin)) && !alerting[i] && r.IntN(4) > 0 {
				alerting[i] = true
				s.alerts = append(s.alerts, critical(name(i), time.Duration(r.IntN(120))*time.Second))
			}
		}
	}
	return s, guilty
}

func TestWeighingPairsBringsTheSecondOfTwoCausesUp(t *testing.T) {
	const cases = 60
	found, belief := map[bool]int{}, map[bool]float64{}
	for seed := range uint64(cases) {
		story, guilty := drawnPair(seed)
		if len(story.alerts) == 0 {
			continue
		}
		for _, pairs := range []bool{false, true} {
			second := 0.0
			if pairs {
				second = DefaultWeights().Second
			}
			f := attributed(story, second)
			least := 1.0
			for _, id := range guilty {
				p := 0.0
				for i := range f.Suspects {
					if f.Suspects[i].Change.ID == id {
						p = f.Suspects[i].Probability
					}
				}
				least = min(least, p)
			}
			belief[pairs] += least
			if least > 0.1 {
				found[pairs]++
			}
		}
	}
	t.Logf("the less believed of two causes has %.2f on average, without pairs %.2f; above 0.1 in %d and %d of %d",
		belief[true]/cases, belief[false]/cases, found[true], found[false], cases)
	if belief[true] < 1.3*belief[false] || found[true] <= found[false] {
		t.Errorf("weighing pairs brings %v and %d, without it %v and %d", belief[true], found[true], belief[false], found[false])
	}
}
