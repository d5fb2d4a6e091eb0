package dashboards

// Links to Faultline's own pages. The address comes from a variable, because
// Grafana fills none into a dashboard's JSON from its environment.
func incidentLink() link { return link{"Open the incident", "${base_url}/incidents/${__value.raw}"} }

func changeLink() link {
	return link{"Open the change", "${base_url}/changes/${__value.raw}?source=${__data.fields.source}"}
}

// Variables that several dashboards offer.
func serviceVariable() variable {
	return variable{name: "service", label: "Service", sql: "var_service"}
}

// incidentsBoard is the overview: what is burning and what it was laid on.
func incidentsBoard() board {
	return board{
		uid: "faultline-incidents", title: "Faultline: incidents", from: "now-7d", refresh: "30s",
		about:     "Open and recent incidents with the change that most likely caused each.",
		variables: []variable{serviceVariable(), {name: "severity", label: "Severity", sql: "var_severity"}},
		rows: []row{
			{"Now", []panel{
				{shape: shapeStat, title: "Open incidents", about: "Incidents that are open or quiet at this moment, whatever the time range.", sql: "incidents_open", unit: unitCount, width: 4, height: 4},
				{shape: shapeStat, title: "Incidents", about: "Incidents that began in the time range.", sql: "incidents_count", unit: unitCount, width: 5, height: 4},
				{shape: shapeStat, title: "With a probable change", about: "Share of incidents whose newest finding calls its first suspect probable.", sql: "incidents_probable", unit: unitShare, width: 5, height: 4},
				{shape: shapeStat, title: "Median duration", about: "Median time from the first alert to the end of the last, of resolved incidents.", sql: "incidents_duration", unit: unitMinutes, width: 5, height: 4},
				{shape: shapeStat, title: "Judged by people", about: "Share of incidents on which a person has given a verdict.", sql: "incidents_confirmed", unit: unitShare, width: 5, height: 4},
			}},
			{"Incidents", []panel{
				{
					shape: shapeTable, title: "Incidents and their first suspect", about: "Newest first, at most 200. The answer is the machine's; people_say is the last verdict.", sql: "incidents_table",
					unit: unitPlain, width: 24, height: 12, units: map[string]string{"probability": unitShare, "no_change": unitShare, "minutes": unitMinutes},
					links: map[string]link{"incident": incidentLink(), "title": {"Show in detail", "/d/faultline-incident?var-incident=${__data.fields.incident}&${__url_time_range}"}},
				},
			}},
			{"Over time", []panel{
				{shape: shapeBars, title: "Incidents by severity", about: "Incidents by the moment of their first alert.", sql: "incidents_series", unit: unitCount, width: 12, height: 8},
				{shape: shapeBars, title: "Alerts by signal", about: "Alert episodes by their start and golden signal.", sql: "alerts_series", unit: unitCount, width: 12, height: 8},
				{shape: shapeGroups, title: "Alerts by service", about: "The twenty services with most alert episodes; urgent are critical and high.", sql: "alerts_by_service", unit: unitCount, width: 24, height: 9},
			}},
		},
	}
}

// incidentBoard is one incident in detail.
func incidentBoard() board {
	return board{
		uid: "faultline-incident", page: "/incidents/${incident}", title: "Faultline: one incident", from: "now-24h", refresh: "30s",
		about:     "The suspects of one incident with the evidence for and against them, its alerts, and the changes of its services.",
		variables: []variable{{name: "incident", label: "Incident", sql: "var_incident", single: true}},
		rows: []row{
			{"Answer", []panel{
				{
					shape: shapeTable, title: "The incident", about: "State of the incident and the answer of its newest finding.", sql: "incident_head", unit: unitPlain, width: 24, height: 4,
					units: map[string]string{"no_change": unitShare}, links: map[string]link{"incident": incidentLink()},
				},
				{
					shape: shapeTable, title: "Suspects", about: "Suspects of the newest finding; evidence in natural log odds, plus speaks for and minus against.", sql: "incident_suspects",
					unit: unitPlain, width: 24, height: 8, units: map[string]string{"probability": unitShare}, links: map[string]link{"change": changeLink()},
				},
				{shape: shapeGroups, title: "Evidence by kind", about: "Natural log odds of each kind of evidence for the first five suspects. Reach is rollout, region and version together.", sql: "incident_evidence", unit: unitPlain, width: 12, height: 9},
				{shape: shapeLines, title: "How the finding developed", about: "Probability of the first suspect and of no recorded change, by version of the finding.", sql: "incident_findings", unit: unitShare, width: 12, height: 9},
			}},
			{"What happened", []panel{
				{shape: shapeTable, title: "Alerts", about: "The alert episodes of the incident by their start.", sql: "incident_alerts", unit: unitPlain, width: 24, height: 9},
				{
					shape: shapeTable, title: "Changes of its services", about: "Changes in the time range on services of the incident.", sql: "incident_changes", unit: unitPlain, width: 24, height: 9,
					links: map[string]link{"change": changeLink()},
				},
			}},
		},
	}
}
