package report

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Week is an ISO 8601 week in a time zone.
type Week struct {
	Year, Number int
	zone         *time.Location
}

var weekForm = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// ErrNoWeek is wrapped by the error about a text that is no ISO week.
var ErrNoWeek = errors.New("is no week")

// ParseWeek reads a week such as 2026-W47.
func ParseWeek(text string, zone *time.Location) (Week, error) {
	wrong := fmt.Errorf("week %q %w: want a year and an ISO week such as 2026-W47", text, ErrNoWeek)
	parts := weekForm.FindStringSubmatch(text)
	if parts == nil {
		return Week{}, wrong
	}
	year, _ := strconv.Atoi(parts[1])
	number, _ := strconv.Atoi(parts[2])
	w := Week{Year: year, Number: number, zone: zone}
	// A year has 52 or 53 weeks; one that it lacks would be another year's.
	if number < 1 || WeekOf(w.Start(), zone) != w {
		return Week{}, wrong
	}
	return w, nil
}

// WeekOf is the week that a moment falls into.
func WeekOf(at time.Time, zone *time.Location) Week {
	year, number := at.In(zone).ISOWeek()
	return Week{Year: year, Number: number, zone: zone}
}

// String writes the week as 2026-W47.
func (w Week) String() string { return fmt.Sprintf("%04d-W%02d", w.Year, w.Number) }

// Start is the midnight before its Monday. A week may last an hour more or less
// than seven days, where clocks are put forward or back.
func (w Week) Start() time.Time {
	fourth := time.Date(w.Year, time.January, 4, 0, 0, 0, 0, w.zone)
	return fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(w.Number-1))
}

// End is the midnight after its Sunday.
func (w Week) End() time.Time { return w.Start().AddDate(0, 0, 7) }

// Before is the week n weeks earlier.
func (w Week) Before(n int) Week { return WeekOf(w.Start().AddDate(0, 0, -7*n), w.zone) }
