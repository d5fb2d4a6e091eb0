package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// maxSuspects is how many suspects the page shows at once; a commander cannot
// weigh more.
const maxSuspects = 5

// The bands of a probability. The limits are those that readers of ranked
// suspects know from other tools: from 70 % strong, from 30 % medium.
const (
	bandStrong = "strong"
	bandMedium = "medium"
	bandWeak   = "weak"
	bandNone   = "none"
)

func band(p float64) string {
	switch {
	case p >= 0.7:
		return bandStrong
	case p >= 0.3:
		return bandMedium
	default:
		return bandWeak
	}
}

// scoreView is a probability as a bar and as a number.
type scoreView struct {
	Probability float64
	Percent     string
}

// suspectView is one suspect.
type suspectView struct {
	Rank        int
	Anchor      string
	Title, Kind string
	Path        string
	// RawSource and RawID are the identity as it is, for forms.
	RawSource, RawID string
	Started          moment
	// Gap is the time between the change and the first alert.
	Gap      string
	Course   string
	Services names
	Regions  []string
	Score    scoreView
	Band     string
	// For and Against are the signed reasons, the strongest first.
	For, Against []reason
	Links        []outLink
	Class        classView
	// Word is what people said about it: confirmed, ruled out or nothing.
	Word string
	Form judgeForm
	// Undo is what is known about undoing it, nil where nothing asks for that.
	Undo *undoView
	// Folded suspects are too weak to take the room of their evidence.
	Folded bool
}

// reason is one piece of evidence. Weight is the length of its bar, 1 to 10.
type reason struct {
	Kind, Text, LogOdds string
	Weight              int
	Refs                []outLink
}

// outLink is a link with its words.
type outLink struct{ Name, Path string }

// classView is what part AI had in a change, or that this is hidden.
type classView struct {
	Hidden     bool
	Words      string
	Tools      string
	Confidence string
	// How tells how it is known.
	How []string
}

// suspects prepares the first suspects of a finding.
func (s *Site) suspects(in *correlate.Incident, f *correlate.Finding, sheet *Sheet, form judgeForm) []suspectView {
	views := make([]suspectView, 0, maxSuspects)
	for i := range f.Suspects[:min(len(f.Suspects), maxSuspects)] {
		v := s.suspect(in, &f.Suspects[i])
		v.Word, v.Form, v.Class.Hidden = wordOn(f.Suspects[i].Change.Key(), &sheet.Standing), form, sheet.Hidden
		v.Undo = undoOf(in, &f.Suspects[i], v.Word)
		views = append(views, v)
	}
	return views
}

func (s *Site) suspect(in *correlate.Incident, x *correlate.Suspect) suspectView {
	c := &x.Change
	v := suspectView{
		Rank: x.Rank, Anchor: suspectAnchor(x), Title: changeTitle(c), Kind: words(string(c.Kind)), Path: changePath(c.Source, c.ID),
		RawSource: c.Source, RawID: c.ID, Started: s.at(c.StartedAt), Gap: gapTo(c.StartedAt, in.StartedAt, "the first alert"), Course: course(c, s.now()),
		Services: few(c.Services), Regions: c.Regions, Score: scoreView{x.Probability, percent(x.Probability)}, Band: band(x.Probability),
		Links: changeLinks(cmp.Or(x.Links, c.Links)), Class: classOf(x.Provenance),
		Folded: x.Rank > 1 && band(x.Probability) == bandWeak,
	}
	for _, e := range strongestFirst(x.Evidence) {
		if e.LogOdds < 0 {
			v.Against = append(v.Against, reasonOf(&e, c))
		} else {
			v.For = append(v.For, reasonOf(&e, c))
		}
	}
	return v
}

// suspectAnchor is where a suspect stands on the page.
func suspectAnchor(x *correlate.Suspect) string { return fmt.Sprintf("suspect-%d", x.Rank) }

// strongestFirst orders evidence by how much it weighs either way.
func strongestFirst(all []correlate.Evidence) []correlate.Evidence {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b correlate.Evidence) int {
		return cmp.Compare(math.Abs(b.LogOdds), math.Abs(a.LogOdds))
	})
	return sorted
}

// maxReasonRefs bounds the links of one reason; a storm has hundreds.
const maxReasonRefs = 6

// fullBar is the log odds at which a bar is full: e to the 4th is 55 to 1.
const fullBar = 4

// reasonOf renders a piece of evidence. It leaves out the link to the suspect
// itself, under which it stands.
func reasonOf(e *correlate.Evidence, about *correlate.Change) reason {
	r := reason{
		Kind: words(string(e.Kind)), Text: plain(e.Text, blockLetters), LogOdds: signed(e.LogOdds),
		Weight: max(1, min(10, int(math.Round(math.Abs(e.LogOdds)/fullBar*10)))),
	}
	for _, ref := range e.Refs {
		path := refPath(ref)
		if path == "" || path == changePath(about.Source, about.ID) || len(r.Refs) == maxReasonRefs {
			continue
		}
		_, name, _ := strings.Cut(ref, ":")
		r.Refs = append(r.Refs, outLink{Name: label(name, 40), Path: path})
	}
	return r
}

// changeLinks are the addresses of a change that help a responder.
func changeLinks(l *correlate.ChangeLinks) []outLink {
	if l == nil {
		return nil
	}
	var links []outLink
	for _, pair := range []outLink{{"Diff", l.Diff}, {"Run", l.Run}, {"Rollback", l.Rollback}} {
		if path := outward(pair.Path); path != "" {
			links = append(links, outLink{Name: pair.Name, Path: path})
		}
	}
	return links
}

// changeTitle is the sender's title, or the plainest words that name the change.
func changeTitle(c *correlate.Change) string {
	if title := heading(c.Title); title != "" {
		return title
	}
	what := strings.Join(c.Services[:min(len(c.Services), maxRowServices)], ", ")
	if title := heading(words(string(c.Kind)) + " " + what + " " + c.Version); title != "" {
		return title
	}
	return line(c.Source + "/" + c.ID)
}

// course says how a change went.
func course(c *correlate.Change, now time.Time) string {
	var parts []string
	switch {
	case c.FinishedAt != nil && c.FinishedAt.After(c.StartedAt):
		parts = append(parts, "took "+span(c.FinishedAt.Sub(c.StartedAt)))
	case c.FinishedAt == nil && c.Status == correlate.StatusInProgress:
		parts = append(parts, "running for "+span(max(0, now.Sub(c.StartedAt))))
	}
	if len(c.Rollout) > 1 {
		parts = append(parts, count(len(c.Rollout), "rollout step", "rollout steps"))
	}
	if c.Status != "" && c.Status != correlate.StatusInProgress {
		parts = append(parts, words(string(c.Status)))
	}
	return strings.Join(parts, ", ")
}

// classOf renders a provenance. No marker is no proof of human work.
func classOf(p *correlate.Provenance) classView {
	if p == nil || p.Class == "" || p.Class == correlate.ProvenanceUnknown {
		return classView{Words: "Unknown: no marker was found, which proves nothing"}
	}
	v := classView{Words: classWords(p.Class), Confidence: percent(p.Confidence)}
	var tools []string
	for _, t := range p.Tools {
		tools = append(tools, strings.TrimSpace(line(t.Name)+" "+line(t.Model)))
	}
	v.Tools = strings.Join(tools, ", ")
	for i := range p.Evidence {
		e := &p.Evidence[i]
		v.How = append(v.How, strings.TrimSuffix(fmt.Sprintf("%s in %s: %s", words(e.Marker), line(e.Where), line(e.Excerpt)), ": "))
	}
	return v
}

// classWords say a provenance class in plain words.
func classWords(c correlate.ProvenanceClass) string {
	switch c {
	case correlate.ProvenanceHuman:
		return "Human, as the sender declares"
	case correlate.ProvenanceAssisted:
		return "AI-assisted"
	case correlate.ProvenanceAuthored:
		return "AI-authored"
	case correlate.ProvenanceOperated:
		return "AI-operated: an agent acted on production"
	case correlate.ProvenanceAdvised:
		return "AI-advised"
	case correlate.ProvenanceAutomation:
		return "Automation, not AI"
	case correlate.ProvenanceUnknown:
		return "Unknown"
	default:
		return words(string(c))
	}
}
