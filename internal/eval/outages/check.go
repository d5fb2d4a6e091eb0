package outages

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// Years that the list covers.
const (
	firstYear = 2012
	lastYear  = 2026
)

var (
	idShape      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	sourceShape  = regexp.MustCompile(`, 20\d\d$`)
	serviceShape = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
)

// check names the first field that is wrong and how to mend it.
func (o *Outage) check() error {
	switch {
	case !idShape.MatchString(o.ID):
		return errors.New("id: use lower-case words and numbers with hyphens")
	case o.Company == "":
		return errors.New("company: missing")
	case !sourceShape.MatchString(o.Source):
		return errors.New("source: name who published it and the year, as in: Example blog, 2020")
	case o.At.Year() < firstYear || o.At.Year() > lastYear || o.At.Location() != time.UTC:
		return fmt.Errorf("at: must be a UTC time from %d to %d", firstYear, lastYear)
	case (len(o.Changes) == 0) == (o.NoChange == ""):
		return errors.New("changes: give the guilty changes, or no_change with what it was")
	case o.EndsMinutes <= 0 || o.RolledBackMinutes < 0 || o.RolledBackMinutes > o.EndsMinutes:
		return errors.New("ends_minutes: must be positive and not before rolled_back_minutes")
	}
	return errors.Join(o.checkChanges(), o.checkAlerts(), o.checkCalls())
}

func (o *Outage) checkChanges() error {
	for i := range o.Changes {
		c := &o.Changes[i]
		switch {
		case !serviceShape.MatchString(c.Service):
			return fmt.Errorf("changes[%d].service: use lower-case words with hyphens", i)
		case !slices.Contains(correlate.ChangeKinds(), c.Kind):
			return fmt.Errorf("changes[%d].kind: %q is not a kind of change", i, c.Kind)
		case c.BeforeMinutes < 1:
			return fmt.Errorf("changes[%d].before_minutes: must be at least 1", i)
		case c.Part == "":
			return fmt.Errorf("changes[%d].part: say what it touched", i)
		}
		for j, step := range c.Steps {
			if step.BeforeMinutes > c.BeforeMinutes || step.Percent <= 0 || step.Percent > 100 {
				return fmt.Errorf("changes[%d].steps[%d]: must lie within the change, from 0 to 100 percent", i, j)
			}
		}
	}
	return nil
}

func (o *Outage) checkAlerts() error {
	if len(o.Alerts) == 0 {
		return errors.New("alerts: missing")
	}
	if o.Alerts[0].AfterMinutes != 0 {
		return errors.New("alerts[0].after_minutes: the first alert is at 0")
	}
	after := 0.0
	for i := range o.Alerts {
		a := &o.Alerts[i]
		switch {
		case !serviceShape.MatchString(a.Service):
			return fmt.Errorf("alerts[%d].service: use lower-case words with hyphens", i)
		case a.Signal != "" && !slices.Contains(correlate.Signals(), a.Signal):
			return fmt.Errorf("alerts[%d].signal: %q is not a signal", i, a.Signal)
		case a.AfterMinutes != 0 && a.AfterMinutes < after:
			return fmt.Errorf("alerts[%d].after_minutes: alerts must be in order", i)
		case a.AfterMinutes > o.EndsMinutes:
			return fmt.Errorf("alerts[%d].after_minutes: after the end", i)
		}
		after = max(after, a.AfterMinutes)
	}
	return nil
}

// checkCalls also wants every guilty service within reach of some alerting one:
// an outage without a way to its cause would be no outage but a slip.
func (o *Outage) checkCalls() error {
	near := map[string][]string{}
	for i, call := range o.Calls {
		caller, callee, ok := strings.Cut(call, ">")
		if !ok || !serviceShape.MatchString(caller) || !serviceShape.MatchString(callee) || caller == callee {
			return fmt.Errorf("calls[%d]: write caller>callee, not %q", i, call)
		}
		near[caller] = append(near[caller], callee)
		near[callee] = append(near[callee], caller)
	}
	reached := map[string]bool{}
	for i := range o.Alerts {
		reach(near, o.Alerts[i].Service, reached)
	}
	for i := range o.Changes {
		if !reached[o.Changes[i].Service] {
			return fmt.Errorf("changes[%d].service: no call leads from an alerting service to %s", i, o.Changes[i].Service)
		}
	}
	return nil
}

// reach marks what calls connect with the service, both ways.
func reach(near map[string][]string, from string, reached map[string]bool) {
	if reached[from] {
		return
	}
	reached[from] = true
	for _, next := range near[from] {
		reach(near, next, reached)
	}
}
