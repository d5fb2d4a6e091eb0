package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// judgement is what people say about an incident, and whether the visitor may
// add a word.
type judgement struct {
	// Decided tells that people named a cause or said that there is none.
	Decided bool
	Words   string
	Log     []judgedRow
	// Proposals are what agents propose and nobody has settled.
	Proposals []proposalRow
	Form      judgeForm
}

// judgeForm is what every form of a verdict carries.
type judgeForm struct {
	// Open tells that the visitor may judge this incident now.
	Open bool
	// SignIn leads to the sign-in page where only that is missing.
	SignIn string
	Path   string
	Tag    string
	CSRF   string
}

// judgedRow is one verdict.
type judgedRow struct {
	Words, Change, Path string
	Reason, By          string
	At                  moment
	Version             int
}

// judgement prepares the verdicts. Only the newest version of the finding of
// an incident that stands for itself can be judged.
func (s *Site) judgement(r *http.Request, in *correlate.Incident, sheet *Sheet, newest bool) judgement {
	v := visitorOf(r.Context())
	j := judgement{
		Words: standingWords(&sheet.Standing), Decided: sheet.Standing.State == correlate.JudgedConfirmed || sheet.Standing.State == correlate.JudgedNoChange,
	}
	judgeable := newest && in.MergedInto == "" && len(sheet.Findings) > 0
	if judgeable && v.CanJudge && v.SignedIn {
		j.Form = judgeForm{Open: true, Path: incidentPath(in.ID) + "/verdict", Tag: sheet.Tag, CSRF: v.FormToken}
	} else if judgeable && !v.SignedIn {
		j.Form.SignIn = signInPath(incidentPath(in.ID))
	}
	j.Proposals = s.proposalRows(in, sheet, j.Form)
	for _, x := range slices.Backward(sheet.Judgements) {
		row := judgedRow{Words: decisionWords(x.Decision), Reason: plain(x.Reason, blockLetters), By: line(x.DecidedBy), At: s.at(x.DecidedAt), Version: x.FindingVersion}
		if x.Change != nil {
			row.Change, row.Path = titleOf(*x.Change, sheet), changePath(x.Change.Source, x.Change.ID)
		}
		j.Log = append(j.Log, row)
	}
	return j
}

// titleOf names a judged change as the finding does, by its key where the
// finding no longer has it.
func titleOf(key correlate.Key, sheet *Sheet) string {
	for i := range sheet.Findings {
		for j := range sheet.Findings[i].Suspects {
			if c := &sheet.Findings[i].Suspects[j].Change; c.Key() == key {
				return changeTitle(c)
			}
		}
	}
	return line(key.String())
}

// decisionWords say a decision in plain words.
func decisionWords(d correlate.Decision) string {
	switch d {
	case correlate.DecisionConfirm:
		return "Confirmed as the cause"
	case correlate.DecisionReject:
		return "Ruled out"
	case correlate.DecisionNoChange:
		return "No recorded change is to blame"
	default:
		return words(string(d))
	}
}

// standingWords say what all verdicts come to.
func standingWords(st *correlate.Standing) string {
	switch st.State {
	case correlate.JudgedConfirmed:
		return "Cause confirmed"
	case correlate.JudgedNoChange:
		return "No recorded change is to blame"
	case correlate.JudgedRejected:
		return count(len(st.Rejected), "suspect", "suspects") + " ruled out, cause open"
	case correlate.JudgedNot:
		return "Not decided yet"
	default:
		return words(string(st.State))
	}
}

// What people can have said about one suspect.
const (
	wordConfirmed = "confirmed"
	wordRuledOut  = "ruled out"
)

// wordOn is what people said about one suspect, empty for nothing.
func wordOn(key correlate.Key, st *correlate.Standing) string {
	switch {
	case slices.Contains(st.Confirmed, key):
		return wordConfirmed
	case slices.Contains(st.Rejected, key):
		return wordRuledOut
	default:
		return ""
	}
}

// judge takes a verdict. A reason is asked for: whoever reads it next week was
// not there.
func (s *Site) judge(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	v := Verdict{Decision: correlate.Decision(r.PostFormValue("decision")), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	if v.Reason == "" {
		return s.reasonMissing(w, r, id)
	}
	if v.Decision != correlate.DecisionNoChange {
		v.Change = &correlate.Key{Source: r.PostFormValue("source"), ID: r.PostFormValue("change")}
	}
	if err := s.deps.Judges.Judge(r.Context(), id, r.PostFormValue("tag"), v); err != nil {
		return err
	}
	http.Redirect(w, r, incidentPath(id)+"#verdict", http.StatusSeeOther)
	return nil
}
