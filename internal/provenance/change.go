package provenance

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// Label tells the provenance of a change from everything that it carries. A
// change of many commits has the class of the strongest one, the class of each,
// and the share of those that carry a marker of AI. One of unknown origin says
// why it is unknown, under a marker that begins with "absent.".
func (c *Classifier) Label(change *correlate.Change) correlate.Provenance {
	u := c.commits(change)
	v := c.change(change, &u)
	if v.class == correlate.ProvenanceUnknown {
		v.marks = append(v.marks, absence(change, &u, &v)...)
	}
	limit(&v)
	p := v.provenance()
	p.Rules, p.Source = c.version, correlate.ProvenanceByRules
	if n := len(change.Commits); n > 1 {
		p.Commits, p.CommitShare = u.each, round(float64(u.ai)/float64(n))
	}
	return p
}

// absence says why nothing is known, so that a feed which could tell more can
// be mended.
func absence(change *correlate.Change, u *union, v *verdict) []mark {
	because := func(rule, words string) []mark {
		return []mark{mark{rule: "absent." + rule, class: silent}.at("commits", words)}
	}
	n := len(change.Commits)
	switch {
	case n == 0:
		return because("commits", "no commits were sent")
	case u.bare == n:
		return because("messages", "the commits were sent without message and author")
	case strongest(v.marks) > machine:
		return because("certainty", "the markers that were found are too often wrong")
	case u.unknown < n:
		return because("agreement", fmt.Sprintf("%d of %d commits carry no marker", u.unknown, n))
	default:
		return because("marker", "no commit carries a marker")
	}
}

func (c *Classifier) change(change *correlate.Change, u *union) verdict {
	commits, share := u.verdict, u.share
	if v, ok := c.operated(change); ok {
		return v.with(commits, share)
	}
	if v, ok := attested(change); ok {
		return v.with(commits, share)
	}
	if v, ok := declared(change, &commits); ok {
		return v.with(commits, share)
	}
	if !isAI(commits.class) && commits.class != correlate.ProvenanceAutomation {
		if v, ok := c.pullRequests(change); ok {
			return v.with(commits, share)
		}
	}
	if len(change.Commits) == 0 {
		return bare(change)
	}
	if share.rule != "" {
		commits.marks = append(commits.marks, share)
	}
	return commits
}

// with appends what the commits say to a verdict that something stronger gave.
func (v verdict) with(commits verdict, share mark) verdict {
	v.marks = append(v.marks, commits.marks...)
	if share.rule != "" {
		v.marks = append(v.marks, share)
	}
	return v
}

// bare is the verdict about a change that carries no commits.
func bare(change *correlate.Change) verdict {
	if change.Actor != nil && change.Actor.Type == correlate.ActorAutomation {
		m := mark{rule: "actor.automation", class: machine, weight: 0.9}
		return decide([]mark{m.at("actor", change.Actor.ID)}, change.StartedAt)
	}
	return unmarked(change.StartedAt)
}

// standing orders the classes of commits in one change, strongest last.
var standing = [...]correlate.ProvenanceClass{
	correlate.ProvenanceUnknown, correlate.ProvenanceHuman, correlate.ProvenanceAutomation,
	correlate.ProvenanceAssisted, correlate.ProvenanceAuthored,
}

func standingOf(class correlate.ProvenanceClass) int {
	for i, c := range standing {
		if c == class {
			return i
		}
	}
	return 0
}

// isAI reports whether the class says that AI had a part.
func isAI(class correlate.ProvenanceClass) bool { return class.AI() }

// union is what the commits of a change say together.
type union struct {
	verdict verdict
	// share is a mark that tells how many carry a marker of AI.
	share mark
	each  []correlate.CommitProvenance
	// ai, unknown and bare count commits: bare ones came without message and
	// author.
	ai, unknown, bare int
}

// maxListedCommits bounds the commits whose class is kept one by one.
const maxListedCommits = 200

// commits unites the verdicts about the commits. A change counts as human or as
// automation only if every commit does: one of unknown origin leaves it open.
func (c *Classifier) commits(change *correlate.Change) union {
	u := union{verdict: verdict{class: correlate.ProvenanceUnknown}}
	united := &u.verdict
	for i := range change.Commits {
		v := c.commit(&change.Commits[i])
		u.count(&change.Commits[i], &v)
		if order := cmp.Compare(standingOf(v.class), standingOf(united.class)); order > 0 {
			united.class, united.confidence = v.class, v.confidence
		} else if order == 0 {
			united.confidence = max(united.confidence, v.confidence)
		}
		united.marks = append(united.marks, v.marks...)
	}
	if !isAI(united.class) && u.unknown > 0 {
		united.class, united.confidence = correlate.ProvenanceUnknown, 0
	}
	if n := len(change.Commits); n > 1 {
		u.share = mark{rule: "share.commits", class: silent, weight: round(float64(u.ai) / float64(n))}.
			at("commits", fmt.Sprintf("%d of %d commits carry a marker of AI", u.ai, n))
	}
	return u
}

func (u *union) count(commit *correlate.Commit, v *verdict) {
	switch {
	case isAI(v.class):
		u.ai++
	case v.class == correlate.ProvenanceUnknown:
		u.unknown++
	}
	if commit.Message == "" && commit.Author == nil {
		u.bare++
	}
	if len(u.each) < maxListedCommits {
		u.each = append(u.each, correlate.CommitProvenance{SHA: commit.SHA, Class: v.class, Confidence: v.confidence})
	}
}

// operated recognises an agent that acted on production itself: it is the
// actor, or signed the audit record as its user agent.
func (c *Classifier) operated(change *correlate.Change) (verdict, bool) {
	var marks []mark
	if a := change.Actor; a != nil {
		who, known := c.product(a.ID)
		if a.Type == correlate.ActorAIAgent || (known && len(change.Commits) == 0) {
			m := mark{rule: "actor.agent", tool: who.author.tool, class: authored, weight: 0.95}
			marks = append(marks, m.at("actor", a.ID))
		}
	}
	if agent := userAgent(change.Labels); agent != "" {
		for _, r := range c.agents {
			if strings.HasPrefix(agent, r.Prefix) {
				m := mark{rule: "actor.user-agent", tool: r.Tool, class: authored, weight: 0.85}
				marks = append(marks, m.at("label user_agent", agent))
			}
		}
	}
	if len(marks) == 0 {
		return verdict{}, false
	}
	return verdict{class: correlate.ProvenanceOperated, confidence: confidence(marks, authored), marks: marks}, true
}

// product finds the product whose account or address an actor's id is. A bare
// login does not count: people have those too.
func (c *Classifier) product(id string) (who, bool) {
	id = strings.ToLower(id)
	if strings.HasSuffix(id, "[bot]") {
		id += githubHost
	}
	if !strings.Contains(id, "@") {
		return who{}, false
	}
	return c.identity.findAddress(id)
}

func userAgent(labels map[string]string) string {
	for _, key := range [...]string{"user_agent", "userAgent", "user-agent"} {
		if labels[key] != "" {
			return strings.ToLower(labels[key])
		}
	}
	return ""
}

// declared takes the sender at its word, except that it cannot deny what the
// commits themselves say with force: "none" is also what a form says that
// nobody filled in.
func declared(change *correlate.Change, commits *verdict) (verdict, bool) {
	if change.AI == nil || change.AI.Assistance == "" {
		return verdict{}, false
	}
	class, known := map[correlate.AIAssistance]correlate.ProvenanceClass{
		correlate.AssistanceNone:     correlate.ProvenanceHuman,
		correlate.AssistanceAssisted: correlate.ProvenanceAssisted,
		correlate.AssistanceAuthored: correlate.ProvenanceAuthored,
		correlate.AssistanceOperated: correlate.ProvenanceOperated,
		correlate.AssistanceAdvised:  correlate.ProvenanceAdvised,
	}[change.AI.Assistance]
	if !known {
		return verdict{}, false
	}
	m := mark{rule: "sender.declaration", class: assisted, weight: 0.9}.at("ai.assistance", string(change.AI.Assistance))
	v := verdict{class: class, confidence: 0.9, marks: []mark{m}}
	if class == correlate.ProvenanceHuman {
		if isAI(commits.class) && commits.confidence >= 0.8 || commits.class == correlate.ProvenanceAutomation {
			return verdict{}, false
		}
		v.confidence, v.marks[0].weight, v.marks[0].class = 0.7, 0.7, human
	}
	for _, tool := range change.AI.Tools {
		v.marks = append(v.marks, mark{
			rule: "sender.tool", tool: tool.Name, model: tool.Model, class: assisted, weight: 0.9,
		}.at("ai.tools", tool.Name))
	}
	return v, true
}

// pullRequests looks at what was merged when the commits themselves are silent.
func (c *Classifier) pullRequests(change *correlate.Change) (verdict, bool) {
	var marks []mark
	for i := range change.PullRequests {
		pr := &change.PullRequests[i]
		where := "pull request"
		if pr.Number != 0 {
			where = fmt.Sprintf("pull request %d", pr.Number)
		}
		marks = append(marks, c.opener(pr, where)...)
		// The text has no subject: an empty line stands in front of its first.
		marks = append(marks, c.readFrom("\n"+pr.Body, where+" text", false, 0)...)
		for _, label := range pr.Labels {
			if m, ok := c.labels[strings.ToLower(label)]; ok {
				marks = append(marks, m.at(where+" label", label))
			}
		}
		if m, ok := c.branch(pr.HeadBranch, change.Commits); ok && !upmerge(change.Commits) {
			marks = append(marks, m.at(where+" branch", pr.HeadBranch))
		}
	}
	if branch := mergedBranch(change.Commits); branch != "" && len(marks) == 0 {
		if m, ok := c.branch(branch, change.Commits); ok {
			marks = append(marks, m.at("merge subject", branch))
		}
	}
	if strongest(marks) == silent {
		return verdict{}, false
	}
	return decide(marks, change.StartedAt), true
}

func (c *Classifier) opener(pr *correlate.PullRequest, where string) []mark {
	if pr.Author == nil {
		return nil
	}
	login := strings.ToLower(pr.Author.Login)
	if m, ok := c.logins[login]; ok {
		return []mark{m.at(where+" author", pr.Author.Login)}
	}
	if w, ok := c.identity.find("", login+githubHost); ok && w.author.class == authored && strings.HasSuffix(login, "[bot]") {
		return []mark{w.author.at(where+" author", pr.Author.Login)}
	}
	return nil
}

// limit keeps the heaviest evidence when there is too much.
func limit(v *verdict) {
	if len(v.marks) <= maxEvidence {
		return
	}
	kept := make([]mark, 0, maxEvidence)
	for class := authored + 1; class > 0 && len(kept) < maxEvidence; class-- {
		for i := range v.marks {
			if v.marks[i].class == class-1 && len(kept) < maxEvidence {
				kept = append(kept, v.marks[i])
			}
		}
	}
	v.marks = kept
}
