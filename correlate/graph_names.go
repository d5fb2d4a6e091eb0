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
	same := map[string]string{} // One copy of each word: the others need not be kept or read.
	for i, name := range names {
		parts[i] = words(name)
		for k, word := range parts[i] {
			if _, known := same[word]; !known {
				same[word] = word
			}
			parts[i][k] = same[word]
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
	eachWord(text, func(word string) {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	})
	return out
}

// eachWord calls yield for every word of a text, as often as it occurs.
func eachWord(text string, yield func(word string)) {
	start, previous := -1, rune(0)
	for i, r := range text {
		inside := isWordly(r)
		if start >= 0 && (!inside || unicode.IsUpper(r) && unicode.IsLower(previous)) {
			yield(stem(strings.ToLower(text[start:i])))
			start = -1
		}
		if inside && start < 0 {
			start = i
		}
		previous = r
	}
	if start >= 0 {
		yield(stem(strings.ToLower(text[start:])))
	}
}

// isWordly reports whether the rune belongs to a word.
func isWordly(r rune) bool {
	if r <= unicode.MaxASCII {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// stem drops a plural s.
func stem(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// kin lists the services, other than the named one, whose names share a word with
// it that few services carry, by number.
func (g *Graph) kin(name string, said []string) []int32 {
	var near []int32
	for _, word := range said {
		if carriers := g.carriers(word); len(carriers) <= maxCarriers {
			near = append(near, carriers...)
		}
	}
	slices.Sort(near)
	near = slices.Compact(near)
	if self, known := g.id(name); known {
		if at, found := slices.BinarySearch(near, self); found {
			near = slices.Delete(near, at, at+1)
		}
	}
	return near
}

// compareNames orders two services by name. Of those that were packed the
// numbers are in that order.
func (g *Graph) compareNames(a, b int32) int {
	if packed := int32(g.packed()); a < packed && b < packed {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(g.names[a], g.names[b])
}

// kinship compares one name with others; what its own words weigh is found once.
type kinship struct {
	graph *Graph
	said  []string
	// squares are the squares of the words' rarities.
	squares []float64
	norm    float64
}

func (g *Graph) kinship(said []string) kinship {
	k := kinship{graph: g, said: said, squares: make([]float64, len(said))}
	for i, word := range said {
		r := g.rarity(word)
		k.squares[i] = r * r
	}
	k.norm = math.Sqrt(sumOf(k.squares))
	return k
}

// to is the cosine between the two names' words weighted by rarity, 0 to 1.
func (k *kinship) to(node int32, own []string) float64 {
	shared := 0.0
	for i, word := range k.said {
		if slices.Contains(own, word) {
			shared += k.squares[i]
		}
	}
	return shared / max(k.norm*k.graph.normOf(node, own), 1e-9)
}

// normOf is the length of a service's name as a vector of rarities. While no
// service was added since the graph was packed it is known.
func (g *Graph) normOf(node int32, own []string) float64 {
	if len(g.norms) == len(g.names) {
		return g.norms[node]
	}
	return g.norm(own)
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
