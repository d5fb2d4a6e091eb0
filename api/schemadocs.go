package api

// typeDocs holds the words of the OpenAPI document about every type, in the
// order of the contract: events, incidents and findings, then the API's own.
func typeDocs() map[string]typeDoc {
	docs := eventDocs()
	for name, doc := range findingDocs() {
		docs[name] = doc
	}
	for name, doc := range reportDocs() {
		docs[name] = doc
	}
	for name, doc := range figureDocs() {
		docs[name] = doc
	}
	for name, doc := range answerDocs() {
		docs[name] = doc
	}
	for name, doc := range judgingDocs() {
		docs[name] = doc
	}
	return docs
}

func eventDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Change": {about: "A change to production. Source and id together are its identity.", fields: map[string]string{
			"id": "Unique within the source.", "source": "The sending system, such as argo-cd.", "kind": "What sort of change it is.", "title": "One line.",
			"services": "The changed services; none means everything in the environment.", "environment": "production unless given.", "regions": "None means all regions.",
			"started_at": "When it began to take effect.", "finished_at": "When the rollout was over; absent while it runs.",
			"observed_at": "When the sender saw this; orders updates of one change.", "rollout": "Steps of a staged rollout.", "status": "How far it has come. An end state is never left again.",
			"version": "The version that it brings.", "previous_version": "The version before.", "rollback_of": "Id of the change, of the same source, that this one undoes.",
			"actor": "Who or what made it.", "commits": "What it carries.", "pull_requests": "What it carries.", "approvals": "Who approved it.", "ai": "What the sender declares about AI, unverified.",
			"links": "Where to look.", "labels": "Free labels of the sender.", "extra": "Fields that the contract does not know, as they came.",
		}},
		"RolloutStep": {about: "From this moment on, this share of the region, or these instances, ran the new version.", fields: map[string]string{
			"at": "When the step took effect.", "percent": "0 to 100.", "region": "Empty means all.", "instances": "Named instances, if the sender knows them.",
		}},
		"Actor":  {about: "Who or what made a change.", fields: map[string]string{"id": "Name in the source.", "type": "Sort of actor."}},
		"Person": {about: "Author or committer as the forge states it.", fields: map[string]string{"name": "Name.", "email": "Address.", "login": "Account."}},
		"Commit": {about: "A commit that a change carries.", fields: map[string]string{
			"sha": "Hash.", "message": "Whole message.", "author": "Who wrote it.", "committer": "Who committed it.", "authored_at": "When it was written.",
			"additions": "Lines added.", "deletions": "Lines removed.", "files": "Paths.",
		}},
		"PullRequest": {about: "A pull or merge request that a change carries.", fields: map[string]string{
			"number": "Number in its repository.", "url": "Address.", "title": "Title.", "body": "Description.", "labels": "Labels.",
			"head_branch": "Branch that was merged.", "author": "Who opened it.", "reviews": "Reviews.",
		}},
		"PullRequestAuthor": {about: "The account that opened a pull request.", fields: map[string]string{"login": "Account.", "type": "Sort of account, such as User or Bot."}},
		"Review": {about: "A review of a pull request.", fields: map[string]string{
			"reviewer": "Account.", "state": "As the forge states it, such as approved.", "level": "Free text that a policy maps, such as senior.", "at": "When.",
		}},
		"Approval":      {about: "An approval of a change.", fields: map[string]string{"by": "Who.", "level": "Free text that a policy maps, such as senior.", "at": "When."}},
		"AIDeclaration": {about: "What the sender declares about AI.", fields: map[string]string{"assistance": "The part that AI had.", "tools": "Which.", "lines_percent": "Share of changed lines, 0 to 100.", "session": "Id of the agent's session."}},
		"AITool":        {about: "A tool and, where known, the model that it ran.", fields: map[string]string{"name": "Tool.", "model": "Model."}},
		"ChangeLinks":   {about: "Addresses that help a responder.", fields: map[string]string{"diff": "What changed.", "run": "The run that made it.", "rollback": "Where to undo it. Faultline never does."}},
		"Alert": {about: "One episode of an alerting series, from firing to resolved.", fields: map[string]string{
			"id": "Id in the source.", "source": "The sending system.", "fingerprint": "Identifies the series; made from source, name, service, environment, region and labels unless given.",
			"service": "The service that alerts.", "environment": "production unless given.", "region": "Region.", "instance": "Instance.", "version": "Version that ran.",
			"name": "Name of the rule.", "summary": "One line.", "description": "More.", "severity": "How urgent.", "status": "Firing or resolved.", "signal": "What is measured.",
			"started_at": "When it began to fire.", "resolved_at": "When it stopped; absent while it fires.", "observed_at": "When the sender saw this; orders updates.",
			"labels": "Labels of the series.", "links": "Addresses by name.", "extra": "Fields that the contract does not know, as they came.",
		}},
		"Topology": {about: "Services and who calls whom.", fields: map[string]string{
			"observed_at": "When it was seen.", "source": "Who saw it; empty in answers that merge several sources.", "services": "The services.", "edges": "The calls.",
			"extra": "Fields that the contract does not know, as they came.",
		}},
		"Service": {about: "A service.", fields: map[string]string{
			"name": "Name.", "tier": "1 is the most critical, 4 the least; absent when unknown.", "team": "Who owns it.", "environment": "Environment.", "lifecycle": "Free text of the source.",
		}},
		"Edge": {about: "The caller depends on the callee.", fields: map[string]string{
			"caller": "Service.", "callee": "Service.", "kind": "How it depends.", "calls_per_second": "Absent when unknown.",
		}},
	}
}

func findingDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Incident": {about: "Alerts that belong together by time and by nearness in the call graph.", fields: map[string]string{
			"id": "A function of the alerts alone.", "revision": "Grows with each change of the incident.", "title": "One line.", "status": "A quiet incident has no firing alert and may reopen; a merged one lives on under merged_into.",
			"severity": "The worst of its alerts.", "environment": "Environment.", "started_at": "Start of the first alert.", "resolved_at": "End of the last alert; absent while any fires.",
			"updated_at": "When it last changed.", "services": "Services with an alert.", "regions": "Regions with an alert.", "signals": "What its alerts measure.",
			"alerts": "The episodes, by start.", "merged_into": "Id of the incident that took this one in.", "declared": "Ids that incident tools gave the same incident.",
		}},
		"AlertKey": {about: "Identity of one alert episode.", fields: map[string]string{"fingerprint": "The series.", "started_at": "The episode."}},
		"Finding": {about: "The answer about one incident at one moment.", fields: map[string]string{
			"incident": "Id of the incident.", "version": "Counts from 1 as alerts, changes and recoveries arrive.", "as_of": "Moment of judgement; nothing later was used.",
			"verdict": "The answer in one word. The machine suspects; people confirm.", "no_change_probability": "Probability that no recorded change is to blame.",
			"suspects": "The most probable changes, first the likeliest.", "missing": "What could not be looked at, in words.", "blast_radius": "How far the fault has spread and may spread.",
		}},
		"Judgement": {about: "A person's verdict on a finding. It is never changed; a later one supersedes it.", fields: map[string]string{
			"id": "UUID.", "incident": "Id of the incident.", "finding_version": "The version that was judged.", "decision": "What was decided.",
			"change": "The change that it is about; absent for no_change.", "reason": "Why, in words.", "decided_by": "Name of the token.", "decided_at": "When.",
		}},
		"Standing": {about: "What the verdicts of people on one incident come to: the newest about each change counts.", fields: map[string]string{
			"state":     "Rejected means that suspects were rejected and nothing was put in their place.",
			"confirmed": "The changes that caused it; there may be several.", "rejected": "Changes that did not.", "judgements": "How many verdicts were given.",
			"finding_version": "The version that the newest one is about.", "decided_by": "Who gave the newest one.", "decided_at": "When; absent while there is none.",
		}},
		"Suspect": {about: "A change that may have caused the incident.", fields: map[string]string{
			"change": "The change.", "rank": "From 1.", "probability": "0 to 1.", "evidence": "What speaks for and against it; the terms add up to the probability.",
			"provenance": "What part AI had in it. Never part of the evidence.", "links": "Where to look.",
		}},
		"Evidence": {about: "One signed reason.", fields: map[string]string{
			"kind": "What it rests on.", "log_odds": "Natural logarithm of an odds ratio; positive speaks for the suspect.", "text": "A sentence for a responder.",
			"refs": "alert:<fingerprint>, change:<source>/<id>, service:<name> or an address.",
		}},
		"Provenance": {about: "What part AI had in a change, with what shows it.", fields: map[string]string{
			"class": "The class. No marker is no proof of human work: unknown stays unknown.", "confidence": "0 to 1.", "tools": "Tools that were named.", "evidence": "Markers that were found.",
			"rules": "Version of the rules that gave the label.", "commits": "The class of each commit, where there are several.",
			"commit_share": "Share of the commits that carry a marker of AI, 0 to 1, where there are several.", "source": "Who gave the class.",
			"override": "A person's word, which stands above the rules.", "machine": "What the rules say, where a person's word stands above them.",
		}},
		"CommitProvenance": {about: "The class of one commit.", fields: map[string]string{"sha": "Hash.", "class": "The class.", "confidence": "0 to 1."}},
		"ProvenanceOverride": {about: "A person's word on the provenance of a change. The newest counts.", fields: map[string]string{
			"class": "The class; empty withdraws the words before.", "reason": "Why.", "decided_by": "Name of the token.", "decided_at": "When.",
		}},
		"ProvenanceMark": {about: "One marker.", fields: map[string]string{"marker": "Which rule.", "where": "Where it was found.", "excerpt": "The words.", "weight": "0 to 1."}},
		"BlastRadius": {about: "How far a fault has spread and may spread along the calls.", fields: map[string]string{
			"changed": "Services that were changed.", "alerting": "Services with an alert of the incident.", "quiet": "Services that depend on a changed one, should feel it, and raise no alert.",
			"potential": "How many services can reach a changed one by calls.", "potential_by_tier": "The same by tier, 1 to 4 or unknown.", "teams": "Teams of the services reached.",
			"nodes": "The graph's services, nearest first.", "edges": "The graph's calls.", "truncated": "The graph was cut; the counts were not.",
		}},
		"BlastNode": {about: "A service in the graph.", fields: map[string]string{
			"service": "Name.", "state": "What is known of it.", "distance": "Calls from a changed service.", "tier": "1 to 4; absent when unknown.", "team": "Who owns it.",
		}},
	}
}

func answerDocs() map[string]typeDoc {
	page := map[string]string{"items": "The page.", "next_cursor": "Asks for the next page; absent on the last one."}
	return map[string]typeDoc{
		"PageIncidentRecord": {about: "A page of incidents.", fields: page},
		"PageFindingRecord":  {about: "Versions of a finding.", fields: page},
		"IncidentRecord":     {about: "An incident with what people say about its cause.", like: "Incident", fields: map[string]string{"judgement": "What people say.", "commander": "Who commands it; absent for nobody."}},
		"FindingRecord": {about: "A finding with what people say about it.", like: "Finding", fields: map[string]string{
			"judgement": "What people say.", "provenance_hidden": "The part that AI had in the suspects is not shown to this caller before the cause is decided.",
		}},
		"PageChangeRecord": {about: "A page of changes.", fields: page},
		"ChangeRecord":     {about: "A change with its provenance.", like: "Change", fields: map[string]string{"provenance": "Absent until the change was classified."}},
		"IncidentRadius": {about: "The blast radius that one version of a finding saw.", like: "BlastRadius", fields: map[string]string{
			"incident": "Id of the incident.", "version": "Version of the finding.", "as_of": "Moment of judgement.",
		}},
		"ChangeRadius": {about: "How far a fault in a change could spread.", like: "BlastRadius", fields: map[string]string{
			"change": "The change.", "as_of": "When it began; the call graph is that of this time.",
		}},
		"Key": {about: "Identity of a change.", fields: map[string]string{"source": "The sending system.", "id": "Id there."}},
		"Timeline": {about: "What happened around an incident.", fields: map[string]string{
			"incident": "Id.", "from": "Where it begins.", "to": "Where it ends; absent while the incident goes on.", "services": "Those whose changes were looked for: alerting, suspect, or one call away.",
			"lanes": "Always the same lanes in the same order.",
		}},
		"Lane": {about: "One row of a timeline.", fields: map[string]string{"name": "What it shows.", "moments": "By time.", "truncated": "There was more than fits."}},
		"Moment": {about: "Something that happened; an interval when until is set.", fields: map[string]string{
			"at": "When, or when it began.", "until": "When it ended; absent for moments and for what goes on.", "kind": "Kind of change, severity of an alert, verdict of a finding, or commander.",
			"title": "One line.", "services": "Services.", "status": "Of the alert or change.", "ref": "alert:<fingerprint>, change:<source>/<id>, command:<incident>/<id> or finding:<incident>/<version>.",
			"steps": "Steps of a staged rollout.", "probability": "Of a finding's first suspect.",
		}},
		"ServiceRecord": {about: "A service and what goes on around it.", fields: map[string]string{
			"service": "The service.", "callers": "Who depends on it.", "callees": "What it depends on.",
			"recent_changes": "Its last changes, newest first.", "open_incidents": "Open and quiet incidents that it is part of.",
		}},
		"Receipt": {about: "What is durable now.", fields: map[string]string{
			"accepted": "Events that are stored and were not before.", "duplicates": "Events that were stored before.", "rejected_count": "Events that could not be used.", "rejected": "The first thousand of those.",
		}},
		"Rejection": {about: "An event that could not be used.", fields: map[string]string{
			"line": "1-based line of NDJSON or position in an array.", "path": "The field at fault, dotted with indexes; empty for the event as a whole.", "problem": "What is wrong.", "mend": "How to mend it.", "reason": "Path, problem and mend as one sentence.",
		}},
		"Problem": {about: "An error (RFC 9457).", fields: map[string]string{
			"type": "Stable reference that names the problem.", "title": "What the type means.", "status": "The HTTP status.", "detail": "About this occurrence.", "instance": "Id of the request; the log has the rest under it.",
			"errors": "The fields at fault.", "choices": "Values that would have been accepted, where they are few.",
		}},
		"FieldProblem": {about: "What is wrong with one field.", fields: map[string]string{
			"location": "Where the field is.", "line": "1-based line of NDJSON or position in an array.", "path": "The field, dotted with indexes, or the parameter's name.", "message": "What is wrong.", "mend": "How to mend it.",
		}},
		"IncidentUpdated": {about: "Data of the event incident.updated.", fields: map[string]string{"incident": "Id.", "revision": "Newest revision.", "at": "When it was stored."}},
		"FindingCreated":  {about: "Data of the event finding.created.", fields: map[string]string{"incident": "Id of the incident.", "version": "Newest version.", "at": "When it was stored."}},
		"Health":          {about: "The process answers.", fields: map[string]string{"status": "Always ok."}},
		"Readiness":       {about: "Whether the process can do its work.", fields: map[string]string{"status": "ready when all checks hold.", "checks": "What was looked at."}},
		"ProbeResult":     {about: "One check.", fields: map[string]string{"name": "What was looked at.", "ok": "Whether it holds.", "took_ms": "Milliseconds.", "problem": "Why not; shown only to callers with a token."}},
	}
}
