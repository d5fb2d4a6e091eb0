package event

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// What a sender builds with the shared types and writes with encoding/json
// must be read as it was, in whatever order and with whatever white space.

func TestWhateverASenderWritesOfAChangeIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawChange(t)
		changes, rejected := DecodeChanges(rewritten(t, want), arrival)
		if rejected != nil {
			t.Fatal(rejections(rejected))
		}
		if diff := cmp.Diff(want, changes[0].Change, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func TestWhateverASenderWritesOfAnAlertIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawAlert(t)
		alerts, rejected := DecodeAlerts(rewritten(t, want), arrival)
		if rejected != nil {
			t.Fatal(rejections(rejected))
		}
		if diff := cmp.Diff(want, alerts[0].Alert, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func TestWhateverASenderWritesOfATopologyIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := correlate.Topology{
			ObservedAt: drawTime(t, "observed"), Source: drawName(t, "source"),
			Services: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) correlate.Service {
				return correlate.Service{Name: drawName(t, "name"), Tier: rapid.IntRange(1, 4).Draw(t, "tier"), Team: drawText(t, "team")}
			}), 0, 3).Draw(t, "services"),
			Edges: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) correlate.Edge {
				return correlate.Edge{
					Caller: drawName(t, "caller"), Callee: drawName(t, "callee"), Kind: rapid.SampledFrom(correlate.EdgeKinds()).Draw(t, "kind"),
					CallsPerSecond: rapid.Float64Range(0, 1e9).Draw(t, "rate"),
				}
			}), 0, 3).Draw(t, "edges"),
		}
		topologies, rejected := DecodeTopologies(rewritten(t, want), arrival)
		if rejected != nil {
			t.Fatal(rejections(rejected))
		}
		if diff := cmp.Diff(want, topologies[0].Topology, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// rewritten writes a value with its fields in a drawn order, with or without
// white space.
func rewritten(t *rapid.T, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	names := rapid.Permutation(slices.Sorted(maps.Keys(fields))).Draw(t, "order")
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(quoted)
		b.WriteByte(':')
		b.Write(fields[name])
	}
	b.WriteByte('}')
	if !rapid.Bool().Draw(t, "indented") {
		return b.Bytes()
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, b.Bytes(), " ", "\t"); err != nil {
		t.Fatal(err)
	}
	return indented.Bytes()
}

func drawChange(t *rapid.T) correlate.Change {
	start := drawTime(t, "start")
	end := start.Add(time.Duration(rapid.IntRange(0, 3_600_000).Draw(t, "duration")) * time.Millisecond)
	percent := rapid.Float64Range(0, 100).Draw(t, "percent")
	c := correlate.Change{
		ID: drawName(t, "id"), Source: drawName(t, "source"), Kind: rapid.SampledFrom(correlate.ChangeKinds()).Draw(t, "kind"),
		Title: drawText(t, "title"), Services: drawNames(t, "services"), Environment: drawName(t, "environment"), Regions: drawNames(t, "regions"),
		StartedAt: start, Status: rapid.SampledFrom(append(correlate.ChangeStatuses(), "")).Draw(t, "status"), Version: drawText(t, "version"),
		Labels: rapid.MapOfN(rapid.StringN(0, 8, 32).Filter(withoutNUL), rapid.String().Filter(withoutNUL), 0, 12).Draw(t, "labels"),
	}
	if rapid.Bool().Draw(t, "more") {
		c.FinishedAt, c.ObservedAt = &end, &end
		c.Rollout = []correlate.RolloutStep{{At: start, Percent: percent, Instances: drawNames(t, "instances")}}
		c.Actor = &correlate.Actor{ID: drawText(t, "actor"), Type: correlate.ActorAIAgent}
		c.Commits = []correlate.Commit{{SHA: drawText(t, "sha"), Message: rapid.String().Filter(withoutNUL).Draw(t, "message"), Additions: 3, Files: drawNames(t, "files")}}
		c.PullRequests = []correlate.PullRequest{{Number: rapid.Int64Min(0).Draw(t, "number"), Body: rapid.String().Filter(withoutNUL).Draw(t, "body")}}
		c.Approvals = []correlate.Approval{{By: drawText(t, "by"), At: &start}}
		c.AI = &correlate.AIDeclaration{LinesPercent: &percent, Tools: []correlate.AITool{{Name: drawText(t, "tool")}}}
		c.Links = &correlate.ChangeLinks{Run: drawText(t, "run")}
	}
	return c
}

func drawAlert(t *rapid.T) correlate.Alert {
	start := drawTime(t, "start")
	return correlate.Alert{
		Source: drawName(t, "source"), Fingerprint: drawName(t, "fingerprint"), Service: drawName(t, "service"), Environment: drawName(t, "environment"),
		Name: drawName(t, "name"), Description: rapid.String().Filter(withoutNUL).Draw(t, "description"), Severity: rapid.SampledFrom(correlate.Severities()).Draw(t, "severity"),
		Status: rapid.SampledFrom([]correlate.AlertStatus{correlate.AlertFiring, correlate.AlertResolved}).Draw(t, "status"),
		Signal: rapid.SampledFrom(correlate.Signals()).Draw(t, "signal"), StartedAt: start, ResolvedAt: &start,
		Links: map[string]string{"runbook": rapid.String().Filter(withoutNUL).Draw(t, "runbook")},
	}
}

func drawTime(t *rapid.T, label string) time.Time {
	return time.UnixMilli(rapid.Int64Range(946_684_800_000, noon.UnixMilli()).Draw(t, label)).UTC()
}

// drawName draws a text that may name something.
func drawName(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-zé☕"\\/<\t-]{1,12}`).Draw(t, label)
}

func drawNames(t *rapid.T, label string) []string {
	return rapid.SliceOfN(rapid.StringMatching(`[a-z-]{1,9}`), 0, 20).Draw(t, label)
}

func drawText(t *rapid.T, label string) string {
	return rapid.StringMatching(`[ -~é☕😀\n]{0,20}`).Draw(t, label)
}

// withoutNUL keeps the texts that the decoder accepts.
func withoutNUL(text string) bool { return strings.IndexByte(text, 0) < 0 }
