package dashboards

// changesBoard is the flow of changes to production.
func changesBoard() board {
	return board{
		uid: "faultline-changes", page: "/changes", title: "Faultline: change flow", from: "now-7d", refresh: "1m",
		about:     "Changes to production by kind, provenance, outcome and service.",
		variables: []variable{serviceVariable()},
		rows: []row{
			{"Now", []panel{
				{shape: shapeStat, title: "Changes", about: "Changes that started in the time range.", sql: "changes_count", unit: unitCount, width: 6, height: 4},
				{shape: shapeStat, title: "Still running", about: "Changes of the time range without an end.", sql: "changes_running", unit: unitCount, width: 6, height: 4},
				{shape: shapeStat, title: "Failed or rolled back", about: "Share of the finished changes of the time range that failed or were rolled back.", sql: "changes_failed", unit: unitShare, width: 6, height: 4},
				{shape: shapeStat, title: "Provenance unknown", about: "Share of changes that no marker tells anything about. No marker is no proof of human work.", sql: "changes_unknown", unit: unitShare, width: 6, height: 4},
			}},
			{"Over time", []panel{
				{shape: shapeBars, title: "Changes by kind", about: "Changes by their start.", sql: "changes_by_kind", unit: unitCount, width: 12, height: 8},
				{shape: shapeBars, title: "Changes by provenance", about: "Changes by their start; AI-assisted holds the classes assisted, authored, operated and advised.", sql: "changes_by_class", unit: unitCount, width: 12, height: 8},
				{shape: shapeLines, title: "Duration of changes", about: "Time from start to end of finished changes.", sql: "changes_duration", unit: unitSeconds, width: 12, height: 8},
				{shape: shapeGroups, title: "Changes by service", about: "The twenty services with most changes.", sql: "changes_by_service", unit: unitCount, width: 12, height: 8},
			}},
			{"Changes", []panel{
				{
					shape: shapeTable, title: "Latest changes", about: "Newest first, at most 500. The last column tells whether an incident was laid on the change by a person (confirmed) or the engine (suspected).", sql: "changes_table",
					unit: unitPlain, width: 24, height: 12, links: map[string]link{"change": changeLink()},
				},
			}},
		},
	}
}

const impactWords = `**How to read this.** The unit is one production change that started at least a day ago; rollbacks are left out. A change counts when a *person*
confirmed it as the cause of an incident; *suspected too* adds those that only the engine suspects. Rates carry a 95% Wilson interval. The ratio *same tier and kind* compares
AI-assisted with human changes of the same service tier and kind (Mantel-Haenszel, Greenland-Robins variance). Differences are **associated, not caused**; changes of unknown
provenance are a class of their own and in no ratio. The full figures, with exact methods for small numbers and corrections, are in Faultline's API and weekly report.`

// impactBoard compares outages after AI-assisted changes with others.
func impactBoard() board {
	return board{
		uid: "faultline-ai-impact", page: "/figures", title: "Faultline: AI impact", from: "now-90d", refresh: "15m",
		about: "Are AI-assisted changes followed by more outages than others? Rates with intervals and ratios with and without strata.",
		rows: []row{
			{"How sure can one be", []panel{
				{shape: shapeText, title: "Reading guide", about: "What is counted and what is not.", words: impactWords, width: 24, height: 5},
				{shape: shapeStat, title: "AI-assisted changes", about: "Matured changes in which AI had a known part.", sql: "impact_n", unit: unitCount, width: 6, height: 4},
				{shape: shapeStat, title: "Confirmed causes", about: "Matured changes of any class that a person confirmed as the cause of an incident.", sql: "impact_events", unit: unitCount, width: 6, height: 4},
				{shape: shapeStat, title: "Provenance unknown", about: "Share of matured changes of unknown provenance.", sql: "impact_unknown", unit: unitShare, width: 6, height: 4},
				{shape: shapeStat, title: "Incidents without a verdict", about: "Share of incidents that nobody has judged; their causes are missing from every rate.", sql: "impact_unlinked", unit: unitShare, width: 6, height: 4},
			}},
			{"Rates and ratios", []panel{
				{
					shape: shapeTable, title: "Confirmed causes for each change, by provenance", about: "Rate with the 95% Wilson interval.", sql: "impact_rates", unit: unitPlain, width: 12, height: 8,
					units: map[string]string{"rate": unitShare, "low": unitShare, "high": unitShare},
				},
				{shape: shapeTable, title: "AI-assisted against human: risk ratio", about: "Above 1: more confirmed causes for each AI-assisted change. With the 95% interval; empty where there is nothing to divide by.", sql: "impact_ratio", unit: unitPlain, width: 12, height: 8},
				{shape: shapeLines, title: "Rate by week", about: "Confirmed causes for each matured change, by the week of its start. Weekly numbers are small: look at the table before the line.", sql: "impact_weekly", unit: unitShare, width: 12, height: 8},
				{shape: shapeGroups, title: "Mix of kinds", about: "Matured changes by kind. Unequal mixes are why the crude ratio misleads.", sql: "impact_kinds", unit: unitCount, width: 12, height: 8},
			}},
		},
	}
}

// policyBoard shows whether the safeguard is kept.
func policyBoard() board {
	return board{
		uid: "faultline-policy", page: "/policy", title: "Faultline: policy", from: "now-30d", refresh: "5m",
		about: "Decisions of the policy gate, the rules behind them, and people's words on provenance.",
		rows: []row{
			{"The gate", []panel{
				{shape: shapeStat, title: "Decisions", about: "Answers of the gate in the time range.", sql: "policy_decisions", unit: unitCount, width: 6, height: 4},
				{shape: shapeStat, title: "Denied", about: "Share of the gate's answers that were a deny.", sql: "policy_denied", unit: unitShare, width: 6, height: 4},
				{shape: shapeBars, title: "Decisions over time", about: "The gate's answers by the moment of the question.", sql: "policy_series", unit: unitCount, width: 12, height: 4},
				{shape: shapeGroups, title: "Rules", about: "The rules named in decisions, by the decision.", sql: "policy_rules", unit: unitCount, width: 24, height: 8},
			}},
			{"In detail", []panel{
				{shape: shapeTable, title: "Latest decisions", about: "Newest first, at most 200.", sql: "policy_table", unit: unitPlain, width: 24, height: 10, links: map[string]link{"change": changeLink()}},
				{shape: shapeTable, title: "Provenance set by people", about: "Where a person overruled the rules, with the reason.", sql: "policy_overrides", unit: unitPlain, width: 24, height: 7, links: map[string]link{"change": changeLink()}},
			}},
		},
	}
}
