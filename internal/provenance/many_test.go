package provenance

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

const claudeTrailer = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"

// deployOf is a change of commits with these messages.
func deployOf(messages ...string) *correlate.Change {
	c := &correlate.Change{ID: "d", Source: "ci", Kind: correlate.KindDeploy, StartedAt: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	for i, message := range messages {
		c.Commits = append(c.Commits, correlate.Commit{
			SHA: fmt.Sprintf("sha-%d", i), Message: message, Author: &correlate.Person{Name: "Ada", Email: "ada@example.com"},
		})
	}
	return c
}

func TestADeployOfManyCommitsHasAClassForEachAndAShare(t *testing.T) {
	got := classifier(t).Label(deployOf("Add", "Fix"+claudeTrailer, "Tidy", "Retry"+claudeTrailer))
	if got.Class != correlate.ProvenanceAssisted || got.CommitShare != 0.5 || got.Rules == "" || got.Source != correlate.ProvenanceByRules {
		t.Errorf("%+v", got)
	}
	var classes []correlate.ProvenanceClass
	for i, c := range got.Commits {
		if c.SHA != fmt.Sprintf("sha-%d", i) {
			t.Errorf("commit %d is %s", i, c.SHA)
		}
		classes = append(classes, c.Class)
	}
	want := []correlate.ProvenanceClass{correlate.ProvenanceUnknown, correlate.ProvenanceAssisted, correlate.ProvenanceUnknown, correlate.ProvenanceAssisted}
	if diff := cmp.Diff(want, classes); diff != "" {
		t.Error(diff)
	}
	if one := classifier(t).Label(deployOf("Fix" + claudeTrailer)); one.Commits != nil || one.CommitShare != 0 {
		t.Errorf("one commit says nothing beyond the change: %+v", one)
	}
}

func TestTheListOfCommitsIsBoundedAndTheShareIsNot(t *testing.T) {
	messages := make([]string, 3*maxListedCommits)
	for i := range messages {
		messages[i] = "Fix"
		if i >= 2*maxListedCommits {
			messages[i] += claudeTrailer
		}
	}
	got := classifier(t).Label(deployOf(messages...))
	if len(got.Commits) != maxListedCommits || got.CommitShare < 0.33 || got.CommitShare > 0.34 || got.Class != correlate.ProvenanceAssisted {
		t.Errorf("%d commits, share %v, %s", len(got.Commits), got.CommitShare, got.Class)
	}
}

// reasonOf is the marker that says why a change is of unknown origin.
func reasonOf(p *correlate.Provenance) (reasons []string) {
	for i := range p.Evidence {
		if regexp.MustCompile(`^absent\.`).MatchString(p.Evidence[i].Marker) {
			reasons = append(reasons, p.Evidence[i].Marker)
		}
	}
	return reasons
}

func TestAnUnknownChangeSaysWhyItIs(t *testing.T) {
	bare := deployOf("", "")
	for i := range bare.Commits {
		bare.Commits[i].Author = nil
	}
	mixed := deployOf("Add", "Bump")
	mixed.Commits[1].Author = &correlate.Person{Name: "dependabot[bot]", Email: "49699333+dependabot[bot]@users.noreply.github.com"}
	doubtful := deployOf("Add\n\nCo-authored-by: Copilot <copilot@github.com>")
	stamped := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	doubtful.Commits[0].AuthoredAt = &stamped
	for want, change := range map[string]*correlate.Change{
		"absent.commits": deployOf(), "absent.messages": bare, "absent.marker": deployOf("Add", "Fix"), "absent.agreement": mixed, "absent.certainty": doubtful,
	} {
		got := classifier(t).Label(change)
		if reasons := reasonOf(&got); got.Class != correlate.ProvenanceUnknown || len(reasons) != 1 || reasons[0] != want {
			t.Errorf("%s: %s because of %v", want, got.Class, reasons)
		}
	}
}

func TestOnlyAnUnknownChangeHasAReasonToBe(t *testing.T) {
	c := classifier(t)
	message := rapid.SampledFrom([]string{"Add", "Fix" + claudeTrailer, "", "aider: retry", "Merge branch 'main' into x"})
	rapid.Check(t, func(t *rapid.T) {
		change := deployOf(rapid.SliceOfN(message, 0, 5).Draw(t, "messages")...)
		if rapid.Bool().Draw(t, "actor") {
			change.Actor = &correlate.Actor{ID: "x", Type: rapid.SampledFrom([]correlate.ActorType{correlate.ActorAIAgent, correlate.ActorAutomation, correlate.ActorHuman}).Draw(t, "type")}
		}
		got := c.Label(change)
		if reasons := len(reasonOf(&got)); (got.Class == correlate.ProvenanceUnknown) != (reasons == 1) || reasons > 1 {
			t.Fatalf("%s with %d reasons", got.Class, reasons)
		}
		if got.CommitShare < 0 || got.CommitShare > 1 {
			t.Fatalf("a share of %v", got.CommitShare)
		}
	})
}

func TestTheExampleOfTheGuideIsRead(t *testing.T) {
	guide, err := os.ReadFile("../../docs/provenance.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(guide)
	if example == nil {
		t.Fatal("the guide has no example")
	}
	var change correlate.Change
	if err := json.Unmarshal(example[1], &change); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(example[1], &change.Extra); err != nil {
		t.Fatal(err)
	}
	change.Labels = nil
	if got := classifier(t).Label(&change); got.Class != correlate.ProvenanceAuthored || got.Tools[0].Name != "cursor" || got.Confidence != 0.98 {
		t.Errorf("the notes of the example say %+v", got)
	}
	change.Labels = map[string]string{"user_agent": "claude-code/2.0"}
	if got := classifier(t).Label(&change); got.Class != correlate.ProvenanceOperated {
		t.Errorf("the user agent of the example says %s", got.Class)
	}
}
