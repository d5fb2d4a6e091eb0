package correlate

import "time"

// Verdict is the machine's answer in one word. It only ever suspects; people
// confirm or reject.
type Verdict string

// The verdicts, strongest first. VerdictNoChange means that "no recorded
// change did it" is more probable than any single suspect.
const (
	VerdictProbable Verdict = "probable"
	VerdictPossible Verdict = "possible"
	VerdictWeak     Verdict = "weak"
	VerdictNoChange Verdict = "no_change"
)

// EvidenceKind names the term of the model that a piece of evidence belongs to.
type EvidenceKind string

// The kinds of evidence that the contract names.
const (
	EvidenceTiming   EvidenceKind = "timing"
	EvidenceTopology EvidenceKind = "topology"
	EvidenceRollout  EvidenceKind = "rollout"
	EvidenceRegion   EvidenceKind = "region"
	EvidenceVersion  EvidenceKind = "version"
	EvidenceText     EvidenceKind = "text"
	EvidenceMetrics  EvidenceKind = "metrics"
	EvidenceRollback EvidenceKind = "rollback"
	EvidenceHistory  EvidenceKind = "history"
	EvidencePrior    EvidenceKind = "prior"
)

// Evidence is one signed reason for or against a suspect. LogOdds is a natural
// logarithm of an odds ratio against the background: positive speaks for the
// suspect. Text is a sentence for a responder; Refs name what it rests on, as
// "alert:<fingerprint>", "change:<source>/<id>", "service:<name>" or a URL.
type Evidence struct {
	Kind    EvidenceKind `json:"kind"`
	LogOdds float64      `json:"log_odds"`
	Text    string       `json:"text"`
	Refs    []string     `json:"refs,omitempty"`
}

// Suspect is one candidate change with the probability that it caused the
// incident and the evidence that adds up to it.
type Suspect struct {
	Change      Change     `json:"change"`
	Rank        int        `json:"rank"`
	Probability float64    `json:"probability"`
	Evidence    []Evidence `json:"evidence"`
	// Provenance is filled by the layer that serves the finding, never by the
	// engine: the AI class is not evidence.
	Provenance *Provenance  `json:"provenance,omitempty"`
	Links      *ChangeLinks `json:"links,omitempty"`
}

// Finding is the engine's answer about one incident at one moment. Versions
// count from 1 as alerts, changes and recoveries arrive. The probabilities of
// all candidates and NoChangeProbability sum to one; Suspects holds the most
// probable ones only.
type Finding struct {
	Incident            string       `json:"incident"`
	Version             int          `json:"version"`
	AsOf                time.Time    `json:"as_of"`
	Verdict             Verdict      `json:"verdict"`
	NoChangeProbability float64      `json:"no_change_probability"`
	Suspects            []Suspect    `json:"suspects"`
	Missing             []string     `json:"missing"`
	BlastRadius         *BlastRadius `json:"blast_radius,omitempty"`
}

// BlastRadius tells how far a fault in the changed services has spread and may
// still spread along the call graph.
type BlastRadius struct {
	// Changed are the services of the first suspect (or of the change asked
	// about), Alerting those with an alert of the incident, Quiet those that
	// depend on a changed service, should feel it, and raise no alert.
	Changed  []string `json:"changed"`
	Alerting []string `json:"alerting"`
	Quiet    []string `json:"quiet"`
	// Potential counts every service that can reach a changed one by calls,
	// PotentialByTier the same per tier ("1".."4", "unknown").
	Potential       int            `json:"potential"`
	PotentialByTier map[string]int `json:"potential_by_tier,omitempty"`
	Teams           []string       `json:"teams,omitempty"`
	Nodes           []BlastNode    `json:"nodes,omitempty"`
	Edges           []Edge         `json:"edges,omitempty"`
	// Truncated is true when Nodes and Edges were cut at the size limit.
	Truncated bool `json:"truncated,omitempty"`
}

// BlastNode is one service of the blast-radius graph. Distance is the number
// of calls from it to a changed service, -1 where none lead there; State is one
// of "changed", "alerting", "quiet" and "potential".
type BlastNode struct {
	Service  string `json:"service"`
	State    string `json:"state"`
	Distance int    `json:"distance"`
	Tier     int    `json:"tier,omitempty"`
	Team     string `json:"team,omitempty"`
}

// ProvenanceClass says what part AI had in a change, as far as is known.
type ProvenanceClass string

// The provenance classes of the contract. No marker is no proof of human
// work: such a change is ProvenanceUnknown.
const (
	ProvenanceHuman      ProvenanceClass = "human"
	ProvenanceAssisted   ProvenanceClass = "ai_assisted"
	ProvenanceAuthored   ProvenanceClass = "ai_authored"
	ProvenanceOperated   ProvenanceClass = "ai_operated"
	ProvenanceAdvised    ProvenanceClass = "ai_advised"
	ProvenanceAutomation ProvenanceClass = "automation"
	ProvenanceUnknown    ProvenanceClass = "unknown"
)

// Provenance is the classified provenance of one change with its evidence.
type Provenance struct {
	Class      ProvenanceClass  `json:"class"`
	Confidence float64          `json:"confidence"`
	Tools      []AITool         `json:"tools"`
	Evidence   []ProvenanceMark `json:"evidence"`
	// Rules is the version of the rules that gave the label.
	Rules string `json:"rules,omitempty"`
	// Commits has the class of each commit of a change that carries several, at
	// most the first two hundred; CommitShare is the share of all its commits, 0
	// to 1, that carry a marker of AI.
	Commits     []CommitProvenance `json:"commits,omitempty"`
	CommitShare float64            `json:"commit_share,omitempty"`
	// Source tells who gave the class: ProvenanceByRules or
	// ProvenanceByOverride; empty for a label that was never stored.
	Source ProvenanceSource `json:"source,omitempty"`
	// Override is a person's word that stands above the rules; Machine is then
	// what the rules say.
	Override *ProvenanceOverride `json:"override,omitempty"`
	Machine  *Provenance         `json:"machine,omitempty"`
}

// ProvenanceSource tells who gave a provenance class.
type ProvenanceSource string

// The sources of a class.
const (
	ProvenanceByRules    ProvenanceSource = "rules"
	ProvenanceByOverride ProvenanceSource = "override"
)

// CommitProvenance is the class of one commit of a change.
type CommitProvenance struct {
	SHA        string          `json:"sha"`
	Class      ProvenanceClass `json:"class"`
	Confidence float64         `json:"confidence"`
}

// ProvenanceOverride is a person's word on the provenance of a change. The
// newest counts; an empty class withdraws the ones before.
type ProvenanceOverride struct {
	Class     ProvenanceClass `json:"class"`
	Reason    string          `json:"reason"`
	DecidedBy string          `json:"decided_by"`
	DecidedAt time.Time       `json:"decided_at"`
}

// ProvenanceClasses lists every class.
func ProvenanceClasses() []ProvenanceClass {
	return []ProvenanceClass{
		ProvenanceHuman, ProvenanceAssisted, ProvenanceAuthored, ProvenanceOperated, ProvenanceAdvised,
		ProvenanceAutomation, ProvenanceUnknown,
	}
}

// Overridden is the provenance of a change on which a person has spoken: their
// class, sure, with the label of the rules beside it. Tools are kept where the
// class is one of AI.
func (p Provenance) Overridden(by ProvenanceOverride) Provenance {
	if by.Class == "" {
		return p
	}
	machine := p
	out := Provenance{
		Class: by.Class, Confidence: 1, Tools: []AITool{}, Rules: p.Rules, Commits: p.Commits, CommitShare: p.CommitShare,
		Evidence: []ProvenanceMark{{Marker: "override", Where: "by " + by.DecidedBy, Excerpt: by.Reason, Weight: 1}},
		Source:   ProvenanceByOverride, Override: &by, Machine: &machine,
	}
	if by.Class.AI() {
		out.Tools = p.Tools
	}
	return out
}

// AI reports whether the class says that AI had a part.
func (c ProvenanceClass) AI() bool {
	switch c {
	case ProvenanceAssisted, ProvenanceAuthored, ProvenanceOperated, ProvenanceAdvised:
		return true
	default:
		return false
	}
}

// ProvenanceMark is one marker that was found: which rule, where, the words it
// matched and its weight from 0 to 1.
type ProvenanceMark struct {
	Marker  string  `json:"marker"`
	Where   string  `json:"where"`
	Excerpt string  `json:"excerpt"`
	Weight  float64 `json:"weight"`
}
