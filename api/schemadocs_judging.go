package api

import "maps"

// pageDocs are the words about the fields of every page of a list.
func pageDocs() map[string]string {
	return map[string]string{"items": "The page.", "next_cursor": "Asks for the next page; absent on the last one."}
}

// judgingDocs holds the words about what people decide and what the policy says.
func judgingDocs() map[string]typeDoc {
	docs := letterDocs()
	for _, more := range []map[string]typeDoc{decisionDocs(), commanderDocs(), countDocs(), retrospectiveDocs()} {
		maps.Copy(docs, more)
	}
	return docs
}

// letterDocs holds the words about what did not arrive.
func letterDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"PageDeadLetterRecord": {about: "Dead letters.", fields: pageDocs()},
		"DeadLetterRecord": {about: "A message that could not be used.", fields: map[string]string{
			"id": "Names it for a replay.", "at": "When it arrived.", "topic": "Kafka topic; absent for one that came by HTTP.", "partition": "Partition.", "offset": "Offset.",
			"format": "Format that it was read as.", "reason": "Why it could not be used.", "excerpt": "Its beginning; foreign bytes.", "bytes": "Size of the whole message.",
		}},
		"LetterRef":       {about: "Names a dead letter.", fields: map[string]string{"id": "As the list has it."}},
		"Replay":          {about: "What came of sending a dead letter in again.", fields: map[string]string{"accepted": "New events.", "duplicates": "Events that were known.", "rejected": "Why the rest was refused again."}},
		"PageUndelivered": {about: "Notifications that could not be delivered.", fields: pageDocs()},
		"Undelivered": {about: "News about an incident that a target could not be told.", fields: map[string]string{
			"target": "The room or address.", "incident": "Id of the incident.", "state": "Whether another attempt was asked for.", "given_up_at": "When it was given up.",
			"attempts": "How often it was tried; 0 when too many waited.", "reason": "Why it failed.", "asked_by": "Who asked for another attempt.",
		}},
		"UndeliveredRef": {about: "Names undelivered news.", fields: map[string]string{"target": "The room or address.", "incident": "Id of the incident."}},
	}
}

// decisionDocs holds the words about verdicts, proposals, overrides and the gate.
func decisionDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"PageJudgement": {about: "Verdicts.", fields: pageDocs()},
		"VerdictRequest": {about: "A verdict as it is sent.", fields: map[string]string{
			"decision": "What is decided.", "change": "For confirm and reject: the change, as its id or as source and id. It need not be a suspect.",
			"reason": "Why, in words; at most 2000 characters.", "finding_version": "If given, it must be the newest version.",
		}},
		"VerdictReceipt": {about: "What was kept.", fields: map[string]string{"verdict": "The verdict.", "judgement": "What all verdicts on the incident come to."}},
		"PageProposal":   {about: "Proposals.", fields: pageDocs()},
		"Proposal": {about: "A verdict that an agent proposes. It counts for nothing until a person accepts it.", fields: map[string]string{
			"id": "Id of the proposal.", "incident": "Id of the incident.", "finding_version": "Version of the finding that it is about.", "decision": "What is proposed.",
			"change": "The change, for confirm and reject.", "reason": "Why, in the agent's words; untrusted text.", "proposed_by": "Name of the agent's token.", "proposed_at": "When.",
			"state": "What became of it.", "settled_by": "Who accepted or dismissed it.", "settled_at": "When.", "settled_reason": "Why, in that person's words.",
			"verdict": "Id of the verdict that the acceptance gave.",
		}},
		"ProposalRequest": {about: "A proposal as it is sent.", fields: map[string]string{
			"decision": "What is proposed.", "change": "For confirm and reject: the change, as its id or as source and id.",
			"reason": "Why, with the evidence; at most 2000 characters.", "finding_version": "If given, it must be the newest version.",
		}},
		"SettleRequest": {about: "A person's word on a proposal.", fields: map[string]string{"reason": "Why, in words; at most 2000 characters."}},
		"Acceptance": {about: "What was kept.", fields: map[string]string{
			"proposal": "The proposal as it stands now.", "verdict": "The person's own verdict.", "judgement": "What all verdicts on the incident come to.",
		}},
		"ProposalChanged": {about: "Data of the event proposal.changed.", fields: map[string]string{"incident": "Id of the incident.", "proposals": "How often something was said about proposals on it.", "at": "When it was stored."}},
		"VerdictCreated":  {about: "Data of the event verdict.created.", fields: map[string]string{"incident": "Id of the incident.", "judgements": "How many verdicts it has.", "at": "When it was stored."}},
		"OverrideRequest": {about: "A word on the provenance of a change.", fields: map[string]string{
			"class": "The class, or auto to withdraw earlier words.", "reason": "Why, in words; at most 2000 characters.",
		}},
		"ProvenanceRecord": {about: "What is said about the provenance of a change.", fields: map[string]string{
			"change": "The change.", "provenance": "What counts.", "overrides": "What people said, newest first.",
		}},
		"ReapplyRequest": {about: "Which changes to label again.", fields: map[string]string{
			"from": "Earliest start, inclusive.", "to": "Latest start, exclusive.", "dry_run": "Show the difference and keep nothing.",
			"cursor": "next_cursor of the answer before, with all else unchanged.",
		}},
		"ReapplyResult": {about: "What the rules of today say about changes of the past. One answer covers a part; go on with next_cursor and add up.", fields: map[string]string{
			"rules": "Version of the rules.", "examined": "Changes that were labelled.", "changed": "Changes whose class or label differs from what counted.",
			"overridden": "Changes on which a person has spoken; their class stays.", "classes": "What the rules say, by class.",
			"moves": "The differences in class.", "unknown": "Why changes are of unknown origin.", "next_cursor": "Goes on; absent when all is done.",
		}},
		"PageMaintenanceWindow": {about: "Maintenance windows.", fields: pageDocs()},
		"MaintenanceRequest": {about: "A window as it is announced.", fields: map[string]string{
			"services": "The services whose alerts are muted; empty for all of the environment.", "environment": "The environment; production when absent.",
			"starts_at": "When it begins, 15 seconds from now at the earliest, which is what counts when it is absent.", "ends_at": "When it ends, at most 30 days after its start.",
			"reason": "What is done, in words; at most 2000 characters.",
		}},
		"MaintenanceWindow": {about: "An announced window.", like: "MaintenanceRequest", fields: map[string]string{
			"id": "Its id.", "state": "Whether it runs now.", "created_by": "Who announced it.", "created_at": "When.", "changed_by": "Who changed it last.", "changed_at": "When.",
			"starts_at": "When it begins.",
		}},
		"ClassCount":       {about: "How many changes have a class.", fields: map[string]string{"class": "The class.", "changes": "How many."}},
		"ClassMove":        {about: "Changes whose class differs.", fields: map[string]string{"from": "The class that counted.", "to": "The class that the rules give.", "changes": "How many.", "examples": "Up to five of them, as source/id."}},
		"UnknownReason":    {about: "A reason why nothing is known.", fields: map[string]string{"reason": "The marker that says so, beginning with absent.", "words": "The same for people.", "changes": "How many."}},
		"KeptDecision":     {about: "A decision of the gate as it was given.", like: "GateAnswer", fields: map[string]string{"asked_by": "Name of the token."}},
		"PageKeptDecision": {about: "A page of decisions.", fields: pageDocs()},
		"GateAnswer": {about: "The decision about a change before it is deployed.", fields: map[string]string{
			"decision": "Any rule that denies denies; otherwise any that warns warns.", "change": "The change.", "class": "What part AI had in it.",
			"tier": "Tier of the most critical changed service, 1 to 4; 0 when unknown.", "findings": "The rules that it does not keep.",
			"approvals": "The approvals that were looked at, and what is known of each.", "break_glass": "Whether it goes through in spite of the rules.",
			"policy": "Version of the rules.", "decided_at": "When.",
		}},
		"ApprovalFacts": {about: "An approval with what is known of it.", fields: map[string]string{
			"by": "Who.", "level": "Free text of the sender.", "at": "When; absent without a time.", "timed": "It has a time.", "senior": "The policy takes the level for senior.",
			"human": "No bot and no reviewing agent.", "by_author": "By someone who wrote, opened or started the change.", "before_start": "Given before the change began.",
			"latest": "No commit is known to be younger.", "counts": "Human, by someone else, before the start, of the latest commit.",
		}},
		"RuleFinding": {about: "A rule that a change does not keep.", fields: map[string]string{
			"rule": "Id of the rule.", "title": "What it is about.", "outcome": "What it led to.", "lapse": "What is wrong, in one word.", "reason": "The same as a sentence.", "mend": "What would mend it.",
		}},
		"BreakGlass": {about: "A change that goes through in spite of the rules.", fields: map[string]string{"used": "Whether a reason was given.", "reason": "Why."}},
		"Violation": {about: "A rule that a change did not keep when it went through.", like: "RuleFinding", fields: map[string]string{
			"change": "The change.", "change_title": "Its title.", "kind": "What sort of change it is.", "services": "The changed services.", "started_at": "When it began.",
			"tier": "Tier of the most critical changed service, 1 to 4; 0 when unknown.", "class": "What part AI had in it.", "approvals": "Its approvals, and what is known of each.", "policy": "Version of the rules.",
		}},
		"PageViolation": {about: "A page of violations.", fields: pageDocs()},
	}
}
