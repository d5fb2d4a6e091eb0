package eval

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/faultline/faultline/correlate"
)

// twins maps the ids of a view's changes to what tells them apart. Once times
// are withheld, three deploys of one service differ in nothing but their ids;
// an id is no evidence, so that no ranker could choose between them, and naming
// one is naming all. Nil twins, when nothing is withheld, hold every change for
// unlike every other.
type twins map[string]string

func twinsIn(v *View) twins {
	if v.Withheld == (Parts{}) {
		return nil
	}
	t := make(twins, len(v.Changes))
	for i := range v.Changes {
		t[v.Changes[i].ID] = likeness(&v.Changes[i])
	}
	return t
}

// causes returns the causes together with their twins.
func (t twins) causes(causes []string) []string {
	guilty := make(map[string]bool)
	for _, id := range causes {
		if like, ok := t[id]; ok {
			guilty[like] = true
		}
	}
	all := slices.Clone(causes)
	for id, like := range t {
		if guilty[like] && !slices.Contains(causes, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all[len(causes):])
	return all
}

// topProbability is what the ranker says of its first suspect: its probability
// with that of its listed twins.
func (t twins) topProbability(suspects []Suspect) float64 {
	p := suspects[0].Probability
	for _, s := range suspects[1:] {
		if like, ok := t[s.Change.ID]; ok && like == t[suspects[0].Change.ID] {
			p += s.Probability
		}
	}
	return p
}

// likeness describes all of a change but its identity and the names that stand
// for it elsewhere. Equal texts are twins.
func likeness(c *correlate.Change) string {
	plain := *c
	plain.ID, plain.RollbackOf, plain.Links = "", "", nil
	plain.Commits = cleared(c.Commits, func(m *correlate.Commit) { m.SHA = "" })
	plain.PullRequests = cleared(c.PullRequests, func(pr *correlate.PullRequest) { pr.Number, pr.URL = 0, "" })
	data, err := json.Marshal(plain)
	if err != nil {
		// Only a raw value that is not JSON can fail, and views carry none.
		return fmt.Sprintf("%s/%s: %v", c.Source, c.ID, err)
	}
	return string(data)
}
