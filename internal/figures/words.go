package figures

import (
	"fmt"
	"strconv"
	"strings"
)

// words are the sentences that may be said of a comparison.
func words(c *Comparison) string {
	switch c.Verdict {
	case Insufficient:
		return insufficientWords(c)
	case NoDifference:
		return fmt.Sprintf("No detectable difference: %s. This does not show that there is none; %s.", ratioWords(c), boundWords(c))
	case More:
		return fmt.Sprintf("%s are associated with more incidents: %s. This is association, not proof of cause.%s", capital(c.Exposed), ratioWords(c), sizeWords(c))
	default:
		return fmt.Sprintf("%s are associated with fewer incidents: %s. This is association, not proof of cause.%s", capital(c.Exposed), ratioWords(c), sizeWords(c))
	}
}

// sizeWords tell what is left among changes of like size, which matters when
// one group makes larger changes.
func sizeWords(c *Comparison) string {
	r := c.AdjustedForSize
	if r == nil || r.Value == nil {
		return ""
	}
	text := fmt.Sprintf(" Among changes of like size it was %.2f times (%s)", *r.Value, RangeWords(r))
	if r.Lo <= 1 && (r.Hi == nil || *r.Hi >= 1) {
		text += ", so size may be what makes the difference"
	}
	return text + "."
}

// insufficientWords tell what is missing.
func insufficientWords(c *Comparison) string {
	text := fmt.Sprintf("Insufficient data: %s with an incident among %s %s and %s %s.",
		counted(c.Gate.Events, "change", "changes"), thousands(sizeOf(c.ExposedRate)), c.Exposed, thousands(sizeOf(c.UnexposedRate)), c.Unexposed)
	g := &c.Gate
	switch {
	case g.NeededPerGroup == 0:
		return text + " No rate is known yet to count from."
	case g.MissingExposed+g.MissingUnexposed == 0:
		return text + " Each group must be large enough to expect five events by its size alone."
	default:
		return text + fmt.Sprintf(" To tell a doubling of the risk, %s more %s and %s more %s are needed.",
			thousands(g.MissingExposed), c.Exposed, thousands(g.MissingUnexposed), c.Unexposed)
	}
}

// ratioWords tell the adjusted ratio with its interval, the exact one where an
// arm has no event.
func ratioWords(c *Comparison) string {
	r, how := c.Adjusted, "adjusted for "+join(c.Strata.By)
	if r == nil {
		r, how = c.Exact, "exact, within "+join(c.Strata.By)
	}
	if r == nil {
		return "no ratio can be computed"
	}
	if r.Value == nil {
		return fmt.Sprintf("the risk of %s was at least %.2f times that of %s (%s)", c.Exposed, r.Lo, c.Unexposed, how)
	}
	return fmt.Sprintf("the risk of %s was %.2f times that of %s (95%% interval %s, %s)", c.Exposed, *r.Value, c.Unexposed, RangeWords(r), how)
}

// boundWords tell what cannot be ruled out.
func boundWords(c *Comparison) string {
	if c.Looks == nil {
		return "few events leave much open"
	}
	return fmt.Sprintf("anything from %.2f to %.2f times remains possible when one looks every week", c.Looks.Lo, c.Looks.Hi)
}

// RangeWords writes the interval of a ratio, as "0.57 to 1.76".
func RangeWords(r *Ratio) string {
	if r.Hi == nil {
		return fmt.Sprintf("%.2f and up", r.Lo)
	}
	return fmt.Sprintf("%.2f to %.2f", r.Lo, *r.Hi)
}

func sizeOf(s *Share) int {
	if s == nil {
		return 0
	}
	return s.N
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// capital writes the first letter large.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
