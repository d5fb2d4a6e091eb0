package web

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// answer is the one sentence at the top of the incident page.
type answer struct {
	// Lead comes before the change, Tail after it; Title and Path are the
	// change's, empty when the sentence names none.
	Lead, Title, Path, Tail string
	Band                    string
	// Next is what can be done at once, nil for nothing.
	Next *nextStep
}

// answerOf says a finding in one sentence. The machine only ever suspects.
func answerOf(in *correlate.Incident, f *correlate.Finding, now time.Time) answer {
	if f == nil {
		return answer{Band: bandNone, Lead: "No finding yet. The first one comes within seconds of the first alert, which was " + relative(now.Sub(in.StartedAt)) + "."}
	}
	if len(f.Suspects) == 0 {
		return answer{Band: bandNone, Lead: "No recorded change is a suspect (" + percent(f.NoChangeProbability) + " that none did it)."}
	}
	top := &f.Suspects[0]
	a := answer{Title: changeTitle(&top.Change), Path: "#suspect-1", Band: band(top.Probability)}
	tail := ", " + gapTo(top.Change.StartedAt, in.StartedAt, "the first alert") + " (" + percent(top.Probability) + ")."
	switch f.Verdict {
	case correlate.VerdictProbable:
		a.Lead, a.Tail = "Probable cause: ", tail
	case correlate.VerdictPossible:
		a.Lead, a.Tail = "Possible cause: ", tail
	case correlate.VerdictNoChange:
		a.Band = bandNone
		a.Lead = "Probably no recorded change did it (" + percent(f.NoChangeProbability) + "). Nearest suspect: "
		a.Tail = tail
	case correlate.VerdictWeak:
		a.Lead, a.Tail = "Weak evidence only. First suspect: ", tail
	default:
		a.Lead, a.Tail = "First suspect: ", tail
	}
	return a
}

// verdictWords say the machine's verdict in plain words.
func verdictWords(v correlate.Verdict) string {
	switch v {
	case correlate.VerdictProbable:
		return "probable cause"
	case correlate.VerdictPossible:
		return "possible cause"
	case correlate.VerdictWeak:
		return "weak evidence"
	case correlate.VerdictNoChange:
		return "no recorded change did it"
	default:
		return words(string(v))
	}
}
