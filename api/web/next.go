package web

import "github.com/faultline/faultline/correlate"

// nextStep is what a commander can do at once, below the one sentence. Faultline
// does nothing by itself, and knows no more than the links lead to.
type nextStep struct {
	// Said is what people have said already, empty while they have not.
	Said string
	// Words come before the ways on, which may be none.
	Words string
	Ways  []wayOn
}

// wayOn is one link of the next step. Outside leads away from Faultline.
type wayOn struct {
	outLink
	Outside bool
}

// way leads to a part of the page.
func way(name, path string) wayOn { return wayOn{outLink: outLink{Name: name, Path: path}} }

// nextOf chooses the next step from what is suspected, what is known about undoing
// it, and what people have said; nil where nothing is to be said or done.
func nextOf(in *correlate.Incident, f *correlate.Finding, suspects []suspectView, j *judgement) *nextStep {
	switch {
	case f == nil || in.MergedInto != "":
		return nil
	case j.Decided:
		return &nextStep{Said: j.Words + ".", Ways: []wayOn{way("Read the verdict", "#verdict")}}
	case len(suspects) == 0:
		return &nextStep{Words: "Next:", Ways: []wayOn{way("See what could not be looked at", "#h-missing")}}
	}
	top := &suspects[0]
	if top.Word == wordRuledOut {
		return ruledOut(suspects)
	}
	n := &nextStep{Words: "Next:"}
	switch undo := top.Undo; {
	case undo == nil || f.Verdict == correlate.VerdictNoChange:
		n.Ways = append(n.Ways, way("See what could not be looked at", "#h-missing"))
	case undo.Path != "":
		n.Ways = append(n.Ways, wayOn{outLink{"Open the rollback", undo.Path}, true}, way("Copy what to say", "#"+undo.Anchor))
	case undo.Say != "":
		n.Ways = append(n.Ways, way("Copy what to say to have it undone", "#"+undo.Anchor))
	default:
		n.Words, n.Ways = undo.Known, []wayOn{way("Weigh the evidence", "#"+top.Anchor)}
	}
	if j.Form.Open && in.ResolvedAt != nil {
		n.Ways = append(n.Ways, way("Say whether it was the cause", "#"+top.Anchor+"-decide"))
	}
	return n
}

// ruledOut leads from a first suspect that people ruled out to the next that they
// did not.
func ruledOut(suspects []suspectView) *nextStep {
	n := &nextStep{Said: "People ruled it out."}
	for i := range suspects {
		if suspects[i].Word != wordRuledOut {
			n.Ways = []wayOn{way("Go to suspect "+group(suspects[i].Rank), "#"+suspects[i].Anchor)}
			return n
		}
	}
	n.Ways = []wayOn{way("See what could not be looked at", "#h-missing")}
	return n
}
