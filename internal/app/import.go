package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// ImportOptions say what to send where.
type ImportOptions struct {
	Files  []string
	Format string
	Server string
	Token  string
	Output string
}

// Limits of one request that an import makes: well below the server's default
// body limit, large enough that the round trip does not matter.
const (
	importBatchBytes  = 4 << 20
	importBatchValues = 2000
)

// ImportResult counts what became of the imported events.
type ImportResult struct {
	Accepted   int               `json:"accepted"`
	Duplicates int               `json:"duplicates"`
	Rejected   []ImportRejection `json:"rejected"`
}

// ImportRejection is one refused event. Line is where it begins in the file,
// unpacked. Element counts the JSON values of the file from 1; the elements of an
// array count one by one.
type ImportRejection struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Element int    `json:"element"`
	Path    string `json:"path,omitempty"`
	Problem string `json:"problem"`
	Mend    string `json:"mend,omitempty"`
}

// Import sends the events of files to a running service and prints how many
// were accepted, known before, or refused. Refused events are an error, after
// everything else was sent.
func Import(ctx context.Context, opts ImportOptions, stdin io.Reader, out io.Writer) error {
	if opts.Token == "" {
		return errors.New("no token; set FAULTLINE_TOKEN to one with the role ingest (see `faultline token create`)")
	}
	sender, err := newSender(opts)
	if err != nil {
		return err
	}
	for _, name := range opts.Files {
		if err := importFile(ctx, sender, name, opts.Format, stdin); err != nil {
			return err
		}
	}
	if err := printImport(out, opts.Output, sender.result); err != nil {
		return err
	}
	if n := len(sender.result.Rejected); n > 0 {
		first := sender.result.Rejected[0]
		return fmt.Errorf("%d events were refused, first %s %s: %s", n, first.File, first.place(), first.text())
	}
	return nil
}

func (r *ImportRejection) place() place { return place{r.Line, r.Element} }

func (r *ImportRejection) text() string {
	text := r.Problem
	if r.Path != "" {
		text = r.Path + ": " + text
	}
	if r.Mend != "" {
		text += "; " + r.Mend
	}
	return text
}

func printImport(out io.Writer, output string, result ImportResult) error {
	if output != "table" {
		return writeDocument(out, output, result)
	}
	lines := []string{fmt.Sprintf("accepted %d, known before %d, refused %d", result.Accepted, result.Duplicates, len(result.Rejected))}
	for i := range result.Rejected[:min(len(result.Rejected), maxRefusals)] {
		r := &result.Rejected[i]
		lines = append(lines, fmt.Sprintf("- %s %s: %s", r.File, r.place(), r.text()))
	}
	if more := len(result.Rejected) - maxRefusals; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more; -o json lists all", more))
	}
	for _, line := range lines {
		if err := printLine(out, line); err != nil {
			return err
		}
	}
	return nil
}

// maxRefusals is how many refused elements are shown to a person.
const maxRefusals = 20

// importFile sends every JSON value of one file.
func importFile(ctx context.Context, sender *sender, name, format string, stdin io.Reader) error {
	in := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	in, err := gunzip(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	sender.begin(name)
	if err := eachValue(in, func(at place, value json.RawMessage) error {
		return sender.add(ctx, at, value, format)
	}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return sender.flush(ctx)
}

// skipMark skips the byte order mark that some editors begin a text with.
func skipMark(in *bufio.Reader) io.Reader {
	const mark = "\ufeff"
	if head, _ := in.Peek(len(mark)); string(head) == mark {
		_, _ = in.Discard(len(mark))
	}
	return in
}

// gunzip unpacks a gzip stream, told by its first bytes, and passes others.
// Either way a byte order mark is left out.
func gunzip(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(in, 1<<16)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return skipMark(buffered), nil
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return skipMark(bufio.NewReader(unpacked)), nil
}

// route finds the API route of one value: that of the format that was named,
// or, with "auto", that of the format whose telltale fields it has. A value
// without a route has a problem instead.
func route(value json.RawMessage, format string) (to, problem string) {
	switch format {
	case "auto":
	case "change", "alert":
		return "/v1/" + format + "s", ""
	case "topology":
		return "/v1/topology", ""
	default:
		return "/v1/webhooks/" + url.PathEscape(format), ""
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		return "", "is no JSON object; every event is one"
	}
	for _, candidate := range telltales() {
		if candidate.matches(fields) {
			return candidate.route, ""
		}
	}
	return "", "is neither a change, an alert nor a topology snapshot, nor a payload that is recognised; name its --format"
}

// telltale is a set of fields that only payloads of one route have together.
type telltale struct {
	route  string
	fields string
}

func (t *telltale) matches(fields map[string]json.RawMessage) bool {
	for name := range strings.FieldsSeq(t.fields) {
		if _, there := fields[name]; !there {
			return false
		}
	}
	return true
}

// telltales lists the recognised payloads, the most specific first.
func telltales() []telltale {
	return []telltale{
		{"/v1/webhooks/cloudevents", "specversion type source id"},
		{"/v1/webhooks/cloudevents", "context subject"},
		{"/v1/webhooks/grafana", "orgId groupKey alerts"},
		{"/v1/webhooks/alertmanager", "groupKey alerts version"},
		{"/v1/webhooks/argocd", "schema uid operation"},
		{"/v1/webhooks/argo-rollouts", "schema uid podHash"},
		{"/v1/webhooks/datadog", "schema cycle transition"},
		{"/v1/webhooks/datadog", "data"},
		{"/v1/webhooks/flux", "involvedObject reason"},
		{"/v1/webhooks/gitlab", "object_kind project"},
		{"/v1/webhooks/pagerduty-change", "routing_key payload"},
		{"/v1/webhooks/launchdarkly", "_id accesses kind"},
		{"/v1/webhooks/opsgenie", "action alert integrationId"},
		{"/v1/webhooks/pagerduty", "event"},
		{"/v1/webhooks/github", "deployment repository"},
		{"/v1/webhooks/github", "pull_request repository"},
		{"/v1/webhooks/github", "ref commits repository"},
		{"/v1/topology", "edges source"},
		{"/v1/changes", "id kind source"},
		{"/v1/alerts", "service name status"},
	}
}
