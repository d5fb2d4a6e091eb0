package provenance

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// finder tells which of many texts a message holds, in one pass. Looking for
// each text on its own was half of what it costs to take an event in.
//
// Every text is found by its first three bytes or the three behind the first:
// one of the two stands at an even place of the message, and only those are
// looked at. Their hash leads to a bucket of the few texts that have them.
type finder struct {
	texts []string
	// starts holds, by hash, the number of a bucket, 0 for none.
	starts  [1 << finderBits]uint8
	buckets [][]place
	// short are the texts that are too short for that.
	short []int
}

// place is a text, by its number, and how far behind its start it was met.
type place struct{ text, offset int }

// finderBits makes a table that fits the processor's first cache beside the
// message: 4 KB.
const finderBits = 12

// anchor is the length of what is hashed, stride the distance of the places of
// a message that are looked at.
const (
	anchor = 3
	stride = 2
)

// newFinder takes texts in lower case.
func newFinder(texts []string) *finder {
	f := &finder{texts: texts, buckets: make([][]place, 1)}
	for i, text := range texts {
		if len(text) < anchor+stride-1 || len(f.buckets)+stride > 256 {
			f.short = append(f.short, i)
			continue
		}
		for offset := range stride {
			f.add(text[offset:], place{i, offset})
		}
	}
	return f
}

func (f *finder) add(from string, p place) {
	h := hashOf(three(from))
	if f.starts[h] == 0 {
		f.starts[h] = uint8(len(f.buckets))
		f.buckets = append(f.buckets, nil)
	}
	f.buckets[f.starts[h]] = append(f.buckets[f.starts[h]], p)
}

// three are the first bytes of a text as one number, in either case.
func three(text string) uint32 {
	return fold(text[0]) | fold(text[1])<<8 | fold(text[2])<<16
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
	var all byte
	at := 0
	for ; at+anchor <= len(message); at += stride {
		all |= message[at] | message[at+1]
		b := f.starts[hashOf(three(message[at:]))]
		if b == 0 {
			continue
		}
		for _, p := range f.buckets[b] {
			if p.offset <= at && hasPrefixFold(message[at-p.offset:], f.texts[p.text]) {
				found = append(found, p.text)
			}
		}
	}
	for ; at < len(message); at++ {
		all |= message[at]
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

// containsFold is strings.Contains by the rules of hasPrefixFold, for a part
// that is not empty. It jumps from one first byte to the next.
func containsFold(text, part string) bool {
	other := part[0]
	if letter(other) {
		other -= 'a' - 'A'
	}
	return startsFold(text, part, part[0]) || other != part[0] && startsFold(text, part, other)
}

// startsFold looks for a part that begins with a byte.
func startsFold(text, part string, first byte) bool {
	for {
		i := strings.IndexByte(text, first)
		if i < 0 {
			return false
		}
		if hasPrefixFold(text[i:], part) {
			return true
		}
		text = text[i+1:]
	}
}
