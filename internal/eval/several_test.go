package eval

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The chance that all causes come within the first five is the share of the orders
// of every tie in which they do.
func TestAllCausesAreCountedAsIfEveryOrderWereTried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOfN(rapid.Bool(), 0, 5).Draw(t, "before")
		tied := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "tied")
		var suspects []Suspect
		var causes []string
		enter := func(guilty bool, score float64) {
			id := string(rune('a' + len(suspects)))
			suspects = append(suspects, suspect(id, score))
			if guilty {
				causes = append(causes, id)
			}
		}
		want, orders := 0.0, 0.0
		for i, g := range before {
			enter(g, 1-float64(i)/100)
		}
		for _, g := range tied {
			enter(g, 0.5)
		}
		everyOrder(tied, func(order []bool) {
			orders++
			late := false
			for i, g := range order {
				late = late || g && len(before)+i >= topK
			}
			want += indicator(!late)
		})
		if got := allFound(suspects, causes); math.Abs(got-want/orders) > 1e-9 {
			t.Errorf("%v then %v tied: all found with %v, want %v", before, tied, got, want/orders)
		}
	})
}

func TestACauseThatIsNotListedIsNotFound(t *testing.T) {
	suspects := []Suspect{suspect("a", 0.6), suspect("b", 0.3)}
	for _, tc := range []struct {
		causes []string
		want   float64
	}{
		{[]string{"a"}, 1},
		{[]string{"a", "b"}, 1},
		{[]string{"a", "z"}, 0},
		{[]string{"z"}, 0},
	} {
		if got := allFound(suspects, tc.causes); got != tc.want {
			t.Errorf("%v: %v, want %v", tc.causes, got, tc.want)
		}
	}
	if got := allFound(nil, []string{"a"}); got != 0 {
		t.Errorf("nothing is listed: %v", got)
	}
}

func twoCauses(first string) Outcome {
	answer := Answer{Suspects: []Suspect{suspect(first, 0.6), suspect("b", 0.2), suspect("a", 0.1)}}
	o := judge(labelled("a", "b"), nil, answer)
	o.Ranker = "r"
	return o
}

// Either cause in the first place is a hit; only both together are the whole story.
func TestEitherCauseIsAHitAndBothAreTheStory(t *testing.T) {
	single := judgedAs("one", "a", Answer{Suspects: []Suspect{suspect("a", 0.8)}})
	half := judge(labelled("a", "y"), nil, Answer{Suspects: []Suspect{suspect("a", 0.6), suspect("b", 0.2)}})
	half.Ranker = "r"
	report := NewReport([]Outcome{single, twoCauses("c"), half})
	want := []SeveralFigures{{Name: "r", Cases: 2, AnyAt1: 0.5, AllAt5: 0.5}}
	if diff := cmp.Diff(want, report.Several); diff != "" {
		t.Error(diff)
	}
	if got := report.Rankers[0].HitAt1; math.Abs(float64(got)-2.0/3) > 1e-12 {
		t.Errorf("hit@1 is %v, want that of whichever cause comes first", got)
	}
}

func TestSeveralCausesAreToldInTableAndJSONOnlyWhereThereAreAny(t *testing.T) {
	plain := NewReport([]Outcome{judgedAs("one", "a", Answer{Suspects: []Suspect{suspect("a", 0.8)}})})
	both := NewReport([]Outcome{twoCauses("c")})
	if note := severalNote(plain.Several); note != "" {
		t.Errorf("without such cases the table says %q", note)
	}
	if note := severalNote(both.Several); !strings.Contains(note, "Of 1 with several causes") || !strings.Contains(note, "0.000  1.000") {
		t.Errorf("the table says %q", note)
	}
	for report, want := range map[*Report]bool{&plain: false, &both: true} {
		data, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(data), `"several_causes":[{"name":"r","cases":1,"any_at_1":0,"all_at_5":1}]`); got != want {
			t.Errorf("several causes are told: %v, want %v: %s", got, want, data)
		}
	}
}
