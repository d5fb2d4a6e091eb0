package correlate

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// felt is a story in which the given services' errors rise by metrics, while
// only web alerts.
func felt(changed string, worse ...string) *story {
	s := newStory(guilty(2*time.Minute, changed))
	s.alerts = []Alert{s.alert("web", "HighErrorRate", SeverityCritical, 0)}
	for _, service := range []string{"web", "cart", "pay", "search", "orders-db", "login"} {
		level := 0.4
		for _, name := range worse {
			if name == service {
				level = 25
			}
		}
		s.metrics = append(s.metrics, curve(service, service+"-1", "error_rate", "percent", 0.4, level, 0))
	}
	return s
}

// Cart and pay call the database. That both got worse speaks for it, although
// neither alerts; that search did not says nothing against it.
func TestMetricsShowTroubleWhereNobodyAlerts(t *testing.T) {
	both, text, _, _ := weightOf(suspectOf(t, felt("orders-db", "web", "cart", "pay").judge(), "guilty"), EvidenceMetrics)
	one, _, _, _ := weightOf(suspectOf(t, felt("orders-db", "web", "cart").judge(), "guilty"), EvidenceMetrics)
	none, _, _, _ := weightOf(suspectOf(t, felt("orders-db", "web", "search").judge(), "guilty"), EvidenceMetrics)
	if both <= one || one <= none {
		t.Errorf("two callers in trouble weigh %.2f, one %.2f, none %.2f", both, one, none)
	}
	if !strings.Contains(text, "By their metrics 3 of 3 services that depend on orders-db got worse, and no other.") {
		t.Errorf("metrics: %q", text)
	}
}

func TestTroubleElsewhereSpeaksAgainstAChange(t *testing.T) {
	log, text, _, _ := weightOf(suspectOf(t, felt("search", "web", "cart", "pay", "orders-db").judge(), "guilty"), EvidenceMetrics)
	if log >= 0 || !strings.Contains(text, "3 other services") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}

// Where no service is in trouble by its metrics there is no sentence of it.
func TestNoTroubleAtAllIsNotToldAsAShare(t *testing.T) {
	_, text, _, _ := weightOf(suspectOf(t, felt("cart").judge(), "guilty"), EvidenceMetrics)
	if strings.Contains(text, "By their metrics") {
		t.Errorf("metrics: %q", text)
	}
}

// What a service that is not seen does not do is not held against it.
func TestWorseCallsToAServiceThatIsNotSeenAreHeldAgainstItLess(t *testing.T) {
	seen, unseen := newStory(guilty(2*time.Minute, "cart")), newStory(guilty(2*time.Minute, "cart"))
	for _, instance := range []string{"web-1", "web-2", "web-3"} {
		for _, s := range []*story{seen, unseen} {
			s.metrics = append(s.metrics,
				towards(curve("web", instance, "errors", "percent", 0.3, 25, 0), "cart"),
				towards(curve("web", instance, "errors", "percent", 0.3, 0.3, 0), "search"))
		}
	}
	seen.metrics = append(seen.metrics, towards(curve("cart", "cart-1", "errors", "percent", 0.3, 0.3, 0), "orders-db"))
	a, _, _, _ := weightOf(suspectOf(t, seen.judge(), "guilty"), EvidenceMetrics)
	b, text, _, _ := weightOf(suspectOf(t, unseen.judge(), "guilty"), EvidenceMetrics)
	if b >= a || !strings.Contains(text, "cannot be seen") {
		t.Errorf("with its own calls seen %.2f, unseen %.2f: %q", a, b, text)
	}
}

// The pooled variance counts the less the more instances a service has, and
// never leads outside of the two.
func TestModeratedVarianceLiesBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pooled{level: rapid.Float64Range(0, 5).Draw(t, "level"), shift: rapid.Float64Range(0, 5).Draw(t, "shift"), groups: rapid.IntRange(0, 20).Draw(t, "groups")}
		own, df := rapid.Float64Range(0, 5).Draw(t, "own"), float64(rapid.IntRange(0, 30).Draw(t, "df"))
		levels := rapid.Bool().Draw(t, "levels")
		prior := p.shift
		if levels {
			prior = p.level
		}
		got, total := p.moderated(own, df, levels)
		if got < math.Min(own, prior)-1e-9 || got > math.Max(own, prior)+1e-9 || total < df {
			t.Fatalf("moderated(%v, %v) = %v, %v with %+v", own, df, got, total, p)
		}
		more, _ := p.moderated(own, df+10, levels)
		if math.Abs(more-own) > math.Abs(got-own)+1e-9 {
			t.Fatalf("with more instances %v is further from its own %v than %v", more, own, got)
		}
	})
}
