package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// maxCommander is the longest name of a commander, in characters.
const maxCommander = 100

// CommanderRecord is who commands an incident, and everyone who did before.
type CommanderRecord struct {
	Incident string `json:"incident"`
	// Commander is empty while nobody commands.
	Commander string `json:"commander"`
	// History has every word about it, the newest first.
	History []query.Command `json:"history"`
}

// CommanderRequest is the body that says who commands from now on. An empty name
// says that nobody does.
type CommanderRequest struct {
	Commander *string `json:"commander"`
}

type commanderInput struct {
	Delivery
	ID      string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
	IfMatch string `header:"If-Match" doc:"ETag of the incident, or of who commands it, as the caller saw it." example:"\"inc-7f3a-commander-0\""`
}

type commanderReply struct {
	ETag string `header:"ETag" doc:"Strong validator of who commands; send it back as If-Match."`
	Body CommanderRecord
}

func (s *Server) routeCommander() {
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/commander", id: "getCommander", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Get who commands an incident", about: "With everyone who did before, newest first. An empty name says that nobody does.",
		example: exampleCommanderRecord(), problems: []problemType{invalidParameter, incidentNotFound},
	}, s.getCommander)
	register(s, route{
		method: http.MethodPut, path: "/v1/incidents/{id}/commander", id: "setCommander", tag: tagIncidents, access: accessJudge,
		summary: "Say who commands an incident",
		about: "An empty name says that nobody commands any more. Nothing is overwritten: each word is kept with who said it, in the audit and on the timeline. " +
			"`If-Match` takes the ETag of the incident or of who commands it: without it the answer is 428, after somebody else's word 412. Saying what holds already keeps nothing.",
		example:  exampleCommanderRecord(),
		problems: append(bodyProblems(), invalidParameter, incidentNotFound, incidentMerged, preconditionRequired, preconditionFailed),
		body:     s.objectBody(reflect.TypeFor[CommanderRequest](), "Who commands.", map[string]any{"commander": "ada"}),
	}, s.putCommander)
}

func (s *Server) getCommander(ctx context.Context, in *IncidentInput) (*reply[CommanderRecord], error) {
	if _, err := s.incident(ctx, in.ID); err != nil {
		return nil, err
	}
	said, err := s.commands(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	record := commanderRecord(in.ID, said)
	return tagged(&in.Conditional, commanderTag(in.ID, said), &record)
}

func (s *Server) putCommander(ctx context.Context, in *commanderInput) (*commanderReply, error) {
	var said []query.Command
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) (err error) {
		var asked CommanderRequest
		if err := decodeInto(body, &asked); err != nil {
			return err
		}
		if asked.Commander == nil {
			return invalidInput.orNil([]FieldProblem{{Location: "body", Path: "commander", Message: "missing", Mend: "name the person, or send an empty text when nobody commands any more"}})
		}
		said, err = s.command(ctx, in.ID, in.IfMatch, *asked.Commander)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &commanderReply{ETag: commanderTag(in.ID, said), Body: commanderRecord(in.ID, said)}, nil
}

// commands reads every word about who commands an incident, the oldest first.
func (s *Server) commands(ctx context.Context, incident string) ([]query.Command, error) {
	said, err := s.deps.Store.Commands(ctx, []string{incident})
	if err != nil {
		return nil, fmt.Errorf("read who commands %s: %w", incident, err)
	}
	return said, nil
}

// commanders reads who commands some incidents; those that nobody does are left
// out.
func (s *Server) commanders(ctx context.Context, incidents []string) (map[string]string, error) {
	said, err := s.deps.Store.Commands(ctx, incidents)
	if err != nil {
		return nil, fmt.Errorf("read who commands: %w", err)
	}
	by := map[string]string{}
	for i := range said {
		by[said[i].Incident] = said[i].Commander
	}
	return by, nil
}

// command keeps who commands an incident from now on, and returns all that was
// said about it.
func (s *Server) command(ctx context.Context, id, ifMatch, name string) ([]query.Command, error) {
	name = strings.TrimSpace(name)
	if err := checkCommander(name); err != nil {
		return nil, err
	}
	if ifMatch == "" {
		return nil, preconditionRequired.with("to say who commands needs If-Match", FieldProblem{
			Location: "header", Path: "If-Match", Message: "missing", Mend: "send the ETag of the incident or of who commands it",
		})
	}
	// One at a time, so that of two who take command at once the second learns
	// about the first.
	if err := s.judging.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.judging.Release(1)
	said, err := s.commanded(ctx, id, ifMatch)
	if err != nil || query.CommanderOf(said) == name {
		return said, err
	}
	word := query.Command{ID: uuid.NewString(), Incident: id, Commander: name, SetBy: requestOf(ctx).callerName(), SetAt: s.moment()}
	// Clocks of replicas differ; the newest word must stay the newest.
	if n := len(said); n > 0 && !word.SetAt.After(said[n-1].SetAt) {
		word.SetAt = said[n-1].SetAt.Add(time.Millisecond)
	}
	if err := s.deps.Store.SaveCommand(ctx, word); err != nil {
		return nil, fmt.Errorf("keep who commands %s: %w", id, err)
	}
	return append(said, word), nil
}

// checkCommander says what is wrong with a name.
func checkCommander(name string) error {
	wrong := ""
	switch {
	case utf8.RuneCountInString(name) > maxCommander:
		wrong = fmt.Sprintf("longer than %d characters", maxCommander)
	case strings.ContainsFunc(name, unicode.IsControl):
		wrong = "holds a control character or a line break"
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }):
		wrong = "holds a mark that turns the direction of text"
	case name != "" && !strings.ContainsFunc(name, unicode.IsGraphic):
		wrong = "has nothing that can be seen"
	}
	if wrong == "" {
		return nil
	}
	return invalidInput.orNil([]FieldProblem{{Location: "body", Path: "commander", Message: wrong, Mend: "give a name on one line, as others know the person"}})
}

// commanded reads what was said about who commands, and refuses another word by
// somebody who did not see the last one.
func (s *Server) commanded(ctx context.Context, id, ifMatch string) ([]query.Command, error) {
	incident, standing, said, err := s.incidentState(ctx, id)
	if err != nil {
		return nil, err
	}
	if incident.MergedInto != "" {
		return nil, incidentMerged.with("the incident is part of " + incident.MergedInto + "; say it there").offering([]string{incident.MergedInto})
	}
	if !matches(ifMatch, []string{commanderTag(id, said), incidentTag(&incident, &standing, said)}) {
		now := query.CommanderOf(said)
		if now == "" {
			now = "nobody"
		}
		return nil, preconditionFailed.with(now+" commands the incident now", FieldProblem{
			Location: "header", Path: "If-Match", Message: "somebody has spoken since, or the incident has changed", Mend: "read who commands again, and send its ETag",
		})
	}
	return said, nil
}

// commanderTag is the ETag of who commands an incident.
func commanderTag(incident string, said []query.Command) string {
	return tag(incident, "commander", len(said))
}

func commanderRecord(incident string, said []query.Command) CommanderRecord {
	history := list(slices.Clone(said))
	slices.Reverse(history)
	return CommanderRecord{Incident: incident, Commander: query.CommanderOf(said), History: history}
}

// commandMoments are the words about who commands, as the timeline has them.
func commandMoments(said []query.Command) []Moment {
	moments := make([]Moment, len(said))
	for i := range said {
		c := &said[i]
		moments[i] = Moment{At: c.SetAt, Kind: "commander", Title: commandWords(c), Ref: "command:" + c.Incident + "/" + c.ID}
	}
	return moments
}

// commandWords say a word about who commands in a sentence.
func commandWords(c *query.Command) string {
	switch c.Commander {
	case "":
		return "Nobody commands any more, said " + c.SetBy
	case c.SetBy:
		return c.Commander + " takes command"
	default:
		return c.Commander + " takes command, said " + c.SetBy
	}
}

// incidentState reads an incident with what people said about it.
func (s *Server) incidentState(ctx context.Context, id string) (correlate.Incident, correlate.Standing, []query.Command, error) {
	incident, err := s.incident(ctx, id)
	if err != nil {
		return incident, correlate.Standing{}, nil, err
	}
	standing, err := s.standing(ctx, id)
	if err != nil {
		return incident, standing, nil, err
	}
	said, err := s.commands(ctx, id)
	return incident, standing, said, err
}

func exampleCommand() query.Command {
	return query.Command{ID: "c6a1f3de-8d0a-4d29-9a80-2f0f4a8f0e55", Incident: "inc-7f3a", Commander: "ada", SetBy: "ada", SetAt: exampleTime(10, 2, 0)}
}

func exampleCommanderRecord() CommanderRecord {
	return commanderRecord("inc-7f3a", []query.Command{exampleCommand()})
}

// commanderDocs holds the words of the OpenAPI document about commanders.
func commanderDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"CommanderRecord": {about: "Who commands an incident.", fields: map[string]string{
			"incident": "Id of the incident.", "commander": "Name of the person; empty while nobody does.", "history": "Every word about it, newest first.",
		}},
		"Command": {about: "One word about who commands.", fields: map[string]string{
			"id": "Id of the word, as in the audit.", "incident": "Id of the incident.", "commander": "Name of the person; empty for nobody any more.", "set_by": "Who said so.", "set_at": "When.",
		}},
		"CommanderRequest": {about: "Who commands from now on.", fields: map[string]string{"commander": "Name of the person, at most 100 characters on one line; empty for nobody."}},
		"CommanderChanged": {about: "Data of the event commander.changed.", fields: map[string]string{"incident": "Id of the incident.", "commands": "How often something was said about who commands it.", "at": "When it was stored."}},
	}
}
