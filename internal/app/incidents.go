package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/terminal"
)

// IncidentsOptions filter the incidents that are listed; empty values do not.
type IncidentsOptions struct {
	Server, Token string
	Status        []string
	Severity      []string
	Service, Text string
	// Since is how far back incidents may have begun; 0 means any.
	Since  time.Duration
	Limit  int
	Output string
}

// params are the options as the API takes them.
func (o *IncidentsOptions) params(now time.Time) *client.ListIncidentsParams {
	p := &client.ListIncidentsParams{}
	if len(o.Status) > 0 {
		list := make([]client.ListIncidentsParamsStatus, len(o.Status))
		for i, status := range o.Status {
			list[i] = client.ListIncidentsParamsStatus(status)
		}
		p.Status = &list
	}
	if len(o.Severity) > 0 {
		list := make([]client.ListIncidentsParamsSeverity, len(o.Severity))
		for i, severity := range o.Severity {
			list[i] = client.ListIncidentsParamsSeverity(severity)
		}
		p.Severity = &list
	}
	if o.Service != "" {
		p.Service = &o.Service
	}
	if o.Text != "" {
		p.Q = &o.Text
	}
	if o.Since > 0 {
		from := now.Add(-o.Since).UTC().Truncate(time.Second)
		p.From = &from
	}
	return p
}

// check says which filter is none, and which may have been meant.
func (o *IncidentsOptions) check() error {
	statuses, severities := IncidentChoices()
	for _, status := range o.Status {
		if !slices.Contains(statuses, status) {
			return notAmong("--status", status, statuses)
		}
	}
	for _, severity := range o.Severity {
		if !slices.Contains(severities, severity) {
			return notAmong("--severity", severity, severities)
		}
	}
	if o.Limit < 0 || o.Limit > MostIncidents {
		return fmt.Errorf("--limit %d is out of bounds; want 1 to %d", o.Limit, MostIncidents)
	}
	if o.Since < 0 {
		return fmt.Errorf("--since %s is in the future; want how far back, as 24h", o.Since)
	}
	return nil
}

// MostIncidents is how many incidents one command lists at most, page by page.
const MostIncidents = 10_000

// ListIncidents prints incidents, newest first: as many as are asked for, of as many
// pages as that takes.
func ListIncidents(ctx context.Context, opts IncidentsOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	if err := opts.check(); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	found, err := service.incidents(ctx, opts.params(time.Now()), opts.Limit)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, found)
	}
	if len(found.Items) == 0 {
		_, err := fmt.Fprintln(out, "no incident matches")
		return err
	}
	if err := printIncidents(out, found.Items); err != nil {
		return err
	}
	if found.NextCursor != "" {
		more := "there are more; narrow with --since, --service or --status"
		if opts.Limit < MostIncidents {
			more += fmt.Sprintf(", or raise --limit (at most %d)", MostIncidents)
		}
		return printLine(out, more)
	}
	return nil
}

// incidents asks for pages until there are as many incidents as asked for, a page
// of the service's own length for 0, or no more. NextCursor is empty only when that
// was all.
func (r *remote) incidents(ctx context.Context, params *client.ListIncidentsParams, limit int) (api.Page[api.IncidentRecord], error) {
	found := api.Page[api.IncidentRecord]{Items: []api.IncidentRecord{}}
	if limit == 0 {
		limit = query.DefaultLimit
	}
	for {
		size := int64(min(limit-len(found.Items), query.MaxLimit))
		params.Limit = &size
		var page api.Page[api.IncidentRecord]
		if err := r.into(&page)(r.ListIncidentsWithResponse(ctx, params)); err != nil {
			return found, err
		}
		found.Items = append(found.Items, page.Items...)
		found.NextCursor = page.NextCursor
		if page.NextCursor == "" || len(page.Items) == 0 || len(found.Items) >= limit {
			return found, nil
		}
		params.Cursor = &page.NextCursor
	}
}

// printIncidents prints a table. What people say and who commands take a column
// only where there is any of it, so that the titles keep their room.
func printIncidents(out io.Writer, items []api.IncidentRecord) error {
	columns := []terminal.Column{{Title: "started"}, {Title: "incident"}, {Title: "status"}, {Title: "severity"}}
	judged := slices.ContainsFunc(items, func(in api.IncidentRecord) bool { return in.Judgement.Judgements > 0 })
	commanded := slices.ContainsFunc(items, func(in api.IncidentRecord) bool { return in.Commander != "" })
	if judged {
		columns = append(columns, terminal.Column{Title: "people say", Drop: 1})
	}
	if commanded {
		columns = append(columns, terminal.Column{Title: "commander", Give: true, Drop: 2})
	}
	columns = append(columns, terminal.Column{Title: "services", Give: true, Drop: 3, Least: 20}, terminal.Column{Title: "title", Give: true})
	layout := startLayout(items)
	rows := make([][]string, len(items))
	for i := range items {
		in := &items[i]
		row := []string{in.StartedAt.UTC().Format(layout), in.ID, string(in.Status), string(in.Severity)}
		if judged {
			row = append(row, string(in.Judgement.State))
		}
		if commanded {
			row = append(row, in.Commander)
		}
		rows[i] = append(row, strings.Join(in.Services, ", "), in.Title)
	}
	return printTable(out, columns, rows)
}

// startLayout leaves the year out where all incidents began in the same one.
func startLayout(items []api.IncidentRecord) string {
	for i := range items {
		if items[i].StartedAt.UTC().Year() != items[0].StartedAt.UTC().Year() {
			return "2006-01-02 15:04"
		}
	}
	return "01-02 15:04"
}

// IncidentOptions name one incident.
type IncidentOptions struct {
	Server, Token, Incident string
	Output                  string
}

// ShowIncident prints the newest finding of an incident.
func ShowIncident(ctx context.Context, opts IncidentOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	return showIncident(ctx, service, opts, out)
}

func showIncident(ctx context.Context, service *remote, opts IncidentOptions, out io.Writer) error {
	var incident api.IncidentRecord
	if err := service.into(&incident)(service.GetIncidentWithResponse(ctx, opts.Incident, nil)); err != nil {
		return err
	}
	finding, _, err := service.findingOf(ctx, opts.Incident)
	if client.NotFound(err) {
		return noFinding(out, opts.Output, &incident)
	}
	if err != nil {
		return err
	}
	open, err := service.proposals(ctx, opts.Incident, false)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, shownFinding{&finding.Finding, open})
	}
	if incident.MergedInto != "" {
		if err := printLine(out, fmt.Sprintf("%s was merged into %s; this is what was thought of it before. `faultline incidents show %s` shows the whole.\n",
			incident.ID, incident.MergedInto, incident.MergedInto)); err != nil {
			return err
		}
	}
	if err := printFinding(out, opts.Output, &finding.Finding, incident.Title); err != nil {
		return err
	}
	return offerProposals(out, opts.Incident, open)
}

// shownFinding is a finding with the proposals that wait for a person.
type shownFinding struct {
	*correlate.Finding
	Proposals []query.Proposal `json:"proposals"`
}

// offerProposals prints what waits for a person below a finding, and how to
// settle it.
func offerProposals(out io.Writer, incident string, open []query.Proposal) error {
	if len(open) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(out, "\nProposed by agents, unconfirmed"); err != nil {
		return err
	}
	if err := printProposals(out, open); err != nil {
		return err
	}
	return printLine(out, fmt.Sprintf("settle with `faultline proposals accept|dismiss %s PROPOSAL`", incident))
}

// noFinding says that there is none yet; a script gets the incident without one.
func noFinding(out io.Writer, output string, incident *api.IncidentRecord) error {
	if output != "table" {
		return writeDocument(out, output, map[string]any{"incident": incident.ID, "version": 0, "suspects": []any{}})
	}
	return printLine(out, fmt.Sprintf("%s: %s; no finding yet", incident.ID, incident.Title))
}

// WatchIncidents prints the finding of an incident, or of every incident when
// none is named, each time there is a new one, until ctx ends.
func WatchIncidents(ctx context.Context, opts IncidentOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	if opts.Incident != "" {
		if err := showIncident(ctx, service, opts, out); err != nil {
			return err
		}
	}
	seen := map[string]int{}
	err = service.Follow(ctx, func(e client.Event) error {
		return watched(ctx, e, seen, service, opts, out)
	})
	if errors.Is(err, ctx.Err()) {
		return nil // The reader has seen enough.
	}
	return service.explain(err)
}

// watched prints what an event of the stream is about, once for each version.
func watched(ctx context.Context, e client.Event, seen map[string]int, service *remote, opts IncidentOptions, out io.Writer) error {
	if e.Kind != "finding.created" {
		return nil
	}
	var created api.FindingCreated
	if err := json.Unmarshal(e.Data, &created); err != nil {
		return fmt.Errorf("event %s of the stream: %w", e.ID, err)
	}
	if (opts.Incident != "" && created.Incident != opts.Incident) || created.Version <= seen[created.Incident] {
		return nil
	}
	seen[created.Incident] = created.Version
	between := ""
	if opts.Output == "yaml" {
		between = "---"
	}
	if _, err := fmt.Fprintln(out, between); err != nil {
		return err
	}
	one := opts
	one.Incident = created.Incident
	return showIncident(ctx, service, one, out)
}

// IncidentChoices are the values that the filters take, for completion.
func IncidentChoices() (statuses, severities []string) {
	for _, s := range correlate.IncidentStatuses() {
		statuses = append(statuses, string(s))
	}
	for _, s := range correlate.Severities() {
		severities = append(severities, string(s))
	}
	return statuses, severities
}
