package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/terminal"
)

// CommanderOptions say who commands an incident.
type CommanderOptions struct {
	Server, Token, Incident string
	// Name is who commands from now on; empty asks who does, unless Nobody is set.
	Name string
	// Nobody says that nobody commands any more.
	Nobody bool
	Output string
}

// Commander prints who commands an incident and who did before, after it kept
// another where one is named.
func Commander(ctx context.Context, opts CommanderOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	if opts.Nobody && opts.Name != "" {
		return fmt.Errorf("--nobody contradicts the name %q; give one of the two", opts.Name)
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	record, tag, err := service.commander(ctx, opts.Incident)
	if err != nil {
		return err
	}
	if opts.Nobody || opts.Name != "" {
		if record, err = service.setCommander(ctx, opts.Incident, tag, opts.Name); err != nil {
			return err
		}
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, record)
	}
	return printCommander(out, record)
}

// commander is who commands an incident, and the tag that names that.
func (r *remote) commander(ctx context.Context, incident string) (record api.CommanderRecord, tag string, err error) {
	answer, err := r.GetCommanderWithResponse(ctx, incident, nil)
	if err == nil {
		tag = answer.HTTPResponse.Header.Get("ETag")
	}
	err = r.into(&record)(answer, err)
	return record, tag, err
}

// setCommander keeps who commands from now on, unless somebody has spoken since
// the tag was read.
func (r *remote) setCommander(ctx context.Context, incident, tag, name string) (record api.CommanderRecord, err error) {
	sent, err := body(api.CommanderRequest{Commander: &name})
	if err != nil {
		return record, err
	}
	err = r.into(&record)(r.SetCommanderWithBodyWithResponse(ctx, incident, &client.SetCommanderParams{IfMatch: &tag}, jsonType, sent))
	return record, err
}

// printCommander prints who commands in a sentence, and the history below it.
func printCommander(out io.Writer, record api.CommanderRecord) error {
	now := record.Incident + ": nobody commands"
	if record.Commander != "" {
		now = record.Incident + ": " + record.Commander + " commands"
	}
	if err := printLine(out, now); err != nil || len(record.History) == 0 {
		return err
	}
	rows := make([][]string, len(record.History))
	for i := range record.History {
		c := &record.History[i]
		name := c.Commander
		if name == "" {
			name = "(nobody)"
		}
		rows[i] = []string{c.SetAt.UTC().Format(time.DateTime), name, c.SetBy}
	}
	return printTable(out, []terminal.Column{{Title: "since"}, {Title: "commander", Give: true}, {Title: "said by", Give: true}}, rows)
}
