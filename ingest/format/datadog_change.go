package format

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// datadogPosted is what may stand in the attributes of a posted event: those of
// a change event (Events API v2), or those of a deployment (DORA metrics).
type datadogPosted struct {
	Category    string         `json:"category"`
	Title       string         `json:"title"`
	Message     string         `json:"message"`
	Aggregation string         `json:"aggregation_key"`
	Timestamp   string         `json:"timestamp"`
	Tags        []string       `json:"tags"`
	Host        string         `json:"host"`
	Change      *datadogChange `json:"attributes"`

	ID         string      `json:"id"`
	Service    string      `json:"service"`
	Env        string      `json:"env"`
	Team       string      `json:"team"`
	Version    string      `json:"version"`
	StartedAt  json.Number `json:"started_at"`
	FinishedAt json.Number `json:"finished_at"`
	CustomTags []string    `json:"custom_tags"`
	Git        *struct {
		SHA        string `json:"commit_sha"`
		Repository string `json:"repository_url"`
	} `json:"git"`
}

// datadogChange is what a change event tells of the change itself.
type datadogChange struct {
	Changed  *datadogResource  `json:"changed_resource"`
	Impacted []datadogResource `json:"impacted_resources"`
	Author   *struct {
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"author"`
	Previous json.RawMessage `json:"prev_value"`
	New      json.RawMessage `json:"new_value"`
	Metadata json.RawMessage `json:"change_metadata"`
}

type datadogResource struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// posted maps an event that was posted; other categories than changes say
// nothing.
func (d datadog) posted(data json.RawMessage, m Message) (event.Batch, []event.Rejection) {
	var e struct {
		Type       string         `json:"type"`
		Attributes *datadogPosted `json:"attributes"`
	}
	if fe := parse(data, &e); fe != nil {
		return event.Batch{}, refuse(under("data", fe))
	}
	var c *correlate.Change
	var fe *event.FieldError
	switch {
	case e.Attributes == nil:
		fe = lacks("attributes")
	case e.Attributes.StartedAt != "":
		c, fe = d.deployment(e.Attributes, data)
	case e.Attributes.Category == "change":
		c, fe = d.change(e.Attributes, data, m.Meta.ArrivedAt)
	case e.Attributes.Category == "":
		fe = lacks("attributes.category")
	}
	if fe != nil {
		fe = under("data", fe)
	}
	return changeOr(c, fe, m)
}

// datadogKinds are the kinds of what changed.
var datadogKinds = map[string]correlate.ChangeKind{
	"feature_flag": correlate.KindFeatureFlag, "configuration": correlate.KindConfig, "metric_configuration": correlate.KindConfig,
	"deployment": correlate.KindDeploy,
}

// change maps a change event. It has no id: the same text is the same change. A
// text without time is of the moment at which it first arrived.
func (d datadog) change(p *datadogPosted, data []byte, arrived time.Time) (*correlate.Change, *event.FieldError) {
	switch {
	case p.Title == "":
		return nil, lacks("attributes.title")
	case p.Change == nil || p.Change.Changed == nil || p.Change.Changed.Name == "":
		return nil, lacks("attributes.attributes.changed_resource.name")
	}
	happened := arrived
	if p.Timestamp != "" {
		var fe *event.FieldError
		if happened, fe = timeAt("attributes.timestamp", p.Timestamp); fe != nil {
			return nil, fe
		}
	}
	changed, tags := p.Change.Changed, datadogTags(p.Tags)
	kind, known := datadogKinds[changed.Type]
	if !known {
		kind = correlate.KindOther
	}
	c := &correlate.Change{
		ID: contentID(data), Source: datadogName, Kind: kind, Title: p.Title, Services: d.services(p, tags),
		Environment: d.names.environment(tags.first("env", "environment")), StartedAt: happened, FinishedAt: &happened, ObservedAt: &happened,
		Status: correlate.StatusSucceeded, Version: tags.first("version"), Links: &correlate.ChangeLinks{Run: p.Change.link()}, Actor: p.Change.actor(),
		Labels: labels("resource", changed.Name, "resource_type", changed.Type, "message", p.Message, "aggregation_key", p.Aggregation, "host", p.Host, "team", tags.first("team")),
		Extra:  p.Change.extra(),
	}
	if region := tags.first("region", "datacenter"); region != "" {
		c.Regions = []string{region}
	}
	return c, nil
}

// contentID identifies a text that has no id of its own.
func contentID(text []byte) string { return fmt.Sprintf("%016x", xxhash.Sum64(text)) }

// services are those that the event names as impacted, else those of its tags,
// else what changed: by rule, or under its own name.
func (d datadog) services(p *datadogPosted, tags datadogTags) []string {
	var names []string
	for _, r := range p.Change.Impacted {
		if r.Name != "" && (r.Type == "service" || r.Type == "") {
			names = append(names, d.names.service(datadogName, "service", r.Name))
		}
	}
	if len(names) == 0 {
		for _, name := range tags.all("service") {
			names = append(names, d.names.service(datadogName, "service", name))
		}
	}
	if len(names) == 0 {
		names = []string{d.names.service(datadogName, "resource", p.Change.Changed.Name)}
	}
	return names
}

// actor maps the author, whose type is user, system, api or automation.
func (k *datadogChange) actor() *correlate.Actor {
	if k.Author == nil || k.Author.Name == "" {
		return nil
	}
	a := &correlate.Actor{ID: k.Author.Name}
	switch k.Author.Type {
	case "user":
		a.Type = correlate.ActorHuman
	case "system", "api", "automation":
		a.Type = correlate.ActorAutomation
	}
	return a
}

// link is the address that the free part names, if it does.
func (k *datadogChange) link() string {
	var free struct {
		Link string `json:"resource_link"`
	}
	if json.Unmarshal(k.Metadata, &free) != nil {
		return ""
	}
	return free.Link
}

// extra keeps the values before and after, and the free part.
func (k *datadogChange) extra() map[string]json.RawMessage {
	extra := map[string]json.RawMessage{}
	for name, value := range map[string]json.RawMessage{"prev_value": k.Previous, "new_value": k.New, "change_metadata": k.Metadata} {
		if len(value) > 0 && string(value) != "null" {
			extra[name] = value
		}
	}
	return extra
}

// deployment maps a deployment of the DORA metrics, which is sent when it is
// over.
func (d datadog) deployment(p *datadogPosted, data []byte) (*correlate.Change, *event.FieldError) {
	if p.Service == "" {
		return nil, lacks("attributes.service")
	}
	started, fe := datadogTime("attributes.started_at", p.StartedAt)
	if fe != nil {
		return nil, fe
	}
	c := &correlate.Change{
		ID: firstOf(p.ID, contentID(data)), Source: datadogName, Kind: correlate.KindDeploy, Status: correlate.StatusInProgress,
		Services: []string{d.names.service(datadogName, "service", p.Service)}, Environment: d.names.environment(p.Env),
		StartedAt: started, ObservedAt: &started, Version: p.Version, Labels: labels("team", p.Team),
	}
	if p.FinishedAt != "" {
		finished, fe := datadogTime("attributes.finished_at", p.FinishedAt)
		if fe != nil {
			return nil, fe
		}
		c.FinishedAt, c.ObservedAt, c.Status = &finished, &finished, correlate.StatusSucceeded
	}
	if p.Git != nil {
		c.Commits = commitOf(p.Git.SHA)
		c.Version = firstOf(c.Version, p.Git.SHA)
		addLabels(c, event.RepositoryLabel, p.Git.Repository)
	}
	c.Title = fmt.Sprintf("%s: deployment of %s", p.Service, firstOf(c.Version, "an unknown version"))
	for i, tag := range p.CustomTags {
		addLabels(c, "tag_"+strconv.Itoa(i), tag)
	}
	return c, nil
}

// datadogTime reads seconds, milliseconds or nanoseconds since 1970, told apart
// by their size as Datadog does.
func datadogTime(path string, number json.Number) (time.Time, *event.FieldError) {
	const (
		firstMilli = 100_000_000_000         // In seconds, the year 5138.
		firstNano  = 100_000_000_000_000_000 // In milliseconds, beyond all years; in nanoseconds, 1973.
	)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	switch {
	case err != nil || n <= 0 || n == math.MaxInt64:
		return time.Time{}, &event.FieldError{
			Path: path, Problem: fmt.Sprintf("%.60q is no whole number of time since 1970", number.String()), Mend: "send seconds, milliseconds or nanoseconds",
		}
	case n >= firstNano:
		return time.Unix(0, n).UTC().Truncate(time.Millisecond), nil
	case n >= firstMilli:
		return time.UnixMilli(n).UTC(), nil
	}
	return time.Unix(n, 0).UTC(), nil
}
