package assent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/assent/assenttest"
)

var start = time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)

// at is a moment so many minutes from the start.
func at(minutes int) *time.Time {
	moment := start.Add(time.Duration(minutes) * time.Minute)
	return &moment
}

// approvedBy is a change of ann's with these approvals, committed an hour before
// it began.
func approvedBy(given ...correlate.Approval) *correlate.Change {
	return &correlate.Change{
		StartedAt: start, Approvals: given,
		Commits: []correlate.Commit{{SHA: "1", Author: &correlate.Person{Login: "Ann"}, AuthoredAt: at(-60)}},
	}
}

func TestOnlyWhatCountsIsKept(t *testing.T) {
	change := approvedBy(
		correlate.Approval{By: " Bob ", Level: " SENIOR", At: at(-5)},
		correlate.Approval{By: "bob", Level: "senior", At: at(-4)},
		correlate.Approval{By: "copilot", Level: "senior", At: at(-5)},
		correlate.Approval{By: "cem", At: at(-5)},
		correlate.Approval{By: "ann", Level: "senior", At: at(-5)},
		correlate.Approval{By: "merge[bot]", Level: "senior", At: at(-5)},
		correlate.Approval{By: "dan", Level: "senior", At: at(1)},
		correlate.Approval{By: "eve", Level: "senior"},
		correlate.Approval{By: "fay", Level: "senior", At: at(-61)},
	)
	// Whether copilot is a machine is a setting of the reader's.
	want := []string{"\ncem", "senior\nbob", "senior\ncopilot"}
	if diff := cmp.Diff(want, assent.Counting(change)); diff != "" {
		t.Error(diff)
	}
	if kept := assent.Counting(approvedBy()); kept != nil {
		t.Errorf("a change without approvals has %q", kept)
	}
}

// seniorAmong reads what is kept, as the statements of the store do.
func seniorAmong(kept []string, levels *assent.Levels) bool {
	for _, k := range kept {
		level, by, _ := strings.Cut(k, "\n")
		for _, senior := range levels.SeniorWords() {
			machine := false
			for _, m := range levels.MachineWords() {
				machine = machine || m == by
			}
			if level == senior && !machine {
				return true
			}
		}
	}
	return false
}

func TestWhatIsKeptTellsTheSameAsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := assent.Levels{
			Senior:   rapid.SliceOf(rapid.SampledFrom([]string{"senior", "Staff ", "L6", ""})).Draw(t, "senior"),
			Machines: rapid.SliceOf(rapid.SampledFrom([]string{"Copilot", "devin", "bob", " "})).Draw(t, "machines"),
		}
		change := approvedBy()
		assenttest.Give(t, change)
		if got, want := seniorAmong(assent.Counting(change), &levels), levels.SeniorBeforeStart(change); got != want {
			t.Fatalf("what is kept says %v, the definition %v: %+v", got, want, change)
		}
	})
}

func TestWordsOfSettingsAreComparedWithoutCaseAndSpaces(t *testing.T) {
	levels := assent.Levels{Senior: []string{" Senior ", "", "STAFF"}, Machines: []string{"CodeRabbitAI", "  "}}
	if diff := cmp.Diff([]string{"senior", "staff"}, levels.SeniorWords()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"coderabbitai"}, levels.MachineWords()); diff != "" {
		t.Error(diff)
	}
}

func TestAReviewThatWasTakenBackIsNoApproval(t *testing.T) {
	change := approvedBy()
	change.PullRequests = []correlate.PullRequest{{Number: 1, Author: &correlate.PullRequestAuthor{Login: "eve"}, Reviews: []correlate.Review{
		{Reviewer: "bob", State: "approved", Level: "senior", At: at(-10)},
		{Reviewer: "bob", State: "changes_requested", Level: "senior", At: at(-5)},
		{Reviewer: "dan", State: "APPROVED", Level: "staff", At: at(-5)},
		{Reviewer: "eve", State: "approved", Level: "senior", At: at(-5)},
	}}}
	if diff := cmp.Diff([]string{"staff\ndan"}, assent.Counting(change)); diff != "" {
		t.Error(diff)
	}
}

func TestACoAuthorCannotApprove(t *testing.T) {
	change := approvedBy(correlate.Approval{By: "bob@example.org", Level: "senior", At: at(-5)})
	change.Commits[0].Message = "tidy\n\nCo-authored-by: Bob <bob@example.org>"
	if kept := assent.Counting(change); kept != nil {
		t.Errorf("%q", kept)
	}
}
