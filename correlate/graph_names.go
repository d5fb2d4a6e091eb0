package correlate

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// maxCarriers is the number of services from which on a word in their names
// says nothing about kinship.
const maxCarriers = 64

// nameTokens splits the services' names into words, and maps each word to the
// services that carry it.
func nameTokens(names []string) (parts [][]string, tokens map[string][]int32) {
	parts, tokens = make([][]string, len(names)), map[string][]int32{}
	for i, name := range names {
		parts[i] = words(name)
		for _, word := range parts[i] {
			tokens[word] = append(tokens[word], int32(i))
		}
	}
	return parts, tokens
}

// words splits a name or text into distinct lower-case words of letters or
// digits, in order of first appearance. A change from lower to upper case
// splits too, so that "PetSearch" holds "pet" and "search"; a plural s is
// dropped.
func words(text string) []string {
	var out []string
	separator := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, field := range strings.FieldsFunc(text, separator) {
		for _, part := range splitCamel(field) {
			if part = stem(strings.ToLower(part)); !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

// splitCamel cuts before an upper-case letter that follows a lower-case one.
func splitCamel(field string) []string {
	var parts []string
	start, previous := 0, rune(0)
	for i, r := range field {
		if i > start && unicode.IsUpper(r) && unicode.IsLower(previous) {
			parts = append(parts, field[start:i])
			start = i
		}
		previous = r
	}
	return append(parts, field[start:])
}

// stem drops a plural s.
func stem(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// kin calls yield for each service, other than the named one, whose name shares
// a word with it that few services carry. The order is by number.
func (g *Graph) kin(name string, said []string, yield func(node int32, own []string)) {
	var near []int32
	for _, word := range said {
		if carriers := g.carriers(word); len(carriers) <= maxCarriers {
			near = append(near, carriers...)
		}
	}
	slices.Sort(near)
	for _, node := range slices.Compact(near) {
		if g.names[node] != name {
			yield(node, g.parts[node])
		}
	}
}

// compareNames orders two services by name. Of those that were packed the
// numbers are in that order.
func (g *Graph) compareNames(a, b int32) int {
	if packed := int32(g.packed()); a < packed && b < packed {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(g.names[a], g.names[b])
}

// likeness is the cosine between two names' words weighted by rarity, 0 to 1.
func (g *Graph) likeness(a, b []string) float64 {
	shared := 0.0
	for _, word := range a {
		if slices.Contains(b, word) {
			r := g.rarity(word)
			shared += r * r
		}
	}
	return shared / max(g.norm(a)*g.norm(b), 1e-9)
}

func (g *Graph) norm(list []string) float64 {
	sum := 0.0
	for _, word := range list {
		r := g.rarity(word)
		sum += r * r
	}
	return math.Sqrt(sum)
}

// rarity is the inverse document frequency of a word over service names.
func (g *Graph) rarity(word string) float64 {
	return math.Log((float64(len(g.names)) + 1) / (float64(len(g.carriers(word))) + 0.5))
}

// containsAll reports whether every word of part is in whole.
func containsAll(whole, part []string) bool {
	for _, word := range part {
		if !slices.Contains(whole, word) {
			return false
		}
	}
	return true
}
