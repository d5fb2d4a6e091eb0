// Package archtest holds the test that compares the imports of the code with
// the arrows of docs/ARCHITECTURE.md, in both directions: an arrow that the
// picture lacks fails, and so does one that the code no longer has.
package archtest

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Arrows maps a package, by its path below the module, to the packages of the
// module that it imports.
type Arrows map[string][]string

// fence opens the block of the document that holds the arrows.
const fence = "```arrows"

// Parse reads the arrows block of a Markdown document: lines of the form
// "package -> other, another", or a package alone when it imports none of ours.
func Parse(doc io.Reader) (Arrows, error) {
	arrows := Arrows{}
	inside := false
	lines := bufio.NewScanner(doc)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == fence:
			inside = true
		case inside && line == "```":
			return arrows, nil
		case inside && line != "":
			from, to := parseLine(line)
			if _, twice := arrows[from]; twice {
				return nil, fmt.Errorf("package %s has two lines", from)
			}
			arrows[from] = to
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the document has no closed %s block", fence)
}

func parseLine(line string) (from string, to []string) {
	from, rest, _ := strings.Cut(line, "->")
	for name := range strings.SplitSeq(rest, ",") {
		if name = strings.TrimSpace(name); name != "" {
			to = append(to, name)
		}
	}
	slices.Sort(to)
	return strings.TrimSpace(from), to
}

// Compare returns a sentence for each difference between the arrows that are
// drawn and those that are there.
func Compare(drawn, real Arrows) []string {
	var problems []string
	for _, pkg := range slices.Sorted(maps.Keys(real)) {
		if _, known := drawn[pkg]; !known {
			problems = append(problems, fmt.Sprintf("package %s is not in the picture", pkg))
			continue
		}
		for _, to := range real[pkg] {
			if !slices.Contains(drawn[pkg], to) {
				problems = append(problems, fmt.Sprintf("%s imports %s, which the picture does not allow", pkg, to))
			}
		}
		for _, to := range drawn[pkg] {
			if !slices.Contains(real[pkg], to) {
				problems = append(problems, fmt.Sprintf("the picture has %s -> %s, which the code no longer has", pkg, to))
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(drawn)) {
		if _, there := real[pkg]; !there {
			problems = append(problems, fmt.Sprintf("the picture has package %s, which does not exist", pkg))
		}
	}
	return problems
}
