package correlate

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNamesOfAnInstanceAreReadInAllNotations(t *testing.T) {
	for text, want := range map[string]instanceName{
		"": {}, "cart-1": {"cart-1", ""}, "shop/cart-1": {"cart-1", ""}, "cart-1:8080": {"cart-1", "8080"},
		"kubernetes/shop/Cart-1:9090": {"cart-1", "9090"}, "cart-1:http": {"cart-1", "http"}, "web-1.eu.example.": {"web-1.eu.example", ""},
		"10.0.0.7": {"10.0.0.7", ""}, "10.0.0.7:80": {"10.0.0.7", "80"}, ":8080": {":8080", ""},
		"2001:db8::17": {"2001:db8::17", ""}, "[2001:DB8::17]:80": {"2001:db8::17", "80"}, "[2001:db8::17]": {"2001:db8::17", ""}, "]": {"]", ""},
	} {
		if got := readInstance(text); got != want {
			t.Errorf("%q reads %+v, want %+v", text, got, want)
		}
	}
}

func TestNamesThatCanBeOfOneInstance(t *testing.T) {
	for _, tc := range []struct {
		a, b       string
		host, same bool
	}{
		{"cart-1", "shop/cart-1:8080", true, true},
		{"web-1", "web-1.eu.example:9100", true, true},
		{"web-1.eu.example", "WEB-1", true, true},
		{"cart-0", "cart-0.cart.shop.svc.cluster.local", true, true},
		{"web-1.eu", "web-1.eu.example", true, true},
		{"web-1.eu.example", "web-1.us.example", false, false},
		{"web-1", "web-10.eu.example", false, false},
		{"web-1", "web-10", false, false},
		{"10", "10.0.0.7", false, false},
		{"10.0.0.7", "10.0.0.7:8080", true, true},
		{"10.0.0.7", "10.0.0.71", false, false},
		{"host-1:8080", "host-1:8081", true, false},
		{"host-1:8080", "host-1.eu.example:8080", true, true},
		{"2001:db8::1", "[2001:db8::1]:80", true, true},
		{"", "", false, false},
		{"", "cart-1", false, false},
	} {
		a, b := readInstance(tc.a), readInstance(tc.b)
		if a.onHost(b) != tc.host || b.onHost(a) != tc.host {
			t.Errorf("%q and %q on one host: %v and %v, want %v", tc.a, tc.b, a.onHost(b), b.onHost(a), tc.host)
		}
		if a.is(b) != tc.same || b.is(a) != tc.same {
			t.Errorf("%q and %q of one instance: %v and %v, want %v", tc.a, tc.b, a.is(b), b.is(a), tc.same)
		}
	}
}

func TestEveryNameIsOfItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := readInstance(rapid.String().Draw(t, "name"))
		if !n.none() && n.host != "" && !n.is(n) {
			t.Errorf("%+v is not itself", n)
		}
	})
}

func TestAddressesInsideNameTheirService(t *testing.T) {
	for host, want := range map[string]string{
		"cart": "", "cart.shop": "cart", "cart.shop.svc": "cart", "cart.shop.svc.cluster.local": "cart", "cart.service.consul": "cart",
		"cart.eu.internal": "cart", "api.stripe.com": "", "10.0.0.7": "", "2001:db8::1": "",
	} {
		if got := serviceLabel(host); got != want {
			t.Errorf("%q leads to %q, want %q", host, got, want)
		}
	}
}

// A call's other end is written as a service, an instance or an address, with and
// without a port.
func TestTheOtherEndOfACallIsFoundInEachSpelling(t *testing.T) {
	for peer, want := range map[string]string{
		"pay": "pay", "pay:8080": "pay", "shop/pay": "pay", "pay.shop.svc.cluster.local:80": "pay", "pay-7f9c-x2": "pay", "pay-7f9c-x2:8080": "pay",
		"10.0.0.7:8080": "pay", "pay.example.com": "pay.example.com", "10.0.0.9:8080": "10.0.0.9:8080", "stock.shop": "stock",
	} {
		points := []Point{{At: after(0), Value: 1}}
		in := Input{AsOf: after(time.Hour), Graph: NewGraph(calls("web", "stock")), Metrics: []Series{
			{Service: "web", Signal: "request_rate", Unit: "per_second", Labels: map[string]string{"direction": "outbound", "peer": peer}, Points: points},
			{Service: "pay", Instance: "10.0.0.7:9090", Signal: "request_rate", Unit: "per_second", Points: points},
			// A node that runs two services says of neither that it was called.
			{Service: "pay", Instance: "10.0.0.9:9090", Signal: "request_rate", Unit: "per_second", Points: points},
			{Service: "web", Instance: "10.0.0.9:9091", Signal: "request_rate", Unit: "per_second", Points: points},
		}}
		view := NewEngine(DefaultWeights()).viewMetrics(&in)
		got := ""
		for i := range view.series {
			if view.series[i].outbound {
				got = view.series[i].peer
			}
		}
		if got != want {
			t.Errorf("a call to %q goes to %q, want %q", peer, got, want)
		}
	}
}

// sidesOf tells which of the instances with series a rollout to the named ones has
// reached.
func sidesOf(rollout []string, series ...Series) map[string]versionMatch {
	in := Input{AsOf: after(time.Hour), Metrics: series}
	for i := range in.Metrics {
		s := &in.Metrics[i]
		s.Service, s.Signal, s.Unit, s.Points = "cart", "error_ratio", "ratio", []Point{{At: after(0), Value: 1}}
	}
	view := NewEngine(DefaultWeights()).viewMetrics(&in)
	c := Change{Services: []string{"cart"}, Rollout: []RolloutStep{{At: after(0), Instances: rollout}}}
	side := view.sides(&c, "cart")
	out := map[string]versionMatch{}
	for i := range view.series {
		x := &view.series[i]
		out[x.Instance] = side.of(x.instance, x.version)
	}
	return out
}

func TestARolloutsInstancesAreFoundAmongTheSeries(t *testing.T) {
	const fresh, stale = versionFresh, versionStale
	for name, tc := range map[string]struct {
		rollout []string
		series  map[string]versionMatch
	}{
		"pods and their ports":                  {[]string{"cart-1"}, map[string]versionMatch{"shop/cart-1:8080": fresh, "cart-2:8080": stale}},
		"workers of one host by port":           {[]string{"host:8080"}, map[string]versionMatch{"host:8080": fresh, "host:8081": stale}},
		"a host with all its workers":           {[]string{"host"}, map[string]versionMatch{"host:8080": fresh, "host:8081": fresh, "other:8080": stale}},
		"a service's port, a metrics port":      {[]string{"cart-1:8080"}, map[string]versionMatch{"cart-1:9090": fresh, "cart-2:9090": stale}},
		"hosts with and without a domain":       {[]string{"web-1.eu.example"}, map[string]versionMatch{"web-1:9100": fresh, "web-2:9100": stale}},
		"a domain only in the series":           {[]string{"WEB-1"}, map[string]versionMatch{"web-1.eu.example:9100": fresh, "web-2.eu.example:9100": stale}},
		"a domain and a port of one of two":     {[]string{"web-1:80"}, map[string]versionMatch{"web-1.eu.example:80": fresh, "web-1.eu.example:81": stale}},
		"addresses":                             {[]string{"10.0.0.7:80"}, map[string]versionMatch{"10.0.0.7:80": fresh, "10.0.0.71:80": stale}},
		"addresses of IPv6":                     {[]string{"2001:db8::1"}, map[string]versionMatch{"[2001:db8::1]:80": fresh, "[2001:db8::2]:80": stale}},
		"another service's port on the host":    {[]string{"host:8080", "host2:9090"}, map[string]versionMatch{"host:9090": fresh, "host2:9090": fresh, "host3:9090": stale}},
		"namespaces of pods with the same name": {[]string{"shop/cart-0"}, map[string]versionMatch{"cart-0": fresh, "cart-1": stale}},
	} {
		var series []Series
		for instance := range tc.series {
			series = append(series, Series{Instance: instance})
		}
		for instance, got := range sidesOf(tc.rollout, series...) {
			if got != tc.series[instance] {
				t.Errorf("%s: %s is on side %d, want %d", name, instance, got, tc.series[instance])
			}
		}
	}
	pods := sidesOf([]string{"cart-1"}, Series{Instance: "10.0.0.7:80", Labels: map[string]string{"pod": "cart-1"}}, Series{Instance: "10.0.0.8:80", Labels: map[string]string{"pod": "cart-2"}})
	if pods["10.0.0.7:80"] != fresh || pods["10.0.0.8:80"] != stale {
		t.Errorf("by their label pod: %v", pods)
	}
}

// What an alert's instance says of a rollout does not depend on how either writes it.
func TestAnAlertsInstanceIsFoundInTheRollout(t *testing.T) {
	const unknown, fresh, stale = versionUnknown, versionFresh, versionStale
	e := NewEngine(DefaultWeights())
	for _, tc := range []struct {
		alert   string
		rollout []string // A step a minute.
		want    versionMatch
		reached []bool // Whether each step may have led to the alert.
	}{
		{"cart-1:9090", []string{"shop/cart-1"}, fresh, []bool{true}},
		{"web-1.eu.example:9100", []string{"web-1"}, fresh, []bool{true}},
		{"cart-2", []string{"cart-1"}, stale, []bool{false}},
		{"host:8081", []string{"host:8080"}, unknown, []bool{true}},
		{"host:8081", []string{"host:8080", "host:8081"}, fresh, []bool{false, true}},
		{"host:8081", []string{"host:8080", "", "", "", "", "", "host:8081"}, stale, []bool{false, true}},
		{"host", []string{"host:8080"}, fresh, []bool{true}},
		{"", []string{"host:8080"}, unknown, []bool{true}},
	} {
		c := Change{Services: []string{"cart"}, StartedAt: after(0)}
		for minute, instance := range tc.rollout {
			step := RolloutStep{At: after(time.Duration(minute) * time.Minute)}
			if instance != "" {
				step.Instances = []string{instance}
			}
			c.Rollout = append(c.Rollout, step)
		}
		a := Alert{Service: "cart", Instance: tc.alert, StartedAt: after(5 * time.Minute)}
		if got := e.freshness(&scene{}, &c, &a); got != tc.want {
			t.Errorf("an alert of %q after a rollout to %q: %d, want %d", tc.alert, tc.rollout, got, tc.want)
		}
		for k, want := range tc.reached {
			if got := reaches(&c.Rollout[k], &c, &a); got != want {
				t.Errorf("step %d of a rollout to %q reaches an alert of %q: %v", k+1, tc.rollout, tc.alert, got)
			}
		}
	}
}
