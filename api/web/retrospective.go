package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// MaxSuspects is how many suspects a page and a retrospective show.
const MaxSuspects = maxSuspects

// Retrospective is an incident as a document for the meeting after it. What the
// sheet hides from its reader, the document does not tell either.
type Retrospective struct {
	Incident correlate.Incident
	Sheet    Sheet
	Timeline Timeline
	// Policy is how suspects stand to the policy, nil where it is hidden or unknown.
	Policy map[correlate.Key]PolicyStand
	MadeAt time.Time
}

// PolicyStand is how one change stands to the policy.
type PolicyStand struct {
	Violations []Violation
	Gate       []GateWord
}

// markdown is a document in the making.
type markdown struct{ strings.Builder }

// markdownEscapes make text read as it stands in CommonMark and in the dialects
// that add tables, bare links and HTML: every character that may mean something is
// a literal one.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
	"#", `\#`, "|", `\|`, "~", `\~`, "&", "&amp;", "!", `\!`, "$", `\$`, "://", `\://`, "www.", `www\.`, "@", `\@`,
)

// md is foreign text on one line that reads as it stands. At its beginning, a sign
// or a number with a point would begin a list, and a row of signs a heading.
func md(text string) string {
	text = plain(text, blockLetters)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if rest := text[digits:]; rest != "" && (digits > 0 && strings.ContainsRune(".)", rune(rest[0])) || digits == 0 && strings.ContainsRune("-+=", rune(rest[0]))) {
		return text[:digits] + `\` + rest[:1] + markdownEscapes.Replace(rest[1:])
	}
	return markdownEscapes.Replace(text)
}

// mdLink is a link with foreign words to an address of plain HTTP, the words alone
// without one.
func mdLink(words, address string) string {
	if address = outward(address); address == "" {
		return md(words)
	}
	return "[" + md(words) + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "", `\`, "%5C").Replace(address) + ">)"
}

func (m *markdown) f(format string, args ...any) { _, _ = fmt.Fprintf(m, format, args...) }

// row writes a row of a table whose cells are safe already.
func (m *markdown) row(cells ...string) { m.f("| %s |\n", strings.Join(cells, " | ")) }

// head writes the head of a table.
func (m *markdown) head(titles ...string) {
	m.f("\n")
	m.row(titles...)
	m.f("|%s\n", strings.Repeat(" --- |", len(titles)))
}

// stamp is a moment in UTC.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }

// Markdown writes the document. Moments are UTC.
func (r *Retrospective) Markdown() string {
	m := &markdown{}
	r.title(m)
	r.decided(m)
	f := r.finding()
	m.f("\n## Suspects\n")
	if f == nil || len(f.Suspects) == 0 {
		m.f("\nNo recorded change is a suspect.\n")
	} else {
		for i := range f.Suspects[:min(len(f.Suspects), maxSuspects)] {
			r.suspect(m, &f.Suspects[i])
		}
		m.f("\nThat no recorded change did it: %s.\n", percent(f.NoChangeProbability))
	}
	r.missing(m, f)
	r.lanes(m)
	r.radius(m, f)
	r.versions(m)
	r.proposed(m)
	m.f("\n---\n\nExported %s UTC. Faultline suspects; people decide. Weights are natural logarithms of odds.\n", stamp(r.MadeAt))
	return m.String()
}

// finding is the newest one, nil without any.
func (r *Retrospective) finding() *correlate.Finding {
	if len(r.Sheet.Findings) == 0 {
		return nil
	}
	return &r.Sheet.Findings[0]
}

// title writes what it was and what is known in a sentence.
func (r *Retrospective) title(m *markdown) {
	in := &r.Incident
	m.f("# %s\n", md(incidentTitle(in)))
	end := "still " + string(in.Status) + ", lasted " + lasted(in, r.MadeAt)
	switch {
	case in.Status == correlate.IncidentMerged:
		end = "merged into another"
	case in.ResolvedAt != nil:
		end = "until " + stamp(*in.ResolvedAt) + ", lasted " + lasted(in, r.MadeAt)
	}
	m.f("\n- Incident: %s, severity %s, %s\n- Began: %s UTC, %s\n- Services: %s\n", md(in.ID), md(severityWord(in.Severity)), md(string(in.Status)), stamp(in.StartedAt), md(end), mdList(in.Services))
	if in.Environment != "" {
		m.f("- Environment: %s\n", md(in.Environment))
	}
	if len(in.Regions) > 0 {
		m.f("- Regions: %s\n", mdList(in.Regions))
	}
	if len(in.Declared) > 0 {
		m.f("- Declared elsewhere as: %s\n", mdList(in.Declared))
	}
	if in.MergedInto != "" {
		m.f("- Merged into: %s\n", md(in.MergedInto))
	}
	m.f("- Commander: %s\n", md(cmp.Or(query.CommanderOf(r.Sheet.Commands), "nobody")))
	a := answerOf(in, r.finding(), r.MadeAt)
	m.f("\n**%s%s%s**\n", md(a.Lead)+spaceAfter(a.Lead), md(a.Title), md(a.Tail))
}

// spaceAfter keeps the space that a text ends in, which cleaning takes away.
func spaceAfter(text string) string {
	if strings.HasSuffix(text, " ") {
		return " "
	}
	return ""
}

// maxListed bounds the names in a line.
const maxListed = 50

// mdList is names with commas.
func mdList(names []string) string {
	safe := make([]string, min(len(names), maxListed))
	for i := range safe {
		safe[i] = md(names[i])
	}
	if more := len(names) - maxListed; more > 0 {
		safe = append(safe, fmt.Sprintf("and %d more", more))
	}
	return cmp.Or(strings.Join(safe, ", "), "none named")
}

// decided writes what people decided, and who commanded when.
func (r *Retrospective) decided(m *markdown) {
	m.f("\n## What people decided\n\n%s.\n", md(standingWords(&r.Sheet.Standing)))
	if len(r.Sheet.Judgements) > 0 {
		m.head("When", "Who", "What", "Change", "Version", "Why")
	}
	for i := range r.Sheet.Judgements {
		j := &r.Sheet.Judgements[i]
		change := ""
		if j.Change != nil {
			change = titleOf(*j.Change, &r.Sheet)
		}
		m.row(stamp(j.DecidedAt), md(j.DecidedBy), md(decisionWords(j.Decision)), md(change), fmt.Sprint(j.FindingVersion), md(j.Reason))
	}
	if len(r.Sheet.Commands) > 0 {
		m.head("Since", "Commander", "Said by")
	}
	for i := range r.Sheet.Commands {
		c := &r.Sheet.Commands[i]
		m.row(stamp(c.SetAt), md(cmp.Or(c.Commander, "nobody")), md(c.SetBy))
	}
}

// suspect writes one suspect with what speaks for and against it.
func (r *Retrospective) suspect(m *markdown, x *correlate.Suspect) {
	c, word := &x.Change, wordOn(x.Change.Key(), &r.Sheet.Standing)
	m.f("\n### %d. %s (%s, %s)\n\n", x.Rank, md(changeTitle(c)), percent(x.Probability), band(x.Probability))
	if word != "" {
		m.f("**People: %s.**\n\n", word)
	}
	m.f("- %s %s, %s, began %s UTC%s\n", md(words(string(c.Kind))), md(c.Key().String()), md(gapTo(c.StartedAt, r.Incident.StartedAt, "the first alert")), stamp(c.StartedAt), mdAfter(course(c, r.MadeAt)))
	m.f("- Services: %s\n", mdList(c.Services))
	if c.Version+c.PreviousVersion != "" {
		m.f("- Version: %s, before: %s\n", md(cmp.Or(c.Version, "not told")), md(cmp.Or(c.PreviousVersion, "not told")))
	}
	links := x.Links
	if links == nil {
		links = c.Links
	}
	for _, l := range changeLinks(links) {
		m.f("- %s\n", mdLink(l.Name, l.Path))
	}
	r.evidence(m, x)
	r.provenance(m, x)
	r.policy(m, c)
	if undo := undoOf(&r.Incident, x, word); undo != nil {
		m.f("\n#### Undoing it\n\n%s\n", md(undo.Known))
	}
}

func mdAfter(text string) string {
	if text == "" {
		return ""
	}
	return ", " + md(text)
}

// evidence writes the signed reasons, the strongest first.
func (r *Retrospective) evidence(m *markdown, x *correlate.Suspect) {
	for _, side := range []struct {
		title   string
		against bool
	}{{"Speaks for it", false}, {"Speaks against it", true}} {
		first := true
		for _, e := range strongestFirst(x.Evidence) {
			if e.LogOdds < 0 != side.against {
				continue
			}
			if first {
				m.f("\n#### %s\n\n", side.title)
				first = false
			}
			m.f("- %s %s: %s\n", md(signed(e.LogOdds)), md(words(string(e.Kind))), md(e.Text))
		}
	}
}

// provenance writes what part AI had, unless that is hidden.
func (r *Retrospective) provenance(m *markdown, x *correlate.Suspect) {
	if r.Sheet.Hidden {
		m.f("\n#### AI involvement, approvals and policy\n\nHidden until a verdict is saved, so that it does not sway it.\n")
		return
	}
	class := classOf(x.Provenance)
	m.f("\n#### AI involvement\n\n%s", md(class.Words))
	if class.Tools != "" {
		m.f(" (%s)", md(class.Tools))
	}
	if class.Confidence != "" {
		m.f(", %s sure", md(class.Confidence))
	}
	m.f("\n")
	for _, how := range class.How {
		m.f("- %s\n", md(how))
	}
}

// policy writes approvals, the rules that were not kept and what the gate said.
func (r *Retrospective) policy(m *markdown, c *correlate.Change) {
	if r.Sheet.Hidden {
		return
	}
	m.f("\n#### Approvals and policy\n\n")
	if len(c.Approvals) == 0 {
		m.f("- No approval is recorded.\n")
	}
	for i := range c.Approvals {
		a := &c.Approvals[i]
		at := "at a time that is not told"
		if a.At != nil {
			at = stamp(*a.At) + " UTC"
		}
		m.f("- Approved by %s%s, %s\n", md(a.By), mdAfter(a.Level), at)
	}
	stand, judged := r.Policy[c.Key()]
	if !judged {
		m.f("- How it stands to the policy is not known here.\n")
		return
	}
	if len(stand.Violations) == 0 {
		m.f("- It keeps every rule of the policy in force.\n")
	}
	for i := range stand.Violations {
		v := &stand.Violations[i]
		m.f("- Against the rule %s (%s): %s\n", md(cmp.Or(v.Title, v.Rule)), md(v.Outcome), md(v.Reason))
	}
	for i := range stand.Gate {
		g := &stand.Gate[i]
		m.f("- The gate said %s at %s UTC, asked by %s%s\n", md(g.Outcome), stamp(g.At), md(g.Asker), mdAfter(strings.Join(g.Reasons, "; ")))
	}
}

// missing writes what could not be looked at.
func (r *Retrospective) missing(m *markdown, f *correlate.Finding) {
	m.f("\n## Not looked at\n\n")
	switch {
	case f == nil:
		m.f("Not known before the first finding.\n")
	case len(f.Missing) == 0:
		m.f("Nothing is missing: all that this finding could use was there.\n")
	default:
		for _, gap := range f.Missing {
			m.f("- %s\n", md(gap))
		}
	}
}

// lanes writes the timeline as one table by time.
func (r *Retrospective) lanes(m *markdown) {
	type moved struct {
		lane string
		*Moment
	}
	var all []moved
	cut := false
	for i := range r.Timeline.Lanes {
		lane := &r.Timeline.Lanes[i]
		cut = cut || lane.Truncated
		for j := range lane.Moments {
			if lane.Name != "rollouts" {
				all = append(all, moved{cmp.Or(laneLabels[lane.Name].label, words(lane.Name)), &lane.Moments[j]})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b moved) int { return a.At.Compare(b.At) })
	m.f("\n## Timeline\n")
	if len(all) > 0 {
		m.head("UTC", "To the first alert", "Lane", "What", "Services", "Status", "Took")
	} else {
		m.f("\nNothing is known.\n")
	}
	for _, x := range all[:min(len(all), maxTableRows)] {
		took := ""
		if x.Until != nil {
			took = span(x.Until.Sub(x.At))
		}
		m.row(stamp(x.At), md(gap(x.At, r.Incident.StartedAt)), md(x.lane), md(heading(x.Title)), mdList(x.Services[:min(len(x.Services), maxRowServices)]), md(words(x.Status)), took)
	}
	if cut || len(all) > maxTableRows {
		m.f("\nMore happened than a timeline holds.\n")
	}
}

// radius writes the blast radius as counts and a table.
func (r *Retrospective) radius(m *markdown, f *correlate.Finding) {
	m.f("\n## Blast radius\n")
	if f == nil || f.BlastRadius == nil {
		m.f("\nNo topology covers these services, or there is no finding yet.\n")
		return
	}
	b := f.BlastRadius
	m.f("\n%d changed, %d alerting, %d quiet though close; %d can reach a changed one by calls.\n", len(b.Changed), len(b.Alerting), len(b.Quiet), b.Potential)
	rows, hidden := radiusRows(b)
	if len(rows) > 0 {
		m.head("Service", "State", "Calls away", "Tier", "Team")
	}
	for i := range rows {
		m.row(md(rows[i].Service), md(rows[i].State), md(rows[i].Distance), md(rows[i].Tier), md(rows[i].Team))
	}
	if hidden > 0 || b.Truncated {
		m.f("\nOnly the most telling services are listed.\n")
	}
}

// versions writes how the finding came about.
func (r *Retrospective) versions(m *markdown) {
	if len(r.Sheet.Findings) == 0 {
		return
	}
	m.f("\n## How the finding came about\n")
	m.head("Version", "As of", "Verdict", "First suspect", "Probability")
	for i := range r.Sheet.Findings {
		f := &r.Sheet.Findings[i]
		suspect, p := "", f.NoChangeProbability
		if f.Verdict != correlate.VerdictNoChange && len(f.Suspects) > 0 {
			suspect, p = changeTitle(&f.Suspects[0].Change), f.Suspects[0].Probability
		}
		m.row(fmt.Sprint(f.Version), stamp(f.AsOf), md(verdictWords(f.Verdict)), md(suspect), percent(p))
	}
}
