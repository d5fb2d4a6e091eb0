package api

// figureDocs holds the words of the OpenAPI document about figures.
func figureDocs() map[string]typeDoc {
	docs := comparisonDocs()
	for name, doc := range impactDocs() {
		docs[name] = doc
	}
	for name, doc := range accuracyDocs() {
		docs[name] = doc
	}
	return docs
}

func comparisonDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Share": {about: "A proportion with its Wilson interval.", fields: map[string]string{
			"events": "How many of them.", "n": "Of how many.", "value": "Events by n, 0 to 1.", "lo": "Lower end of the interval.", "hi": "Upper end.",
		}},
		"Range": {about: "A value with its interval.", fields: map[string]string{"value": "The value.", "lo": "Lower end.", "hi": "Upper end."}},
		"Ratio": {about: "A ratio of risks with its interval; 1 is no difference.", fields: map[string]string{
			"value": "Absent where it is without bound, because the group below had no event.", "lo": "Lower end.", "hi": "Upper end; absent where it is without bound.",
		}},
		"Comparison": {about: "The risk of one group of changes held against that of another.", fields: map[string]string{
			"name": "Which line it is.", "exposed": "The group whose risk is above the line.", "unexposed": "The group below.", "events": "What is counted: changes that a person confirmed, or those and what the engine suspects.",
			"exposed_rate": "Absent without changes.", "unexposed_rate": "Absent without changes.", "gate": "Whether there is enough data.", "difference": "Exposed rate less the other (Newcombe).",
			"crude": "All against all.", "adjusted": "Within strata of the strata's names, without size (Mantel-Haenszel): the whole association.",
			"adjusted_for_size": "Within strata of size as well: what is left among changes of like size.", "odds": "The adjusted odds ratio, a check on the ratio of risks.",
			"exact": "Conditional exact ratio with mid-P interval, for few events.", "corrected": "The crude ratio corrected for labels that are wrong as often as configured; absent unless configured.",
			"bootstrap": "The interval of adjusted when whole incidents are drawn.", "looks": "The interval of adjusted that may be looked at every week; the verdict rests on it.",
			"homogeneity": "Whether one ratio fits all strata; absent while too few are dense enough.", "e_value": "How strongly a hidden cause would have to be tied to both to explain the ratio away.",
			"strata": "What was adjusted for.", "verdict": "What may be said.", "words": "The same as sentences.",
		}},
		"Sufficiency": {about: "The least data that a comparison is made from: ten events, five to be expected in each group.", fields: map[string]string{
			"enough": "Whether there is enough.", "events": "In both groups.", "expected_exposed": "By size alone.", "expected_unexposed": "By size alone.",
			"needed_per_group": "Changes that each group needs to tell a doubling with 80% power; 0 while no rate is known.", "missing_exposed": "How many of those are still to come.", "missing_unexposed": "How many of those are still to come.",
		}},
		"Looks":       {about: "An interval that stays valid however often it is looked at, from one fixed start.", fields: map[string]string{"since": "The start.", "lo": "Lower end.", "hi": "Upper end.", "p": "Always-valid p-value of no difference."}},
		"Homogeneity": {about: "Breslow-Day test with Tarone's correction.", fields: map[string]string{"p": "Small means that the ratio differs between strata.", "degrees": "Of freedom.", "strata": "How many were dense enough."}},
		"Strata": {about: "What changes must share to be compared.", fields: map[string]string{
			"by": "The names.", "used": "Strata that compare something.", "changes_outside": "Changes in strata that hold one of the groups only.",
			"lines": "The strata that compare something, the weightiest first; beyond 15 the rest is one line.",
		}},
		"StratumLine": {about: "One stratum of a comparison, or all that have no line of their own.", fields: map[string]string{
			"values": "What its changes share, in the order of by; one text for the rest.", "strata": "How many strata it stands for.", "exposed": "The first group in it.",
			"unexposed": "The second group in it.", "ratio": "Ratio of risks within it; absent while a group has no event.", "weight": "Its share of the comparison's information, 0 to 1.",
		}},
		"Tally": {about: "Changes, and those with an event.", fields: map[string]string{"events": "Those with an event.", "changes": "All of them."}},
	}
}

func impactDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Impact": {about: "Whether AI-assisted changes come with more incidents.", fields: map[string]string{
			"as_of": "When it was made.", "from": "Start of the period, inclusive.", "to": "End of the period, exclusive.",
			"observation_hours": "How long a change is given to fail before it counts.", "level": "Of every interval.", "population": "Which changes are compared.",
			"incidents": "How the incidents stand with people.", "groups": "AI-assisted, human, automated and unknown changes.", "headline": "AI-assisted against human changes.",
			"sensitivity": "The same with other assumptions.", "chance": "What accident alone would show.", "weeks": "Week by week, with control limits.",
		}},
		"Population": {about: "Which changes are compared and which stand apart.", fields: map[string]string{
			"changes": "Compared.", "rollbacks": "Apart: they undo.", "during_incident": "Apart: made while an incident of the same service went on.", "immature": "Apart: their time to fail is not over.", "unknown": "Share of those compared whose origin nobody told; absent without changes.",
		}},
		"IncidentCounts": {about: "How the incidents of the period stand with people.", fields: map[string]string{
			"total": "All.", "confirmed": "Laid on a change.", "no_change": "Declared to be without one.", "rejected": "Suspects rejected, nothing put in their place.", "unjudged": "Nobody decided.",
			"unlinked": "Share of rejected and unjudged; absent without incidents.", "minutes": "Length of all together, open ones up to now.",
		}},
		"ChangeGroup": {about: "A group of changes.", fields: map[string]string{
			"group": "Which.", "changes": "How many were compared.", "rate": "Share that a person confirmed to have caused an incident.", "suspected": "The same and what the engine suspects where nobody judged.",
			"incidents": "Laid on changes of the group.", "minutes": "Of those incidents.", "mean_services": "Services that alerted, per incident.", "classes": "The group by class.",
		}},
		"ClassRate":  {about: "A class of changes.", fields: map[string]string{"class": "Which.", "changes": "How many.", "rate": "Share with a confirmed incident."}},
		"ChanceLine": {about: "How often changes stand shortly before incidents, against accident.", fields: map[string]string{"from": "Start of the part of the period that was looked at.", "to": "Its end.", "lookback_hours": "What shortly means.", "incidents": "How many were looked at.", "groups": "By group.", "insufficient": "Why there are no groups."}},
		"Chance": {about: "A group held against random shifts of all incidents. It needs no verdict and says nothing of cause.", fields: map[string]string{
			"group": "Which.", "observed": "Incidents with a change of the group to one of their services before them.", "expected": "The same by accident.", "high": "What accident stays below in 97.5 of 100 cases.", "p": "Share of shifts with as many or more.",
		}},
		"Week": {about: "A week of changes.", fields: map[string]string{
			"starts": "Its Monday.", "groups": "By group.", "all": "Share of all with a confirmed incident; absent without changes.", "low": "Lower control limit.", "high": "Upper control limit.", "out": "The week differs from the others by more than noise.",
		}},
		"WeekOf": {about: "A group in one week.", fields: map[string]string{"group": "Which.", "changes": "How many.", "events": "How many with a confirmed incident."}},
	}
}

func accuracyDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Accuracy": {about: "How right our own findings were.", fields: map[string]string{
			"as_of": "When it was made.", "from": "Start of the period, inclusive.", "to": "End of the period, exclusive.", "incidents": "All.", "judged": "Those that a person decided on.",
			"precision_at_1": "How often a confirmed change stood first in the version that was judged.", "precision_at_3": "The same for the first three.",
			"no_change_precision": "How often people agreed that no change is to blame.", "no_change_recall": "How often the finding said so where people did.",
			"calibration": "Of the first suspect's probability.", "words": "What to keep in mind.",
		}},
		"Calibration":    {about: "How far probabilities can be taken at their word.", fields: map[string]string{"n": "Findings.", "brier": "Mean squared error; 0 is perfect.", "ece": "Mean distance between stated and true.", "bins": "By tenths of the scale."}},
		"CalibrationBin": {about: "Findings whose first suspect had a probability in a tenth of the scale.", fields: map[string]string{"from": "Lower end.", "to": "Upper end.", "stated": "Mean probability.", "right": "How often it was right."}},
		"PolicyEffect": {about: "Whether AI-assisted changes are approved, and how approved ones fare.", fields: map[string]string{
			"as_of": "When it was made.", "from": "Start of the period, inclusive.", "to": "End of the period, exclusive.", "senior_levels": "Levels of an approval that count as senior.",
			"coverage": "Share with a senior approval by somebody else, before the start.", "groups": "By approval: senior, other, none.", "effect": "Senior approval against all else.", "words": "What to keep in mind.",
		}},
		"ApprovalGroup": {about: "AI-assisted changes that were approved alike.", fields: map[string]string{
			"approval": "How.", "changes": "How many.", "rate": "Share with a confirmed incident.", "lead_hours": "From first commit to start.", "batch_commits": "Commits of a change.", "batch_lines": "Lines of a change.",
		}},
		"Spread": {about: "The middle and the upper part of many numbers.", fields: map[string]string{"median": "Half are below.", "p80": "Four in five are below.", "n": "Size of the sample."}},
	}
}
