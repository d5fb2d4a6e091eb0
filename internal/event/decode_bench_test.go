package event

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// typicalChange is a change event of about 1.6 KB with nested fields and a
// labels map, no two alike.
func typicalChange(n int) []byte {
	return fmt.Appendf(nil, `{"id":"deploy-%06d","source":"argo-cd","kind":"deploy","title":"checkout: roll out build %d to production",`+
		`"services":["checkout-%d","basket-api"],"environment":"production","regions":["eu-west-1","eu-central-1"],`+
		`"started_at":"2026-11-19T09:%02d:%02d.%03dZ","finished_at":"2026-11-19T10:%02d:00Z","observed_at":"2026-11-19T10:%02d:01.5+01:00",`+
		`"rollout":[{"at":"2026-11-19T09:59:10Z","percent":10,"region":"eu-west-1"},{"at":"2026-11-19T09:59:40Z","percent":100}],`+
		`"status":"succeeded","version":"4.2.%d","previous_version":"4.1.9","actor":{"id":"mira.holm","type":"human"},`+
		`"commits":[{"sha":"%040x","message":"Cache the basket for a minute\n\nFewer reads from the store at peak.","author":{"name":"Mira Holm","email":"mira@shop.example","login":"mholm"},`+
		`"authored_at":"2026-11-18T16:20:00+01:00","additions":%d,"deletions":14,"files":["basket/cache.go","basket/cache_test.go","deploy/checkout.yaml"]}],`+
		`"pull_requests":[{"number":%d,"url":"https://git.shop.example/shop/checkout/pulls/77","title":"Cache the basket","labels":["performance"],"head_branch":"basket-cache",`+
		`"author":{"login":"mholm","type":"User"},"reviews":[{"reviewer":"jonas","state":"approved","level":"senior","at":"2026-11-18T17:00:00Z"}]}],`+
		`"approvals":[{"by":"jonas","level":"senior","at":"2026-11-19T08:50:00Z"}],"ai":{"assistance":"assisted","tools":[{"name":"helper","model":"h-2"}],"lines_percent":40},`+
		`"links":{"diff":"https://git.shop.example/shop/checkout/compare/4.1.9...4.2.%d","run":"https://ci.shop.example/runs/%d"},`+
		`"labels":{"team":"checkout","cluster":"prod-eu-1","namespace":"shop","chart":"checkout","pipeline":"release","wave":"%d","risk":"low"}}`,
		n, n, n%50, n%59, n%60, n%1000, n%59, n%59, n, n, n%300, n, n, n, n%7)
}

// BenchmarkDecodeChange decodes events that use nearly every field,
// BenchmarkDecodePlainChange those of a sender that says as much in prose.
func BenchmarkDecodeChange(b *testing.B)      { benchmarkDecode(b, typicalChange) }
func BenchmarkDecodePlainChange(b *testing.B) { benchmarkDecode(b, plainChange) }

// plainChange is an event of the same size with a third of the fields.
func plainChange(n int) []byte {
	return fmt.Appendf(nil, `{"id":"deploy-%06d","source":"argo-cd","kind":"deploy","title":"checkout: roll out build %d","services":["checkout-%d"],`+
		`"environment":"production","started_at":"2026-11-19T09:00:00.123Z","finished_at":"2026-11-19T09:10:00Z","status":"succeeded","version":"4.2.%d",`+
		`"actor":{"id":"mira","type":"human"},"commits":[{"sha":"%040x","message":"%s","author":{"name":"Mira","email":"m@x.example","login":"mira"}}],`+
		`"links":{"run":"https://ci.shop.example/%d"},"labels":{"team":"checkout","cluster":"prod-eu-1","namespace":"shop","chart":"checkout","wave":"%d"}}`,
		n, n, n%50, n, n, strings.Repeat("Fewer reads from the store. ", 38), n, n%7)
}

func benchmarkDecode(b *testing.B, makeEvent func(n int) []byte) {
	b.Helper()
	events := make([][]byte, 512)
	for i := range events {
		events[i] = makeEvent(i)
	}
	meta := Meta{ArrivedAt: noon}
	b.SetBytes(int64(len(events[0])))
	b.ReportAllocs()
	kept := make([]Change, len(events))
	for i := 0; b.Loop(); i++ {
		changes, rejected := DecodeChanges(events[i%len(events)], meta)
		if rejected != nil {
			b.Fatal(rejected[0].Err)
		}
		kept[i%len(kept)] = changes[0]
	}
	runtime.KeepAlive(kept)
}

// BenchmarkDecodeChangeStandardLibrary is the same work without checks and
// identity, for comparison.
func BenchmarkDecodeChangeStandardLibrary(b *testing.B) {
	data := typicalChange(7)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var c correlate.Change
		if err := json.Unmarshal(data, &c); err != nil {
			b.Fatal(err)
		}
	}
}
