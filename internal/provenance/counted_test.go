package provenance

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// TestNotesAreCountedAsByHand writes notes of any ranges and keeps the count
// beside them.
func TestNotesAreCountedAsByHand(t *testing.T) {
	c := classifier(t)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		ai, human := 0, 0
		for range rapid.IntRange(1, 4).Draw(t, "files") {
			text.WriteString("src/a file.go\n")
			for range rapid.IntRange(0, 4).Draw(t, "entries") {
				key := rapid.SampledFrom([]string{"s_1::t_1", "s_2::t_9", "h_1", "prompt"}).Draw(t, "key")
				var spans []string
				for range rapid.IntRange(1, 3).Draw(t, "spans") {
					first := rapid.IntRange(1, 500).Draw(t, "first")
					length := rapid.IntRange(1, 50).Draw(t, "length")
					span := fmt.Sprintf("%d-%d", first, first+length-1)
					if length == 1 && rapid.Bool().Draw(t, "alone") {
						span = fmt.Sprint(first)
					}
					spans = append(spans, span)
					if key == "h_1" {
						human += length
					} else {
						ai += length
					}
				}
				fmt.Fprintf(&text, "  %s %s\n", key, strings.Join(spans, ","))
			}
		}
		text.WriteString("---\n" + `{"schema_version":"authorship/3.0.0","sessions":{"s_1":{"agent_id":{"tool":"cursor"}}}}`)
		raw, err := json.Marshal(map[string]string{"abc": text.String()})
		if err != nil {
			t.Fatal(err)
		}
		got := c.Label(&correlate.Change{Commits: []correlate.Commit{plain}, Extra: map[string]json.RawMessage{NotesField: raw}})
		want := correlate.ProvenanceUnknown
		switch {
		case ai == 0:
		case float64(ai) >= authoredShare*float64(ai+human):
			want = correlate.ProvenanceAuthored
		default:
			want = correlate.ProvenanceAssisted
		}
		if got.Class != want {
			t.Fatalf("%d lines by agents, %d by people: %s, want %s\n%s", ai, human, got.Class, want, text.String())
		}
		if ai > 0 && got.Evidence[0].Excerpt != fmt.Sprintf("%d of %d lines by agents", ai, ai+human) {
			t.Fatalf("%q, want %d of %d", got.Evidence[0].Excerpt, ai, ai+human)
		}
	})
}

// TestRangesThatCannotBeCountNothing gives notes and records ranges that no file
// has: a sum of them would overflow.
func TestRangesThatCannotBeCountNothing(t *testing.T) {
	for spans, want := range map[string]int{
		"1-3,7,9-10": 6, " 4 ": 1, "": 0, "x": 0, "1-x": 0, "9-1": 0, "0": 0, "0-5": 0, "-3-5": 0, "5-": 0,
		fmt.Sprintf("1-%d", math.MaxInt): 0, fmt.Sprintf("0-%d,1-2", math.MaxInt): 2, "1-99999999999999999999": 0, fmt.Sprint(math.MinInt): 0,
		fmt.Sprint(maxLine): 1, fmt.Sprint(maxLine + 1): 0,
	} {
		if got := countRanges(spans); got != want {
			t.Errorf("%q holds %d lines, want %d", spans, got, want)
		}
	}
	c := classifier(t)
	record := fmt.Sprintf(`{"version":"0.1","tool":{"name":"cursor"},"files":[{"conversations":[{"contributor":{"type":"ai"},"ranges":[{"start_line":-5,"end_line":%d},{"start_line":3,"end_line":1}]}]}]}`, math.MaxInt)
	change := &correlate.Change{Commits: []correlate.Commit{plain}, Extra: map[string]json.RawMessage{TraceField: json.RawMessage(record)}}
	if got := c.Label(change); got.Class != correlate.ProvenanceUnknown {
		t.Errorf("a record of impossible lines: %+v", got)
	}
}

// TestAChangeIsWhatItsCommitsAreTogether draws changes of many commits from the
// tables and unites their answers by hand.
func TestAChangeIsWhatItsCommitsAreTogether(t *testing.T) {
	c := classifier(t)
	cases := allCases()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "commits")
		change := &correlate.Change{}
		classes := map[correlate.ProvenanceClass]int{}
		ai := 0
		for i := range n {
			tc := rapid.SampledFrom(cases).Draw(t, "commit")
			commit := correlate.Commit{SHA: fmt.Sprintf("4f2a91c0ffe%d", i), Message: tc.message, Author: person(tc.author)}
			change.Commits = append(change.Commits, commit)
			class := c.Commit(&commit).Class
			classes[class]++
			if class.AI() {
				ai++
			}
		}
		want := correlate.ProvenanceUnknown
		for _, class := range slices.Backward(standing[:]) {
			if classes[class] > 0 && (class.AI() || classes[correlate.ProvenanceUnknown] == 0) {
				want = class
				break
			}
		}
		got := c.Label(change)
		// A merge among them may bring the branch that it merges.
		merges := slices.ContainsFunc(change.Commits, func(commit correlate.Commit) bool { _, _, ok := mergeOf(commit.Message); return ok })
		if got.Class != want && !merges {
			t.Fatalf("%v together are %s, want %s", classes, got.Class, want)
		}
		if math.Abs(got.CommitShare-float64(ai)/float64(n)) > 0.005 || len(got.Commits) != n {
			t.Fatalf("%d of %d carry a marker: share %v, %d listed", ai, n, got.CommitShare, len(got.Commits))
		}
	})
}
