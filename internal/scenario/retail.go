package scenario

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// retailOutage is a shop that cannot sell for six hours. A release of pricing
// reads a price list in a new way that fails for half the articles; it reaches
// the three regions within twenty minutes. Two harmless changes come between it
// and the first alert, the responders undo one of them in vain, and the real
// one is found late.
func retailOutage() teller {
	return teller{
		title: "a shop cannot sell for six hours after a bad deploy",
		story: "A release of the pricing service fails for articles without a list price. Cart, checkout and both shop fronts follow. " +
			"Responders first suspect the checkout release that came later and undo it, scale out, switch recommendations off, and roll pricing back six hours on.",
		lasts: 7 * time.Hour,
		tell:  tellRetail,
	}
}

// storyCompany is a company on tape around an onset: its catalogue, a day of
// routine changes before and the hours after, and alert noise.
func storyCompany(t *tape, c company, onset time.Time, seed uint64, changes int, after time.Duration, spared ...string) *routine {
	day := onset.Add(-26 * time.Hour)
	t.topology(day, c.topology())
	t.topology(onset.Add(-time.Hour), c.topology())
	r := newRoutine(t, c, seed)
	r.changes(day, onset.Add(-30*time.Minute), changes, spared...)
	r.changes(onset.Add(-30*time.Minute), onset.Add(after), changes/6, spared...)
	r.noise(day, onset.Add(after), 24, spared...)
	return r
}

func tellRetail(t *tape, onset time.Time) {
	r := storyCompany(t, shop(), onset, 11, 420, 6*time.Hour, "pricing")
	guilty := releaseOfPricing(r, onset)
	t.change(guilty)
	t.scenario.Guilty, t.scenario.Service = guilty.Key(), "pricing"
	decoy := laterDecoys(r, onset)
	recovered := onset.Add(6*time.Hour + 2*time.Minute)
	tellSymptoms(t, onset, recovered, []symptom{
		{0, "pricing", "HighErrorRate", correlate.SignalErrors, correlate.SeverityCritical, "41 percent of price requests fail: missing list price"},
		{70, "cart", "HighErrorRate", correlate.SignalErrors, correlate.SeverityCritical, "cart cannot price its lines"},
		{105, "checkout", "HighErrorRate", correlate.SignalErrors, correlate.SeverityCritical, "checkout fails for 38 percent of sessions"},
		{160, "storefront-api", "LatencyP99", correlate.SignalLatency, correlate.SeverityHigh, "p99 above 4 s"},
		{200, "search-api", "HighErrorRate", correlate.SignalErrors, correlate.SeverityHigh, "result pages without prices"},
		{260, "mobile-gateway", "HighErrorRate", correlate.SignalErrors, correlate.SeverityHigh, "errors from storefront-api"},
		{420, "order-intake", "OrdersBelowForecast", correlate.SignalBusiness, correlate.SeverityCritical, "orders 47 percent below forecast"},
	})
	respondInShop(r, onset, decoy)
	rollback(r, onset.Add(5*time.Hour+50*time.Minute), guilty, "pricing: back to 2026.46.9")
}

// releaseOfPricing is the guilty one: eleven minutes before the first alert,
// region by region.
func releaseOfPricing(r *routine, onset time.Time) correlate.Change {
	c := r.change(onset.Add(-11*time.Minute), correlate.Service{Name: "pricing", Team: "catalog"})
	finished := onset.Add(9 * time.Minute)
	c.ID, c.Source, c.Kind = "argo-cd-48731", "argo-cd", correlate.KindDeploy
	c.Title = "pricing: read list prices from the new price book"
	c.PreviousVersion = "2026.46.9"
	r.carry(&c, correlate.Service{Name: "pricing", Team: "catalog"}, "2026.47.3")
	c.Commits[0].Files = []string{"pricing/internal/pricebook/reader.go", "pricing/internal/pricebook/listprice.go"}
	c.Commits[0].Message = "pricing: read list prices from the new price book\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
	c.Approvals = nil
	c.AI = &correlate.AIDeclaration{Assistance: correlate.AssistanceAssisted, Tools: []correlate.AITool{{Name: "claude-code"}}}
	c.FinishedAt = &finished
	c.Rollout = []correlate.RolloutStep{
		{At: c.StartedAt, Percent: 10, Region: "eu-central"},
		{At: onset.Add(-3 * time.Minute), Percent: 100, Region: "eu-central"},
		{At: onset.Add(3 * time.Minute), Percent: 100, Region: "us-east"},
		{At: finished, Percent: 100, Region: "ap-south"},
	}
	c.Labels = map[string]string{"team": "catalog", "pipeline": "release"}
	return c
}

// laterDecoys are harmless changes between the guilty one and the first alert,
// on services that will alert. It returns the one that responders suspect.
func laterDecoys(r *routine, onset time.Time) correlate.Change {
	checkout := r.change(onset.Add(-6*time.Minute), correlate.Service{Name: "checkout", Team: "checkout"})
	checkout.ID, checkout.Source, checkout.Kind = "argo-cd-48733", "argo-cd", correlate.KindDeploy
	checkout.Title = "checkout: clearer wording of delivery dates"
	r.carry(&checkout, correlate.Service{Name: "checkout", Team: "checkout"}, "2026.47.12")
	r.tape.change(checkout)
	flag := r.change(onset.Add(-2*time.Minute), correlate.Service{Name: "recommendations", Team: "data"})
	flag.ID, flag.Source, flag.Kind = "flags-48734", "flags", correlate.KindFeatureFlag
	flag.Title, flag.Version, flag.Commits, flag.PullRequests = "recommendations: flag similar-items to 50 percent", "", nil, nil
	r.tape.change(flag)
	return checkout
}

// respondInShop tells what the responders do before they find the cause.
func respondInShop(r *routine, onset time.Time, suspected correlate.Change) {
	rollback(r, onset.Add(52*time.Minute), suspected, "checkout: back to the version of yesterday")
	scale := r.change(onset.Add(24*time.Minute), correlate.Service{Name: "cart", Team: "checkout"})
	scale.ID, scale.Source, scale.Kind, scale.Title = "autoscaler-48801", "autoscaler", correlate.KindScaling, "cart: twice the replicas"
	scale.Actor = &correlate.Actor{ID: "checkout-oncall", Type: correlate.ActorHuman}
	r.tape.change(scale)
	off := r.change(onset.Add(2*time.Hour), correlate.Service{Name: "recommendations", Team: "data"})
	off.ID, off.Source, off.Kind, off.Title = "flags-48870", "flags", correlate.KindFeatureFlag, "recommendations: flag similar-items off"
	off.Actor = &correlate.Actor{ID: "data-oncall", Type: correlate.ActorHuman}
	r.tape.change(off)
}

// rollback tells the undoing of a change by people: a change of its own, after
// which the undone one counts as rolled back.
func rollback(r *routine, at time.Time, of correlate.Change, title string) {
	finished := at.Add(6 * time.Minute)
	r.serial++
	r.tape.change(correlate.Change{
		ID: of.ID + "-rollback", Source: of.Source, Kind: correlate.KindRollback, Title: title, Services: of.Services,
		Environment: of.Environment, Regions: of.Regions, StartedAt: at, FinishedAt: &finished, Status: correlate.StatusSucceeded,
		Version: of.PreviousVersion, PreviousVersion: of.Version, RollbackOf: of.ID,
		Actor: &correlate.Actor{ID: "incident-commander", Type: correlate.ActorHuman},
	})
	r.tape.undone(of, finished)
}

// symptom is one alert of an outage: so many seconds after its onset.
type symptom struct {
	afterSeconds int
	service      string
	name         string
	signal       correlate.Signal
	severity     correlate.Severity
	text         string
}

// tellSymptoms tells the alerts of an outage. They end one after the other when
// it is over.
func tellSymptoms(t *tape, onset, recovered time.Time, symptoms []symptom) {
	for i, s := range symptoms {
		t.alert(correlate.Alert{
			Source: "alertmanager", Service: s.service, Environment: correlate.DefaultEnvironment, Name: s.name,
			Summary: s.service + ": " + s.text, Severity: s.severity, Signal: s.signal,
			StartedAt: onset.Add(time.Duration(s.afterSeconds) * time.Second),
			Links:     map[string]string{"dashboard": "https://metrics.example.com/d/" + s.service},
		}, recovered.Add(time.Duration(i*40)*time.Second))
	}
}
