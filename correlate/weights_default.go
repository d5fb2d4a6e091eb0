package correlate

import "time"

// DefaultWeights returns the weights that ship. The comments name the source
// of each number. The prior odds, the powers of kind and pace, what the text is
// worth, the alikeness of signals, the alarm's median lag, the likelihood of a
// suspect's undoing and the spread over the graph are what `faultline fit` found
// on balanced files of public outages, a small shop and simulated companies of 60
// to 20,000 services, taken half way back to what was set by hand: the whole way
// costs more on the real outages than it gains on them. docs/evaluation.md has the
// commands.
func DefaultWeights() Weights {
	return Weights{
		// Published shares of outages without a guilty change lie between 30% and
		// 45%; what reaches the engine with changes near it is about a fifth.
		NoChangeOdds: 0.75,
		// Without times nothing speaks for "no change": it would be that no change
		// came shortly before.
		UntimedNoChangeOdds: 0.001,
		Outside:             defaultOutside(),
		Signals:             defaultSignals(),
		// 84 change-caused public outages: config 29, infrastructure 23, deploy
		// 17, schema 4, third party 3, flag 2, scaling 2, prompt 2, model 2; half
		// a case added to each kind.
		KindShare: map[ChangeKind]float64{
			KindConfig: 29.5, KindInfrastructure: 23.5, KindDeploy: 17.5, KindSchemaMigration: 4.5,
			KindDependency: 3.5, KindFeatureFlag: 2.5, KindScaling: 2.5, KindPrompt: 2.5, KindModel: 2.5,
			KindRollback: 0.5, KindGuardrail: 0.5, KindAccess: 0.5, KindCertificate: 0.5, KindData: 0.5,
			KindOther: 0.5,
		},
		KindMix: map[ChangeKind]float64{
			KindDeploy: 0.5, KindConfig: 0.2, KindFeatureFlag: 0.12, KindInfrastructure: 0.06,
			KindScaling: 0.03, KindSchemaMigration: 0.02, KindModel: 0.01, KindPrompt: 0.01,
			KindRollback: 0.03, KindGuardrail: 0.005, KindAccess: 0.01, KindCertificate: 0.005,
			KindDependency: 0.005, KindData: 0.005, KindOther: 0.01,
		},
		KindMixCount: 200,
		KindPower:    0.8,
		BusyPower:    0.1,
		MentionPower: 1,
		// 23% of published faults have more than one root cause; most of those are
		// contributions to one fault in one service.
		Second:      0.08,
		Timing:      defaultTiming(),
		Topology:    defaultTopology(),
		Confinement: ConfinementWeights{Inside: 0.95, MaxLogOdds: 3, VersionFresh: 0.9, OneRegion: 0.15, OtherEnvironment: 0.01},
		Text:        TextWeights{PerNat: 0.6, MaxLogOdds: 3, SaidPower: 0.5, Affinities: defaultAffinities()},
		Metrics:     MetricWeights{MaxLogOdds: 8, MaxAgainst: 1.2, Instances: 1, Callers: 0.7, Services: 0.3, Reach: 1, MaxReach: 2.5, AlertsBeside: 0.6, Silent: 2, Passing: 0.8, Stopping: 1.2},
		// Outages last 209 minutes in the median of 70 published records, so one
		// that is under way lasts another three hours; recovery within minutes of a
		// rollback is the common course of public post-mortems, and a third of the
		// damage outlives its cause.
		Undo: UndoWeights{
			RecoversGuilty: 0.7, RecoveryMedianSeconds: 300, RecoverySigma: 1.2, LastsSeconds: 10800,
			Suspected: 1.1, UndoneBefore: 0.2,
		},
		History: HistoryWeights{Shrink: 50, MaxLogOdds: 1.5},
		Limits: Limits{
			Suspects: 5, Shortlist: 64, Recent: 256, Approach: 256, PerService: 256,
			Symptoms: 64, Origins: 256, Visits: 16000,
			RateWindow: 48 * time.Hour, BlastNodes: 200, BlastVisits: 4000,
		},
		// Over 500 cases, of which 64 public outages and the others simulated in
		// companies of 60 to 20,000 services, the probabilities are off by 0.04;
		// maps fitted with one of the files left out do no better on that file.
		Calibration: Calibration{
			NoChange: LogitMap{Slope: 0.7}, First: LogitMap{Slope: 0.85},
		},
		Verdict: VerdictWeights{Probable: 0.5, Possible: 0.2},
	}
}

// defaultTiming holds the published mixture of delays between a change and its
// impact (69 outages with a stated change time: 49% within 1 min, 58% 5 min,
// 65% 15 min, 72% 1 h, 83% 12 h, 91% 24 h, 96% 7 days) and the published lag of
// alarms (quartiles 3, 8 and 20 min, 95th percentile 89 min).
func defaultTiming() TimingWeights {
	// What an assistant says wrong raises no alarm of its own: users report it hours
	// to weeks later, as public accounts of models and prompts tell.
	assistant := []DelayPart{
		{Share: 0.50, MedianSeconds: 30, Sigma: 1.0},
		{Share: 0.10, MedianSeconds: 480, Sigma: 1.0},
		{Share: 0.40, MedianSeconds: 60000, Sigma: 1.7},
	}
	return TimingWeights{
		Delay: []DelayPart{
			{Share: 0.50, MedianSeconds: 30, Sigma: 1.0},
			{Share: 0.20, MedianSeconds: 480, Sigma: 1.0},
			{Share: 0.10, MedianSeconds: 9000, Sigma: 0.7},
			{Share: 0.12, MedianSeconds: 43200, Sigma: 0.5},
			{Share: 0.05, MedianSeconds: 230000, Sigma: 0.7},
			{Share: 0.03, MedianSeconds: 2400000, Sigma: 1.2},
		},
		KindDelay:          map[ChangeKind][]DelayPart{KindPrompt: assistant, KindModel: assistant, KindGuardrail: assistant},
		AlarmMedianSeconds: 300, AlarmSigma: 1.4, AlarmAtOnce: 0.1, AlarmAtOnceSeconds: 20,
		SkewSeconds: 1, SkewShare: 0.01, ResolutionSeconds: 60, SpreadSeconds: 240, NoiseWindowSeconds: 3600, SpreadShare: 0.8,
		IntervalShare: 0.3, StepShare: 0.8, StepDelay: []DelayPart{
			{Share: 0.85, MedianSeconds: 150, Sigma: 1.1}, {Share: 0.1, MedianSeconds: 1800, Sigma: 1.5}, {Share: 0.05, MedianSeconds: 40000, Sigma: 1.5},
		},
	}
}

func defaultTopology() TopologyWeights {
	return TopologyWeights{
		Spread: []SpreadPart{
			{Reach: 0.02, Prior: 0.09}, {Reach: 0.1, Prior: 0.18}, {Reach: 0.4, Prior: 0.41}, {Reach: 0.85, Prior: 0.32},
		},
		Self:    0.5,
		Caller:  []float64{1, 0.6, 0.22},
		Cascade: []SpreadPart{{Reach: 0, Prior: 0.9}, {Reach: 0.25, Prior: 0.1}}, Callee: 0.25, Relay: 1, AllServices: 0.1,
		Edge: map[EdgeKind]float64{
			EdgeSync: 1, EdgeData: 1, EdgeSharedInfra: 0.7, EdgeAsync: 0.4,
		},
		// Operators of companies with services of thousands of callers see tens of
		// alerts in a storm; the ideal observer of the simulator, which knows how
		// faults spread there, showed that the number of callers damps a fault more
		// than a call's share of its caller's calls does.
		SharePower: 0.15, FeltBy: 12, HubFan: 60,
		NoiseAlerts: map[Severity]float64{
			SeverityCritical: 0.3, SeverityHigh: 0.6, SeverityWarning: 2.5, SeverityInfo: 5, "": 1,
		},
		NoiseServices: 1000,
		SignalAlerts: map[Severity]float64{
			SeverityCritical: 0.6, SeverityHigh: 0.4, SeverityWarning: 0.15, SeverityInfo: 0.05, "": 0.3,
		},
		Blind: 0.035, BlindNoChange: 0.4, LeakAlerts: 1.5,
		BlindAlerts: []SpreadPart{{Reach: 1, Prior: 0.4}, {Reach: 3, Prior: 0.4}, {Reach: 10, Prior: 0.2}},
		WideShare:   []SpreadPart{{Reach: 0.01, Prior: 0.4}, {Reach: 0.1, Prior: 0.3}, {Reach: 0.5, Prior: 0.3}},
		NoiseLevels: []SpreadPart{{Reach: 1, Prior: 0.7}, {Reach: 4, Prior: 0.2}, {Reach: 16, Prior: 0.1}},
		NameLink:    0.5, NameTraced: 0.2, Alias: 0.8,
	}
}

// defaultOutside are signs of what strikes from outside. Of published triggers
// of outages, user behaviour is 9%, providers and capacity 5% each and hardware
// 2%; the factors are modest, since changes raise such alerts too.
func defaultOutside() []OutsideSign {
	return []OutsideSign{
		{
			Words: []string{"ddos", "attack", "flood", "botnet", "scraping"}, Factor: 0.2,
			Says: "an attack",
		},
		{
			Words:  []string{"power", "cooling", "hardware", "rack", "psu", "datacenter", "fibre", "fiber"},
			Factor: 0.3, Says: "hardware or buildings, which no recorded change touches",
		},
		{
			Words: []string{"provider", "vendor", "isp", "carrier", "upstream"}, Factor: 0.5,
			Says: "a provider, whose changes are not recorded here",
		},
		{Words: []string{"leap", "expired", "expiry"}, Factor: 0.5, Says: "a date that came, which needs no change"},
	}
}

// defaultSignals holds what incidents look like. Of the published triggers other
// than changes, load and capacity are 14%, providers 5%, pipelines and slow decay
// 11%, hardware 2%; the mixes are rules of thumb, kept broad.
func defaultSignals() SignalWeights {
	return SignalWeights{
		// What strikes from outside makes nearly all services alert for the same.
		Alike: 5, AlikeOutside: 2.5,
		Change: map[Signal]float64{
			SignalErrors: 0.40, SignalLatency: 0.25, SignalAvailability: 0.18, SignalSaturation: 0.09, SignalTraffic: 0.06, SignalSecurity: 0.02,
		},
		AsChanges: 0.5,
		Outside: []OutsideStory{
			{0.2, map[Signal]float64{
				SignalErrors: 0.06, SignalLatency: 0.35, SignalAvailability: 0.04, SignalSaturation: 0.45, SignalTraffic: 0.10,
			}, "load"},
			{0.1, map[Signal]float64{
				SignalErrors: 0.10, SignalLatency: 0.10, SignalAvailability: 0.05, SignalSaturation: 0.15, SignalTraffic: 0.50, SignalSecurity: 0.10,
			}, "an attack or a crowd"},
			{0.2, map[Signal]float64{
				SignalErrors: 0.15, SignalLatency: 0.07, SignalAvailability: 0.75,
			}, "hardware, a date that comes or a provider"},
		},
	}
}

// defaultAffinities are rules of thumb of the trade; the factors are modest
// where the words are ambiguous.
func defaultAffinities() []Affinity {
	assistant := []ChangeKind{KindPrompt, KindModel, KindGuardrail, KindData}
	return []Affinity{
		{Signal: SignalAISafety, Kinds: assistant, Factor: 12, Others: 0.3},
		{
			Words: []string{"prompt", "guardrail", "hallucination", "toxic", "jailbreak", "moderation", "llm"},
			Kinds: assistant, Factor: 5, Others: 0.7,
		},
		{
			Words: []string{"certificate", "cert", "x509", "tls", "ssl", "expired"},
			Kinds: []ChangeKind{KindCertificate}, Factor: 10, Others: 0.8,
		},
		{
			Words: []string{"permission", "forbidden", "403", "401", "unauthorized", "unauthorised", "denied", "iam", "rbac"},
			Kinds: []ChangeKind{KindAccess}, Factor: 6, Others: 0.9,
		},
		{
			Words: []string{"deadlock", "migration", "schema", "column", "ddl"},
			Kinds: []ChangeKind{KindSchemaMigration}, Factor: 4, Others: 0.9,
		},
		{
			Words: []string{"bgp", "dns", "routing", "packet", "unreachable"},
			Kinds: []ChangeKind{KindInfrastructure, KindConfig}, Factor: 1.5, Others: 0.8,
		},
		{Signal: SignalSecurity, Kinds: []ChangeKind{KindAccess, KindCertificate, KindDependency}, Factor: 4, Others: 0.8},
	}
}
