package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// listPage is how many rows a list shows.
const listPage = 50

// option is one box of a filter.
type option struct {
	Value, Name string
	Chosen      bool
}

// options lists the values of a filter with those chosen.
func options[T ~string](all, chosen []T) []option {
	out := make([]option, len(all))
	for i, v := range all {
		out[i] = option{Value: string(v), Name: words(string(v)), Chosen: slices.Contains(chosen, v)}
	}
	return out
}

// incidentFilter is the form above the list, as the address has it.
type incidentFilter struct {
	Status, Severity []option
	Service, Text    string
	From, To         string
	// Said is what is filtered in words, empty for nothing.
	Said   string
	parsed query.Incidents
}

// incidentListBody is what the list shows.
type incidentListBody struct {
	Filter incidentFilter
	Rows   []incidentRow
	// Next and First are addresses of other pages, empty where there are none.
	Next, First string
	Feeds       []feed
	Tallies     tallies
}

// incidentRow is one incident in a list.
type incidentRow struct {
	ID, Path, Title  string
	Status, Severity string
	Started          moment
	Lasted           string
	Services         names
	Headline         *headline
	// Into is the incident that took this one in, nil for one that stands for itself.
	Into *outLink
	// Verdict is what people decided, empty while they have not.
	Verdict string
	// Commander is who commands it, empty for nobody.
	Commander string
}

// headline is the newest finding of an incident in a few words.
type headline struct {
	Text, Band  string
	Probability string
}

func (s *Site) incidentList(w http.ResponseWriter, r *http.Request) error {
	filter, wrong := readIncidentFilter(r.URL.Query())
	if wrong != "" {
		return s.wrongAddress(w, r, wrong)
	}
	page, err := s.deps.Incidents.Incidents(r.Context(), filter.parsed)
	if err != nil {
		return err
	}
	rows, err := s.incidentRows(r.Context(), page.Items)
	if err != nil {
		return err
	}
	body := incidentListBody{Filter: filter, Rows: rows, Feeds: s.feeds(r.Context())}
	if body.Tallies, err = s.tallies(r, &filter); err != nil {
		return err
	}
	body.Next, body.First = around(r.URL, page.Next)
	return s.show(w, r, &view{page: "incidents", title: "Incidents", section: "Incidents", live: "*", body: &body})
}

// around returns the addresses of the next page and, unless this is it, of the
// first one.
func around(here *url.URL, next string) (nextPath, firstPath string) {
	values := here.Query()
	if next != "" {
		values.Set("cursor", next)
		nextPath = here.Path + "?" + values.Encode()
	}
	if here.Query().Get("cursor") != "" {
		values.Del("cursor")
		firstPath = strings.TrimSuffix(here.Path+"?"+values.Encode(), "?")
	}
	return nextPath, firstPath
}

// wrongAddress tells what in the address cannot be used.
func (s *Site) wrongAddress(w http.ResponseWriter, r *http.Request, detail string) error {
	return s.Problem(w, r, &Problem{
		Status: http.StatusUnprocessableEntity, Title: "The address of this page is not valid", Detail: detail,
		Choices: []Choice{{Name: "Show the page without filters", Path: r.URL.Path}},
	})
}

// readIncidentFilter reads the address. Wrong is a sentence when it cannot be
// used.
func readIncidentFilter(values url.Values) (f incidentFilter, wrong string) {
	q := query.Incidents{Limit: listPage, Cursor: values.Get("cursor"), Service: values.Get("service"), Text: values.Get("q")}
	var problems [3]string
	q.Status, problems[0] = chosen(values, "status", correlate.IncidentStatuses())
	q.Severity, problems[1] = chosen(values, "severity", correlate.Severities())
	q.From, q.To, problems[2] = period(values)
	if wrong = cmp.Or(problems[:]...); wrong != "" {
		return f, wrong
	}
	if len(q.Status) == 0 {
		// Merged incidents live on in another one of the list.
		q.Status = []correlate.IncidentStatus{correlate.IncidentOpen, correlate.IncidentQuiet, correlate.IncidentResolved}
	}
	f = incidentFilter{
		Status: options(correlate.IncidentStatuses(), q.Status), Severity: options(correlate.Severities(), q.Severity),
		Service: q.Service, Text: q.Text, From: values.Get("from"), To: values.Get("to"), parsed: q, Said: filterWords(values),
	}
	return f, ""
}

// filterNames are the filters that addresses take, in the order in which they are
// said, and how. Those without words of their own take code words.
var filterNames = [...]struct{ name, said string }{
	{"status", ""},
	{"severity", ""},
	{"kind", ""},
	{"class", ""},
	{"lapse", ""},
	{"rule", "rule %s"},
	{"service", "on %s"},
	{"source", "from %s"},
	{"environment", "in %s"},
	{"q", "with “%s”"},
	{"from", "since %s"},
	{"to", "until %s"},
}

// filterWords say what an address filters, empty for nothing: a folded form must
// not hide why a list is short.
func filterWords(values url.Values) string {
	var said []string
	for _, f := range filterNames {
		for _, given := range values[f.name] {
			switch given = line(given); {
			case given == "":
			case f.said == "":
				said = append(said, words(strings.ReplaceAll(given, ",", ", ")))
			default:
				said = append(said, fmt.Sprintf(f.said, given))
			}
		}
	}
	return strings.Join(said, ", ")
}

// chosen reads a filter that may be given many times or separated by commas.
func chosen[T ~string](values url.Values, name string, known []T) (picked []T, wrong string) {
	for _, given := range values[name] {
		for v := range strings.SplitSeq(given, ",") {
			if v == "" {
				continue
			}
			if !slices.Contains(known, T(v)) {
				return nil, fmt.Sprintf("“%s” knows no %q; it takes %s.", name, line(v), joined(known))
			}
			picked = append(picked, T(v))
		}
	}
	return picked, ""
}

func joined[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// clockLayout is how the browser's form writes a moment.
const clockLayout = "2006-01-02T15:04"

// clockValue reads a moment as the browser's form sends it, in UTC, or as
// RFC 3339.
func clockValue(values url.Values, name string) (t time.Time, wrong string) {
	given := values.Get(name)
	if given == "" {
		return t, ""
	}
	for _, layout := range []string{clockLayout, "2006-01-02T15:04:05", time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, given); err == nil {
			return t.UTC(), ""
		}
	}
	return t, fmt.Sprintf("“%s” is no moment; write it like 2026-05-04T10:00, in UTC.", name)
}

// period reads the two moments between which a list shows what began.
func period(values url.Values) (from, to time.Time, wrong string) {
	from, wrongFrom := clockValue(values, "from")
	to, wrongTo := clockValue(values, "to")
	if wrong = cmp.Or(wrongFrom, wrongTo); wrong == "" && !from.IsZero() && !to.IsZero() && !from.Before(to) {
		wrong = "“to” is not after “from”."
	}
	return from, to, wrong
}

// maxRowServices is how many services a row names.
const maxRowServices = 4

// incidentRows prepares incidents for a list.
func (s *Site) incidentRows(ctx context.Context, incidents []correlate.Incident) ([]incidentRow, error) {
	heads, err := s.headlines(ctx, incidents)
	if err != nil {
		return nil, err
	}
	standings, err := s.deps.Judges.Standings(ctx, idsOf(incidents))
	if err != nil {
		return nil, err
	}
	commanders, err := s.deps.Commanders.Commanders(ctx, idsOf(incidents))
	if err != nil {
		return nil, err
	}
	into, err := s.takenBy(ctx, incidents)
	if err != nil {
		return nil, err
	}
	rows := make([]incidentRow, len(incidents))
	for i := range incidents {
		in := &incidents[i]
		rows[i] = incidentRow{
			ID: in.ID, Path: incidentPath(in.ID), Title: incidentTitle(in), Status: string(in.Status), Severity: severityWord(in.Severity),
			Started: s.at(in.StartedAt), Lasted: lasted(in, s.now()), Services: few(in.Services),
			Headline: heads[in.ID], Into: into[in.ID], Commander: line(commanders[in.ID]),
		}
		if rows[i].Into != nil {
			// What was found before the merge is not what is known now.
			rows[i].Headline = nil
		}
		if st := standings[in.ID]; st.Judgements > 0 {
			rows[i].Verdict = standingWords(&st)
		}
	}
	return rows, nil
}

// takenBy finds where merged incidents went, by their ids. One that is stored no
// more is named by its id.
func (s *Site) takenBy(ctx context.Context, incidents []correlate.Incident) (map[string]*outLink, error) {
	var ids []string
	for i := range incidents {
		if id := incidents[i].MergedInto; id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	titles, err := s.deps.Titles.Titles(ctx, ids)
	if err != nil {
		return nil, err
	}
	into := make(map[string]*outLink, len(ids))
	for i := range incidents {
		if id := incidents[i].MergedInto; id != "" {
			into[incidents[i].ID] = &outLink{Name: incidentTitle(&correlate.Incident{ID: id, Title: titles[id]}), Path: incidentPath(id)}
		}
	}
	return into, nil
}

// headlines reads the newest finding of each incident in a few words.
func (s *Site) headlines(ctx context.Context, incidents []correlate.Incident) (map[string]*headline, error) {
	if s.deps.Headlines == nil || len(incidents) == 0 {
		return nil, nil
	}
	found, err := s.deps.Headlines.Headlines(ctx, idsOf(incidents))
	if err != nil {
		return nil, err
	}
	heads := make(map[string]*headline, len(found))
	for i := range found {
		heads[found[i].Incident] = headlineOf(&found[i])
	}
	return heads, nil
}

func idsOf(incidents []correlate.Incident) []string {
	ids := make([]string, len(incidents))
	for i := range incidents {
		ids[i] = incidents[i].ID
	}
	return ids
}

func headlineOf(h *query.Headline) *headline {
	if h.Verdict == correlate.VerdictNoChange || h.Change == (correlate.Key{}) {
		return &headline{Text: "No recorded change did it", Band: bandNone, Probability: percent(h.NoChangeProbability)}
	}
	text := line(h.Title)
	if text == "" {
		text = words(string(h.Kind)) + " " + line(h.Change.ID)
	}
	return &headline{Text: text, Band: band(h.Probability), Probability: percent(h.Probability)}
}

// incidentTitle is never empty, so that there is always a link to follow.
func incidentTitle(in *correlate.Incident) string {
	if title := heading(in.Title); title != "" {
		return title
	}
	return "Incident " + line(in.ID)
}

// severityWord names the severity; senders need not give one that is known.
func severityWord(s correlate.Severity) string {
	if !slices.Contains(correlate.Severities(), s) {
		return "unknown"
	}
	return string(s)
}

// lasted says how long an incident took, or for how long it has been open, nothing
// of one that was merged: the one that took it in goes on.
func lasted(in *correlate.Incident, now time.Time) string {
	if in.Status == correlate.IncidentMerged {
		return ""
	}
	if in.ResolvedAt != nil {
		return span(in.ResolvedAt.Sub(in.StartedAt))
	}
	return span(max(0, now.Sub(in.StartedAt)))
}
