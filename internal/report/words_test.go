package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// ended is an incident of so many minutes with a standing.
func ended(id string, minutes float64, severity correlate.Severity, state correlate.JudgementWord, services ...string) fact {
	end := monday
	return fact{
		IncidentFact: query.IncidentFact{ID: id, Title: id, Severity: severity, StartedAt: monday, ResolvedAt: &end, Services: services},
		standing:     correlate.Standing{State: state}, minutes: minutes,
	}
}

// weeksOf are nine weeks with so many incidents each, the week itself first.
func weeksOf(counts ...int) *past {
	p := &past{}
	for back, n := range counts {
		for i := range n {
			p.weeks[back] = append(p.weeks[back], ended(fmt.Sprintf("%d-%d", back, i), 10, correlate.SeverityHigh, correlate.JudgedConfirmed, "cart"))
		}
	}
	return p
}

// TestTheMedianAndTheFourthFifthAreThoseOfTheirDefinitions compares with counting:
// half, and four in five, have ended by then, and by no earlier length have they.
func TestTheMedianAndTheFourthFifthAreThoseOfTheirDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 30).Draw(t, "minutes")
		var week []fact
		for i, m := range lengths {
			week = append(week, ended(strconv.Itoa(i), float64(m), correlate.SeverityHigh, correlate.JudgedNot))
		}
		open := ended("open", 9000, correlate.SeverityHigh, correlate.JudgedNot)
		open.ResolvedAt = nil
		median, p80, n := recovery(append(week, open))
		smallest := func(share float64) float64 {
			for m := 0; ; m++ {
				within := 0
				for _, l := range lengths {
					if l <= m {
						within++
					}
				}
				if float64(within) >= share*float64(len(lengths))-1e-9 {
					return float64(m)
				}
			}
		}
		if n != len(lengths) || median != smallest(0.5) || p80 != smallest(0.8) {
			t.Fatalf("median %v want %v, four in five %v want %v, of %d", median, smallest(0.5), p80, smallest(0.8), n)
		}
	})
}

// TestTheSentenceComparesWithTheWeeksBeforeOnly looks at the borders of "usual".
func TestTheSentenceComparesWithTheWeeksBeforeOnly(t *testing.T) {
	for want, counts := range map[string][]int{
		"No incident began in this week.":                                     {0, 4, 4, 4, 4, 4, 4, 4, 4},
		"1 incident began in this week, fewer than usual (4.0 a week), and":   {1, 4, 4, 4, 4, 4, 4, 4, 4},
		"3 incidents began in this week, about as many as usual (4.0 a week)": {3, 4, 4, 4, 4, 4, 4, 4, 4},
		"5 incidents began in this week, about as many as usual (4.0 a week)": {5, 4, 4, 4, 4, 4, 4, 4, 4},
		"6 incidents began in this week, more than usual (4.0 a week)":        {6, 4, 4, 4, 4, 4, 4, 4, 4},
		"2 incidents began in this week, more than usual (0.5 a week)":        {2, 4},
		"1 incident began in this week, more than usual (0.0 a week), and":    {1},
	} {
		if got := sentence(weeksOf(counts...), &Report{}); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %q", counts, got, want)
		}
	}
}

// TestNoVerdictClaimsACause reads the headline of every verdict.
func TestNoVerdictClaimsACause(t *testing.T) {
	for verdict, want := range map[figures.Verdict]string{
		figures.More: "associated with more incidents", figures.Fewer: "associated with fewer incidents",
		figures.NoDifference: "No difference", figures.Insufficient: "not enough data", "": "not enough data",
	} {
		i := &figures.Impact{}
		i.Headline.Verdict = verdict
		got := verdictSentence(i)
		if !strings.Contains(got, want) || strings.Contains(got, "because") {
			t.Errorf("%s: %q", verdict, got)
		}
		if (verdict == figures.More || verdict == figures.Fewer) != strings.Contains(got, "no proof of cause") {
			t.Errorf("%s: %q", verdict, got)
		}
	}
}

// TestMoversAreThoseThatMovedMost checks the list against all services of any nine
// weeks.
func TestMoversAreThoseThatMovedMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &past{}
		all := map[string][2]float64{}
		for back := range p.weeks {
			for range rapid.IntRange(0, 6).Draw(t, "incidents") {
				service := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "service")
				p.weeks[back] = append(p.weeks[back], ended("x", 5, correlate.SeverityHigh, correlate.JudgedNot, service))
				now := all[service]
				if back == 0 {
					now[0]++
				} else {
					now[1] += 1.0 / pastWeeks
				}
				all[service] = now
			}
		}
		got := movers(p)
		least := math.Inf(1)
		for _, m := range got {
			if want := all[m.Service]; float64(m.Incidents) != want[0] || math.Abs(m.Mean-want[1]) > 1e-9 || m.Minutes != 5*want[0] {
				t.Fatalf("%+v, want %v", m, want)
			}
			if size(m) < 1 || size(m) > least {
				t.Fatalf("%+v after one that moved by %v", m, least)
			}
			least = size(m)
			delete(all, m.Service)
		}
		for service, left := range all {
			moved := math.Abs(left[0] - left[1])
			if moved > least+1e-9 || len(got) < topMovers && moved >= 1 {
				t.Fatalf("%s moved by %v and is left out of %+v", service, moved, got)
			}
		}
	})
}

// TestForeignTextIsCutAndCleaned holds for any text, valid or not.
func TestForeignTextIsCutAndCleaned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		got := shorten(raw)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > foreignText || got != strings.TrimSpace(got) {
			t.Fatalf("%q becomes %q", raw, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return unicode.IsControl(r) && r < 0x80 || unicode.Is(unicode.Bidi_Control, r) && r != 0x61c
		}); i >= 0 {
			t.Fatalf("%q keeps %q", got, got[i:])
		}
		if shorten(got) != got {
			t.Fatalf("%q is cut again: %q", got, shorten(got))
		}
	})
	if got := shorten(strings.Repeat("é", 400)); utf8.RuneCountInString(got) != foreignText || !strings.HasSuffix(got, "é…") {
		t.Errorf("%q", got)
	}
}

func TestNumbersReadAsTheyAreSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, math.MaxInt).Draw(t, "n")
		groups := strings.Split(thousands(n), ",")
		if strings.Join(groups, "") != strconv.Itoa(n) || len(groups[0]) > 3 || len(groups[0]) == 0 {
			t.Fatalf("%d is written %s", n, thousands(n))
		}
		for _, g := range groups[1:] {
			if len(g) != 3 {
				t.Fatalf("%d is written %s", n, thousands(n))
			}
		}
	})
	two, half := 2.0, 0.5
	for got, want := range map[string]string{
		percentOf(nil): "– (nothing counted)", percentOf(&figures.Share{Events: 1, N: 3000, Value: 1.0 / 3000}): "0.0% (1 of 3,000)",
		rateWords(nil): "–", rateWords(&figures.Share{Value: 0.0123, Lo: 0.01, Hi: 0.02}): "1.23% (1.00 to 2.00)",
		ratioWords(&figures.Ratio{Lo: 1.5}):                         "at least 1.50",
		ratioWords(&figures.Ratio{Value: &two, Lo: 0.5, Hi: &two}):  "2.00 (0.50 to 2.00)",
		ratioWords(&figures.Ratio{Value: &half, Lo: 0.1, Hi: &two}): "0.50 (0.10 to 2.00)",
		spreadWords(nil, " h"):                                      "–", spreadWords(&figures.Spread{Median: 3, P80: 9}, " h"): "3 h, four in five up to 9 h",
		counted(1, "week", "weeks"): "1 week", counted(0, "week", "weeks"): "0 weeks", counted(1200, "week", "weeks"): "1,200 weeks",
		capital(""): "", capital("human changes"): "Human changes",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestATileOfNothingSaysSo asks every tile of a week without anything.
func TestATileOfNothingSaysSo(t *testing.T) {
	r := &Report{Week: "2026-W47"}
	r.Impact.Headline.Verdict = figures.Insufficient
	all := slices.Concat(tiles(&past{}, r), groupTiles(&r.Impact))
	for _, tile := range all {
		if tile.Name == "" || tile.Value == "" || tile.Basis == "" || tile.Before == "" {
			t.Errorf("%+v", tile)
		}
		if strings.Contains(tile.Value+tile.Basis, "NaN") || strings.Contains(tile.Value, "%") {
			t.Errorf("a share of nothing: %+v", tile)
		}
	}
}

// TestTheWeeksShareIsThatOfTheReportsWeek gives the tile weeks of which one is its
// own.
func TestTheWeeksShareIsThatOfTheReportsWeek(t *testing.T) {
	r := &Report{Week: "2026-W47"}
	for week, out := range map[int]bool{16: true, 9: false} {
		r.Impact.Weeks = append(r.Impact.Weeks, figures.Week{
			Starts: time.Date(2026, 11, week, 0, 0, 0, 0, time.UTC), Out: out, High: 0.02, All: &figures.Share{Events: week, N: 1000, Value: float64(week) / 1000},
		})
	}
	if got := rateTile(r); got.Value != "1.60%" || got.Basis != "16 of 1,000 matured changes, confirmed" || got.Before != "outside its usual range 0.00% to 2.00%" {
		t.Errorf("%+v", got)
	}
	r.Week = "2026-W46"
	if got := rateTile(r); got.Value != "0.90%" || strings.Contains(got.Before, "outside") {
		t.Errorf("%+v", got)
	}
	r.Week = "2026-W45"
	if got := rateTile(r); got.Value != "–" {
		t.Errorf("a week without changes: %+v", got)
	}
}

// TestASilentSourceIsNamed looks at the border of a day.
func TestASilentSourceIsNamed(t *testing.T) {
	fresh := []query.Freshness{
		{Kind: "change", Source: "argo", LastSeenAt: monday.Add(-staleAfter)},
		{Kind: "alert", Source: "zabbix\n<b>", LastSeenAt: monday.Add(-staleAfter - time.Minute)},
		{Kind: "alert", Source: "am", LastSeenAt: monday.Add(-50 * time.Hour)},
	}
	last := func(fresh []query.Freshness) string {
		all := quality(fresh, &figures.Impact{}, monday)
		return all[len(all)-1].Value
	}
	if got := last(fresh); got != "am (alerts, 50 h), zabbix <b> (alerts, 24 h)" {
		t.Errorf("%q", got)
	}
	if got := last(fresh[:1]); got != "none of 1 source" {
		t.Errorf("%q", got)
	}
}
