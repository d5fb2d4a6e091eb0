package provenance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// class is what one marker says of a commit, weakest first.
type class uint8

const (
	// silent: nothing.
	silent class = iota
	// human: a person declares that no AI was used.
	human
	// machine: ordinary automation wrote it.
	machine
	// weak: a marker that is often wrong.
	weak
	// hinted: the pull request or its branch is an agent's.
	hinted
	// suggestion: a person applied what a reviewing agent suggested.
	suggestion
	// assisted: an agent helped.
	assisted
	// authored: an agent wrote it.
	authored
)

// classNamed reads the class of a rule.
func classNamed(name string, otherwise class) (class, error) {
	switch name {
	case "":
		return otherwise, nil
	case "authored":
		return authored, nil
	case "assisted":
		return assisted, nil
	case "suggestion":
		return suggestion, nil
	case "weak":
		return weak, nil
	case "automation":
		return machine, nil
	case "human":
		return human, nil
	default:
		return silent, fmt.Errorf("class %q is unknown; use authored, assisted, suggestion, weak, automation or human", name)
	}
}

// mark is one marker that was found.
type mark struct {
	rule, tool, model string
	class             class
	weight            float64
	where, excerpt    string
}

// at returns the marker as found at a place.
func (m mark) at(where, excerpt string) mark {
	m.where, m.excerpt = where, excerpt
	return m
}

// maxExcerpt bounds the words that are kept of a marker, in bytes.
const maxExcerpt = 120

func (m *mark) evidence() correlate.ProvenanceMark {
	excerpt := strings.ToValidUTF8(m.excerpt[:min(len(m.excerpt), maxExcerpt)], "")
	return correlate.ProvenanceMark{Marker: m.rule, Where: m.where, Excerpt: excerpt, Weight: m.weight}
}

// strongest returns the highest class among the marks.
func strongest(marks []mark) class {
	top := silent
	for i := range marks {
		top = max(top, marks[i].class)
	}
	return top
}

// maxConfidence is as sure as markers make: even a signed record may be forged.
const maxConfidence = 0.99

// confidence unites the weights of the marks of a class as independent
// witnesses.
func confidence(marks []mark, of class) float64 {
	doubt := 1.0
	seen := map[string]bool{}
	for i := range marks {
		if marks[i].class == of && !seen[marks[i].rule] {
			seen[marks[i].rule] = true
			doubt *= 1 - marks[i].weight
		}
	}
	return round(min(1-doubt, maxConfidence))
}

// round cuts a weight to three decimals, so that sums of floating point numbers
// do not show.
func round(x float64) float64 { return float64(int(x*1000+0.5)) / 1000 }

// toolsOf lists the tools that the marks name, the best witnessed first.
func toolsOf(marks []mark) []correlate.AITool {
	type entry struct {
		tool   correlate.AITool
		weight float64
	}
	var entries []entry
	for _, m := range marks {
		if m.tool == "" || m.class <= machine {
			continue
		}
		i := slices.IndexFunc(entries, func(e entry) bool { return e.tool.Name == m.tool })
		if i < 0 {
			i = len(entries)
			entries = append(entries, entry{tool: correlate.AITool{Name: m.tool}})
		}
		entries[i].weight = max(entries[i].weight, m.weight+float64(m.class))
		entries[i].tool.Model = cmp.Or(entries[i].tool.Model, m.model)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(b.weight, a.weight) })
	tools := []correlate.AITool{}
	for _, e := range entries {
		tools = append(tools, e.tool)
	}
	return tools
}
