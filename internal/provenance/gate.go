package provenance

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// gated is a list of patterns with the bytes that a text can begin with if one
// of them matches it. Most subjects fail at the first byte, at a tenth of what
// asking every pattern costs.
type gated struct {
	patterns []*regexp.Regexp
	first    [256]bool
}

func newGated(flags string, patterns []string) (gated, error) {
	g := gated{}
	for _, p := range patterns {
		re, err := regexp.Compile(flags + p)
		if err != nil {
			return gated{}, err
		}
		g.patterns = append(g.patterns, re)
		if err := g.open(flags + p); err != nil {
			return gated{}, err
		}
	}
	return g, nil
}

// match reports whether any of the patterns matches.
func (g *gated) match(text string) bool {
	if len(g.patterns) == 0 || text != "" && !g.first[text[0]] {
		return false
	}
	return slices.ContainsFunc(g.patterns, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// open adds the first bytes of what a pattern matches. A pattern that need not
// match at the start of a text lets all bytes through, as does one whose first
// characters are not a few letters or an ASCII class.
func (g *gated) open(pattern string) error {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	if prog.StartCond()&syntax.EmptyBeginText == 0 || !g.follow(prog, uint32(prog.Start), map[uint32]bool{}) {
		for i := range g.first {
			g.first[i] = true
		}
	}
	return nil
}

// follow walks over the instructions that take no character. It is false where
// it cannot tell what comes first.
func (g *gated) follow(prog *syntax.Prog, at uint32, seen map[uint32]bool) bool {
	if seen[at] {
		return true
	}
	seen[at] = true
	switch in := &prog.Inst[at]; in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return g.follow(prog, in.Out, seen) && g.follow(prog, in.Arg, seen)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		return g.follow(prog, in.Out, seen)
	case syntax.InstRune, syntax.InstRune1:
		return g.runes(in)
	case syntax.InstFail:
		return true
	default:
		return false
	}
}

// runes adds the first bytes of the characters that an instruction takes, found
// by asking it about every ASCII character and about the few that it names.
func (g *gated) runes(in *syntax.Inst) bool {
	for r := range rune(utf8.RuneSelf) {
		if in.MatchRune(r) {
			g.first[r] = true
		}
	}
	for i, r := range in.Rune {
		wide := i%2 == 1 && r > in.Rune[i-1]+maxRange
		if wide {
			return false
		}
	}
	for c := utf8.RuneSelf; c < len(g.first); c++ {
		g.first[c] = g.first[c] || slices.ContainsFunc(in.Rune, func(r rune) bool { return r >= utf8.RuneSelf })
	}
	// Letters of ASCII that are matched in either case have other forms beyond
	// it, such as the Kelvin sign.
	if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
		for c := utf8.RuneSelf; c < len(g.first); c++ {
			g.first[c] = true
		}
	}
	return true
}

// maxRange is the length of a range of characters from which on a class counts
// as one that takes anything.
const maxRange = 0x80
