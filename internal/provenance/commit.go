package provenance

import (
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// verdict is what is known of one commit, or of a change as a whole.
type verdict struct {
	class      correlate.ProvenanceClass
	confidence float64
	marks      []mark
}

// Commit tells the provenance of one commit from what it says itself.
func (c *Classifier) Commit(commit *correlate.Commit) correlate.Provenance {
	v := c.commit(commit)
	return v.provenance()
}

func (v *verdict) provenance() correlate.Provenance {
	p := correlate.Provenance{
		Class: v.class, Confidence: v.confidence,
		Tools: toolsOf(v.marks), Evidence: []correlate.ProvenanceMark{},
	}
	for i := range v.marks {
		p.Evidence = append(p.Evidence, v.marks[i].evidence())
	}
	return p
}

// commit collects the markers of a commit and decides.
func (c *Classifier) commit(commit *correlate.Commit) verdict {
	where := "commit " + shortSHA(commit.SHA)
	subject, _, _ := strings.Cut(commit.Message, "\n")
	subject = strings.TrimSpace(subject)
	author, known := c.author(commit.Author)
	robot := !known && c.automated(commit.Author)
	marks := c.read(commit.Message, where+" message", robot)
	if robot {
		return c.robot(marks, subject, where, commit.Author)
	}
	if known {
		if author.class == authored && strongest(marks) < assisted && c.machines.wrote(subject) {
			// An agent's account at plain automation, such as running a linter.
			author = mark{rule: "automation.subject", class: machine, weight: 0.9}
		}
		marks = append([]mark{author.at(where+" author", fullName(commit.Author))}, marks...)
	}
	if strongest(marks) <= human && c.machines.wrote(subject) {
		marks = append(marks, mark{rule: "automation.subject", class: machine, weight: 0.87}.at(where+" message line 1", subject))
	}
	return decide(marks, when(commit))
}

// author returns the marker that the author is an agent, by name and address,
// by the account, by a model for a name, or by what a company calls its agent.
func (c *Classifier) author(p *correlate.Person) (mark, bool) {
	if p == nil {
		return mark{}, false
	}
	name, address := personOf(p)
	w, ok := c.identity.find(name, address)
	if !ok && strings.HasSuffix(p.Login, "[bot]") {
		w, ok = c.identity.findAddress(strings.ToLower(p.Login) + githubHost)
	}
	if ok {
		w.author.model = modelOf(w.author.tool, p.Name)
		return w.author, true
	}
	if tool, named := c.toolName(p.Name); named && !firstName(p.Name) {
		return mark{rule: tool + ".author-name", tool: tool, model: modelOf(tool, p.Name), class: authored, weight: 0.7}, true
	}
	if c.machines.agent(name, address) {
		return mark{rule: "any.agent-name", class: authored, weight: 0.7}, true
	}
	return mark{}, false
}

// automated reports whether the author is ordinary automation.
func (c *Classifier) automated(p *correlate.Person) bool {
	name, address := personOf(p)
	return c.machines.is(name, address) || loginOfMachine(p)
}

func fullName(p *correlate.Person) string { return p.Name + " <" + p.Email + ">" }

// robot decides about a commit of ordinary automation. It is AI only by a
// marker of its own: a trailer that names an agent as co-author, or a subject
// that says so. A suggestion that came along with carried code does not count.
func (c *Classifier) robot(marks []mark, subject, where string, author *correlate.Person) verdict {
	if c.machines.credits(subject) {
		marks = append(marks, mark{rule: "automation.ai-subject", class: authored, weight: 0.75}.at(where+" message line 1", subject))
	}
	if strongest(marks) >= assisted {
		return decide(marks, time.Time{})
	}
	own := mark{rule: "automation.author", class: machine, weight: 0.98}.at(where+" author", fullName(author))
	return verdict{class: correlate.ProvenanceAutomation, confidence: 0.98, marks: append([]mark{own}, marks...)}
}

// Commits of the days in which an editor marked work done by hand as its own,
// and of the years before there were agents.
var (
	editorStampedFrom  = time.Date(2026, 4, 21, 0, 0, 0, 0, time.UTC)
	editorStampedUntil = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	beforeAgents       = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
)

// stampedWeight is what the editor's marker is worth in those days.
const stampedWeight = 0.25

// leastConfidence is the confidence below which markers are shown, but no class
// is given.
const leastConfidence = 0.3

// decide lets the strongest class among the marks win.
func decide(marks []mark, at time.Time) verdict {
	top := strongest(marks)
	if top == weak && !at.Before(editorStampedFrom) && at.Before(editorStampedUntil) {
		for i := range marks {
			if marks[i].class == weak {
				marks[i].weight = min(marks[i].weight, stampedWeight)
			}
		}
	}
	v := verdict{marks: marks, confidence: confidence(marks, top)}
	switch top {
	case authored:
		v.class = correlate.ProvenanceAuthored
	case assisted, suggestion, hinted, weak:
		v.class = correlate.ProvenanceAssisted
	case machine:
		v.class = correlate.ProvenanceAutomation
	case human:
		v.class = correlate.ProvenanceHuman
	case silent:
		return unmarked(at)
	}
	if v.confidence < leastConfidence {
		v.class, v.confidence = correlate.ProvenanceUnknown, 0
	}
	return v
}

// unmarked is the verdict about a commit without any marker.
func unmarked(at time.Time) verdict {
	if !at.IsZero() && at.Before(beforeAgents) {
		m := mark{rule: "date.before-agents", class: human, weight: maxConfidence}
		return verdict{
			class: correlate.ProvenanceHuman, confidence: maxConfidence,
			marks: []mark{m.at("authored_at", at.Format(time.DateOnly))},
		}
	}
	return verdict{class: correlate.ProvenanceUnknown}
}

func when(commit *correlate.Commit) time.Time {
	if commit.AuthoredAt == nil {
		return time.Time{}
	}
	return *commit.AuthoredAt
}

func shortSHA(sha string) string {
	if sha == "" {
		return "without sha"
	}
	return sha[:min(len(sha), 12)]
}

func personOf(p *correlate.Person) (name, address string) {
	if p == nil {
		return "", ""
	}
	return strings.ToLower(strings.TrimSpace(p.Name)), strings.ToLower(strings.TrimSpace(p.Email))
}

func loginOfMachine(p *correlate.Person) bool {
	return p != nil && strings.HasSuffix(p.Login, "[bot]")
}
