package web

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// anywhere draws a time zone between the date line and the date line.
func anywhere(t *rapid.T) *time.Location {
	return time.FixedZone("somewhere", rapid.IntRange(-14*4, 14*4).Draw(t, "quarters of an hour")*900)
}

// TestMomentsAreTheSameEverywhere: neither the zone that a sender writes nor the one
// that the server runs in may move what a page says.
func TestMomentsAreTheSameEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_600_000_000, 1_900_000_000).Draw(t, "now"), 0)
		at := now.Add(time.Duration(rapid.Int64Range(-400*86400, 400*86400).Draw(t, "seconds before")) * time.Second)
		here, there := when(at.In(anywhere(t)), now.In(anywhere(t))), when(at.UTC(), now.UTC())
		if here != there {
			t.Errorf("%+v and %+v", here, there)
		}
		if back, err := time.Parse(time.RFC3339, here.ISO); err != nil || !back.Equal(at) || !strings.HasSuffix(here.ISO, "Z") {
			t.Errorf("%s is not %s", here.ISO, at)
		}
		if !strings.HasSuffix(here.Text, " UTC") || strings.Contains(here.Text, strconv.Itoa(at.UTC().Year())) == (at.UTC().Year() == now.UTC().Year()) {
			t.Errorf("%q at %s", here.Text, now)
		}
	})
}

// TestADistanceIsNeverFarFromTheTruth reads the words of a duration back: a carry
// that is lost, as in 59.9 minutes, is off by an hour.
func TestADistanceIsNeverFarFromTheTruth(t *testing.T) {
	units := map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "days": 24 * time.Hour}
	part := regexp.MustCompile(`(\d+) (\w+)`)
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(900*24*time.Hour)).Draw(t, "duration"))
		text, read, finest := span(d), time.Duration(0), time.Duration(0)
		for _, m := range part.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[1])
			finest = units[m[2]]
			read += time.Duration(n) * finest
			if m[2] != "days" && m[2] != "h" && n >= 60 {
				t.Errorf("%s is %q", d, text)
			}
		}
		tolerance := max(finest, time.Second)
		if d >= 10*time.Minute && d < 48*time.Hour {
			tolerance = time.Minute + time.Second
		}
		if (d - read).Abs() > tolerance {
			t.Errorf("%s is %q", d, text)
		}
		if gap(time.Unix(0, 0).Add(d), time.Unix(0, 0)) == gap(time.Unix(0, 0), time.Unix(0, 0).Add(d)) && d >= time.Second {
			t.Errorf("%s before and after are one", d)
		}
	})
}

// TestNumbersReadBack: whatever the size and sign, a grouped number is the number,
// and a share stays within its bounds.
func TestNumbersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int().Draw(t, "number")
		if back, err := strconv.Atoi(strings.ReplaceAll(group(n), ",", "")); err != nil || back != n || strings.Contains(group(n), "-,") || strings.HasPrefix(group(n), ",") {
			t.Errorf("%d is %q", n, group(n))
		}
		p := rapid.Float64Range(0, 1).Draw(t, "share")
		text := percent(p)
		if (text == "0%") != (p == 0) || (text == "100%") != (p == 1) {
			t.Errorf("%v is %q: impossible and certain are said of nothing else", p, text)
		}
		if x := rapid.Float64Range(-99, 99).Draw(t, "odds"); strings.ContainsAny(signed(x), "-eE,") || !strings.ContainsAny(signed(x)[:1]+"−", "+−") {
			t.Errorf("%v is %q", x, signed(x))
		}
	})
}

// TestForeignTextIsShortAndPlainHoweverItCame: also bytes that are no text.
func TestForeignTextIsShortAndPlainHoweverItCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if rapid.Bool().Draw(t, "broken") {
			text = string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		}
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		clean := plain(text, limit)
		if !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > limit+2 || strings.ContainsFunc(clean, unicode.IsControl) || strings.ContainsRune(clean, '\u202e') || clean != strings.TrimLeft(clean, " ") {
			t.Errorf("%q becomes %q", text, clean)
		}
		if long := label(text, limit+2); utf8.RuneCountInString(long) > limit+2 {
			t.Errorf("%q is labelled %q", text, long)
		}
	})
}

// TestPathsLeadBackToTheirNames: names hold slashes, question marks and percent
// signs, and a page that is linked to must be the one that is meant.
func TestPathsLeadBackToTheirNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source, id := rapid.StringN(1, 20, -1).Draw(t, "source"), rapid.StringN(1, 20, -1).Draw(t, "id")
		for prefix, path := range map[string]string{"/changes/": changePath(source, id), "/incidents/": incidentPath(id), "/services/": servicePath(id)} {
			u, err := url.Parse(path)
			if err != nil || u.Path != prefix+id || u.Fragment != "" || (prefix == "/changes/" && u.Query().Get("source") != source) {
				t.Errorf("%q and %q become %q: %v", source, id, path, err)
			}
		}
	})
}

// TestFiltersInTheAddressAreKeptOnEveryPage: a next page that forgets a filter shows
// other incidents than the first, and nobody sees it.
func TestFiltersInTheAddressAreKeptOnEveryPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := url.Values{}
		for _, name := range []string{"service", "q", "cursor"} {
			if text := rapid.String().Draw(t, name); text != "" {
				given.Set(name, text)
			}
		}
		for _, status := range rapid.SliceOfN(rapid.SampledFrom([]string{"open", "quiet", "resolved", "merged"}), 0, 3).Draw(t, "status") {
			given.Add("status", status)
		}
		next, first := around(&url.URL{Path: "/", RawQuery: given.Encode()}, "a+b/c=")
		for path, cursor := range map[string]string{next: "a+b/c=", first: ""} {
			if path == "" {
				continue
			}
			u, err := url.Parse(path)
			if err != nil || u.Query().Get("cursor") != cursor {
				t.Fatalf("%q: %v", path, err)
			}
			before, wrongBefore := readIncidentFilter(given)
			after, wrongAfter := readIncidentFilter(u.Query())
			before.parsed.Cursor, after.parsed.Cursor = "", ""
			if wrongBefore != "" || wrongAfter != "" || before.parsed.Service != after.parsed.Service || before.parsed.Text != after.parsed.Text || len(before.parsed.Status) != len(after.parsed.Status) {
				t.Errorf("%v becomes %q", given, path)
			}
		}
		if (first == "") != (given.Get("cursor") == "") {
			t.Errorf("%v leads back to %q", given, first)
		}
	})
}

// TestAMomentInTheAddressIsUTCUnlessItSaysSo also with what an address makes of a
// plus sign.
func TestAMomentInTheAddressIsUTCUnlessItSaysSo(t *testing.T) {
	for given, want := range map[string]string{
		"2026-05-04T10:00": "2026-05-04T10:00:00Z", "2026-05-04": "2026-05-04T00:00:00Z",
		"2026-05-04T10:00:07": "2026-05-04T10:00:07Z", "2026-05-04T10:00:00+05:30": "2026-05-04T04:30:00Z",
		"2026-05-04T10:00:00-03:00": "2026-05-04T13:00:00Z",
	} {
		at, wrong := clockValue(url.Values{"from": {given}}, "from")
		if wrong != "" || at.Format(time.RFC3339) != want {
			t.Errorf("%s is %s %s", given, at, wrong)
		}
	}
	for _, given := range []string{"noon", "04.05.2026", "2026-13-01", "2026-05-04T25:00", "1e9"} {
		if _, wrong := clockValue(url.Values{"from": {given}}, "from"); !strings.Contains(wrong, "write it like") {
			t.Errorf("%s is taken: %s", given, wrong)
		}
	}
	if _, wrong := readIncidentFilter(url.Values{"from": {"2026-05-04T10:00"}, "to": {"2026-05-04T12:00:00+02:00"}}); !strings.Contains(wrong, "not after") {
		t.Errorf("a period of nothing is taken: %q", wrong)
	}
}
