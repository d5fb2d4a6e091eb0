package terminal

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// Options say how wide and how colourful the text is.
type Options struct {
	// Width is the number of columns, 100 when zero, at least 60.
	Width int
	// Color paints verdicts and signs. Nothing is told by colour alone.
	Color bool
}

// Widths of the parts of a line.
const (
	defaultWidth = 100
	leastWidth   = 60
	barWidth     = 20
	kindWidth    = 9
	indent       = "     "
)

// barely is the log odds below which a piece of evidence says nothing.
const barely = 0.05

func (o *Options) width() int { return max(cmp.Or(o.Width, defaultWidth), leastWidth) }

// Finding prints a finding: the answer in one sentence, the suspects with
// their evidence for and against, how far it spread, and what could not be
// looked at. Title names the incident and may be empty.
func Finding(w io.Writer, f *correlate.Finding, title string, opts Options) error {
	p := &printer{opts: &opts}
	p.header(f, title)
	for i := range f.Suspects {
		p.suspect(&f.Suspects[i])
	}
	p.noChange(f)
	if f.BlastRadius != nil {
		p.blastRadius(f.BlastRadius)
	}
	p.missing(f.Missing)
	_, err := io.WriteString(w, p.out.String())
	return err
}

// printer gathers the text.
type printer struct {
	opts *Options
	out  strings.Builder
}

func (p *printer) line(parts ...string) {
	p.out.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	p.out.WriteByte('\n')
}

// paragraph prints text wrapped, with a first prefix and spaces after it.
func (p *printer) paragraph(prefix, text string) {
	rest := strings.Repeat(" ", len([]rune(prefix)))
	for i, line := range wrap(Clean(text), p.opts.width()-len([]rune(prefix))) {
		if i == 0 {
			p.line(prefix, line)
		} else {
			p.line(rest, line)
		}
	}
}

func (p *printer) header(f *correlate.Finding, title string) {
	incident := "Incident " + Clean(f.Incident)
	if title != "" {
		incident += ": " + Clean(title)
	}
	p.line(p.opts.paint(bold, cut(incident, p.opts.width())))
	p.line(p.opts.paint(dim, fmt.Sprintf("finding %d, as of %s", f.Version, f.AsOf.UTC().Format("2006-01-02 15:04:05 UTC"))))
	p.line()
	verdict, sentence := answer(f)
	words := wrap(Clean(sentence), p.opts.width()-len(verdict)-2)
	for i, line := range words {
		if i == 0 {
			p.line(p.opts.paint(verdictStyle(f.Verdict), verdict), "  ", line)
		} else {
			p.line(strings.Repeat(" ", len(verdict)+2), line)
		}
	}
	p.line()
}

// answer is the verdict in one word and one sentence.
func answer(f *correlate.Finding) (word, sentence string) {
	if f.Verdict == correlate.VerdictNoChange || len(f.Suspects) == 0 {
		return "NO CHANGE", fmt.Sprintf("No recorded change explains the alerts well (%s).", percent(f.NoChangeProbability))
	}
	top := &f.Suspects[0]
	adverb := map[correlate.Verdict]string{
		correlate.VerdictProbable: "probably", correlate.VerdictPossible: "possibly", correlate.VerdictWeak: "perhaps",
	}[f.Verdict]
	return strings.ToUpper(string(f.Verdict)), fmt.Sprintf("This was %s caused by %s (%s).", adverb, describe(&top.Change), percent(top.Probability))
}

func verdictStyle(v correlate.Verdict) style {
	switch v {
	case correlate.VerdictProbable:
		return red
	case correlate.VerdictPossible:
		return yellow
	default:
		return dim
	}
}

// describe names a change: what, where, which.
func describe(c *correlate.Change) string {
	where := strings.Join(c.Services, ", ")
	if where == "" {
		where = "everything in " + cmp.Or(c.Environment, correlate.DefaultEnvironment)
	}
	return fmt.Sprintf("the %s of %s, %s/%s", strings.ReplaceAll(string(c.Kind), "_", " "), where, c.Source, c.ID)
}

func (p *printer) suspect(s *correlate.Suspect) {
	c := &s.Change
	head := fmt.Sprintf("%3d. %4s %s  ", s.Rank, percent(s.Probability), bar(s.Probability, barWidth))
	room := p.opts.width() - len([]rune(head))
	p.line(head, p.opts.paint(bold, cut(Clean(cmp.Or(c.Title, describe(c))), room)))
	facts := fmt.Sprintf("%s on %s, started %s", c.Kind, strings.Join(c.Services, ", "), c.StartedAt.UTC().Format("2006-01-02 15:04:05"))
	p.paragraph(indent, fmt.Sprintf("%s/%s: %s", c.Source, c.ID, facts))
	p.evidence(s.Evidence)
	p.provenance(s.Provenance)
	p.links(s)
	p.line()
}

// evidence prints what speaks for and against, the strongest first. Terms that
// say nothing are left out.
func (p *printer) evidence(all []correlate.Evidence) {
	told := slices.DeleteFunc(slices.Clone(all), func(e correlate.Evidence) bool {
		return e.LogOdds < barely && e.LogOdds > -barely
	})
	slices.SortStableFunc(told, func(a, b correlate.Evidence) int { return cmp.Compare(b.LogOdds, a.LogOdds) })
	for _, e := range told {
		sign, paint := fmt.Sprintf("+%.1f", e.LogOdds), green
		if e.LogOdds < 0 {
			sign, paint = fmt.Sprintf("−%.1f", -e.LogOdds), red
		}
		prefix := indent + pad(sign, 5) + " " + pad(string(e.Kind), kindWidth) + " "
		for i, line := range wrap(Clean(e.Text), p.opts.width()-len([]rune(prefix))) {
			if i == 0 {
				p.line(indent, p.opts.paint(paint, pad(sign, 5)), " ", pad(string(e.Kind), kindWidth), " ", line)
			} else {
				p.line(strings.Repeat(" ", len([]rune(prefix))), line)
			}
		}
	}
}

func (p *printer) provenance(prov *correlate.Provenance) {
	if prov == nil || prov.Class == correlate.ProvenanceUnknown {
		return
	}
	text := fmt.Sprintf("provenance: %s (confidence %s)", strings.ReplaceAll(string(prov.Class), "_", "-"), percent(prov.Confidence))
	for _, tool := range prov.Tools {
		text += ", " + strings.TrimSpace(tool.Name+" "+tool.Model)
	}
	p.paragraph(indent, text)
}

func (p *printer) links(s *correlate.Suspect) {
	links := s.Links
	if links == nil {
		links = s.Change.Links
	}
	if links == nil {
		return
	}
	for _, link := range []struct{ name, address string }{{"diff", links.Diff}, {"run", links.Run}, {"rollback", links.Rollback}} {
		if link.address != "" {
			p.line(indent, p.opts.paint(dim, pad(link.name, kindWidth)+Clean(link.address)))
		}
	}
}

func (p *printer) noChange(f *correlate.Finding) {
	p.line(fmt.Sprintf("     %4s %s  no recorded change did it", percent(f.NoChangeProbability), bar(f.NoChangeProbability, barWidth)))
	p.line()
}

func (p *printer) blastRadius(b *correlate.BlastRadius) {
	p.line(p.opts.paint(bold, "Blast radius"))
	p.services("changed", b.Changed)
	p.services("alerting", b.Alerting)
	p.services("quiet", b.Quiet)
	potential := fmt.Sprintf("%d services can reach the changed ones", b.Potential)
	var tiers []string
	for _, tier := range slices.Sorted(maps.Keys(b.PotentialByTier)) {
		tiers = append(tiers, fmt.Sprintf("tier %s: %d", tier, b.PotentialByTier[tier]))
	}
	if len(tiers) > 0 {
		potential += " (" + strings.Join(tiers, ", ") + ")"
	}
	p.paragraph(indent+pad("potential", kindWidth)+" ", potential)
	if len(b.Teams) > 0 {
		p.paragraph(indent+pad("teams", kindWidth)+" ", strings.Join(b.Teams, ", "))
	}
	p.line()
}

// servicesShown bounds a list of names on the terminal.
const servicesShown = 12

func (p *printer) services(label string, names []string) {
	if len(names) == 0 {
		return
	}
	text := fmt.Sprintf("%d: %s", len(names), strings.Join(names[:min(len(names), servicesShown)], ", "))
	if more := len(names) - servicesShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	p.paragraph(indent+pad(label, kindWidth)+" ", text)
}

func (p *printer) missing(what []string) {
	if len(what) == 0 {
		return
	}
	p.line(p.opts.paint(bold, "Not looked at"))
	for _, text := range what {
		p.paragraph(indent+"- ", text)
	}
}

// percent writes a probability so that neither certainty nor impossibility is
// claimed by rounding.
func percent(p float64) string {
	switch {
	case p > 0 && p < 0.01:
		return "<1%"
	case p < 1 && p > 0.99:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", p*100)
	}
}
