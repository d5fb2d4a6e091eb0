package event

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestForeignChangeIsHeldToTheContract(t *testing.T) {
	good := correlate.Change{ID: "7", Source: "github", Kind: correlate.KindDeploy, StartedAt: noon, Services: []string{"checkout"}}
	meta := Meta{ArrivedAt: noon, Format: "github", Raw: []byte("as it came")}
	e, fe := NewChange(good, meta)
	if fe != nil {
		t.Fatal(fe)
	}
	if e.Environment != "" || string(e.Raw) != "as it came" || e.Format != "github" || e.UID == 0 {
		t.Errorf("event = %+v", e)
	}
	meta.ArrivedAt = noon.Add(time.Hour)
	if again, _ := NewChange(good, meta); again.UID != e.UID {
		t.Error("a redelivery has another UID")
	}
	meta.Raw = []byte("as it came later")
	if update, _ := NewChange(good, meta); update.UID == e.UID {
		t.Error("an update has the UID of what it updates")
	}
}

func TestForeignValuesAreRefusedByFieldAndMend(t *testing.T) {
	change := func(edit func(*correlate.Change)) *FieldError {
		c := correlate.Change{ID: "7", Source: "github", Kind: correlate.KindDeploy, StartedAt: noon}
		edit(&c)
		_, fe := NewChange(c, Meta{ArrivedAt: noon})
		return fe
	}
	alert := func(edit func(*correlate.Alert)) *FieldError {
		a := correlate.Alert{Source: "s", Service: "a", Name: "n", Status: correlate.AlertFiring, StartedAt: noon}
		edit(&a)
		_, fe := NewAlert(a, Meta{ArrivedAt: noon})
		return fe
	}
	for _, c := range []struct {
		got  *FieldError
		want string
	}{
		{change(func(c *correlate.Change) { c.StartedAt = time.Time{} }), "started_at: is missing; send a time such as 2026-11-19T09:00:00Z"},
		{change(func(c *correlate.Change) { c.Services = []string{""} }), "services[0]: is empty; send a name"},
		{change(func(c *correlate.Change) { c.Version = "\x00" }), "version: holds a NUL byte; remove it"},
		{change(func(c *correlate.Change) { c.StartedAt = time.Unix(0, 0).UTC() }), "started_at: 1970-01-01T00:00:00Z is outside of 2000-01-01 to 2027-11-20; check the clock and the unit of the sender"},
		{change(func(c *correlate.Change) { c.Title = strings.Repeat("x", MaxLineBytes+1) }), "title: has 131073 bytes, more than the limit of 131072; shorten it"},
		{change(func(c *correlate.Change) { c.Rollout = []correlate.RolloutStep{{Percent: math.NaN()}} }), "cannot be written as JSON: json: unsupported value: NaN; check what the sender put into free fields"},
		{alert(func(a *correlate.Alert) { a.Service = "" }), "service: is missing; name the service that the alert is about"},
		{alert(func(a *correlate.Alert) { a.Severity = "page" }), `severity: "page" is not a known value; use one of critical, high, warning, info`},
	} {
		if c.got == nil {
			t.Errorf("accepted, want %q", c.want)
			continue
		}
		if diff := cmp.Diff(c.want, c.got.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestForeignAlertGetsAFingerprint(t *testing.T) {
	a := correlate.Alert{Source: "s", Service: "a", Name: "n", Status: correlate.AlertFiring, StartedAt: noon}
	e, fe := NewAlert(a, Meta{ArrivedAt: noon, Raw: []byte("raw")})
	if fe != nil || len(e.Fingerprint) != 16 || e.UID == 0 || string(e.Raw) != "raw" {
		t.Errorf("event = %+v, %v", e, fe)
	}
}
