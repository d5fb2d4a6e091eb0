package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// The types of event on the stream.
const (
	eventIncident = "incident.updated"
	eventFinding  = "finding.created"
	eventVerdict  = "verdict.created"
	eventProposal = "proposal.changed"
	eventCommand  = "commander.changed"
	// eventReset tells a resuming client that more happened than is replayed:
	// it must load its lists anew.
	eventReset = "reset"
)

// IncidentUpdated tells that an incident has a newer revision.
type IncidentUpdated struct {
	Incident string    `json:"incident"`
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

// FindingCreated tells that an incident has a newer finding.
type FindingCreated struct {
	Incident string    `json:"incident"`
	Version  int       `json:"version"`
	At       time.Time `json:"at"`
}

// VerdictCreated tells that a person judged an incident.
type VerdictCreated struct {
	Incident string `json:"incident"`
	// Judgements counts the verdicts on the incident.
	Judgements int       `json:"judgements"`
	At         time.Time `json:"at"`
}

// ProposalChanged tells that an agent proposed a verdict, or that a person
// accepted or dismissed one.
type ProposalChanged struct {
	Incident string `json:"incident"`
	// Proposals counts what was said about proposals on the incident.
	Proposals int       `json:"proposals"`
	At        time.Time `json:"at"`
}

// CommanderChanged tells that a person took command of an incident or gave it up.
type CommanderChanged struct {
	Incident string `json:"incident"`
	// Commands counts what was said about who commands the incident.
	Commands int       `json:"commands"`
	At       time.Time `json:"at"`
}

// streamEvent is one event, encoded once for all clients.
type streamEvent struct {
	id, kind string
	data     []byte
}

// state is what the hub last saw of an incident.
type state struct {
	revision int64
	version  int
	// judgements counts its verdicts, proposals what was said about proposals,
	// commands what was said about who commands.
	judgements, proposals, commands int
	at                              time.Time
}

// eventsOf are the events that a row tells to someone who last saw before.
func eventsOf(row *query.Update, before state) []streamEvent {
	var events []streamEvent
	if row.Revision != before.revision {
		events = append(events, newEvent(eventIncident, eventID(row.At, row.Incident, "r"+strconv.FormatInt(row.Revision, 10)),
			IncidentUpdated{Incident: row.Incident, Revision: row.Revision, At: row.At}))
	}
	if row.FindingVersion != before.version && row.FindingVersion > 0 {
		events = append(events, newEvent(eventFinding, eventID(row.At, row.Incident, "f"+strconv.Itoa(row.FindingVersion)),
			FindingCreated{Incident: row.Incident, Version: row.FindingVersion, At: row.At}))
	}
	if row.Judgements != before.judgements && row.Judgements > 0 {
		events = append(events, newEvent(eventVerdict, eventID(row.At, row.Incident, "v"+strconv.Itoa(row.Judgements)),
			VerdictCreated{Incident: row.Incident, Judgements: row.Judgements, At: row.At}))
	}
	if row.Proposals != before.proposals && row.Proposals > 0 {
		events = append(events, newEvent(eventProposal, eventID(row.At, row.Incident, "p"+strconv.Itoa(row.Proposals)),
			ProposalChanged{Incident: row.Incident, Proposals: row.Proposals, At: row.At}))
	}
	if row.Commands != before.commands && row.Commands > 0 {
		events = append(events, newEvent(eventCommand, eventID(row.At, row.Incident, "c"+strconv.Itoa(row.Commands)),
			CommanderChanged{Incident: row.Incident, Commands: row.Commands, At: row.At}))
	}
	return events
}

func newEvent(kind, id string, data any) streamEvent {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // The data are strings, numbers and times of the store.
	}
	return streamEvent{id: id, kind: kind, data: raw}
}

// eventID begins with the time of the row, from which any replica can resume.
// Line breaks would end the field, so they are left out.
func eventID(at time.Time, incident, what string) string {
	id := strconv.FormatInt(at.UnixMilli(), 10) + "-" + incident + "-" + what
	return strings.NewReplacer("\n", "", "\r", "", "\x00", "").Replace(id)
}

// eventTime reads the time of an event id, zero when there is none.
func eventTime(id string) time.Time {
	digits, _, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
