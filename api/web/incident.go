package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/faultline/faultline/correlate"
)

// maxHistory is how many versions of a finding the page lists.
const maxHistory = 20

// incidentBody is what the incident page shows.
type incidentBody struct {
	Head     incidentHead
	Answer   answer
	Suspects []suspectView
	Verdict  judgement
	// NoChange is the probability that no recorded change did it.
	NoChange *scoreView
	Missing  []string
	History  []versionRow
	// Old tells that an older version of the finding is shown.
	Old      bool
	Timeline *timelineView
	Radius   *radiusView
	Similar  []similarRow
}

// incidentHead is the header of the page.
type incidentHead struct {
	Path, Title      string
	Status, Severity string
	Environment      string
	Started          moment
	Resolved         moment
	Lasted           string
	Services         names
	Regions          []string
	Declared         []string
	// Into is the incident that took this one in, nil for one that stands for itself.
	Into   *outLink
	Alerts int
	// Version and AsOf are those of the finding; Version is 0 without one.
	Version int
	AsOf    moment
	Feeds   []feed
	// Command is who commands.
	Command commandView
	// Export is where the incident is had as a document.
	Export string
	// Grafana is the incident's dashboard, empty for none.
	Grafana string
}

func (s *Site) incidentPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	incident, err := s.deps.Incidents.Incident(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(orZero(r.URL.Query().Get("version")))
	if err != nil || version < 0 {
		return s.wrongAddress(w, r, "“version” is the number of a version of the finding.")
	}
	window, wrong := readWindow(r.URL.Query().Get("window"))
	if wrong != "" {
		return s.wrongAddress(w, r, wrong)
	}
	body, err := s.incidentBody(r, &incident, version)
	if err != nil {
		return err
	}
	if err := s.pictures(ctx, &incident, window, body); err != nil {
		return err
	}
	return s.show(w, r, &view{page: "incident", title: body.Head.Title, section: "Incidents", live: incident.ID, body: body.shown()})
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// assembled is the page while it is put together.
type assembled struct {
	incidentBody
	finding *correlate.Finding
}

func (a *assembled) shown() *incidentBody { return &a.incidentBody }

// incidentBody reads what is known of an incident. An incident without a
// finding is young, and its page says so.
func (s *Site) incidentBody(r *http.Request, incident *correlate.Incident, version int) (*assembled, error) {
	ctx, body := r.Context(), &assembled{}
	var err error
	if body.Head, err = s.incidentHead(ctx, incident); err != nil {
		return nil, err
	}
	sheet, err := s.deps.Findings.Sheet(ctx, incident.ID, maxHistory)
	if err != nil {
		return nil, err
	}
	body.Head.Command = s.commandOf(r, incident, &sheet)
	findings := sheet.Findings
	body.History = s.versions(incident.ID, findings, version)
	if body.finding, err = s.chosenFinding(ctx, incident.ID, findings, version); err != nil {
		return nil, err
	}
	body.Verdict = s.judgement(r, incident, &sheet, version == 0 || len(findings) > 0 && findings[0].Version == version)
	if f := body.finding; f != nil {
		body.Old = len(findings) > 0 && f.Version != findings[0].Version
		body.Head.Version, body.Head.AsOf = f.Version, s.at(f.AsOf)
		body.Suspects = s.suspects(incident, f, &sheet, body.Verdict.Form)
		body.NoChange = &scoreView{Probability: f.NoChangeProbability, Percent: percent(f.NoChangeProbability)}
		for _, gap := range f.Missing {
			body.Missing = append(body.Missing, line(gap))
		}
	}
	if body.Answer = answerOf(incident, body.finding, s.now()); body.Head.Into != nil {
		body.Answer = answer{Band: bandNone, Lead: "It went into ", Title: body.Head.Into.Name, Path: body.Head.Into.Path, Tail: ", where all of it goes on. Below is what was found until then."}
	}
	body.Answer.Next = nextOf(incident, body.finding, body.Suspects, &body.Verdict)
	return body, nil
}

// chosenFinding is the version asked for, the latest for 0, nil when there is
// none yet.
func (s *Site) chosenFinding(ctx context.Context, incident string, known []correlate.Finding, version int) (*correlate.Finding, error) {
	if version == 0 {
		if len(known) == 0 {
			return nil, nil
		}
		return &known[0], nil
	}
	for i := range known {
		if known[i].Version == version {
			return &known[i], nil
		}
	}
	finding, err := s.deps.Findings.Finding(ctx, incident, version)
	return &finding, err
}

func (s *Site) incidentHead(ctx context.Context, in *correlate.Incident) (incidentHead, error) {
	head := incidentHead{
		Path: incidentPath(in.ID), Title: incidentTitle(in), Status: string(in.Status), Severity: severityWord(in.Severity),
		Environment: line(in.Environment), Started: s.at(in.StartedAt), Lasted: lasted(in, s.now()), Services: few(in.Services), Regions: in.Regions,
		Declared: in.Declared, Alerts: len(in.Alerts), Feeds: s.feeds(ctx),
		Grafana: s.grafanaIncident(in), Export: "/v1" + incidentPath(in.ID) + "/export",
	}
	head.Services.Rest = "#radius"
	if in.ResolvedAt != nil {
		head.Resolved = s.at(*in.ResolvedAt)
	}
	into, err := s.takenBy(ctx, []correlate.Incident{*in})
	head.Into = into[in.ID]
	return head, err
}

// pictures adds the timeline, the blast radius and similar incidents.
func (s *Site) pictures(ctx context.Context, in *correlate.Incident, window time.Duration, body *assembled) error {
	timeline, err := s.deps.Timelines.Timeline(ctx, in.ID, time.Time{})
	if err != nil {
		return err
	}
	body.Timeline = s.timeline(in, &timeline, body.finding, window)
	if f := body.finding; f != nil && f.BlastRadius != nil {
		body.Radius = radiusPicture(f.BlastRadius, "changed by the first suspect")
	}
	body.Similar, err = s.similar(ctx, in)
	return err
}

// versionRow is one version of the finding.
type versionRow struct {
	Version int
	Path    string
	AsOf    moment
	// Words are the verdict, Suspect the first suspect, empty for "no change".
	Words, Suspect string
	Probability    string
	Shown          bool
}

// versions lists the history of a finding, newest first.
func (s *Site) versions(incident string, findings []correlate.Finding, shown int) []versionRow {
	rows := make([]versionRow, len(findings))
	for i := range findings {
		f := &findings[i]
		rows[i] = versionRow{
			Version: f.Version, Path: incidentPath(incident), AsOf: s.at(f.AsOf), Words: verdictWords(f.Verdict),
			Probability: percent(f.NoChangeProbability), Shown: f.Version == shown || shown == 0 && i == 0,
		}
		if i > 0 {
			rows[i].Path += "?version=" + strconv.Itoa(f.Version)
		}
		if f.Verdict != correlate.VerdictNoChange && len(f.Suspects) > 0 {
			rows[i].Suspect, rows[i].Probability = changeTitle(&f.Suspects[0].Change), percent(f.Suspects[0].Probability)
		}
	}
	return rows
}
