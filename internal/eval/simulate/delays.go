package simulate

import "time"

// cause is why a fault shows when it does.
type cause string

// The mechanisms behind the published delays from change to impact.
const (
	atOnce    cause = "at once"   // Config and flags: seconds.
	spreading cause = "spreading" // Staged push, agent's pull, cache expiry.
	creeping  cause = "creeping"  // Progressive rollout, leak, capacity.
	nextPeak  cause = "next peak" // Waits for the next load peak.
	dormant   cause = "dormant"   // Days: leak, expiry, unused path.
	triggered cause = "triggered" // Weeks or months, until a recent trigger.
)

// delayMixture is the published mixture of delays between a change and its
// impact: 69 public outages with a stated change time had 49% within 1 min,
// 58% 5 min, 65% 15 min, 72% 1 h, 83% 12 h, 91% 24 h and 96% 7 days.
var delayMixture = []share[cause]{
	{atOnce, 0.50},
	{spreading, 0.20},
	{creeping, 0.10},
	{nextPeak, 0.12},
	{dormant, 0.05},
	{triggered, 0.03},
}

// impactDelay draws the time from taking effect to impact. The shapes are
// chosen so that the mixture passes through the published shares.
func impactDelay(d draw, why cause) time.Duration {
	const daySeconds = 24 * 3600
	switch why {
	case atOnce:
		return seconds(d.logNormal(30, 0.4))
	case spreading:
		return seconds(d.logNormal(480, 0.9))
	case creeping:
		return seconds(d.logBetween(3600, 6*3600))
	case nextPeak:
		return seconds(d.between(6*3600, daySeconds))
	case dormant:
		return seconds(d.logBetween(daySeconds, 7*daySeconds))
	default:
		return seconds(d.logBetween(7*daySeconds, 50*daySeconds))
	}
}

// alarmLags are the published percentiles of the time from impact to the first
// alert, in minutes (70 records: p10 1, p25 3, p50 8, p75 20, p90 43, p95 89).
// The ends are ours.
var alarmLags = quantiles{
	{0, 0.2}, {0.10, 1}, {0.25, 3}, {0.50, 8}, {0.75, 20}, {0.90, 43}, {0.95, 89}, {1, 180},
}

// alarmLag draws the time from impact to the first alert.
func alarmLag(d draw) time.Duration { return seconds(60 * alarmLags.at(d.Float64())) }

// busyHours is how much is changed in each hour (UTC) of a working day against
// the night's pace. Five thousand changes a day at a flat rate are two to three
// times as many in office hours.
var busyHours = [24]float64{
	0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4, 0.7, 1.3, 2.2, 2.4, 2.2,
	1.6, 2.2, 2.4, 2.2, 1.9, 1.3, 0.8, 0.6, 0.5, 0.4, 0.4, 0.3,
}

// weekend is the pace of a Saturday or Sunday against a working day.
const weekend = 0.25

// pace is the rate of changes at t against the average over a week.
func pace(t time.Time) float64 {
	total := 0.0
	for _, h := range busyHours {
		total += h
	}
	average := total / 24 * (5 + 2*weekend) / 7
	p := busyHours[t.Hour()] / average
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		p *= weekend
	}
	return p
}

// peakHours are the hours (UTC) in which the company's load is highest.
var peakHours = []int{9, 10, 11, 13, 14, 15, 16, 19, 20}
