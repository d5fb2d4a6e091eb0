package correlate

import "time"

// Weights are all numbers of the model. They are probabilities, seconds and
// shares, not opaque factors, so that each can be checked against its source.
// The zero value is useless; start from [DefaultWeights].
type Weights struct {
	// NoChangeOdds is the prior odds of "no recorded change did it" against
	// "some recorded change did it".
	NoChangeOdds float64 `json:"no_change_odds"`
	// UntimedNoChangeOdds is the same where it is not known when things happened:
	// the changes to choose from are then taken to be those near the onset.
	UntimedNoChangeOdds float64 `json:"untimed_no_change_odds"`
	// Outside are signs in the alerts that no recorded change is to blame.
	Outside []OutsideSign `json:"outside"`
	// Signals are what alerts measure when a change is to blame, and when not.
	Signals SignalWeights `json:"signals"`
	// KindShare is, per kind, the share among changes that caused an outage.
	KindShare map[ChangeKind]float64 `json:"kind_share"`
	// KindPower is how much of that is believed: 0 makes every kind as suspect as
	// its share of all changes, 1 as suspect as public outages say.
	KindPower float64 `json:"kind_power"`
	// KindMix is, per kind, the share among all changes of a usual company. It
	// is blended with the mix seen in the window, counting for KindMixCount
	// changes.
	KindMix      map[ChangeKind]float64 `json:"kind_mix"`
	KindMixCount float64                `json:"kind_mix_count"`
	// Second is the probability that an incident which a change caused has a second
	// cause, in another service; 0 leaves pairs out.
	Second float64 `json:"second"`
	// BusyPower shares a service's guilt among its changes: 0 makes every change
	// equally suspect, 1 every service, however often it changes.
	BusyPower float64 `json:"busy_power"`
	// MentionPower shares a change's guilt among the services that it names: 0
	// makes each as likely as the others, 1 as likely as few other changes name it
	// beside others.
	MentionPower float64            `json:"mention_power"`
	Timing       TimingWeights      `json:"timing"`
	Topology     TopologyWeights    `json:"topology"`
	Confinement  ConfinementWeights `json:"confinement"`
	Text         TextWeights        `json:"text"`
	Metrics      MetricWeights      `json:"metrics"`
	Undo         UndoWeights        `json:"undo"`
	History      HistoryWeights     `json:"history"`
	Calibration  Calibration        `json:"calibration"`
	Limits       Limits             `json:"limits"`
	Verdict      VerdictWeights     `json:"verdict"`
}

// DelayPart is one log-normal part of the delay from a change to its impact.
type DelayPart struct {
	Share         float64 `json:"share"`
	MedianSeconds float64 `json:"median_seconds"`
	Sigma         float64 `json:"sigma"`
}

// TimingWeights describe when symptoms follow a change.
type TimingWeights struct {
	// Delay is the mixture from change to impact for every kind that KindDelay
	// does not name.
	Delay     []DelayPart                `json:"delay"`
	KindDelay map[ChangeKind][]DelayPart `json:"kind_delay,omitempty"`
	// AlarmMedianSeconds and AlarmSigma are the log-normal lag from impact to
	// the alert.
	AlarmMedianSeconds float64 `json:"alarm_median_seconds"`
	AlarmSigma         float64 `json:"alarm_sigma"`
	// AlarmAtOnce is the share of incidents whose first alert comes with the
	// impact, within AlarmAtOnceSeconds.
	AlarmAtOnce        float64 `json:"alarm_at_once"`
	AlarmAtOnceSeconds float64 `json:"alarm_at_once_seconds"`
	// SkewSeconds is the clock skew within which a change may seem to start
	// after the alert it caused; the likelihood falls by e per SkewSeconds.
	SkewSeconds float64 `json:"skew_seconds"`
	// SkewShare is the share of clocks that are off at all.
	SkewShare float64 `json:"skew_share"`
	// ResolutionSeconds is how exactly the start of a change is known; shorter
	// delays are equally likely.
	ResolutionSeconds float64 `json:"resolution_seconds"`
	// SpreadSeconds is the scale of the time between the first alert of an
	// incident and the others, NoiseWindowSeconds the span over which unrelated
	// alerts scatter, SpreadShare the share of alerts that keep to the scale.
	SpreadSeconds      float64 `json:"spread_seconds"`
	NoiseWindowSeconds float64 `json:"noise_window_seconds"`
	SpreadShare        float64 `json:"spread_share"`
	// IntervalShare is how much of the density comes from the whole rollout
	// interval instead of its start.
	IntervalShare float64 `json:"interval_share"`
	// StepShare is how much comes from the steps of a rollout, where they are
	// known, instead of its start.
	StepShare float64 `json:"step_share"`
	// StepDelay is the mixture from a step to the first alert, lag of the alarm
	// included: new instances serve from their first second, and are watched. Empty
	// means that a step is followed like any change.
	StepDelay []DelayPart `json:"step_delay,omitempty"`
}

// TopologyWeights describe how a fault spreads over the call graph.
type TopologyWeights struct {
	// Spread are the shares of the callers that a fault reaches, with the
	// probability of each: most faults are felt by some callers, some by all.
	Spread []SpreadPart `json:"spread"`
	// Self is the probability that the faulty service alerts itself.
	Self float64 `json:"self"`
	// Caller is how much of the fault each hop towards the callers passes on.
	Caller []float64 `json:"caller"`
	// Cascade are the levels, in parts of what a faulty service does, at which an
	// alerting one passes its trouble on to its callers, with the probability of
	// each.
	Cascade []SpreadPart `json:"cascade"`
	// Callee is the probability that a faulty change breaks what the changed
	// service calls instead of the service itself.
	Callee float64 `json:"callee"`
	// Relay is how far alerts that a fault reached over the same silent service
	// count as having come that way together: 1 as if it had begun there once it
	// came over, 0 as if each had come by itself.
	Relay float64 `json:"relay"`
	// AllServices is the probability that a change of several services breaks
	// all of them instead of one.
	AllServices float64 `json:"all_services"`
	// Edge is how readily a fault passes over an edge of the kind.
	Edge map[EdgeKind]float64 `json:"edge"`
	// SharePower damps edges that carry a small share of the caller's calls.
	SharePower float64 `json:"share_power"`
	// FeltBy is how many callers a fault of a service reaches at most on average,
	// the further ones less: a service with thousands of callers fails for some.
	FeltBy float64 `json:"felt_by"`
	// HubFan is the number of callers from which on a callee is so widely used
	// that one caller rarely overloads it.
	HubFan float64 `json:"hub_fan"`
	// NoiseAlerts is, per severity, the expected number of unrelated alerts in
	// an incident; they fall on any of NoiseServices services at most.
	NoiseAlerts   map[Severity]float64 `json:"noise_alerts"`
	NoiseServices float64              `json:"noise_services"`
	// SignalAlerts is, per severity, the share of the alerts that a fault
	// raises.
	SignalAlerts map[Severity]float64 `json:"signal_alerts"`
	// Blind is the probability that the graph says nothing of how the fault
	// spread: alerts on names it does not know, missing edges.
	Blind float64 `json:"blind"`
	// BlindNoChange is the same for incidents that no recorded change caused:
	// attacks, load and providers strike services that do not call each other.
	BlindNoChange float64 `json:"blind_no_change"`
	// BlindAlerts is how many services alert in such an incident, LeakAlerts how
	// many alert beside those that the graph explains.
	BlindAlerts []SpreadPart `json:"blind_alerts"`
	LeakAlerts  float64      `json:"leak_alerts"`
	// WideShare are the shares of all services that a fault of the whole
	// environment makes alert.
	WideShare []SpreadPart `json:"wide_share"`
	// NoiseLevels are factors on the rate of grave unrelated alerts: alerting is
	// quiet in one company and restless in another.
	NoiseLevels []SpreadPart `json:"noise_levels"`
	// NameLink is the strength of a link between services whose names share
	// rare words, in place of an edge.
	NameLink float64 `json:"name_link"`
	// NameTraced is what is left of it where the graph knows calls of both.
	NameTraced float64 `json:"name_traced"`
	// Alias is the strength with which an alert on a name that contains a
	// service's whole name counts as an alert on that service.
	Alias float64 `json:"alias"`
}

// SpreadPart is one possible reach of a fault: a share of the callers, and how
// probable that reach is.
type SpreadPart struct {
	Reach float64 `json:"reach"`
	Prior float64 `json:"prior"`
}

// ConfinementWeights describe regions, versions, instances and environments.
type ConfinementWeights struct {
	// Inside is the probability that a symptom of a change confined to a region
	// shows there; MaxLogOdds bounds the term.
	Inside     float64 `json:"inside"`
	MaxLogOdds float64 `json:"max_log_odds"`
	// VersionFresh is the probability that an alert of a guilty change which
	// names a version names the new one.
	VersionFresh float64 `json:"version_fresh"`
	// OneRegion is the probability that a change which went everywhere shows in
	// one region only.
	OneRegion float64 `json:"one_region"`
	// OtherEnvironment is the factor for a change in another environment.
	OtherEnvironment float64 `json:"other_environment"`
}

// TextWeights describe words shared by alert and change.
type TextWeights struct {
	// PerNat is how much log odds one nat of shared rarity is worth.
	PerNat     float64 `json:"per_nat"`
	MaxLogOdds float64 `json:"max_log_odds"`
	// SaidPower damps words that few of the gravely alerting services say: 0
	// counts every word alike, 1 by the share of the services that say it.
	SaidPower float64 `json:"said_power"`
	// Affinities tell which kinds of change cause which kinds of alert.
	Affinities []Affinity `json:"affinities"`
}

// Affinity multiplies the odds of the kinds by Factor, and those of all others
// by Others, when an alert has the signal or holds one of the words.
type Affinity struct {
	Signal Signal       `json:"signal,omitempty"`
	Words  []string     `json:"words,omitempty"`
	Kinds  []ChangeKind `json:"kinds"`
	Factor float64      `json:"factor"`
	Others float64      `json:"others"`
}

// OutsideSign multiplies the odds of every change against "no recorded change"
// by Factor where most alerts have the signal, or hold one of the words. Says
// ends the sentence "so many of the grave alerts are about".
type OutsideSign struct {
	Signal Signal   `json:"signal,omitempty"`
	Words  []string `json:"words,omitempty"`
	Factor float64  `json:"factor"`
	Says   string   `json:"says"`
}

// SignalWeights describe which signals the alerts of an incident have.
type SignalWeights struct {
	// Alike is the number of alerts that the usual mix counts for beside those of
	// the incident: the smaller, the more the alerts of one incident resemble each
	// other, and the less each further one tells. 0 leaves signals out.
	Alike float64 `json:"alike"`
	// AlikeOutside is the same for each story of Outside: what strikes from
	// outside makes all that it strikes measure the same thing. 0 stands for Alike.
	AlikeOutside float64 `json:"alike_outside"`
	// Change is the mix where a change is to blame, in shares.
	Change map[Signal]float64 `json:"change"`
	// AsChanges is the share of the incidents without a recorded change whose
	// alerts look like those of a change; Outside are the others, and their
	// shares.
	AsChanges float64        `json:"as_changes"`
	Outside   []OutsideStory `json:"outside"`
}

// OutsideStory is one thing beside changes that causes incidents: its share of
// the incidents without a recorded change, and its mix of signals.
type OutsideStory struct {
	Share float64            `json:"share"`
	Mix   map[Signal]float64 `json:"mix"`
	Says  string             `json:"says"`
}

// UndoWeights describe what follows when a change is taken back.
type UndoWeights struct {
	// RecoversGuilty is the probability that undoing the guilty change ends the
	// trouble; the time this takes is log-normal with RecoveryMedianSeconds and
	// RecoverySigma. Trouble whose cause was not undone ends after LastsSeconds on
	// average, exponentially.
	RecoversGuilty        float64 `json:"recovers_guilty"`
	RecoveryMedianSeconds float64 `json:"recovery_median_seconds"`
	RecoverySigma         float64 `json:"recovery_sigma"`
	LastsSeconds          float64 `json:"lasts_seconds"`
	// Suspected is the log odds of being undone by responders at all, where as many
	// changes are rollbacks as KindMix says.
	Suspected float64 `json:"suspected"`
	// UndoneBefore is the factor for a change undone before the onset.
	UndoneBefore float64 `json:"undone_before"`
}

// HistoryWeights describe what confirmed causes of the past say.
type HistoryWeights struct {
	// Shrink is the number of incidents that the assumption of equal services
	// counts for.
	Shrink     float64 `json:"shrink"`
	MaxLogOdds float64 `json:"max_log_odds"`
}

// MetricWeights describe difference-in-differences.
type MetricWeights struct {
	MaxLogOdds float64 `json:"max_log_odds"`
	// MaxAgainst bounds what one comparison without a difference says against
	// a change.
	MaxAgainst float64 `json:"max_against"`
	// Instances and Callers scale the log Bayes factors of changed against
	// unchanged instances, and of calls to the changed service against calls
	// to others: instances of one service are not independent.
	Instances float64 `json:"instances"`
	Callers   float64 `json:"callers"`
	// Services scales the comparison of whole services, for want of better.
	Services float64 `json:"services"`
	// Reach scales the log likelihood ratio of which services got worse by their
	// metrics, MaxReach bounds it: services that share a request are not
	// independent.
	Reach    float64 `json:"reach"`
	MaxReach float64 `json:"max_reach"`
	// AlertsBeside is what alerts of services whose series are read too still say of
	// where the fault is, as a share: both are of one failure.
	AlertsBeside float64 `json:"alerts_beside"`
	// Silent is the log odds against a service that requests no longer reach,
	// Passing those for one that they reach while later ones fall silent,
	// Stopping those for one that is called and calls no further.
	Silent   float64 `json:"silent"`
	Passing  float64 `json:"passing"`
	Stopping float64 `json:"stopping"`
}

// Limits bound the work and the answer.
type Limits struct {
	// Suspects are listed, Shortlist examined whole, Recent ranked though the
	// graph does not link them, PerService ranked of one service.
	Suspects   int `json:"suspects"`
	Shortlist  int `json:"shortlist"`
	Recent     int `json:"recent"`
	Approach   int `json:"approach"`
	PerService int `json:"per_service"`
	// Symptoms are weighed one by one, Origins weighed exactly, Visits are
	// edges walked.
	Symptoms int `json:"symptoms"`
	Origins  int `json:"origins"`
	Visits   int `json:"visits"`
	// RateWindow is the time over which the usual rate of changes is measured.
	RateWindow time.Duration `json:"rate_window"`
	// BlastNodes are listed in a finding's blast radius, BlastVisits are edges
	// walked for it.
	BlastNodes  int `json:"blast_nodes"`
	BlastVisits int `json:"blast_visits"`
}

// VerdictWeights are the probabilities of the first suspect from which on the
// verdict is "probable" and "possible".
type VerdictWeights struct {
	Probable float64 `json:"probable"`
	Possible float64 `json:"possible"`
}
