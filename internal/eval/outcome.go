package eval

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// topK is how deep hits are counted.
const topK = 5

// Outcome is how one ranker did on one case. Where suspects tie, every figure
// is its expectation over random orders of the tie.
type Outcome struct {
	Case    string
	Ranker  string
	Kind    string
	Delay   DelayBucket
	Guilty  bool // whether the case has a cause
	Hit     [topK + 1]float64
	Inverse float64 // expectation of 1/rank, 0 when not listed
	Rank    float64 // expectation of the rank, 0 when not listed
	// Causes is how many causes the case has, AllFound the chance that every one of
	// them is among the first topK suspects.
	Causes   int
	AllFound float64
	// TopRight is the chance that the first suspect is a true cause,
	// TopProbability what the ranker said of it; Listed tells that there is one.
	Listed         bool
	TopRight       float64
	TopProbability float64
	Uncalibrated   bool
	NoChange       float64
	SaysNoChange   bool
	Took           time.Duration
	First          []Suspect
}

// firstKept is how many suspects of a case an outcome keeps for the report.
const firstKept = 10

// judge scores an answer against the label; alike are the changes that the
// ranker could not tell apart.
func judge(c *Case, alike twins, answer Answer) Outcome {
	causes := alike.causes(c.Causes)
	o := Outcome{
		Case: c.Name, Kind: c.Kind, Delay: delayBucket(c), Guilty: len(causes) > 0,
		Listed: len(answer.Suspects) > 0, Uncalibrated: answer.Uncalibrated, NoChange: answer.NoChange,
		First: slices.Clone(answer.Suspects[:min(firstKept, len(answer.Suspects))]),
	}
	if o.Listed {
		o.TopProbability = alike.topProbability(answer.Suspects)
		size := tieSize(answer.Suspects, 0)
		o.TopRight = float64(guiltyIn(answer.Suspects[:size], causes)) / float64(size)
	}
	o.SaysNoChange = saysNoChange(&answer)
	if o.Guilty {
		judgeRank(&o, answer.Suspects, causes)
		o.Causes, o.AllFound = len(c.Causes), allFound(answer.Suspects, c.Causes)
	}
	return o
}

// saysNoChange is the contract's definition of that verdict.
func saysNoChange(a *Answer) bool {
	if a.Uncalibrated {
		return false
	}
	return !slices.ContainsFunc(a.Suspects, func(s Suspect) bool { return s.Probability >= a.NoChange })
}

// judgeRank finds the tie in which the first true cause lies, and fills the
// expectations over its orders.
func judgeRank(o *Outcome, suspects []Suspect, causes []string) {
	for start := 0; start < len(suspects); {
		size := tieSize(suspects, start)
		if guilty := guiltyIn(suspects[start:start+size], causes); guilty > 0 {
			fillExpectations(o, start, size, guilty)
			return
		}
		start += size
	}
}

// fillExpectations computes hit@k, 1/rank and rank of the first of m guilty
// suspects in a tie of g that begins after `before` better ones. In a random
// order the first guilty one stands at place j with probability
// C(g-j, m-1)/C(g, m), which is built up as a product.
func fillExpectations(o *Outcome, before, g, m int) {
	chance := float64(m) / float64(g)
	o.Rank = float64(before) + float64(g+1)/float64(m+1)
	for j := 1; j <= g-m+1; j++ {
		place := before + j
		o.Inverse += chance / float64(place)
		for k := place; k <= topK; k++ {
			o.Hit[k] += chance
		}
		if g-j > 0 {
			chance *= float64(g-j-m+1) / float64(g-j)
		}
	}
}

// tieSize counts the suspects from start on that share its score.
func tieSize(suspects []Suspect, start int) int {
	size := 1
	for start+size < len(suspects) && suspects[start+size].Score == suspects[start].Score {
		size++
	}
	return size
}

func guiltyIn(suspects []Suspect, causes []string) int {
	n := 0
	for i := range suspects {
		if slices.Contains(causes, suspects[i].Change.ID) {
			n++
		}
	}
	return n
}

// DelayBucket names a range of the time from a guilty change to the first
// symptom.
type DelayBucket string

type delayRange struct {
	limit time.Duration
	name  DelayBucket
}

// delayBuckets are the ranges that accuracy is reported for, shortest first.
// Each holds the delays up to and including its limit.
var delayBuckets = []delayRange{
	{time.Minute, "<= 1m"},
	{5 * time.Minute, "<= 5m"},
	{15 * time.Minute, "<= 15m"},
	{time.Hour, "<= 1h"},
	{6 * time.Hour, "<= 6h"},
	{24 * time.Hour, "<= 24h"},
	{7 * 24 * time.Hour, "<= 7d"},
	{1<<63 - 1, "> 7d"},
}

// noDelay is the bucket of cases that have no recorded cause.
const noDelay DelayBucket = "no cause"

// skewAllowed is how much a symptom may seem to precede its cause.
const skewAllowed = time.Minute

// delayBucket sorts a case by the delay from the start of its latest guilty
// change to the first symptom that the change can have caused: unrelated alerts
// may have begun before.
func delayBucket(c *Case) DelayBucket {
	alerts := symptoms(visibleAlerts(c.Alerts, c.At))
	shortest, found := time.Duration(1<<63-1), false
	for i := range c.Changes {
		if !slices.Contains(c.Causes, c.Changes[i].ID) {
			continue
		}
		start := c.Changes[i].StartedAt
		first := c.At
		for j := range alerts {
			if at := alerts[j].StartedAt; at.Before(first) && start.Sub(at) <= skewAllowed {
				first = at
			}
		}
		shortest, found = min(shortest, first.Sub(start)), true
	}
	if !found {
		return noDelay
	}
	place := slices.IndexFunc(delayBuckets, func(b delayRange) bool { return shortest <= b.limit })
	return delayBuckets[place].name
}

// asSuspects converts an engine's suspects; equal probabilities tie.
func asSuspects(suspects []correlate.Suspect) []Suspect {
	out := make([]Suspect, len(suspects))
	for i := range suspects {
		p := suspects[i].Probability
		out[i] = Suspect{Change: suspects[i].Change.Key(), Score: p, Probability: p}
	}
	return out
}
