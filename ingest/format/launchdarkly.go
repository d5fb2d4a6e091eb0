package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// launchDarklyName is the name of the format in routes and settings.
const launchDarklyName = "launchdarkly"

// launchDarkly decodes webhooks of LaunchDarkly, each of which is one entry of
// its audit log. An entry about a flag becomes one change for each environment
// in which it changed what the flag serves; all other entries say nothing.
type launchDarkly struct{ names naming }

func newLaunchDarkly(names naming) launchDarkly { return launchDarkly{names: names} }

// Name is "launchdarkly".
func (launchDarkly) Name() string { return launchDarklyName }

// Verify checks X-LD-Signature, the bare HMAC-SHA256 of the body.
func (launchDarkly) Verify(secret string, header func(string) string, body []byte) error {
	if !signed(secret, body, header("X-LD-Signature")) {
		return event.ErrBadSignature
	}
	return nil
}

// launchDarklyEntry is an entry of the audit log. Date is in milliseconds.
type launchDarklyEntry struct {
	ID       string `json:"_id"`
	Date     int64  `json:"date"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Accesses []struct {
		Action   string `json:"action"`
		Resource string `json:"resource"`
	} `json:"accesses"`
	Description string `json:"description"`
	Comment     string `json:"comment"`
	TitleVerb   string `json:"titleVerb"`
	Member      *struct {
		ID    string `json:"_id"`
		Email string `json:"email"`
	} `json:"member"`
	Target *struct {
		Resources []string `json:"resources"`
	} `json:"target"`
	Links struct {
		Site struct {
			Href string `json:"href"`
		} `json:"site"`
	} `json:"_links"`
}

// Decode makes changes of an entry about a flag.
func (l launchDarkly) Decode(m Message) (event.Batch, []event.Rejection) {
	var entry launchDarklyEntry
	if fe := parse(m.Body, &entry); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	switch {
	case entry.ID == "":
		return event.Batch{}, refuse(lacks("_id"))
	case entry.Kind == "":
		return event.Batch{}, refuse(lacks("kind"))
	case entry.Kind != "flag":
		return event.Batch{}, nil
	case entry.Date <= 0:
		return event.Batch{}, refuse(lacks("date"))
	}
	flags, fe := entry.flags()
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	var batch event.Batch
	m.Meta.Raw = m.Body
	for _, f := range flags {
		e, fe := event.NewChange(l.change(&entry, f, len(flags) > 1), m.Meta)
		if fe != nil {
			return event.Batch{}, refuse(fe)
		}
		batch.Changes = append(batch.Changes, e)
	}
	return batch, nil
}

// flagPlace is a flag in one environment, with what was done to it there.
type flagPlace struct {
	project, environment, flag string
	actions                    []string
}

// harmless are actions that do not change what a flag serves.
var harmless = []string{
	"updateName", "updateDescription", "updateTags", "updateMaintainer", "updateTemporary", "updateIncludeInSnippet",
	"addReviewer", "createApprovalRequest", "reviewApprovalRequest", "updateFlagConfigMigrationSettings", "createFlagLink", "deleteFlagLink",
}

// flags lists the places of an entry, each once with all of its actions.
func (e *launchDarklyEntry) flags() ([]flagPlace, *event.FieldError) {
	var places []flagPlace
	for i, access := range e.Accesses {
		if slices.Contains(harmless, access.Action) {
			continue
		}
		p, ok := placeOf(access.Resource)
		if !ok {
			return nil, &event.FieldError{
				Path: "accesses[" + strconv.Itoa(i) + "].resource", Problem: fmt.Sprintf("%.60q names no flag", access.Resource),
				Mend: "send the payload as the vendor defines it",
			}
		}
		at := slices.IndexFunc(places, func(q flagPlace) bool {
			return q.project == p.project && q.environment == p.environment && q.flag == p.flag
		})
		if at < 0 {
			at, places = len(places), append(places, p)
		}
		places[at].actions = append(places[at].actions, access.Action)
	}
	return places, nil
}

// placeOf reads a resource such as "proj/web:env/production:flag/new-cart;tag",
// whose project may carry tags too.
func placeOf(resource string) (flagPlace, bool) {
	var p flagPlace
	for part := range strings.SplitSeq(resource, ":") {
		part, _, _ = strings.Cut(part, ";")
		kind, name, _ := strings.Cut(part, "/")
		switch kind {
		case "proj":
			p.project = name
		case "env":
			p.environment = name
		case "flag":
			p.flag = name
		}
	}
	return p, p.flag != ""
}

// change maps what was done to a flag in one environment. It is a fact without
// duration.
func (l launchDarkly) change(e *launchDarklyEntry, p flagPlace, several bool) correlate.Change {
	happened := time.UnixMilli(e.Date).UTC()
	where := l.names.environment(p.environment)
	c := correlate.Change{
		ID: e.ID, Source: launchDarklyName, Kind: correlate.KindFeatureFlag,
		Title:    fmt.Sprintf("%s: %s in %s", p.flag, firstOf(e.TitleVerb, strings.Join(p.actions, ", ")), shown(where)),
		Services: []string{l.service(p)}, Environment: where, StartedAt: happened, FinishedAt: &happened, ObservedAt: &happened,
		Status: correlate.StatusSucceeded, Links: &correlate.ChangeLinks{Run: e.address()},
		Labels: labels("flag", p.flag, "project", p.project, "actions", strings.Join(p.actions, ","), "comment", e.Comment, "description", e.Description),
	}
	if several {
		c.ID += ":" + p.environment + ":" + p.flag
	}
	if e.Member != nil && firstOf(e.Member.Email, e.Member.ID) != "" {
		c.Actor = &correlate.Actor{ID: firstOf(e.Member.Email, e.Member.ID), Type: correlate.ActorHuman}
	}
	return c
}

// launchDarklySite is where the addresses in an entry begin.
const launchDarklySite = "https://app.launchdarkly.com"

// address is where people see the flag.
func (e *launchDarklyEntry) address() string {
	if href := e.Links.Site.Href; strings.HasPrefix(href, "/") {
		return launchDarklySite + href
	}
	return e.Links.Site.Href
}

// service names the service that a flag steers: by rule for the flag, then for
// its project, else the project's name. LaunchDarkly itself does not know.
func (l launchDarkly) service(p flagPlace) string {
	if name, known := l.names.mapped(launchDarklyName, "flag", p.flag); known {
		return name
	}
	return l.names.service(launchDarklyName, "project", firstOf(p.project, p.flag))
}
