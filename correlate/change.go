package correlate

import (
	"encoding/json"
	"time"
)

// ChangeKind says what sort of change to production was made.
type ChangeKind string

// The kinds of change that the contract names. A sender that fits none of them
// says KindOther.
const (
	KindDeploy          ChangeKind = "deploy"
	KindRollback        ChangeKind = "rollback"
	KindConfig          ChangeKind = "config"
	KindFeatureFlag     ChangeKind = "feature_flag"
	KindInfrastructure  ChangeKind = "infrastructure"
	KindSchemaMigration ChangeKind = "schema_migration"
	KindScaling         ChangeKind = "scaling"
	KindModel           ChangeKind = "model"
	KindPrompt          ChangeKind = "prompt"
	KindGuardrail       ChangeKind = "guardrail"
	KindAccess          ChangeKind = "access"
	KindCertificate     ChangeKind = "certificate"
	KindDependency      ChangeKind = "dependency"
	KindData            ChangeKind = "data"
	KindOther           ChangeKind = "other"
)

// ChangeKinds lists every valid kind in the order of the contract.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{
		KindDeploy, KindRollback, KindConfig, KindFeatureFlag, KindInfrastructure, KindSchemaMigration,
		KindScaling, KindModel, KindPrompt, KindGuardrail, KindAccess, KindCertificate, KindDependency,
		KindData, KindOther,
	}
}

// ChangeStatus is how far a change has come.
type ChangeStatus string

// The states of a change. All but StatusInProgress are terminal: an update
// never leads from a terminal state back to StatusInProgress.
const (
	StatusInProgress ChangeStatus = "in_progress"
	StatusSucceeded  ChangeStatus = "succeeded"
	StatusFailed     ChangeStatus = "failed"
	StatusCancelled  ChangeStatus = "cancelled"
	StatusRolledBack ChangeStatus = "rolled_back"
)

// ChangeStatuses lists every valid status.
func ChangeStatuses() []ChangeStatus {
	return []ChangeStatus{StatusInProgress, StatusSucceeded, StatusFailed, StatusCancelled, StatusRolledBack}
}

// Terminal reports whether the status is an end state.
func (s ChangeStatus) Terminal() bool { return s != "" && s != StatusInProgress }

// DefaultEnvironment is the environment of a change or alert that names none.
const DefaultEnvironment = "production"

// Change is one change to production. ID and Source together are its identity.
//
// Times are UTC with millisecond precision. A nil FinishedAt means that the
// change is still running, or that its sender does not report ends. Empty
// Services means that everything in Environment is affected; empty Regions
// means all regions.
type Change struct {
	ID              string            `json:"id"`
	Source          string            `json:"source"`
	Kind            ChangeKind        `json:"kind"`
	Title           string            `json:"title,omitempty"`
	Services        []string          `json:"services,omitempty"`
	Environment     string            `json:"environment,omitempty"`
	Regions         []string          `json:"regions,omitempty"`
	StartedAt       time.Time         `json:"started_at"`
	FinishedAt      *time.Time        `json:"finished_at,omitempty"`
	ObservedAt      *time.Time        `json:"observed_at,omitempty"`
	Rollout         []RolloutStep     `json:"rollout,omitempty"`
	Status          ChangeStatus      `json:"status,omitempty"`
	Version         string            `json:"version,omitempty"`
	PreviousVersion string            `json:"previous_version,omitempty"`
	RollbackOf      string            `json:"rollback_of,omitempty"`
	Actor           *Actor            `json:"actor,omitempty"`
	Commits         []Commit          `json:"commits,omitempty"`
	PullRequests    []PullRequest     `json:"pull_requests,omitempty"`
	Approvals       []Approval        `json:"approvals,omitempty"`
	AI              *AIDeclaration    `json:"ai,omitempty"`
	Links           *ChangeLinks      `json:"links,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	// Extra keeps the fields that the contract does not know, as they came.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// ExtraRolloutAdds marks, with the value true under Extra, a statement whose
// Rollout lists only the steps that it tells of, not all there were: they add
// to those known. ExtraStartUnknown marks one whose sender did not tell when
// the change began: its StartedAt is the latest moment at which it can have.
// ExtraKindAssumed marks one whose sender did not tell the kind: its Kind is the
// usual one, and gives way to any that is told.
const (
	ExtraRolloutAdds = "rollout_adds"
	ExtraKindAssumed = "kind_assumed"
)

// StartUnknown reports whether StartedAt stands only for a start that the
// sender did not tell.
func (c *Change) StartUnknown() bool { return marked(c.Extra, ExtraStartUnknown) }

// KindAssumed reports whether Kind stands only for a kind that the sender did not
// tell.
func (c *Change) KindAssumed() bool { return marked(c.Extra, ExtraKindAssumed) }

// marked reports whether a mark is set.
func marked(extra map[string]json.RawMessage, mark string) bool { return string(extra[mark]) == "true" }

// Key is the identity of a change: the sending system and its id there.
type Key struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// String writes the key as "source/id".
func (k Key) String() string { return k.Source + "/" + k.ID }

// Key returns the identity of the change.
func (c *Change) Key() Key { return Key{Source: c.Source, ID: c.ID} }

// RolloutStep is one step of a staged rollout: from At on, Percent of Region
// (or the named Instances) run the new version.
type RolloutStep struct {
	At        time.Time `json:"at"`
	Percent   float64   `json:"percent,omitempty"`
	Region    string    `json:"region,omitempty"`
	Instances []string  `json:"instances,omitempty"`
}

// ActorType says what sort of actor made a change.
type ActorType string

// The types of actor.
const (
	ActorHuman      ActorType = "human"
	ActorAutomation ActorType = "automation"
	ActorAIAgent    ActorType = "ai_agent"
)

// Actor is who or what made a change.
type Actor struct {
	ID   string    `json:"id,omitempty"`
	Type ActorType `json:"type,omitempty"`
}

// Commit is one commit that a change carries to production.
type Commit struct {
	SHA        string     `json:"sha"`
	Message    string     `json:"message,omitempty"`
	Author     *Person    `json:"author,omitempty"`
	Committer  *Person    `json:"committer,omitempty"`
	AuthoredAt *time.Time `json:"authored_at,omitempty"`
	Additions  int        `json:"additions,omitempty"`
	Deletions  int        `json:"deletions,omitempty"`
	Files      []string   `json:"files,omitempty"`
}

// Person is the author or committer of a commit as the forge states it.
type Person struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Login string `json:"login,omitempty"`
}

// PullRequest is one pull or merge request that a change carries.
type PullRequest struct {
	Number     int64              `json:"number,omitempty"`
	URL        string             `json:"url,omitempty"`
	Title      string             `json:"title,omitempty"`
	Body       string             `json:"body,omitempty"`
	Labels     []string           `json:"labels,omitempty"`
	HeadBranch string             `json:"head_branch,omitempty"`
	Author     *PullRequestAuthor `json:"author,omitempty"`
	Reviews    []Review           `json:"reviews,omitempty"`
}

// PullRequestAuthor is the account that opened a pull request.
type PullRequestAuthor struct {
	Login string `json:"login,omitempty"`
	Type  string `json:"type,omitempty"`
}

// Review is one review of a pull request. Level is free text that the policy
// maps, for example "senior".
type Review struct {
	Reviewer string     `json:"reviewer,omitempty"`
	State    string     `json:"state,omitempty"`
	Level    string     `json:"level,omitempty"`
	At       *time.Time `json:"at,omitempty"`
}

// Approval is one approval of a change. Level is free text that the policy
// maps, for example "senior".
type Approval struct {
	By    string     `json:"by"`
	Level string     `json:"level,omitempty"`
	At    *time.Time `json:"at,omitempty"`
}

// AIAssistance is what a sender declares about the part AI had in a change.
type AIAssistance string

// The declarations that the contract knows.
const (
	AssistanceNone     AIAssistance = "none"
	AssistanceAssisted AIAssistance = "assisted"
	AssistanceAuthored AIAssistance = "authored"
	AssistanceOperated AIAssistance = "operated"
	AssistanceAdvised  AIAssistance = "advised"
)

// AIDeclaration is what the sender declares about AI, unverified. LinesPercent
// is the share of changed lines that AI wrote, 0 to 100.
type AIDeclaration struct {
	Assistance   AIAssistance `json:"assistance,omitempty"`
	Tools        []AITool     `json:"tools,omitempty"`
	LinesPercent *float64     `json:"lines_percent,omitempty"`
	Session      string       `json:"session,omitempty"`
}

// AITool names a tool and, where known, the model that it ran.
type AITool struct {
	Name  string `json:"name"`
	Model string `json:"model,omitempty"`
}

// ChangeLinks are the addresses that help a responder.
type ChangeLinks struct {
	Diff     string `json:"diff,omitempty"`
	Run      string `json:"run,omitempty"`
	Rollback string `json:"rollback,omitempty"`
}

// End returns the moment from which the change had full effect: FinishedAt, or
// the last rollout step, or StartedAt when the sender states neither.
func (c *Change) End() time.Time {
	end := c.StartedAt
	if c.FinishedAt != nil && c.FinishedAt.After(end) {
		end = *c.FinishedAt
	}
	for i := range c.Rollout {
		if c.FinishedAt == nil && c.Rollout[i].At.After(end) {
			end = c.Rollout[i].At
		}
	}
	return end
}
