package provenance

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAFinderFindsWhatLookingForEachTextFinds holds the finder against the
// plain way, over texts and messages that share letters, case and signs.
func TestAFinderFindsWhatLookingForEachTextFinds(t *testing.T) {
	letters := rapid.SampledFrom([]rune("abAB -@\n\u212a\u00e9K\U0001f916*J"))
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		for range rapid.IntRange(0, 12).Draw(t, "texts") {
			texts = append(texts, strings.ToLower(rapid.StringOfN(letters, 1, 5, -1).Draw(t, "text")))
		}
		message := rapid.StringOfN(letters, 0, 40, -1).Draw(t, "message")
		var want []int
		for i, text := range texts {
			if strings.Contains(strings.ToLower(message), text) {
				want = append(want, i)
			}
		}
		if got := newFinder(texts).find(message); !slices.Equal(got, want) {
			t.Fatalf("find(%q) of %q = %v, want %v", message, texts, got, want)
		}
	})
}

// TestAFinderOfMoreTextsThanBucketsMissesNone fills every bucket: the rest of
// the texts must still be found.
func TestAFinderOfMoreTextsThanBucketsMissesNone(t *testing.T) {
	var texts []string
	for i := range 400 {
		texts = append(texts, "text "+strconv.Itoa(i)+";")
		texts = append(texts, strconv.Itoa(i)+" is a number;")
	}
	f := newFinder(texts)
	for i, text := range texts {
		if got := f.find("Before " + strings.ToUpper(text) + " after"); !slices.Contains(got, i) {
			t.Fatalf("%q is not found, only %v", text, got)
		}
	}
}

func TestAFinderWithoutTextsAndAMessageWithoutLetters(t *testing.T) {
	if got := newFinder(nil).find("anything"); len(got) != 0 {
		t.Fatalf("no texts, but found %v", got)
	}
	for _, message := range []string{"", "a", "ab"} {
		if got := newFinder([]string{"abc", "b"}).find(message); len(got) != strings.Count(message, "b") {
			t.Fatalf("find(%q) = %v", message, got)
		}
	}
}

// BenchmarkFinder measures an ordinary message against the built-in rules.
func BenchmarkFinder(b *testing.B) {
	c, err := New(Builtin())
	if err != nil {
		b.Fatal(err)
	}
	message := strings.Repeat("raise the connection pool limit and drain the queue\n", 14)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		c.finder.find(message)
	}
}
