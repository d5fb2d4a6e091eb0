package terminal

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// Finding prints a finding: the verdict as a sentence, the suspects with bars
// and signed evidence, the blast radius and what could not be looked at. The
// title names the incident; without one its id does.
func Finding(out io.Writer, f *correlate.Finding, title string, o Options) error {
	p := newPage(o)
	if clean(title) == "" {
		title = f.Incident
	}
	p.paragraph("", 0, title, bold)
	p.line(fmt.Sprintf("as of %s, version %d", clock(f.AsOf), f.Version))
	p.line("")
	p.paragraph("", 0, verdictSentence(f), bold)
	p.line("")
	for i := range f.Suspects {
		p.suspect(&f.Suspects[i])
	}
	none := fmt.Sprintf("   %s %4s  ", bar(f.NoChangeProbability), percent(f.NoChangeProbability))
	p.paragraph(none, cells(none), "no recorded change did it", "")
	if f.BlastRadius != nil {
		p.blast(f.BlastRadius)
	}
	p.missing(f.Missing)
	return p.writeTo(out)
}

// clock prints a moment to the second, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// verdictSentence says the finding in one sentence.
func verdictSentence(f *correlate.Finding) string {
	if len(f.Suspects) == 0 {
		return fmt.Sprintf("No recorded change is a suspect (no change: %s).", percent(f.NoChangeProbability))
	}
	top := &f.Suspects[0]
	what := fmt.Sprintf("%s (%s)", name(&top.Change), percent(top.Probability))
	switch f.Verdict {
	case correlate.VerdictProbable:
		return "Probable cause: " + what + "."
	case correlate.VerdictPossible:
		return "Possible cause: " + what + "."
	case correlate.VerdictNoChange:
		return fmt.Sprintf("Probably no recorded change did it (%s). Nearest suspect: %s.", percent(f.NoChangeProbability), what)
	default:
		return "Weak evidence only. First suspect: " + what + "."
	}
}

// name says which change is meant: its kind, its title or what it touches, and
// its key.
func name(c *correlate.Change) string {
	what := c.Title
	if clean(what) == "" {
		what = touches(c)
	}
	return fmt.Sprintf("%s %q [%s/%s]", kindWord(c.Kind), clip(clean(what), 70), clean(c.Source), clean(c.ID))
}

func kindWord(k correlate.ChangeKind) string { return strings.ReplaceAll(clean(string(k)), "_", " ") }

// touches names the changed services.
func touches(c *correlate.Change) string {
	if len(c.Services) == 0 {
		return "everything in " + cmp.Or(c.Environment, correlate.DefaultEnvironment)
	}
	return list(c.Services, 4)
}

// suspect prints one suspect with its evidence, the strongest first.
func (p *page) suspect(s *correlate.Suspect) {
	head := fmt.Sprintf("%2d %s %4s  ", s.Rank, bar(s.Probability), percent(s.Probability))
	p.paragraph(head, cells(head), name(&s.Change), bold)
	const indent = "     "
	p.paragraph(indent, len(indent), course(&s.Change), faint)
	evidence := slices.Clone(s.Evidence)
	slices.SortStableFunc(evidence, func(a, b correlate.Evidence) int {
		return cmp.Compare(math.Abs(b.LogOdds), math.Abs(a.LogOdds))
	})
	for i := range evidence {
		p.evidence(&evidence[i])
	}
	for _, link := range links(s) {
		p.paragraph(indent, len(indent), link, faint)
	}
	p.line("")
}

func (p *page) evidence(e *correlate.Evidence) {
	weight, s := fmt.Sprintf("%+5.1f", e.LogOdds), green
	if e.LogOdds < 0 {
		s = red
	}
	kind := clip(clean(string(e.Kind)), 9)
	head := "     " + p.styled(s, weight) + "  " + pad(kind, 9) + "  "
	p.paragraph(head, 5+len(weight)+2+9+2, e.Text, "")
}

// course says when the change ran, where, and how it ended.
func course(c *correlate.Change) string {
	parts := []string{"started " + clock(c.StartedAt)}
	switch {
	case c.FinishedAt != nil:
		parts = append(parts, fmt.Sprintf("took %s", c.FinishedAt.Sub(c.StartedAt).Round(time.Second)))
	case len(c.Rollout) > 0:
		parts = append(parts, fmt.Sprintf("%d rollout steps", len(c.Rollout)))
	}
	if c.Status != "" {
		parts = append(parts, strings.ReplaceAll(string(c.Status), "_", " "))
	}
	parts = append(parts, "on "+touches(c))
	if len(c.Regions) > 0 {
		parts = append(parts, "in "+list(c.Regions, 4))
	}
	return strings.Join(parts, ", ")
}

// links are the addresses that help a responder, in a fixed order.
func links(s *correlate.Suspect) []string {
	l := s.Links
	if l == nil {
		l = s.Change.Links
	}
	if l == nil {
		return nil
	}
	var out []string
	for _, pair := range [][2]string{{"diff", l.Diff}, {"run", l.Run}, {"rollback", l.Rollback}} {
		if pair[1] != "" {
			out = append(out, pair[0]+" "+pair[1])
		}
	}
	return out
}

// blast prints how far the fault has spread and may still spread.
func (p *page) blast(b *correlate.BlastRadius) {
	p.line("")
	p.line(p.styled(bold, "Blast radius"))
	for _, row := range []struct {
		label    string
		services []string
	}{{"changed", b.Changed}, {"alerting", b.Alerting}, {"quiet", b.Quiet}} {
		if len(row.services) > 0 {
			head := fmt.Sprintf("  %-9s %3d  ", row.label, len(row.services))
			p.paragraph(head, len(head), list(row.services, 12), "")
		}
	}
	if b.Potential > 0 {
		head := fmt.Sprintf("  %-9s %3d  ", "potential", b.Potential)
		p.paragraph(head, len(head), tiers(b.PotentialByTier), "")
	}
	if len(b.Teams) > 0 {
		head := fmt.Sprintf("  %-9s %3d  ", "teams", len(b.Teams))
		p.paragraph(head, len(head), list(b.Teams, 12), "")
	}
}

// tiers counts the services per tier, the most critical first.
func tiers(byTier map[string]int) string {
	names := make([]string, 0, len(byTier))
	for tier := range byTier {
		names = append(names, tier)
	}
	slices.Sort(names)
	parts := []string{}
	for _, tier := range names {
		parts = append(parts, fmt.Sprintf("tier %s: %d", tier, byTier[tier]))
	}
	if len(parts) == 0 {
		return "services can reach a changed one"
	}
	return "services can reach a changed one (" + strings.Join(parts, ", ") + ")"
}

func (p *page) missing(gaps []string) {
	if len(gaps) == 0 {
		return
	}
	p.line("")
	p.line(p.styled(bold, "Not looked at"))
	for _, gap := range gaps {
		p.paragraph("  - ", 4, gap, "")
	}
}

// list names the first of the items and counts the rest.
func list(items []string, shown int) string {
	if len(items) <= shown {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(items[:shown], ", "), len(items)-shown)
}
