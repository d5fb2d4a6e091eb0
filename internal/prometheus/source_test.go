package prometheus

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestAnAnswerBecomesSeriesWithInstanceAndVersionInAFixedOrder(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		matrix(w,
			stream{map[string]string{"pod": "cart-2", "instance": "10.0.0.2:80", "version": "v2"}, [][2]any{{1777888800, "0.25"}, {1777888830, "NaN"}}},
			stream{map[string]string{"instance": "cart-1", "service_version": "v1"}, [][2]any{{1777888800.5, "0"}}},
			stream{map[string]string{}, nil},
		)
	})
	series, missing := sourceOf(t, f.URL, nil).Measure(t.Context(), about("cart"))
	if len(missing) > 0 || len(series) != 3 {
		t.Fatalf("%d series, missing %q", len(series), missing)
	}
	if !math.IsNaN(series[0].Points[1].Value) {
		t.Error("a sample that is no number must stay one; the engine leaves it out")
	}
	series[0].Points = series[0].Points[:1]
	want := []correlate.Series{
		{Service: "cart", Signal: "error_ratio", Unit: "ratio", Instance: "cart-2", Version: "v2", Points: []correlate.Point{{At: time.Unix(1777888800, 0).UTC(), Value: 0.25}}},
		{Service: "cart", Signal: "error_ratio", Unit: "ratio", Instance: "cart-1", Version: "v1", Points: []correlate.Point{{At: time.UnixMilli(1777888800500).UTC()}}},
		{Service: "cart", Signal: "error_ratio", Unit: "ratio"},
	}
	if diff := cmp.Diff(want, series); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestCallEdgesNameTheirPeer(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		matrix(w, stream{map[string]string{"pod": "web-1", "destination_workload": "cart"}, [][2]any{{1, "1"}}})
	})
	s := sourceOf(t, f.URL, func(c *Config) { c.Queries[0].Direction = "outbound" })
	series, _ := s.Measure(t.Context(), about("web"))
	if diff := cmp.Diff(map[string]string{"direction": "outbound", "peer": "cart"}, series[0].Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

// Two replicas that ask a few seconds apart must ask the same.
func TestMomentsAreRoundedToTheStep(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { matrix(w) })
	s := sourceOf(t, f.URL, nil)
	q := about("cart")
	q.From, q.To = q.From.Add(-7*time.Second), q.To.Add(11*time.Second)
	s.Measure(t.Context(), q)
	s.Measure(t.Context(), about("cart"))
	if f.asked[0] != f.asked[1] {
		t.Errorf("asked %q, then %q", f.asked[0], f.asked[1])
	}
}

func TestTheServerGetsItsCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"none":   {func(*Config) {}, ""},
		"bearer": {func(c *Config) { c.BearerToken = "s3cret" }, "Bearer s3cret"},
		"basic":  {func(c *Config) { c.Username, c.Password = "u", "p" }, "Basic dTpw"},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { matrix(w) })
		sourceOf(t, f.URL, test.change).Measure(t.Context(), about("cart"))
		if len(f.authorized) == 0 || f.authorized[0] != test.want {
			t.Errorf("%s: sent %q, want %q", name, f.authorized, test.want)
		}
	}
}

// A server that redirects must not lead the token to another host.
func TestARedirectIsNotFollowed(t *testing.T) {
	thief := newFake(t, func(w http.ResponseWriter, _ *http.Request) { matrix(w) })
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	_, missing := sourceOf(t, f.URL, func(c *Config) { c.BearerToken = "s3cret" }).Measure(t.Context(), about("cart"))
	if len(thief.asked) > 0 || len(missing) != 1 || !strings.Contains(missing[0], "redirects") {
		t.Errorf("asked the other host %d times, missing %q", len(thief.asked), missing)
	}
}

func TestWhatGoesWrongBecomesASentence(t *testing.T) {
	long := strings.Repeat(" ", 3000)
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"bad query": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, 400, "bad_data", "parse error: unexpected end")
		}, "the server refuses the query: parse error: unexpected end."},
		"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "the server refuses the credentials."},
		"forbidden":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "the server refuses the credentials."},
		"overloaded":   {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 503, "timeout", "query timed out") }, "no answer within the time limit."},
		"broken":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "the server answered with an error"},
		"no JSON":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "Metrics (errors of cart)"},
		"too long":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":` + long)) }, "the answer is too long"},
		"a number": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`))
		}, "the answer is a scalar"},
		"nothing": {func(w http.ResponseWriter, _ *http.Request) { matrix(w) }, "no series of the services under the names asked for"},
	} {
		f := newFake(t, test.answer)
		s := sourceOf(t, f.URL, func(c *Config) { c.MaxResponseBytes, c.BearerToken = 2000, "s3cret" })
		series, missing := s.Measure(t.Context(), about("cart"))
		if len(series) != 0 || len(missing) != 1 || !strings.Contains(missing[0], test.want) {
			t.Errorf("%s: %d series, missing %q; want %q", name, len(series), missing, test.want)
		}
		if text := strings.Join(missing, ""); strings.Contains(text, "s3cret") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s: tells too much: %q", name, text)
		}
	}
}

func TestAServerThatIsGoneIsSaidOnceForAllQueries(t *testing.T) {
	f := newFake(t, nil)
	f.Close()
	_, missing := sourceOf(t, f.URL, nil).Measure(t.Context(), about("a", "b", "c", "d", "e"))
	want := []string{"Metrics (errors of a, errors of b, errors of c and 2 more): the server cannot be reached."}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestASlowServerCostsNoMoreThanTheTimeLimit(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	s := sourceOf(t, f.URL, func(c *Config) { c.Timeout = 50 * time.Millisecond })
	began := time.Now()
	_, missing := s.Measure(t.Context(), about("cart"))
	if took := time.Since(began); took > time.Minute || len(missing) != 1 || !strings.Contains(missing[0], "no answer within the time limit") {
		t.Errorf("took %v, missing %q", took, missing)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Millisecond)
	defer cancel()
	s = sourceOf(t, f.URL, func(c *Config) { c.Timeout, c.Concurrency = time.Minute, 1 })
	_, missing = s.Measure(ctx, about("a", "b", "c"))
	if len(missing) != 1 || !strings.Contains(missing[0], "errors of a, errors of b, errors of c") {
		t.Errorf("the limit of the incident: missing %q", missing)
	}
}

func TestSomeAnswersAreBetterThanNone(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), "cart") {
			refuse(w, 422, "execution", "found duplicate series")
			return
		}
		matrix(w, stream{map[string]string{"instance": "1"}, [][2]any{{1, "1"}}})
	})
	series, missing := sourceOf(t, f.URL, nil).Measure(t.Context(), about("web", "cart", "pay"))
	if len(series) != 2 || series[0].Service != "web" || series[1].Service != "pay" {
		t.Errorf("series %+v", series)
	}
	if len(missing) != 1 || !strings.Contains(missing[0], "(errors of cart): the server refuses the query: found duplicate series") {
		t.Errorf("missing %q", missing)
	}
}

func TestQueriesAreFewAndFewAtATime(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Millisecond)
		matrix(w, stream{map[string]string{"instance": "1"}, [][2]any{{1, "1"}}})
	})
	s := sourceOf(t, f.URL, func(c *Config) {
		c.Queries = append(c.Queries, Query{Name: "second", Signal: "x", Unit: "ms", Expr: "x"})
		c.MaxQueries, c.Concurrency = 21, 3
	})
	var services []string
	for i := range 40 {
		services = append(services, fmt.Sprintf("s%d", i))
	}
	series, missing := s.Measure(t.Context(), about(services...))
	if len(f.asked) != 20 || len(series) != 20 || f.most.Load() > 3 {
		t.Errorf("%d queries, %d at a time, %d series; want 20 and at most 3", len(f.asked), f.most.Load(), len(series))
	}
	want := []string{"Metrics of 30 more services: not asked for, at most 21 queries are made for one incident."}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if _, missing = s.Measure(t.Context(), about(services[:10]...)); len(missing) != 0 {
		t.Errorf("all could be asked about, but missing %q", missing)
	}
	if _, missing = s.Measure(t.Context(), about(services[:11]...)); len(missing) != 1 {
		t.Errorf("one service was left out, missing %q", missing)
	}
}

func TestAnAnswerOfTooManySeriesIsRefused(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		var streams []stream
		for i := range 9 {
			streams = append(streams, stream{map[string]string{"instance": fmt.Sprint(i)}, [][2]any{{1, "1"}}})
		}
		matrix(w, streams...)
	})
	series, missing := sourceOf(t, f.URL, func(c *Config) { c.MaxSeries = 8 }).Measure(t.Context(), about("cart"))
	if len(series) > 0 || len(missing) != 1 || !strings.Contains(missing[0], "9 series, at most 8") {
		t.Errorf("%d series, missing %q", len(series), missing)
	}
}

// A service's name comes from an alert, and thus from anybody who may send one.
func TestANameCannotEndTheStringOfAQuery(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { matrix(w) })
	name := `x"} or vector(1) or up{a="` + "\n" + `\`
	s := sourceOf(t, f.URL, func(c *Config) {
		c.Queries = one(`m{a="{{.service}}",b=~"{{.pattern}}",e="{{.environment}}"}[{{.window}}]`)
	})
	q := about(name)
	q.Environment = `"`
	s.Measure(t.Context(), q)
	want := `m{a="x\"} or vector(1) or up{a=\"\n\\",b=~"x\"\\} or vector\\(1\\) or up\\{a=\"\n\\\\",e="\""}[120s]`
	if !strings.HasPrefix(f.asked[0], want) {
		t.Errorf("asked\n%s, want\n%s", f.asked[0], want)
	}
}

func TestWrongSettingsSayWhatAndHowToMend(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"url: want http://host:port":                func(c *Config) { c.URL = "prom:9090" },
		"url: want http://host":                     func(c *Config) { c.URL = "ftp://prom:9090" },
		"url: want http":                            func(c *Config) { c.URL = "http://" },
		"set username and password instead":         func(c *Config) { c.URL = "http://u:p@prom:9090" },
		"choose one":                                func(c *Config) { c.BearerToken, c.Username, c.Password = "t", "u", "p" },
		"go together":                               func(c *Config) { c.Username = "u" },
		"concurrency: want more than zero":          func(c *Config) { c.Concurrency = 0 },
		`queries[0] (errors): unit: "inches"`:       func(c *Config) { c.Queries[0].Unit = "inches" },
		`direction: "up"`:                           func(c *Config) { c.Queries[0].Direction = "up" },
		"signal: missing":                           func(c *Config) { c.Queries[0].Signal = "" },
		"queries[0] (errors): expr: template":       func(c *Config) { c.Queries[0].Expr = "{{.service" },
		"it may use service, pattern, environment,": func(c *Config) { c.Queries[0].Expr = "{{.servce}}" },
	} {
		cfg := DefaultConfig("http://prom:9090")
		cfg.Queries = one("up")
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	cfg := DefaultConfig("http://prom:9090")
	cfg.Queries = nil
	s, err := New(cfg)
	if err != nil || len(s.queries) != len(DefaultQueries()) {
		t.Errorf("without templates those that ship are used: %v", err)
	}
}
