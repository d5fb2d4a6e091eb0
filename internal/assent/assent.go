// Package assent is the one definition of an approval: who assented to a change,
// of what seniority, and whether that counts. The gate, the violations that are
// found afterwards, the figures and the report all ask it; the store keeps what
// [Counting] says beside each change, so that figures need not read bodies.
package assent

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// ApprovalFacts is one approval of a change with what is known of it. The names in
// tags are those of the rules' expressions.
type ApprovalFacts struct {
	// By is the account or name as the sender states it, Level the free text of
	// its seniority.
	By    string `cel:"by" json:"by"`
	Level string `cel:"level" json:"level,omitempty"`
	// At is the zero time for an approval without one; Timed says which.
	At    time.Time `cel:"at" json:"at,omitzero"`
	Timed bool      `cel:"timed" json:"timed"`
	// Senior: the level is one that the policy takes for senior.
	Senior bool `cel:"senior" json:"senior"`
	// Human: not a bot and not a reviewing agent.
	Human bool `cel:"human" json:"human"`
	// ByAuthor: given by someone who wrote, opened or started the change.
	ByAuthor bool `cel:"by_author" json:"by_author"`
	// BeforeStart: given no later than the change began. After the fact an
	// approval without time is not.
	BeforeStart bool `cel:"before_start" json:"before_start"`
	// Latest: no commit is known to be younger.
	Latest bool `cel:"latest" json:"latest"`
	// Counts: human, by someone else, before the start, of the latest commit.
	Counts bool `cel:"counts" json:"counts"`
}

// Levels says how the free text of approvals is read. Words are compared without
// case and without spaces around them.
type Levels struct {
	// Senior are the levels that are senior.
	Senior []string `yaml:"senior"`
	// Machines are accounts that are no people, beside those that end in [bot].
	Machines []string `yaml:"machines"`
}

// Approvals lists the approvals of a change, from its own list and from the
// reviews of its pull requests, by time. Of the reviews of one person of one pull
// request the last decides, so that a request for changes takes an approval
// back. Before says that the change is about to begin at the moment now: then
// what was given until now was given before. Zero now means after the fact.
func (l *Levels) Approvals(change *correlate.Change, now time.Time) []ApprovalFacts {
	given := make([]ApprovalFacts, 0, len(change.Approvals))
	for i := range change.Approvals {
		a := &change.Approvals[i]
		given = append(given, ApprovalFacts{By: a.By, Level: a.Level, At: timeOf(a.At), Timed: a.At != nil})
	}
	for i := range change.PullRequests {
		given = append(given, standingReviews(change.PullRequests[i].Reviews)...)
	}
	authors, commit := authorsOf(change), lastCommit(change)
	for i := range given {
		a := &given[i]
		a.Senior = has(l.Senior, a.Level)
		a.Human = !strings.HasSuffix(word(a.By), "[bot]") && !has(l.Machines, a.By) && word(a.By) != ""
		a.ByAuthor = authors[word(a.By)]
		a.BeforeStart = before(a, change.StartedAt, now)
		a.Latest = commit.IsZero() || !a.Timed || !a.At.Before(commit)
		a.Counts = a.Human && !a.ByAuthor && a.BeforeStart && a.Latest
	}
	slices.SortStableFunc(given, func(a, b ApprovalFacts) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.By, b.By)) })
	return given
}

// SeniorBeforeStart reports whether a senior person other than the author
// approved the latest commit of a change before it began, as far as what was
// sent can show it. It looks back: a change without times of approval was not
// provably approved.
func (l *Levels) SeniorBeforeStart(change *correlate.Change) bool {
	return slices.ContainsFunc(l.Approvals(change, time.Time{}), func(a ApprovalFacts) bool { return a.Senior && a.Counts })
}

// before reports whether an approval was given before the change began.
func before(a *ApprovalFacts, start, now time.Time) bool {
	if now.IsZero() {
		return a.Timed && !a.At.After(start)
	}
	if now.Before(start) {
		now = start
	}
	return !a.Timed || !a.At.After(now)
}

// standingReviews are the approving reviews that their reviewer did not take
// back.
func standingReviews(reviews []correlate.Review) []ApprovalFacts {
	sorted := slices.Clone(reviews)
	slices.SortStableFunc(sorted, func(a, b correlate.Review) int { return timeOf(a.At).Compare(timeOf(b.At)) })
	var order []string
	last := map[string]ApprovalFacts{}
	for i := range sorted {
		r := &sorted[i]
		who := word(r.Reviewer)
		switch word(r.State) {
		case "approved", "approve":
			if _, known := last[who]; !known {
				order = append(order, who)
			}
			last[who] = ApprovalFacts{By: r.Reviewer, Level: r.Level, At: timeOf(r.At), Timed: r.At != nil}
		case "changes_requested", "request_changes", "dismissed", "unapproved":
			delete(last, who)
			order = slices.DeleteFunc(order, func(name string) bool { return name == who })
		}
	}
	given := make([]ApprovalFacts, 0, len(order))
	for _, who := range order {
		given = append(given, last[who])
	}
	return given
}

// authorsOf are all names under which the people who made a change are known:
// authors and co-authors of its commits, who opened its pull requests, and the
// person who started it.
func authorsOf(change *correlate.Change) map[string]bool {
	authors := map[string]bool{}
	add := func(names ...string) {
		for _, name := range names {
			if name = word(name); name != "" {
				authors[name] = true
			}
		}
	}
	for i := range change.Commits {
		c := &change.Commits[i]
		if c.Author != nil {
			add(c.Author.Name, c.Author.Email, c.Author.Login)
		}
		add(coauthors(c.Message)...)
	}
	for i := range change.PullRequests {
		if a := change.PullRequests[i].Author; a != nil {
			add(a.Login)
		}
	}
	if change.Actor != nil && change.Actor.Type != correlate.ActorAutomation {
		add(change.Actor.ID)
	}
	return authors
}

// coauthors are the names and addresses in the trailers of a message.
func coauthors(message string) []string {
	var names []string
	for line := range strings.SplitSeq(message, "\n") {
		key, value, found := strings.Cut(line, ":")
		if !found || word(key) != "co-authored-by" {
			continue
		}
		name, address, _ := strings.Cut(value, "<")
		names = append(names, name, strings.TrimSuffix(strings.TrimSpace(address), ">"))
	}
	return names
}

// lastCommit is when the youngest commit was written, zero if none says.
func lastCommit(change *correlate.Change) time.Time {
	var last time.Time
	for i := range change.Commits {
		if at := timeOf(change.Commits[i].AuthoredAt); at.After(last) {
			last = at
		}
	}
	return last
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// word is a text without case and without the spaces around it.
func word(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func has(words []string, text string) bool {
	text = word(text)
	return text != "" && slices.ContainsFunc(words, func(w string) bool { return word(w) == text })
}

// separator stands between the level and the name of an approval as it is kept.
const separator = "\n"

// Counting lists the approvals of a change that count after the fact, each as
// its level and its account, in the form in which the store keeps them. Which
// levels are senior and which accounts are machines is for the reader to say, so
// that nothing has to be kept anew when those settings change.
func Counting(change *correlate.Change) []string {
	var kept []string
	levels := Levels{}
	given := levels.Approvals(change, time.Time{})
	for i := range given {
		if given[i].Counts {
			kept = append(kept, word(given[i].Level)+separator+word(given[i].By))
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// SeniorWords are the levels that are senior as they compare with those that
// Counting keeps.
func (l *Levels) SeniorWords() []string { return wordsOf(l.Senior) }

// MachineWords are the accounts that are no people, likewise.
func (l *Levels) MachineWords() []string { return wordsOf(l.Machines) }

func wordsOf(texts []string) []string {
	words := make([]string, 0, len(texts))
	for _, text := range texts {
		if w := word(text); w != "" {
			words = append(words, w)
		}
	}
	return words
}
