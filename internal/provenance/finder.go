package provenance

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// finder tells which of many texts a message holds, in one pass. Looking for
// each text on its own was half of what it costs to take an event in.
//
// Every text is found by its first three bytes: their hash leads to a bucket of
// the few texts that may begin there.
type finder struct {
	texts []string
	// starts holds, by hash, the number of a bucket, 0 for none.
	starts  [1 << finderBits]uint8
	buckets [][]int
	// short are the texts that have no three bytes.
	short []int
}

// finderBits makes a table that fits the processor's first cache beside the
// message: 4 KB.
const finderBits = 12

// anchor is the length of what is hashed.
const anchor = 3

// newFinder takes texts in lower case.
func newFinder(texts []string) *finder {
	f := &finder{texts: texts, buckets: make([][]int, 1)}
	for i, text := range texts {
		if len(text) < anchor {
			f.short = append(f.short, i)
			continue
		}
		h := hashOf(fold(text[0]) | fold(text[1])<<8 | fold(text[2])<<16)
		if f.starts[h] == 0 {
			if len(f.buckets) > 255 {
				f.short = append(f.short, i)
				continue
			}
			f.starts[h] = uint8(len(f.buckets))
			f.buckets = append(f.buckets, nil)
		}
		b := f.starts[h]
		f.buckets[b] = append(f.buckets[b], i)
	}
	return f
}

// fold makes letters of either case equal. Some other bytes become equal too,
// which only leads to a comparison that fails.
func fold(c byte) uint32 { return uint32(c | 0x20) }

// hashOf is multiplicative hashing with the golden ratio, as Knuth has it.
func hashOf(three uint32) uint32 { return three * 2654435769 >> (32 - finderBits) }

// find returns the places of the texts that the message, in whatever case,
// holds, in order.
func (f *finder) find(message string) []int {
	found, ascii := f.scan(message)
	if !ascii {
		// Letters beyond ASCII may have ASCII ones for their lower case.
		message = strings.ToLower(message)
		found, _ = f.scan(message)
	}
	for _, i := range f.short {
		if containsFold(message, f.texts[i]) {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// scan finds all texts but the short ones. It also tells whether the message is
// plain ASCII.
func (f *finder) scan(message string) (found []int, ascii bool) {
	var three uint32
	var all byte
	for end := range len(message) {
		c := message[end]
		all |= c
		three = three>>8 | fold(c)<<16
		b := f.starts[hashOf(three)]
		if b == 0 || end < anchor-1 {
			continue
		}
		for _, i := range f.buckets[b] {
			if hasPrefixFold(message[end-anchor+1:], f.texts[i]) {
				found = append(found, i)
			}
		}
	}
	return found, all < utf8.RuneSelf
}

// hasPrefixFold is strings.HasPrefix for a prefix in lower case, letters of
// ASCII in either case being equal.
func hasPrefixFold(text, prefix string) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := text[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// containsFold is strings.Contains by the rules of hasPrefixFold.
func containsFold(text, part string) bool {
	for i := range len(text) - len(part) + 1 {
		if hasPrefixFold(text[i:], part) {
			return true
		}
	}
	return false
}
