package dashboards

// weeklyBoard is what leadership looks at once a week.
func weeklyBoard() board {
	return board{
		uid: "faultline-weekly", page: "/reports", title: "Faultline: weekly leadership", from: "now-12w/w", refresh: "1h",
		about: "Twelve weeks: incidents, their minutes, the flow of changes, and how often the findings were right.",
		rows: []row{
			{"Weeks", []panel{
				{shape: shapeBars, title: "Incidents by week", about: "Incidents by the week of their first alert and severity.", sql: "weekly_incidents", unit: unitCount, width: 12, height: 8},
				{shape: shapeBars, title: "Incident minutes by week", about: "Sum of the durations of incidents; open ones count up to now.", sql: "weekly_minutes", unit: unitMinutes, width: 12, height: 8},
				{shape: shapeBars, title: "Changes by week and provenance", about: "Changes by the week of their start.", sql: "weekly_changes", unit: unitCount, width: 12, height: 8},
				{shape: shapeLines, title: "Were the findings right?", about: "Of the causes that people confirmed in a week: the share that stood first, and among the first three, in the finding they judged.", sql: "weekly_accuracy", unit: unitShare, width: 12, height: 8},
			}},
			{"Where, and what waits", []panel{
				{shape: shapeGroups, title: "Services by incident minutes", about: "The fifteen services with most incident minutes in the time range.", sql: "weekly_services", unit: unitCount, width: 12, height: 10},
				{
					shape: shapeTable, title: "Serious incidents without a verdict", about: "Critical and high incidents that nobody has judged yet.", sql: "weekly_undecided", unit: unitPlain, width: 12, height: 10,
					links: map[string]link{"incident": incidentLink()},
				},
			}},
		},
	}
}

// adminPage leads to a part of Faultline's administration page.
func adminPage(title, part string) *link { return &link{title, "${base_url}/admin#" + part} }

// healthBoard is about Faultline itself.
func healthBoard() board {
	return board{
		uid: "faultline-health", page: "/admin", title: "Faultline: own health", from: "now-6h", refresh: "30s",
		about: "Is Faultline itself well: what arrives, how late, what could not be read, how soon findings appear, whom they did not reach.",
		rows: []row{
			{"Ingest", []panel{
				{shape: shapeLines, title: "Events stored", about: "Events stored for each second, by kind.", sql: "health_rate", unit: unitRate, width: 12, height: 8},
				{shape: shapeLines, title: "From arrival to the store", about: "Time from an event's arrival to its acknowledged insert.", sql: "health_delay", unit: unitSeconds, width: 12, height: 8},
				{
					shape: shapeTable, title: "Sources", about: "When each source was last heard of. A source that has fallen silent hides causes.", sql: "health_sources", unit: unitPlain, width: 24, height: 8,
					units: map[string]string{"silent": unitSeconds},
				},
			}},
			{"Findings", []panel{
				{shape: shapeLines, title: "From the first alert to the first finding", about: "Time from the arrival of an incident's first alert to its first stored finding.", sql: "health_finding", unit: unitSeconds, width: 18, height: 8},
				{shape: shapeStat, title: "Incidents without a finding", about: "Incidents of the time range that have no finding; above zero for a minute means that the correlator is stuck.", sql: "health_backlog", unit: unitCount, width: 6, height: 8, bad: 1},
			}},
			{"Dead letters", []panel{
				{shape: shapeStat, title: "Dead letters", about: "Messages of the time range that could not be read.", sql: "health_dead", unit: unitCount, width: 6, height: 7, bad: 1, page: adminPage("Send them in again", "h-letters")},
				{shape: shapeBars, title: "Dead letters by topic", about: "Messages that could not be read, by topic.", sql: "health_dead_series", unit: unitCount, width: 18, height: 7},
				{shape: shapeTable, title: "Latest dead letters", about: "The reason names the field and the mend; the message is cut at 200 characters.", sql: "health_dead_table", unit: unitPlain, width: 24, height: 9},
			}},
			{"Notifications", []panel{
				{
					shape: shapeStat, title: "Undelivered notifications", about: "Incidents of which a room or an address could not be told after all attempts, and which wait for a person, whatever the time range.",
					sql: "health_undelivered", unit: unitCount, width: 6, height: 8, bad: 1, page: adminPage("Try again or dismiss", "h-lost"),
				},
				{
					shape: shapeTable, title: "What could not be told", about: "The last given up first, at most 100. Mend the reason, then ask for another attempt on the administration page.", sql: "health_undelivered_table",
					unit: unitPlain, width: 18, height: 8, links: map[string]link{"incident": incidentLink()}, page: adminPage("Try again or dismiss", "h-lost"),
				},
			}},
		},
	}
}
