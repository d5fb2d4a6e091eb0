package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/correlate"
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

// query are the options as the API takes them.
func (o *IncidentsOptions) query(now time.Time) string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("status", strings.Join(o.Status, ","))
	set("severity", strings.Join(o.Severity, ","))
	set("service", o.Service)
	set("q", o.Text)
	if o.Since > 0 {
		values.Set("from", now.Add(-o.Since).UTC().Format(time.RFC3339))
	}
	if o.Limit > 0 {
		values.Set("limit", strconv.Itoa(o.Limit))
	}
	return values.Encode()
}

// ListIncidents prints one page of incidents, newest first.
func ListIncidents(ctx context.Context, opts IncidentsOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	service, err := newAPIClient(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	var page api.Page[api.IncidentRecord]
	if _, err := service.call(ctx, http.MethodGet, "/v1/incidents?"+opts.query(time.Now()), nil, nil, &page); err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, page)
	}
	if len(page.Items) == 0 {
		_, err := fmt.Fprintln(out, "no incident matches")
		return err
	}
	columns := []terminal.Column{{Title: "started"}, {Title: "incident"}, {Title: "status"}, {Title: "severity"}, {Title: "people say"}, {Title: "services", Give: true}, {Title: "title", Give: true}}
	var rows [][]string
	for i := range page.Items {
		in := &page.Items[i]
		rows = append(rows, []string{
			in.StartedAt.UTC().Format("2006-01-02 15:04"), in.ID, string(in.Status), string(in.Severity),
			string(in.Judgement.State), strings.Join(in.Services, ", "), in.Title,
		})
	}
	if err := terminal.Table(out, columns, rows, terminalOptions(out)); err != nil {
		return err
	}
	if page.NextCursor != "" {
		_, err = fmt.Fprintln(out, "there are more; narrow with --since, --service or --status, or raise --limit (at most 200)")
	}
	return err
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
	service, err := newAPIClient(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	return showIncident(ctx, service, opts, out)
}

func showIncident(ctx context.Context, service *apiClient, opts IncidentOptions, out io.Writer) error {
	path := "/v1/incidents/" + url.PathEscape(opts.Incident)
	var incident api.IncidentRecord
	if _, err := service.call(ctx, http.MethodGet, path, nil, nil, &incident); err != nil {
		return err
	}
	var finding api.FindingRecord
	answer, err := service.do(ctx, http.MethodGet, path+"/finding", nil, nil)
	switch {
	case err != nil:
		return err
	case answer.status == http.StatusNotFound:
		_, err := fmt.Fprintf(out, "%s: %s; no finding yet\n", incident.ID, incident.Title)
		return err
	case answer.status >= http.StatusBadRequest:
		return answer.problem(service.base)
	}
	if err := json.Unmarshal(answer.body, &finding); err != nil {
		return fmt.Errorf("read the finding of %s: %w", opts.Incident, err)
	}
	return printFinding(out, opts.Output, &finding.Finding, incident.Title)
}

// WatchIncidents prints the finding of an incident, or of every incident when
// none is named, each time there is a new one, until ctx ends.
func WatchIncidents(ctx context.Context, opts IncidentOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	service, err := newAPIClient(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	cfg := client.DefaultConfig()
	cfg.Server, cfg.Token = opts.Server, opts.Token
	stream, err := client.Connect(cfg)
	if err != nil {
		return err
	}
	if opts.Incident != "" {
		if err := showIncident(ctx, service, opts, out); err != nil {
			return err
		}
	}
	seen := map[string]int{}
	err = stream.Follow(ctx, func(e client.Event) error {
		return watched(ctx, e, seen, service, opts, out)
	})
	if errors.Is(err, ctx.Err()) {
		return nil // The reader has seen enough.
	}
	return err
}

// watched prints what an event of the stream is about, once for each version.
func watched(ctx context.Context, e client.Event, seen map[string]int, service *apiClient, opts IncidentOptions, out io.Writer) error {
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
	if _, err := fmt.Fprintln(out); err != nil {
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
