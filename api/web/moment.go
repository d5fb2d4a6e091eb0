package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a point in time as a page shows it: absolute in UTC, with the
// distance from now beside it.
type moment struct {
	// ISO is for machines, Text for readers, Clock without the date for rows
	// that follow each other.
	ISO, Text, Clock, Relative string
}

// when renders a point in time as seen at now. The zero time is empty.
func when(at, now time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	at = at.UTC()
	m := moment{ISO: at.Format(time.RFC3339), Clock: at.Format("15:04:05"), Relative: relative(now.Sub(at))}
	layout := "2 Jan 2006, 15:04:05 UTC"
	if at.Year() == now.UTC().Year() {
		layout = "2 Jan 15:04:05 UTC"
	}
	m.Text = at.Format(layout)
	return m
}

// relative says how long ago something was, or how far ahead.
func relative(ago time.Duration) string {
	switch {
	case ago < -time.Second:
		return "in " + span(-ago)
	case ago < 2*time.Second:
		return "just now"
	default:
		return span(ago) + " ago"
	}
}

// span says a duration in at most two units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	seconds := int(d / time.Second)
	switch {
	case d < time.Minute:
		return strconv.Itoa(seconds) + " s"
	case d < time.Hour:
		return two(seconds/60, "min", seconds%60, "s", d < 10*time.Minute)
	case d < 48*time.Hour:
		return two(seconds/3600, "h", seconds%3600/60, "min", true)
	default:
		return strconv.Itoa(int(math.Round(d.Hours()/24))) + " days"
	}
}

// two joins two units, leaving out a second one that is zero or too fine.
func two(a int, unitA string, b int, unitB string, fine bool) string {
	if b == 0 || !fine {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// gap says how far a moment lies before or after another.
func gap(at, reference time.Time) string {
	d := at.Sub(reference)
	switch {
	case d <= -time.Second:
		return span(-d) + " before"
	case d >= time.Second:
		return span(d) + " after"
	default:
		return "at the same second"
	}
}

// gapTo says how far a moment lies before or after something.
func gapTo(at, reference time.Time, what string) string {
	text := gap(at, reference)
	if strings.HasPrefix(text, "at ") {
		text += " as"
	}
	return text + " " + what
}

// percent prints a probability without claiming more than is known.
func percent(p float64) string {
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "–"
	case p > 0 && p < 0.01:
		return "<1%"
	case p > 0.99 && p < 1:
		return ">99%"
	default:
		return strconv.Itoa(int(math.Round(100*p))) + "%"
	}
}

// signed prints log odds with their sign, a real minus for the negative ones.
func signed(x float64) string {
	text := fmt.Sprintf("%+.1f", x)
	if x == 0 {
		text = "+0.0"
	}
	return strings.Replace(text, "-", "−", 1)
}

// group prints a whole number in groups of three digits.
func group(n int) string {
	text := strconv.Itoa(n)
	var out strings.Builder
	for i, r := range text {
		if i > 0 && (len(text)-i)%3 == 0 && text[i-1] != '-' {
			out.WriteByte(',')
		}
		out.WriteRune(r)
	}
	return out.String()
}
