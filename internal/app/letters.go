package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/terminal"
)

// LettersOptions say which messages that did not arrive are meant.
type LettersOptions struct {
	Server, Token string
	Limit         int
	// ID names one dead letter; All means every one that is listed.
	ID  string
	All bool
	// Target and Incident name one undelivered notification.
	Target, Incident string
	Output           string
	Show             Show
}

// check refuses options that the API would.
func (o *LettersOptions) check() error {
	if err := checkOutput(o.Output); err != nil {
		return err
	}
	if o.Limit < 1 || o.Limit > query.MaxLimit {
		return fmt.Errorf("--limit %d is out of bounds; want 1 to %d", o.Limit, query.MaxLimit)
	}
	return nil
}

// letters lists dead letters.
func (r *remote) letters(ctx context.Context, limit int) (*client.PageDeadLetterRecord, error) {
	n := int64(limit)
	page := &client.PageDeadLetterRecord{}
	return page, r.into(page)(r.ListDeadLettersWithResponse(ctx, &client.ListDeadLettersParams{Limit: &n}))
}

// ListDeadLetters prints the messages that could not be used.
func ListDeadLetters(ctx context.Context, opts LettersOptions, out io.Writer) error {
	if err := opts.check(); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	page, err := service.letters(ctx, opts.Limit)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, page)
	}
	if len(page.Items) == 0 {
		_, err := fmt.Fprintln(out, "no dead letters")
		return err
	}
	var rows [][]string
	for i := range page.Items {
		l := &page.Items[i]
		rows = append(rows, []string{l.At.UTC().Format("2006-01-02 15:04"), l.Id, strconv.FormatInt(l.Bytes, 10), l.Reason})
	}
	columns := []terminal.Column{{Title: "arrived"}, {Title: "id"}, {Title: "bytes", Right: true, Drop: 1}, {Title: "reason", Wrap: true}}
	return printTable(out, columns, rows)
}

// ReplayResult is what came of sending dead letters in again.
type ReplayResult struct {
	Sent       int      `json:"sent"`
	Accepted   int64    `json:"accepted"`
	Duplicates int64    `json:"duplicates"`
	Rejected   []string `json:"rejected"`
}

// ReplayDeadLetters sends dead letters in again and prints what came of it. It
// returns ErrNo when some were refused again.
func ReplayDeadLetters(ctx context.Context, opts LettersOptions, out io.Writer) error {
	if err := opts.check(); err != nil {
		return err
	}
	if (opts.ID == "") != opts.All {
		return errors.New("name one dead letter by its id, or say --all; `faultline dead-letters list` shows them")
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	ids := []string{opts.ID}
	if opts.All {
		page, err := service.letters(ctx, opts.Limit)
		if err != nil {
			return err
		}
		ids = ids[:0]
		for i := range page.Items {
			ids = append(ids, page.Items[i].Id)
		}
	}
	result, err := service.replayLetters(ctx, ids, opts.Show.progress("sending in again", opts.Output))
	if err != nil {
		return err
	}
	if err := printReplayed(out, opts.Output, result); err != nil {
		return err
	}
	if len(result.Rejected) > 0 {
		return ErrNo
	}
	return nil
}

// replayLetters sends some dead letters in again, one after the other.
func (r *remote) replayLetters(ctx context.Context, ids []string, progress *terminal.Progress) (*ReplayResult, error) {
	defer progress.Done()
	result := &ReplayResult{Rejected: []string{}}
	for i, id := range ids {
		progress.Step(i, len(ids))
		var one client.Replay
		if err := r.into(&one)(r.ReplayDeadLetterWithResponse(ctx, client.LetterRef{Id: id})); err != nil {
			return nil, fmt.Errorf("dead letter %s, after %d others: %w", id, i, err)
		}
		result.Sent++
		result.Accepted += one.Accepted
		result.Duplicates += one.Duplicates
		for _, reason := range one.Rejected {
			result.Rejected = append(result.Rejected, id+": "+reason)
		}
	}
	return result, nil
}

func printReplayed(out io.Writer, output string, result *ReplayResult) error {
	if output != "table" {
		return writeDocument(out, output, result)
	}
	text := fmt.Sprintf("sent in again %d: accepted %d, known before %d, refused %d", result.Sent, result.Accepted, result.Duplicates, len(result.Rejected))
	if err := printLine(out, text); err != nil {
		return err
	}
	for _, reason := range result.Rejected {
		if err := printLine(out, "  "+reason); err != nil {
			return err
		}
	}
	return nil
}

// ListUndelivered prints the notifications that could not be delivered.
func ListUndelivered(ctx context.Context, opts LettersOptions, out io.Writer) error {
	if err := opts.check(); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	limit := int64(opts.Limit)
	var page client.PageUndelivered
	if err := service.into(&page)(service.ListUndeliveredWithResponse(ctx, &client.ListUndeliveredParams{Limit: &limit})); err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, page)
	}
	if len(page.Items) == 0 {
		_, err := fmt.Fprintln(out, "nothing is undelivered")
		return err
	}
	var rows [][]string
	for i := range page.Items {
		u := &page.Items[i]
		rows = append(rows, []string{u.GivenUpAt.UTC().Format("2006-01-02 15:04"), u.Target, u.Incident, strconv.FormatInt(u.Attempts, 10), string(u.State), u.Reason})
	}
	columns := []terminal.Column{
		{Title: "given up"}, {Title: "target"}, {Title: "incident"}, {Title: "tries", Right: true, Drop: 2}, {Title: "state", Drop: 1}, {Title: "reason", Wrap: true},
	}
	return printTable(out, columns, rows)
}

// ReplayUndelivered asks for another attempt to tell a target of an incident.
func ReplayUndelivered(ctx context.Context, opts LettersOptions, out io.Writer) error {
	return settleUndelivered(&opts, out, "another attempt will be made", func(service *remote, ref client.UndeliveredRef) (answered, error) {
		return service.ReplayUndeliveredWithResponse(ctx, ref)
	})
}

// DismissUndelivered takes a notification from the list of the undelivered.
func DismissUndelivered(ctx context.Context, opts LettersOptions, out io.Writer) error {
	return settleUndelivered(&opts, out, "dismissed", func(service *remote, ref client.UndeliveredRef) (answered, error) {
		return service.DismissUndeliveredWithResponse(ctx, ref)
	})
}

// settleUndelivered says something about one undelivered notification.
func settleUndelivered(opts *LettersOptions, out io.Writer, done string, say func(*remote, client.UndeliveredRef) (answered, error)) error {
	if err := opts.check(); err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	var u client.Undelivered
	if err := service.into(&u)(say(service, client.UndeliveredRef{Target: opts.Target, Incident: opts.Incident})); err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, u)
	}
	return printLine(out, fmt.Sprintf("%s for %s: %s", u.Incident, u.Target, done))
}
