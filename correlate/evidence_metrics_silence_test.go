package correlate

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// flowOf is the log ratio of the traffic into cart after the outbreak to before.
func flowOf(t *testing.T, series ...Series) float64 {
	t.Helper()
	s, w := viewOf(series...)
	shift, ok := s.metrics.trafficShift("cart", w)
	if !ok {
		t.Fatal("no traffic is read")
	}
	return shift
}

func traffic(instance string, perSecond float64, from, until time.Duration) Series {
	return level("cart", instance, "traffic", "per_second", perSecond, from, until)
}

// Four instances are replaced one by one while the load stays what it is. Whoever
// adds the means of all up counts some of them twice.
func TestInstancesThatReplaceOthersDoNotCountTwice(t *testing.T) {
	var series []Series
	for i, name := range []string{"a", "b", "c", "d"} {
		replaced := -time.Duration(30-5*i) * time.Minute
		series = append(series, traffic("old-"+name, 5, -time.Hour, replaced), traffic("new-"+name, 5, replaced, 5*time.Minute))
	}
	if got := flowOf(t, series...); math.Abs(got) > 0.03 {
		t.Errorf("the traffic seems to have changed by a factor of %.2f", math.Exp(got))
	}
}

func TestTrafficIsSummedOverInstances(t *testing.T) {
	gone := []Series{traffic("a", 5, -time.Hour, 5*time.Minute), traffic("b", 15, -time.Hour, -5*time.Minute)}
	if got := math.Exp(flowOf(t, gone...)); math.Abs(got-0.25) > 0.02 {
		t.Errorf("an instance with three quarters of the traffic went, %.2f of it is left", got)
	}
	more := []Series{traffic("a", 5, -time.Hour, 5*time.Minute), traffic("b", 5, -5*time.Minute, 5*time.Minute)}
	if got := math.Exp(flowOf(t, more...)); math.Abs(got-2) > 0.1 {
		t.Errorf("an instance came with as much again, read as %.2f times the traffic", got)
	}
}

func TestTrafficOfCallersStandsInOnlyWhereAServiceCountsNone(t *testing.T) {
	calls := callTo(level("web", "web-1", "traffic", "per_second", 8, -time.Hour, -5*time.Minute), "cart")
	if got := flowOf(t, calls); got > math.Log(0.03) {
		t.Errorf("calls ceased, read as %.2f of what they were", math.Exp(got))
	}
	if got := flowOf(t, calls, traffic("a", 5, -time.Hour, 5*time.Minute)); math.Abs(got) > 0.03 {
		t.Errorf("cart itself counts as many requests as before, read as %.2f of them", math.Exp(got))
	}
}

// However a load is split into lives of instances, one after another, it stays
// the same load.
func TestAnyChainOfInstancesCarriesTheSameTraffic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []*viewed
		at := -60
		for at < 0 {
			until := min(at+rapid.IntRange(1, 30).Draw(t, "minutes"), 0)
			s := Series{}
			for minute := at; minute < until; minute++ {
				s.Points = append(s.Points, Point{At: after(time.Duration(minute) * time.Minute), Value: 7})
			}
			list = append(list, &viewed{Series: &s, points: s.Points, scale: 1, measure: measureTraffic})
			at = until
		}
		if len(list) == 60 {
			return // No two samples of one instance tell how far they are apart.
		}
		if got := total(list, after(-time.Hour), after(0)); math.Abs(got-7) > 1e-6 {
			t.Fatalf("%d instances, one after another: %v a second instead of 7", len(list), got)
		}
	})
}

func TestSamplesOfAWindow(t *testing.T) {
	points := level("cart", "a", "traffic", "", 1, 0, 10*time.Minute).Points
	for _, tc := range []struct {
		name        string
		from, until time.Duration
		want        int
	}{
		{"all", -time.Hour, time.Hour, 10},
		{"the first moment belongs to it, the last does not", 2 * time.Minute, 5 * time.Minute, 3},
		{"between two samples", 90 * time.Second, 110 * time.Second, 0},
		{"before them", -time.Hour, 0, 0},
		{"the wrong way round", 5 * time.Minute, 2 * time.Minute, 0},
	} {
		if got := within(points, after(tc.from), after(tc.until)); len(got) != tc.want {
			t.Errorf("%s: %d samples, want %d", tc.name, len(got), tc.want)
		}
	}
}

// requestsTo turns the traffic into a service down to a part of it, four minutes before the outbreak.
func requestsTo(service string, to float64) Series {
	s := level(service, service+"-1", "traffic", "per_second", 20, -40*time.Minute, 5*time.Minute)
	for i := range s.Points {
		if s.Points[i].At.After(after(-4 * time.Minute)) {
			s.Points[i].Value *= to
		}
	}
	return s
}

func TestWhoFallsSilentTellsWhereRequestsFail(t *testing.T) {
	e := NewEngine(DefaultWeights())
	for _, tc := range []struct {
		name    string
		suspect string
		series  []Series
		sign    float64
		says    string
	}{
		{
			"it is called less than its callers' load explains", "cart",
			[]Series{requestsTo("web", 1), requestsTo("cart", 0.4), requestsTo("search", 1)},
			-1, "cart itself is called 6",
		},
		{
			"its callers have less load themselves", "cart",
			[]Series{requestsTo("web", 0.4), requestsTo("cart", 0.4), requestsTo("search", 0.4)},
			0, "",
		},
		{
			"what it calls falls silent, it does not", "cart",
			[]Series{requestsTo("web", 1), requestsTo("cart", 1), requestsTo("orders-db", 0.4), requestsTo("pay", 1)},
			1, "orders-db, which it calls, up to",
		},
		{
			"those called beside it fall silent", "cart",
			[]Series{requestsTo("web", 1), requestsTo("cart", 1), requestsTo("search", 0.4)},
			1, "requests get as far as cart and no further",
		},
		{"nobody falls silent", "cart", []Series{requestsTo("web", 1), requestsTo("cart", 1), requestsTo("search", 1)}, 0, ""},
		{"nobody counts", "cart", nil, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, w := viewOf(tc.series...)
			got := e.silenceFinding(s, suspectOn(tc.suspect), w, false)
			if got.logOdds*tc.sign < 0 || tc.sign == 0 && got.logOdds != 0 || tc.sign != 0 && got.logOdds == 0 || !strings.Contains(got.text, tc.says) {
				t.Errorf("%+.2f %q", got.logOdds, got.text)
			}
		})
	}
}

func TestFewerRequestsOfTheChangedInstancesAloneAreNoAlibi(t *testing.T) {
	e := NewEngine(DefaultWeights())
	s, w := viewOf(requestsTo("web", 1), requestsTo("cart", 0.4), requestsTo("search", 1))
	if got := e.silenceFinding(s, suspectOn("cart"), w, true); got != (finding{}) {
		t.Errorf("%+v", got)
	}
	several := suspectOn("cart")
	several.detail.change.Services = append(several.detail.change.Services, "web")
	if got := e.silenceFinding(s, several, w, false); got != (finding{}) {
		t.Errorf("of a change of two services: %+v", got)
	}
}
