package outages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// list is what comes with the program.
func list(t *testing.T) []Outage {
	t.Helper()
	all, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheListIsLargeAndVariedEnoughToJudgeBy(t *testing.T) {
	all := list(t)
	if len(all) < 50 {
		t.Errorf("%d outages", len(all))
	}
	reasons, kinds, companies := map[string]bool{}, map[correlate.ChangeKind]bool{}, map[string]bool{}
	none, old := 0, 0
	for i := range all {
		companies[all[i].Company] = true
		if all[i].NoChange != "" {
			none++
			reasons[all[i].NoChange] = true
		}
		for _, c := range all[i].Changes {
			kinds[c.Kind] = true
			if c.BeforeMinutes > 360 {
				old++
			}
		}
	}
	if share := float64(none) / float64(len(all)); share < 0.2 || share > 0.3 {
		t.Errorf("%.2f of the outages have no guilty change, a quarter is meant", share)
	}
	if len(reasons) < 8 || len(kinds) < 10 || len(companies) < 25 || old < 8 {
		t.Errorf("%d reasons, %d kinds, %d companies, %d changes older than six hours", len(reasons), len(kinds), len(companies), old)
	}
}

func TestServicesAreListedOnceGuiltyOnesFirst(t *testing.T) {
	o := Outage{
		Changes: []Change{{Service: "base"}, {Service: "base"}},
		Alerts:  []Alert{{Service: "site"}},
		Calls:   []string{"site>middle", "middle>base"},
	}
	if got := strings.Join(o.services(), " "); got != "base site middle" {
		t.Errorf("%s", got)
	}
}

// sound is an entry without a fault; each test case breaks one thing.
const sound = `- id: example-2020-01-02
  company: Example
  at: 2020-01-02T03:04:00Z
  source: Example blog, 2020
  changes:
    - {service: base, kind: config, before_minutes: 3, part: a limit}
  alerts:
    - {service: site, signal: errors}
    - {service: shop, after_minutes: 4}
  calls: [site>base, shop>base]
  ends_minutes: 60
`

func TestASoundEntryIsRead(t *testing.T) {
	all, err := parse([]byte(sound))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	o := all[0]
	if o.ID != "example-2020-01-02" || o.Changes[0].BeforeMinutes != 3 || o.Alerts[1].AfterMinutes != 4 || o.At.Minute() != 4 {
		t.Errorf("%+v", o)
	}
}

func TestAFaultyEntryIsNamedWithItsField(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(sound, old, with, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":         {replace("company:", "compani:"), "compani"},
		"id with spaces":        {replace("example-2020-01-02", "Example one"), "id:"},
		"no company":            {replace("company: Example", "company: ''"), "company: missing"},
		"source without a year": {replace("blog, 2020", "blog"), "source:"},
		"too early":             {replace("at: 2020", "at: 2011"), "at:"},
		"neither cause nor not": {replace("  changes:\n    - {service: base, kind: config, before_minutes: 3, part: a limit}\n", ""), "changes: give"},
		"both":                  {sound + "  no_change: power\n", "changes: give"},
		"no end":                {replace("ends_minutes: 60", "ends_minutes: 0"), "ends_minutes"},
		"undone after the end":  {sound + "  rolled_back_minutes: 61\n", "rolled_back_minutes"},
		"kind":                  {replace("kind: config", "kind: magic"), `"magic"`},
		"service":               {replace("service: base", "service: Base 1"), "changes[0].service"},
		"guilty after":          {replace("before_minutes: 3", "before_minutes: 0"), "before_minutes"},
		"no part":               {replace("part: a limit", "part: ''"), "changes[0].part"},
		"step outside":          {replace("part: a limit}", "part: a limit, steps: [{before_minutes: 9, percent: 5}]}"), "steps[0]"},
		"no alerts":             {replace("  alerts:\n    - {service: site, signal: errors}\n    - {service: shop, after_minutes: 4}\n", ""), "alerts: missing"},
		"first alert late":      {replace("signal: errors}", "signal: errors, after_minutes: 1}"), "alerts[0].after_minutes"},
		"alert order":           {replace("after_minutes: 4", "after_minutes: -4"), "alerts[1].after_minutes"},
		"alert after the end":   {replace("after_minutes: 4", "after_minutes: 61"), "after the end"},
		"alert service":         {replace("service: shop", "service: 'Shop?'"), "alerts[1].service"},
		"signal":                {replace("signal: errors", "signal: noise"), `"noise"`},
		"call":                  {replace("shop>base", "shop-base"), "calls[1]"},
		"call to itself":        {replace("shop>base", "shop>shop"), "calls[1]"},
		"cause out of reach":    {replace("[site>base, shop>base]", "[site>shop]"), "no call leads"},
		"twice":                 {sound + sound, "is taken"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Facts in our own words: no entry is long enough to hold a sentence.
func TestEntriesHoldFactsAndNoProse(t *testing.T) {
	all := list(t)
	for i := range all {
		o := &all[i]
		texts := []string{o.Company, o.Source, o.NoChange}
		for _, c := range o.Changes {
			texts = append(texts, c.Part)
		}
		for _, text := range texts {
			if len(strings.Fields(text)) > 8 {
				t.Errorf("%s: %q is prose", o.ID, text)
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(".", "outages.yaml"))
	if err != nil || !slices.Equal(text, published) {
		t.Errorf("the embedded list is not the file beside it: %v", err)
	}
}
