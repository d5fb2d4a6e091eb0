package event

import (
	"fmt"
	"strings"
	"time"
)

// exampleTime shows what a time must look like; it stands in error texts.
const exampleTime = "2026-11-19T09:00:00Z"

// ParseTime reads an RFC 3339 time with zone. Any offset is accepted; the
// result is UTC, cut to whole milliseconds. Lower-case letters and a space for
// the T, which RFC 3339 allows, are accepted too. The error has no path.
func ParseTime(s string) (time.Time, *FieldError) {
	if at, ok := parseUTC(s); ok {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, loosen(s))
	if err != nil {
		return time.Time{}, explainTime(s)
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// shape is what parseUTC reads, 0 standing for any digit.
const shape = "0000-00-00T00:00:00"

// parseUTC is the short way for what nearly every sender sends: an upper-case
// T, a Z and at most nine digits of a second. It declines everything else.
func parseUTC(s string) (time.Time, bool) {
	if !shaped(s) {
		return time.Time{}, false
	}
	month, day := digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	millis, ok := fraction(s[len(shape) : len(s)-1])
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	at := time.Date(digits(s[:4]), time.Month(month), day, hour, minute, second, millis*int(time.Millisecond), time.UTC)
	return at, at.Day() == day && int(at.Month()) == month
}

// shaped reports whether a text has the shape, then anything, then a Z.
func shaped(s string) bool {
	if len(s) <= len(shape) || s[len(s)-1] != 'Z' {
		return false
	}
	for i := range len(shape) {
		if s[i] != shape[i] && (shape[i] != '0' || s[i]-'0' > 9) {
			return false
		}
	}
	return true
}

// digits reads a decimal number of digits only.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// fraction reads the fraction of a second with its point, cut to milliseconds.
func fraction(s string) (int, bool) {
	const longest = len(".123456789")
	if s == "" {
		return 0, true
	}
	if s[0] != '.' || len(s) == 1 || len(s) > longest {
		return 0, false
	}
	for i := 1; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return 0, false
		}
	}
	n := digits(s[1:min(len(s), 4)])
	for i := len(s); i < 4; i++ {
		n *= 10
	}
	return n, true
}

// loosen rewrites the variants of RFC 3339 section 5.6 that package time does
// not read into the one that it does.
func loosen(s string) string {
	const separator = len("2026-11-19")
	s = strings.ToUpper(s)
	if len(s) > separator && s[separator] == ' ' {
		s = s[:separator] + "T" + s[separator+1:]
	}
	return s
}

// explainTime finds the most helpful thing to say of a text that is no time.
func explainTime(s string) *FieldError {
	if s == "" {
		return &FieldError{Problem: "is empty", Mend: "leave the field out or send a time such as " + exampleTime}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if _, err := time.Parse(layout, loosen(s)); err == nil {
			return &FieldError{
				Problem: fmt.Sprintf("%s has no zone", clip(s)),
				Mend:    "append Z for UTC or an offset such as +02:00",
			}
		}
	}
	return &FieldError{
		Problem: fmt.Sprintf("%s is not an RFC 3339 time", clip(s)),
		Mend:    "send a time such as " + exampleTime,
	}
}

// clip quotes a value of the sender for an error text, cut to a readable length.
func clip(s string) string {
	const longest = 60
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return fmt.Sprintf("%q", s)
}

// window is the range in which times are believed.
type window struct{ from, to time.Time }

// Times outside of these ranges are the work of a broken clock or of a wrong
// unit. The wide one is for times that only describe, such as the author date
// of a commit: they take no part in correlation, but the store must hold them.
const (
	earliestYear      = 2000
	earliestYearDescr = 1970
	latestYear        = 2200
	horizon           = 366 * 24 * time.Hour
)

// eventWindow bounds the times of an event: from 2000 to a year after its
// arrival. An event without arrival (a case file) is bounded by the year only.
func eventWindow(arrived time.Time) window {
	w := window{from: yearStart(earliestYear), to: yearStart(latestYear)}
	if !arrived.IsZero() {
		w.to = arrived.Add(horizon)
	}
	return w
}

// descriptiveWindow bounds times that take no part in correlation.
var descriptiveWindow = window{from: yearStart(earliestYearDescr), to: yearStart(latestYear)}

func yearStart(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

// check says what is wrong with a time outside of the window.
func (w window) check(at time.Time) *FieldError {
	if !at.Before(w.from) && !at.After(w.to) {
		return nil
	}
	return &FieldError{
		Problem: fmt.Sprintf("%s is outside of %s to %s", at.Format(time.RFC3339), w.from.Format(time.DateOnly), w.to.Format(time.DateOnly)),
		Mend:    "check the clock and the unit of the sender",
	}
}
