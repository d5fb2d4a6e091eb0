package provenance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// Fields beside the contract's that a change may carry.
const (
	// NotesField holds notes of the Git AI Standard (version 3) as an object
	// from the sha of the commit to the text of its note in refs/notes/ai.
	NotesField = "git_ai_notes"
	// TraceField holds one record of Agent Trace (version 0.1), or an array.
	TraceField = "agent_trace"
)

// lines counts who wrote the changed lines, as an agent recorded it. What
// nobody claims is counted nowhere: it is not known to be human.
type lines struct {
	ai, human int
	tools     []correlate.AITool
}

// authoredShare is the share of lines from which on the agent counts as the
// author.
const authoredShare = 0.8

// attested reads the records that agents wrote themselves.
func attested(change *correlate.Change) (verdict, bool) {
	var total lines
	where := ""
	var notes map[string]string
	if raw := change.Extra[NotesField]; raw != nil && json.Unmarshal(raw, &notes) == nil {
		for _, note := range notes {
			if n, err := parseNote(note); err == nil {
				total.add(n)
				where = NotesField
			}
		}
	}
	for _, record := range traces(change.Extra[TraceField]) {
		total.add(record.lines())
		where = TraceField
	}
	if total.ai == 0 {
		return verdict{}, false
	}
	return total.verdict(change, where), true
}

func (n *lines) add(other lines) {
	n.ai += other.ai
	n.human += other.human
	for _, tool := range other.tools {
		if !slices.Contains(n.tools, tool) {
			n.tools = append(n.tools, tool)
		}
	}
	slices.SortFunc(n.tools, func(a, b correlate.AITool) int {
		return strings.Compare(a.Name+"\x00"+a.Model, b.Name+"\x00"+b.Model)
	})
}

func (n *lines) verdict(change *correlate.Change, where string) verdict {
	all := n.ai + n.human
	added := 0
	for i := range change.Commits {
		added += change.Commits[i].Additions
	}
	all = max(all, added)
	share := float64(n.ai) / float64(all)
	v := verdict{class: correlate.ProvenanceAssisted, confidence: 0.98}
	c := assisted
	if share >= authoredShare {
		v.class, c = correlate.ProvenanceAuthored, authored
	}
	m := mark{rule: "attested.lines", class: c, weight: 0.98}
	v.marks = []mark{m.at(where, fmt.Sprintf("%d of %d lines by agents", n.ai, all))}
	for _, tool := range n.tools {
		v.marks = append(v.marks, mark{
			rule: "attested.tool", tool: tool.Name, model: tool.Model, class: c, weight: 0.98,
		}.at(where, strings.TrimSpace(tool.Name+" "+tool.Model)))
	}
	return v
}

// noteMetadata is the JSON part of a note.
type noteMetadata struct {
	Schema   string               `json:"schema_version"`
	Prompts  map[string]noteAgent `json:"prompts"`
	Sessions map[string]noteAgent `json:"sessions"`
}

type noteAgent struct {
	Agent struct {
		Tool  string `json:"tool"`
		Model string `json:"model"`
	} `json:"agent_id"`
}

// pretended are the tools of the recorder's own tests.
var pretended = []string{"mock_ai", "test-agent"}

// parseNote reads a note: paths, each followed by indented lines of a key and
// ranges of lines, then a divider, then JSON. Keys tell who wrote the lines:
// "h_..." is a known human, all others are sessions of agents.
func parseNote(note string) (lines, error) {
	ranges, metadata, ok := strings.Cut(note, "\n---\n")
	if !ok {
		return lines{}, fmt.Errorf("git ai note: the divider is missing")
	}
	var m noteMetadata
	if err := json.Unmarshal([]byte(metadata), &m); err != nil {
		return lines{}, fmt.Errorf("git ai note: metadata: %w", err)
	}
	if !strings.HasPrefix(m.Schema, "authorship/3.") {
		return lines{}, fmt.Errorf("git ai note: schema %q is not authorship/3", m.Schema)
	}
	var n lines
	for text := range strings.SplitSeq(ranges, "\n") {
		key, spans, indented := strings.Cut(strings.TrimSpace(text), " ")
		if !strings.HasPrefix(text, "  ") || !indented {
			continue
		}
		n.count(key, countRanges(spans), &m)
	}
	return n, nil
}

func (n *lines) count(key string, count int, m *noteMetadata) {
	if strings.HasPrefix(key, "h_") {
		n.human += count
		return
	}
	session, _, _ := strings.Cut(key, "::")
	agent, ok := m.Sessions[session]
	if !ok {
		agent = m.Prompts[session]
	}
	if slices.Contains(pretended, agent.Agent.Tool) {
		return
	}
	n.ai += count
	if agent.Agent.Tool != "" {
		tool := correlate.AITool{Name: agent.Agent.Tool, Model: agent.Agent.Model}
		if tool.Name == "claude" {
			tool.Name = "claude-code"
		}
		n.add(lines{tools: []correlate.AITool{tool}})
	}
}

// countRanges adds up "1-3,7,9-10".
func countRanges(spans string) int {
	total := 0
	for span := range strings.SplitSeq(spans, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(span), "-")
		first, err := strconv.Atoi(from)
		if err != nil {
			continue
		}
		last := first
		if ranged {
			if last, err = strconv.Atoi(to); err != nil {
				continue
			}
		}
		total += linesOf(first, last)
	}
	return total
}

// maxLine is the highest number of a line that is believed: no file has more, and
// a record that says so must not overflow a sum.
const maxLine = 100_000_000

// linesOf is how many lines a range holds, none where it cannot be one.
func linesOf(first, last int) int {
	if first < 1 || last < first || last > maxLine {
		return 0
	}
	return last - first + 1
}

// traceRecord is a record of Agent Trace, as far as it matters here.
type traceRecord struct {
	Tool struct {
		Name string `json:"name"`
	} `json:"tool"`
	Files []struct {
		Conversations []struct {
			Contributor struct {
				Type  string `json:"type"`
				Model string `json:"model_id"`
			} `json:"contributor"`
			Ranges []struct {
				Start int `json:"start_line"`
				End   int `json:"end_line"`
			} `json:"ranges"`
		} `json:"conversations"`
	} `json:"files"`
}

func traces(raw json.RawMessage) []traceRecord {
	if raw == nil {
		return nil
	}
	var many []traceRecord
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one traceRecord
	if json.Unmarshal(raw, &one) == nil {
		return []traceRecord{one}
	}
	return nil
}

func (t *traceRecord) lines() lines {
	var n lines
	for _, file := range t.Files {
		for _, c := range file.Conversations {
			count := 0
			for _, r := range c.Ranges {
				count += linesOf(r.Start, r.End)
			}
			switch c.Contributor.Type {
			case "ai", "mixed":
				n.ai += count
				if t.Tool.Name != "" {
					n.add(lines{tools: []correlate.AITool{{Name: t.Tool.Name, Model: c.Contributor.Model}}})
				}
			case "human":
				n.human += count
			}
		}
	}
	return n
}
