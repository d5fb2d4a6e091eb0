package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
)

// Input is what a change is judged from.
type Input struct {
	Change     *correlate.Change
	Provenance *correlate.Provenance
	// Tier is that of the most critical changed service, 1 to 4; 0 is unknown.
	Tier int
	// Now is the moment before the deploy at which the gate is asked. The zero
	// time judges after the fact.
	Now time.Time
}

// Facts are the variables of the rules' expressions. The names in tags are those
// of the language.
type (
	// Change is the variable change.
	Change struct {
		ID          string            `cel:"id"`
		Source      string            `cel:"source"`
		Kind        string            `cel:"kind"`
		Title       string            `cel:"title"`
		Services    []string          `cel:"services"`
		Environment string            `cel:"environment"`
		Regions     []string          `cel:"regions"`
		Status      string            `cel:"status"`
		Version     string            `cel:"version"`
		RollbackOf  string            `cel:"rollback_of"`
		StartedAt   time.Time         `cel:"started_at"`
		ActorID     string            `cel:"actor_id"`
		ActorType   string            `cel:"actor_type"`
		Labels      map[string]string `cel:"labels"`
		// Commits counts the commits, Lines the lines that they add and remove.
		Commits int64 `cel:"commits"`
		Lines   int64 `cel:"lines"`
	}
	// Provenance is the variable provenance.
	Provenance struct {
		Class      string   `cel:"class"`
		AI         bool     `cel:"ai"`
		Unknown    bool     `cel:"unknown"`
		Confidence float64  `cel:"confidence"`
		Tools      []string `cel:"tools"`
		Overridden bool     `cel:"overridden"`
		// CommitShare is the share of commits with a marker of AI.
		CommitShare float64 `cel:"commit_share"`
	}
	// BreakGlass is the variable break_glass.
	BreakGlass struct {
		Used   bool   `cel:"used" json:"used"`
		Reason string `cel:"reason" json:"reason,omitempty"`
	}
)

// ApprovalFacts is one approval of a change with what is known of it, by the one
// definition of the program: see package assent.
type ApprovalFacts = assent.ApprovalFacts

// Levels says how the free text of approvals is read, likewise.
type Levels = assent.Levels

// maxApprovals bounds the approvals that are judged.
const maxApprovals = 200

// bounded keeps the approvals that say most when there are too many: those that
// count, seniors' first.
func bounded(approvals []ApprovalFacts) []ApprovalFacts {
	if len(approvals) <= maxApprovals {
		return approvals
	}
	rank := func(a *ApprovalFacts) int {
		switch {
		case a.Counts && a.Senior:
			return 0
		case a.Counts:
			return 1
		default:
			return 2
		}
	}
	kept := slices.Clone(approvals)
	slices.SortStableFunc(kept, func(a, b ApprovalFacts) int { return cmp.Compare(rank(&a), rank(&b)) })
	return kept[:maxApprovals]
}

// facts are the values of the variables for one change.
type facts struct {
	change     Change
	provenance Provenance
	tier       int
	approvals  []ApprovalFacts
	glass      BreakGlass
	after      bool
}

func (p *Policy) facts(in *Input) facts {
	c := in.Change
	f := facts{
		change: Change{
			ID: c.ID, Source: c.Source, Kind: string(c.Kind), Title: c.Title, Services: c.Services,
			Environment: cmp.Or(c.Environment, correlate.DefaultEnvironment), Regions: c.Regions, Status: string(c.Status),
			Version: c.Version, RollbackOf: c.RollbackOf, StartedAt: c.StartedAt, Labels: c.Labels, Commits: int64(len(c.Commits)),
		},
		tier: in.Tier, approvals: p.levels.Approvals(c, in.Now), glass: p.breakGlass(c), after: in.Now.IsZero(),
		provenance: provenanceFacts(in.Provenance),
	}
	if c.Actor != nil {
		f.change.ActorID, f.change.ActorType = c.Actor.ID, string(c.Actor.Type)
	}
	for i := range c.Commits {
		f.change.Lines += int64(c.Commits[i].Additions + c.Commits[i].Deletions)
	}
	f.approvals = bounded(f.approvals)
	return f
}

func provenanceFacts(p *correlate.Provenance) Provenance {
	if p == nil {
		return Provenance{Class: string(correlate.ProvenanceUnknown), Unknown: true}
	}
	facts := Provenance{
		Class: string(p.Class), AI: p.Class.AI(), Unknown: p.Class == correlate.ProvenanceUnknown, Confidence: p.Confidence,
		Overridden: p.Override != nil, CommitShare: p.CommitShare,
	}
	for _, tool := range p.Tools {
		facts.Tools = append(facts.Tools, tool.Name)
	}
	return facts
}

// breakGlass reads the label by which a change goes through in spite of the
// rules. Without a reason it is not used.
func (p *Policy) breakGlass(c *correlate.Change) BreakGlass {
	for _, key := range p.glassLabels {
		if reason := c.Labels[key]; strings.TrimSpace(reason) != "" {
			return BreakGlass{Used: true, Reason: reason}
		}
	}
	return BreakGlass{}
}

// TierOf is the tier of the most critical of some services, 0 when none of them
// has one. Tiers come by service name; 1 is the most critical.
func TierOf(services []string, tiers map[string]int) int {
	var known []int
	for _, name := range services {
		if tier := tiers[name]; tier > 0 {
			known = append(known, tier)
		}
	}
	if len(known) == 0 {
		return 0
	}
	return slices.Min(known)
}
