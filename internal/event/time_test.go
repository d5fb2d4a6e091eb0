package event

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimesBecomeUTCMilliseconds(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2026-11-19T09:00:00Z", "2026-11-19T09:00:00Z"},
		{"2026-11-19T09:00:00.9999999Z", "2026-11-19T09:00:00.999Z"},
		{"2026-11-19T09:00:00.1Z", "2026-11-19T09:00:00.1Z"},
		{"2026-11-19T09:00:00.12Z", "2026-11-19T09:00:00.12Z"},
		{"2026-11-19T09:00:00.123456789012Z", "2026-11-19T09:00:00.123Z"},
		{"2026-11-19T09:00:00+05:45", "2026-11-19T03:15:00Z"},
		{"2026-11-19T23:30:00.5-02:00", "2026-11-20T01:30:00.5Z"},
		{"2026-11-19t09:00:00z", "2026-11-19T09:00:00Z"},
		{"2026-11-19 09:00:00Z", "2026-11-19T09:00:00Z"},
		{"2024-02-29T09:00:00Z", "2024-02-29T09:00:00Z"},
	} {
		at, fe := ParseTime(c.in)
		if fe != nil {
			t.Errorf("%s: %v", c.in, fe)
			continue
		}
		if got := at.Format(time.RFC3339Nano); got != c.want || at.Location() != time.UTC {
			t.Errorf("%s = %s in %s, want %s", c.in, got, at.Location(), c.want)
		}
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, text := range []string{
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100",
		"2026-01-01T00:00Z", "20260101T000000Z", "26-01-01T00:00:00Z", "2026-01-01T00:00:00.12x4Z", "2026-01-01T00:00:00 Z", "yesterday", "-",
	} {
		if at, fe := ParseTime(text); fe == nil {
			t.Errorf("%q was read as %s", text, at)
		}
	}
}

// The short way must agree with package time wherever it does not decline.
func TestShortWayAgreesWithPackageTime(t *testing.T) {
	digit := rapid.StringMatching(`20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,10})?(Z|[+-]0[0-9]:30)`)
	rapid.Check(t, func(t *rapid.T) {
		text := digit.Draw(t, "text")
		got, ok := parseUTC(text)
		if !ok {
			return
		}
		want, err := time.Parse(time.RFC3339, text)
		if err != nil || !got.Equal(want.Truncate(time.Millisecond)) {
			t.Fatalf("%s = %s, package time says %s, %v", text, got, want, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-11-19T09:00:00.123Z")
	f.Add("2026-11-19 09:00:00+01:00")
	f.Add("2026-11-19T09:00:00")
	f.Fuzz(func(t *testing.T, text string) {
		at, fe := ParseTime(text)
		if fe != nil {
			if fe.Problem == "" || fe.Mend == "" {
				t.Errorf("%q: error without problem or mend: %v", text, fe)
			}
			return
		}
		again, fe := ParseTime(at.Format(time.RFC3339Nano))
		if fe != nil || !again.Equal(at) {
			t.Errorf("%q = %s, printed and read again %s, %v", text, at, again, fe)
		}
	})
}
