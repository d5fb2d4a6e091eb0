package format

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// A signature of Standard Webhooks is over the id and the time too: where one of
// them is absent, anybody may send what was once signed.
func TestAStandardSignatureNeedsItsIDAndTime(t *testing.T) {
	body := []byte(`{"object_kind":"x"}`)
	key := []byte("0123456789abcdef")
	secret := standardSecret + base64.StdEncoding.EncodeToString(key)
	for _, c := range []struct {
		name, secret, id, at, signature string
		good                            bool
	}{
		{"whole", secret, "m1", "1795078800", "v1," + base64HMAC(key, "m1.1795078800."+string(body)), true},
		{"the second of two", secret, "m1", "1795078800", "v1,AAAA v1," + base64HMAC(key, "m1.1795078800."+string(body)), true},
		{"the first of two", secret, "m1", "1795078800", "v1," + base64HMAC(key, "m1.1795078800."+string(body)) + " v1,%", true},
		{"a secret that is no base64", "plain", "m1", "1795078800", "v1," + base64HMAC([]byte("plain"), "m1.1795078800."+string(body)), true},
		{"without id", secret, "", "1795078800", "v1," + base64HMAC(key, ".1795078800."+string(body)), false},
		{"without time", secret, "m1", "", "v1," + base64HMAC(key, "m1.."+string(body)), false},
		{"an empty secret", standardSecret, "m1", "1795078800", "v1," + base64HMAC(nil, "m1.1795078800."+string(body)), false},
		{"a broken secret", standardSecret + "AAAA%", "m1", "1795078800", "v1," + base64HMAC([]byte{0, 0, 0}, "m1.1795078800."+string(body)), false},
		{"another version", secret, "m1", "1795078800", "v2," + base64HMAC(key, "m1.1795078800."+string(body)), false},
		{"no version", secret, "m1", "1795078800", base64HMAC(key, "m1.1795078800."+string(body)), false},
		{"no base64", secret, "m1", "1795078800", "v1,%%%", false},
	} {
		header := headers("webhook-id", c.id, "webhook-timestamp", c.at, "webhook-signature", c.signature)
		if got := standardSigned(c.secret, header, body); got != c.good {
			t.Errorf("%s: %v, want %v", c.name, got, c.good)
		}
	}
}

// Formats that nobody signs, and formats that nobody knows, prove nothing, and
// the second say that they are unknown.
func TestNothingIsProvedByAFormatThatDoesNotSign(t *testing.T) {
	r := testRegistry()
	var unknown *event.UnknownFormatError
	if err := r.Verify("carrier-pigeon", "s", headers(), nil); !errors.As(err, &unknown) || !strings.Contains(err.Error(), `"carrier-pigeon"`) || !strings.Contains(err.Error(), "argocd, ") {
		t.Errorf("%v", err)
	}
	if r.Signs("carrier-pigeon") || r.Signs("alertmanager") || !r.Signs("GitHub") {
		t.Error("who signs is told wrong")
	}
	huge := []byte(`{"routing_key":"k","x":"` + strings.Repeat("x", event.MaxEventBytes) + `"}`)
	if err := r.Verify(pagerDutyChangeName, "k", headers(), huge); !errors.Is(err, event.ErrBadSignature) {
		t.Errorf("a body that no decoder takes is searched for its key: %v", err)
	}
}

// The environments that an installation calls production are production.
func TestShortNamesOfProductionAreTranslated(t *testing.T) {
	names := naming{cfg: DefaultConfig()}
	for _, name := range []string{"prod", "PRD", "Live", "production"} {
		if got := names.environment(name); got != "production" {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := names.environment("Staging"); got != "Staging" {
		t.Errorf("Staging is %s", got)
	}
	if got := names.service("x", "service", ""); got != "" {
		t.Errorf("nothing is called %s", got)
	}
}

// The largest body that a door lets in must not be refused behind it, and what
// a body is must be said in JSON's words.
func TestTheLimitOfABodyIsTheSameEverywhere(t *testing.T) {
	for size, large := range map[int]bool{event.MaxEventBytes: false, event.MaxEventBytes + 1: true} {
		var to map[string]string
		fe := parse([]byte(`{"x":"`+strings.Repeat("x", size-len(`{"x":""}`))+`"}`), &to)
		if (fe != nil) != large {
			t.Errorf("%d bytes: %v", size, fe)
		}
	}
	for want, to := range map[string]any{
		"string": "", "bool": false, "array": []int{}, "object": map[string]int{}, "number": 0.5,
	} {
		if got := jsonType(reflect.TypeOf(to)); got != want {
			t.Errorf("%T is called %s, want %s", to, got, want)
		}
	}
	if got := jsonType(reflect.TypeFor[*json.RawMessage]()); got != "object" {
		t.Errorf("a pointer is called %s", got)
	}
	var to struct{ A struct{ B int } }
	if fe := parse([]byte(`{"a":{"b":"x"}}`), &to); fe == nil || fe.Path != "a.b" && fe.Path != "A.B" || !strings.Contains(fe.Problem, "string, not number") {
		t.Errorf("%+v", fe)
	}
	if fe := under("data", &event.FieldError{}); fe.Path != "data" {
		t.Errorf("a fault of the whole is at %q", fe.Path)
	}
}

// A time of another zone is the same moment, in UTC; none is none.
func TestAnOptionalTimeIsUTCOrAbsent(t *testing.T) {
	if at(time.Time{}) != nil {
		t.Error("the zero time is a time")
	}
	got := at(time.Date(2026, 11, 19, 10, 0, 0, 0, time.FixedZone("", 3600)))
	if got == nil || got.Location() != time.UTC || got.Hour() != 9 {
		t.Errorf("%v", got)
	}
	if set := labels("a", "1", "b", "", "c"); len(set) != 1 || set["a"] != "1" {
		t.Errorf("%v", set)
	}
}
