package clickhouse

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// TestProvenanceIsWrittenAsEncodingJSONWritesIt holds the short way against the
// long one, over texts with and without characters that must be escaped.
func TestProvenanceIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	text := rapid.OneOf(rapid.StringN(0, 6, -1), rapid.StringOfN(rapid.SampledFrom([]rune("ab <>&\"\\\n\x7f\x00é\u2028")), 0, 6, -1))
	plain := rapid.StringMatching(`[a-z <>&.@-]{0,12}`)
	weight := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 1, 0.95, 0.123, 1e-7, 1e-6, math.Copysign(0, -1), 7, -1, 1e21}))
	var room jsonRoom
	rapid.Check(t, func(t *rapid.T) {
		texter := rapid.SampledFrom([]*rapid.Generator[string]{text, plain, plain, plain}).Draw(t, "alphabet")
		p := correlate.Provenance{
			Class: correlate.ProvenanceClass(plain.Draw(t, "class")), Confidence: weight.Draw(t, "confidence"),
			Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{},
		}
		for range rapid.IntRange(0, 3).Draw(t, "tools") {
			p.Tools = append(p.Tools, correlate.AITool{Name: texter.Draw(t, "name"), Model: texter.Draw(t, "model")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "marks") {
			p.Evidence = append(p.Evidence, correlate.ProvenanceMark{
				Marker: texter.Draw(t, "marker"), Where: texter.Draw(t, "where"),
				Excerpt: texter.Draw(t, "excerpt"), Weight: weight.Draw(t, "weight"),
			})
		}
		p.Rules, p.CommitShare = texter.Draw(t, "rules"), weight.Draw(t, "share")
		p.Source = rapid.SampledFrom([]correlate.ProvenanceSource{"", correlate.ProvenanceByRules}).Draw(t, "source")
		for range rapid.IntRange(0, 3).Draw(t, "commits") {
			p.Commits = append(p.Commits, correlate.CommitProvenance{
				SHA: texter.Draw(t, "sha"), Class: correlate.ProvenanceClass(plain.Draw(t, "class")), Confidence: weight.Draw(t, "confidence"),
			})
		}
		if rapid.IntRange(0, 9).Draw(t, "overridden") == 0 {
			p = p.Overridden(correlate.ProvenanceOverride{Class: "human", Reason: "r", DecidedBy: "d"})
		}
		if rapid.Bool().Draw(t, "without lists") {
			p.Tools, p.Evidence = nil, nil
		}
		want, err := toJSON(&p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := room.provenance(&p); err != nil || got != want {
			t.Fatalf("got %s, %v; want %s", got, err, want)
		}
	})
}

// TestNoFieldOfAProvenanceIsForgotten fills every field, whatever is added.
func TestNoFieldOfAProvenanceIsForgotten(t *testing.T) {
	of := reflect.TypeFor[correlate.Provenance]()
	known := map[string]bool{}
	for _, name := range []string{"Class", "Confidence", "Tools", "Evidence", "Rules", "Commits", "CommitShare", "Source", "Override", "Machine"} {
		known[name] = true
	}
	for i := range of.NumField() {
		if !known[of.Field(i).Name] {
			t.Errorf("the short way does not write %s", of.Field(i).Name)
		}
	}
}

// TestTextsStayWhatTheyWere writes more than one piece of memory holds.
func TestTextsStayWhatTheyWere(t *testing.T) {
	var room jsonRoom
	var got, want []string
	for i := range 3 * jsonPiece / 100 {
		p := correlate.Provenance{
			Class: "human", Confidence: float64(i%100) / 100, Tools: []correlate.AITool{},
			Evidence: []correlate.ProvenanceMark{{Marker: "m", Where: "commit", Excerpt: "words", Weight: float64(i%7) / 7}},
		}
		text, err := room.provenance(&p)
		if err != nil {
			t.Fatal(err)
		}
		long, _ := toJSON(&p)
		got, want = append(got, text), append(want, long)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("text %d is %s, want %s", i, got[i], want[i])
		}
	}
}
