package provenance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// Labelled is a change whose provenance is known, with every class that a
// classifier may answer from the change alone.
type Labelled struct {
	Change     correlate.Change            `json:"change"`
	Label      correlate.ProvenanceClass   `json:"label"`
	Acceptable []correlate.ProvenanceClass `json:"acceptable"`
	Tools      []string                    `json:"tools"`
	HardCase   []string                    `json:"hard_case"`
}

// ReadLabelled reads one labelled change per line. The error names the line.
func ReadLabelled(r io.Reader) ([]Labelled, error) {
	var rows []Labelled
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for number := 1; lines.Scan(); number++ {
		var row Labelled
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("labelled changes, line %d: %w", number, err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("labelled changes: %w", err)
	}
	return rows, nil
}

// Ratio is a share with what it is a share of.
type Ratio struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Value is the share, 1 when there is nothing to be wrong about.
func (r Ratio) Value() float64 {
	if r.Of == 0 {
		return 1
	}
	return float64(r.Right) / float64(r.Of)
}

func (r *Ratio) count(right bool) {
	r.Of++
	if right {
		r.Right++
	}
}

// Scores tell how well a classifier fares on labelled changes.
type Scores struct {
	Rules string `json:"rules"`
	// Precision: of the changes said to be AI, those that may be said so.
	// Recall: of the changes that can only be AI, those said so.
	Precision Ratio `json:"precision"`
	Recall    Ratio `json:"recall"`
	// Tool: of the changes rightly said to be AI whose tools are known, those
	// whose first tool is among them; Tools those with all tools and no other.
	Tool  Ratio `json:"tool"`
	Tools Ratio `json:"tools"`
	// Hard and Easy: changes with and without a trap, rightly classified.
	Hard Ratio `json:"hard"`
	Easy Ratio `json:"easy"`
	// Bots: changes that can only be automation, not said to be AI.
	Bots Ratio `json:"bots"`
	// Cases is Hard by trap, Classes the right answers by class given.
	Cases   map[string]Ratio                    `json:"cases"`
	Classes map[correlate.ProvenanceClass]Ratio `json:"classes"`
	// MeanConfidence and Accuracy of the answers that make a claim: for a
	// calibrated classifier they are close.
	MeanConfidence float64 `json:"mean_confidence"`
	Accuracy       float64 `json:"accuracy"`
	// Unsure are the claims below a confidence of 0.7, Sure the others: how often
	// their class is the label, beside the confidence that they state.
	Unsure Belief `json:"unsure"`
	Sure   Belief `json:"sure"`
	// Wrong are the mistakes, in order of the input.
	Wrong []Mistake `json:"wrong"`
}

// sureFrom divides claims into unsure and sure ones.
const sureFrom = 0.7

// Belief is how often claims are what truly was, and how often they say so.
type Belief struct {
	Ratio
	MeanConfidence float64 `json:"mean_confidence"`
}

// count adds a claim, keeping the mean.
func (b *Belief) count(right bool, confidence float64) {
	b.Ratio.count(right)
	b.MeanConfidence += (confidence - b.MeanConfidence) / float64(b.Of)
}

// Mistake is one wrong answer.
type Mistake struct {
	Change     string                      `json:"change"`
	Answer     correlate.Provenance        `json:"answer"`
	Acceptable []correlate.ProvenanceClass `json:"acceptable"`
	HardCase   []string                    `json:"hard_case"`
}

// Score classifies every row and compares.
func (c *Classifier) Score(rows []Labelled) Scores {
	s := Scores{Rules: c.version, Cases: map[string]Ratio{}, Classes: map[correlate.ProvenanceClass]Ratio{}, Wrong: []Mistake{}}
	claims, sure := Ratio{}, 0.0
	for i := range rows {
		row := &rows[i]
		answer := c.Label(&row.Change)
		right := slices.Contains(row.Acceptable, answer.Class)
		s.count(row, &answer, right)
		if answer.Class != correlate.ProvenanceUnknown {
			claims.count(right)
			sure += answer.Confidence
			s.believe(row, &answer)
		}
		if !right {
			s.Wrong = append(s.Wrong, Mistake{row.Change.ID, answer, row.Acceptable, row.HardCase})
		}
	}
	s.Accuracy = claims.Value()
	s.MeanConfidence = sure / float64(max(claims.Of, 1))
	return s
}

// believe holds the confidence of a claim against what truly was.
func (s *Scores) believe(row *Labelled, answer *correlate.Provenance) {
	group := &s.Unsure
	if answer.Confidence >= sureFrom {
		group = &s.Sure
	}
	group.count(answer.Class == row.Label, answer.Confidence)
}

func (s *Scores) count(row *Labelled, answer *correlate.Provenance, right bool) {
	class := s.Classes[answer.Class]
	class.count(right)
	s.Classes[answer.Class] = class
	if isAI(answer.Class) {
		s.Precision.count(right)
	}
	if !slices.ContainsFunc(row.Acceptable, func(c correlate.ProvenanceClass) bool { return !isAI(c) }) {
		s.Recall.count(right)
	}
	if len(row.Acceptable) == 1 && row.Acceptable[0] == correlate.ProvenanceAutomation {
		s.Bots.count(!isAI(answer.Class))
	}
	if known := knownTools(row.Tools); right && isAI(answer.Class) && len(known) > 0 {
		var named []string
		for _, t := range answer.Tools {
			named = append(named, t.Name)
		}
		s.Tool.count(len(named) > 0 && slices.Contains(known, named[0]))
		slices.Sort(named)
		slices.Sort(known)
		s.Tools.count(slices.Equal(named, known))
	}
	if len(row.HardCase) == 0 {
		s.Easy.count(right)
		return
	}
	s.Hard.count(right)
	for _, name := range row.HardCase {
		r := s.Cases[name]
		r.count(right)
		s.Cases[name] = r
	}
}

// knownTools leaves out tools that the labels do not name either, and takes a
// vendor's model for its tool.
func knownTools(tools []string) []string {
	var known []string
	for _, t := range tools {
		switch {
		case strings.HasPrefix(t, "("):
		case t == "claude":
			known = append(known, "claude-code")
		case t == "chatgpt/openai":
			known = append(known, "chatgpt")
		default:
			known = append(known, t)
		}
	}
	return known
}

// Rows are the scores for a reader: what is scored, the share that is right, and
// how many of how many those are.
func (s *Scores) Rows() [][]string {
	var rows [][]string
	row := func(name string, r Ratio) {
		rows = append(rows, []string{name, fmt.Sprintf("%.3f", r.Value()), fmt.Sprintf("%d of %d", r.Right, r.Of)})
	}
	row("AI: precision", s.Precision)
	row("AI: recall where it can be known", s.Recall)
	row("tool right", s.Tool)
	row("all tools right", s.Tools)
	row("ordinary automation not called AI", s.Bots)
	row("easy cases", s.Easy)
	row("hard cases", s.Hard)
	for _, name := range slices.Sorted(maps.Keys(s.Cases)) {
		row("hard: "+strings.ReplaceAll(name, "_", " "), s.Cases[name])
	}
	for _, class := range slices.Sorted(maps.Keys(s.Classes)) {
		row("answer "+string(class), s.Classes[class])
	}
	row("claims below a confidence of 0.7 that truly were so", s.Unsure.Ratio)
	row("claims from 0.7 on that truly were so", s.Sure.Ratio)
	return append(rows,
		[]string{"mean confidence of claims below 0.7", fmt.Sprintf("%.3f", s.Unsure.MeanConfidence)},
		[]string{"mean confidence of claims from 0.7 on", fmt.Sprintf("%.3f", s.Sure.MeanConfidence)},
		[]string{"mean confidence of a claim", fmt.Sprintf("%.3f", s.MeanConfidence)},
		[]string{"accuracy of a claim", fmt.Sprintf("%.3f", s.Accuracy)})
}
