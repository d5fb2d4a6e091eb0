package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func TestETagsOfDifferentThingsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []any {
			return []any{rapid.StringN(0, 12, -1).Draw(t, name), rapid.Int64Range(0, 50).Draw(t, name+" revision")}
		}
		a, b := draw("a"), draw("b")
		same := a[0] == b[0] && a[1] == b[1]
		if (tag(a...) == tag(b...)) != same {
			t.Fatalf("%v and %v have the tags %s and %s", a, b, tag(a...), tag(b...))
		}
		inside := strings.Trim(tag(a...), `"`)
		for _, r := range inside {
			// RFC 9110 section 8.8.3: visible characters without the quote. A comma
			// is allowed there and is escaped all the same, since lists are split at it.
			if r < 0x21 || r == '"' || r > 0x7e || r == ',' {
				t.Fatalf("tag %s holds %q", tag(a...), r)
			}
		}
	})
}

func TestHeldTagIsFoundInAnyList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tags := rapid.SliceOfN(rapid.StringMatching(`"[a-z0-9-]{1,8}"`), 1, 5).Draw(t, "tags")
		mine := rapid.SampledFrom(tags).Draw(t, "mine")
		weak := rapid.Bool().Draw(t, "weak")
		for i := range tags {
			if weak {
				tags[i] = "W/" + tags[i]
			}
		}
		separator := rapid.SampledFrom([]string{",", ", ", " , ", ",\t"}).Draw(t, "separator")
		c := Conditional{IfNoneMatch: strings.Join(tags, separator)}
		if !c.holds(mine) {
			t.Fatalf("%s is not found in %s", mine, c.IfNoneMatch)
		}
		if c.holds(`"another"`) || (&Conditional{}).holds(mine) {
			t.Fatalf("a tag is found where it is not: %s", c.IfNoneMatch)
		}
	})
}

func TestNextLinkKeepsTheQuery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := url.Values{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"q", "service", "from", "limit", "cursor"}), rapid.ID).Draw(t, "names") {
			values.Set(name, rapid.String().Draw(t, name))
		}
		here := &url.URL{Path: "/v1/incidents", RawQuery: values.Encode()}
		next := rapid.StringN(1, 40, -1).Draw(t, "next")
		link := nextLink(here, next)
		address, rel, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">; ")
		there, err := url.Parse(address)
		if err != nil || rel != `rel="next"` || there.Path != here.Path || strings.ContainsAny(link, "\r\n") {
			t.Fatalf("link %q: %v", link, err)
		}
		values.Set("cursor", next)
		if !maps.EqualFunc(there.Query(), values, slices.Equal[[]string]) {
			t.Fatalf("link %q leads to %v, want %v", link, there.Query(), values)
		}
	})
	if link := nextLink(&url.URL{Path: "/v1/incidents"}, ""); link != "" {
		t.Errorf("the last page links to %q", link)
	}
}

func TestAnswersAreNotEscapedForMarkup(t *testing.T) {
	raw, err := encode(map[string]string{"title": "a < b && c > d"})
	if err != nil || !strings.Contains(string(raw), "a < b && c > d") {
		t.Errorf("encoded %s, %v", raw, err)
	}
	if _, err := encode(func() {}); err == nil {
		t.Error("a function is encoded")
	}
	if _, err := hashed(&Conditional{}, &[]any{func() {}}); err == nil {
		t.Error("a function is answered")
	}
	if _, err := tagged(&Conditional{}, `"x"`, &[]any{func() {}}); err == nil {
		t.Error("a function is answered under a tag")
	}
}

func TestWhatCannotBeEncodedIsOurFault(t *testing.T) {
	h := newHarness(t)
	h.store.findings["inc-7f3a"][0].NoChangeProbability = nan()
	wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/finding", http.StatusInternalServerError), internalError)
	wantProblem(t, h.get(t, "/v1/incidents/inc-7f3a/findings", http.StatusInternalServerError), internalError)
}

// nan is a number that JSON does not have.
func nan() float64 {
	var zero float64
	return zero / zero
}

func TestPauseIsNeverShorterThanNeeded(t *testing.T) {
	for pause, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60"} {
		if got := rateLimited.with("").retryAfter(pause).GetHeaders().Get("Retry-After"); got != want {
			t.Errorf("a pause of %s is told as %s s, want %s", pause, got, want)
		}
	}
}

func TestStampDoesNotChangeTheProblem(t *testing.T) {
	p := forbidden.with("x")
	if stamped := stamp(withRequest(t.Context(), &request{id: "abc"}), p); stamped.Instance != "abc" || p.Instance != "" {
		t.Errorf("stamped %+v, left %+v", stamped, p)
	}
	if requestOf(t.Context()) == nil {
		t.Error("a context without a request has none")
	}
}

// TestEveryChangeIsInOneLane draws changes around an incident.
func TestEveryChangeIsInOneLane(t *testing.T) {
	began := exampleTime(10, 0, 0)
	rapid.Check(t, func(t *rapid.T) {
		var changes []correlate.Change
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			c := correlate.Change{
				ID: rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "id"), Source: string(rune('a' + i)), Kind: rapid.SampledFrom(correlate.ChangeKinds()).Draw(t, "kind"),
				StartedAt: began.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "start")) * time.Minute),
				Status:    rapid.SampledFrom(append(correlate.ChangeStatuses(), "")).Draw(t, "status"),
			}
			if rapid.Bool().Draw(t, "finished") {
				end := c.StartedAt.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "length")) * time.Minute)
				c.FinishedAt = &end
			}
			changes = append(changes, c)
		}
		lanes := changeLanes(began, changes, nil, false)
		before, rollouts, responders := lanes[0], lanes[1], lanes[2]
		if len(before.Moments)+len(responders.Moments) != len(changes) {
			t.Fatalf("%d changes became %d and %d moments", len(changes), len(before.Moments), len(responders.Moments))
		}
		for _, m := range before.Moments {
			if m.At.After(began) || m.Title == "" {
				t.Fatalf("moment %+v is not before the incident", m)
			}
		}
		for _, m := range responders.Moments {
			if !m.At.After(began) {
				t.Fatalf("moment %+v is not of a responder", m)
			}
		}
		for _, m := range rollouts.Moments {
			if m.Until != nil && !m.Until.After(m.At) {
				t.Fatalf("rollout %+v takes no time", m)
			}
		}
	})
}

func TestOnlyOurOwnWordsReachAClient(t *testing.T) {
	secret := &huma.ErrorDetail{Location: "query.q", Message: "expected length <= 200", Value: "hunter2"}
	p := parameterProblem(&huma.ErrorModel{Status: http.StatusUnprocessableEntity, Errors: []*huma.ErrorDetail{secret, nil}})
	if len(p.Errors) != 1 || p.Errors[0].Path != "q" || strings.Contains(fmt.Sprint(p), "hunter2") {
		t.Errorf("problem %+v echoes a value", p)
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusNotAcceptable} {
		if p := parameterProblem(&huma.ErrorModel{Status: status, Detail: "insides"}); p.Status != http.StatusInternalServerError || strings.Contains(fmt.Sprint(p), "insides") {
			t.Errorf("the framework's %d becomes %+v", status, p)
		}
	}
	if p := parameterProblem(&huma.ErrorModel{Status: http.StatusUnprocessableEntity}); p.Detail == "" {
		t.Error("a problem without a detail")
	}
}

func TestDocumentThatCannotBeEncodedStopsTheStart(t *testing.T) {
	doc := newDocument()
	doc.Extensions = map[string]any{"x-broken": func() {}}
	if _, err := encodeDocument(doc); err == nil {
		t.Error("a document with a function in it is encoded")
	}
}
