package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/internal/config"
)

func TestASampleIsNamedAsTheDecodersNameIt(t *testing.T) {
	cfg := config.Default().Formats
	cfg.Services = []config.ServiceRule{
		{Source: "github", Attribute: "repository", Value: "orchard/monolith", Service: "shop"}, {Value: "orchard/monolith", Service: "other"},
	}
	cfg.Environments = map[string]string{"EU": "production"}
	n := names{formatConfig(&cfg)}
	for _, c := range []struct {
		source, attribute, value, want string
		byRule                         bool
	}{
		{"github", "repository", "orchard/monolith", "shop", true}, {"argocd", "application", "orchard/monolith", "other", true}, {"github", "repository", "orchard/cart", "orchard/cart", false},
	} {
		if got, byRule := n.Name(c.source, c.attribute, c.value); got != c.want || byRule != c.byRule {
			t.Errorf("%s becomes %s, by rule %v", c.value, got, byRule)
		}
	}
	want := []web.NameRule{{Source: "github", Attribute: "repository", Value: "orchard/monolith", Service: "shop"}, {Value: "orchard/monolith", Service: "other"}}
	if diff := cmp.Diff(want, n.Rules()); diff != "" {
		t.Error(diff)
	}
	if n.Environments()["eu"] != "production" || len(n.AlertLabels()) == 0 {
		t.Errorf("environments %v, labels %v", n.Environments(), n.AlertLabels())
	}
	none := names{formatConfig(&config.Formats{})}
	if got, byRule := none.Name("", "", "x"); got != "x" || byRule || len(none.Rules()) != 0 {
		t.Errorf("without rules: %s, %v", got, byRule)
	}
}
