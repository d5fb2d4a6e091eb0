package web

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPlainTextIsOneSafeShortLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "  two\n\tlines ": "two lines", "a\u202eb\u2066c": "abc", "x\x00y\x1b[0m": "x y [0m", "ünï ✓": "ünï ✓", "": "", "\u200b": "",
	} {
		if got := plain(text, 50); got != want {
			t.Errorf("plain(%q) = %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		got := plain(rapid.String().Draw(t, "text"), limit)
		if utf8.RuneCountInString(got) > limit+2 {
			t.Fatalf("%q is longer than %d", got, limit)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if got != strings.TrimSpace(got) && !strings.HasSuffix(got, "…") {
			t.Fatalf("%q has spaces around it", got)
		}
	})
}

func TestLabelsKeepBothEnds(t *testing.T) {
	got := label("checkout-service-payments-worker-eu", 15)
	if utf8.RuneCountInString(got) != 15 || !strings.HasPrefix(got, "checkou") || !strings.HasSuffix(got, "rker-eu") {
		t.Errorf("%q", got)
	}
	if got := label("short", 15); got != "short" {
		t.Errorf("%q", got)
	}
}

func TestOnlyHTTPLeadsOutward(t *testing.T) {
	for address, want := range map[string]string{
		"https://ok.example/a?b=c": "https://ok.example/a?b=c", "http://ok.example": "http://ok.example", "javascript:alert(1)": "", "data:text/html,x": "",
		"//host/x": "", "/local": "", "": "", "JaVaScRiPt:x": "", "https://": "", "https:///x": "", "http://[::1": "", "\x01https://x.example": "",
	} {
		if got := outward(address); got != want {
			t.Errorf("outward(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestRefsLeadToPages(t *testing.T) {
	for ref, want := range map[string]string{
		"service:a/b": "/services/a%2Fb", "change:argo/x/1": "/changes/x%2F1?source=argo", "change:broken": "", "alert:1": "", "https://x.example/": "https://x.example/",
		"javascript:alert(1)": "", "": "",
	} {
		if got := refPath(ref); got != want {
			t.Errorf("refPath(%q) = %q, want %q", ref, got, want)
		}
	}
}

func TestLocalPathsStayHere(t *testing.T) {
	for next, want := range map[string]string{"%2f": "/", "%2fhost": "/", "/a%2fb?c=d": "/a%2fb?c=d", "//host": "/", "/%2fhost": "/", "a": "/", "": "/"} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		next := rapid.StringMatching(`[/\\:a-z.@?#%2f]{0,20}`).Draw(t, "next")
		got := localPath(next)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.HasPrefix(got, `/\`) {
			t.Fatalf("localPath(%q) = %q", next, got)
		}
	})
}

func TestMomentsAreAbsoluteAndRelative(t *testing.T) {
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at                     time.Time
		wantText, wantRelative string
	}{
		{now.Add(-3*time.Minute - 7*time.Second), "4 May 09:56:53 UTC", "3 min 7 s ago"},
		{now, "4 May 10:00:00 UTC", "just now"},
		{now.Add(5 * time.Minute), "4 May 10:05:00 UTC", "in 5 min"},
		{now.AddDate(-1, 0, 0), "4 May 2025, 10:00:00 UTC", "365 days ago"},
		{now.Add(-26*time.Hour - 12*time.Minute).In(time.FixedZone("x", 3600)), "3 May 07:48:00 UTC", "26 h 12 min ago"},
	} {
		got := when(c.at, now)
		if got.Text != c.wantText || got.Relative != c.wantRelative {
			t.Errorf("%v: %q, %q, want %q, %q", c.at, got.Text, got.Relative, c.wantText, c.wantRelative)
		}
	}
	if got := when(time.Time{}, now); got != (moment{}) {
		t.Errorf("the zero time is %+v", got)
	}
}

func TestNumbersClaimNoMoreThanIsKnown(t *testing.T) {
	for p, want := range map[float64]string{0: "0%", 0.004: "<1%", 0.5: "50%", 0.996: ">99%", 1: "100%"} {
		if got := percent(p); got != want {
			t.Errorf("percent(%v) = %q, want %q", p, got, want)
		}
	}
	for x, want := range map[float64]string{2.14: "+2.1", -0.31: "−0.3", -0.01: "−0.0", 0: "+0.0"} {
		if got := signed(x); got != want {
			t.Errorf("signed(%v) = %q, want %q", x, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := group(n); got != want {
			t.Errorf("group(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTheSameSecondIsSaidInASentence(t *testing.T) {
	for at, want := range map[time.Duration]string{0: "at the same second as the start", time.Minute: "1 min after the start", -3 * time.Hour: "3 h before the start", 400 * time.Millisecond: "at the same second as the start"} {
		if got := gapTo(onset.Add(at), onset, "the start"); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}
