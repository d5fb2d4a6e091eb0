package format

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// arrived is when test messages arrive.
var arrived = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// testRegistry maps two names, as an installation would.
func testRegistry() *Registry {
	cfg := DefaultConfig()
	cfg.Services = Rules{
		{Source: "pagerduty", Attribute: "service.id", Value: "PSVC001", Service: "checkout"},
		{Attribute: "job", Value: "node", Service: "machines"},
	}
	return NewRegistry(cfg)
}

// headers makes a header function of pairs.
func headers(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.EqualFold(pairs[i], name) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// decodeWith decodes a message into a batch of its own.
func decodeWith(
	r *Registry, kind event.Kind, format string, header func(string) string, body []byte, meta event.Meta,
) (batch event.Batch, rejected []event.Rejection, err error) {
	rejected, err = r.Decode(&batch, kind, format, header, body, meta)
	return batch, rejected, err
}

// decodeAs decodes a message that a route or header names the format of.
func decodeAs(t *testing.T, name string, header func(string) string, body []byte) (event.Batch, []event.Rejection) {
	t.Helper()
	batch, rejected, err := decodeWith(testRegistry(), "", name, header, body, event.Meta{ArrivedAt: arrived})
	if err != nil {
		t.Fatal(err)
	}
	return batch, rejected
}

// keyFields prints the fields by which a wrong mapping shows, one line an event.
func keyFields(batch event.Batch, rejected []event.Rejection) []string {
	var lines []string
	for i := range batch.Changes {
		c := &batch.Changes[i].Change
		lines = append(lines, fmt.Sprintf("%s %s %s %v in %s %s %s commits=%d pulls=%d",
			c.ID, c.Kind, c.Status, c.Services, shown(c.Environment), c.StartedAt.Format(time.RFC3339Nano), c.Version, len(c.Commits), len(c.PullRequests)))
	}
	for i := range batch.Alerts {
		a := &batch.Alerts[i].Alert
		lines = append(lines, fmt.Sprintf("%s %s %s of %s in %s %s %s %s",
			a.Fingerprint, a.Status, a.Name, a.Service, shown(a.Environment), a.StartedAt.Format(time.RFC3339Nano), a.Severity, a.Signal))
	}
	for _, r := range rejected {
		lines = append(lines, "refused: "+r.Err.Error())
	}
	return lines
}

// decoded is a golden file: what a payload becomes, in the contract's words.
type decoded struct {
	Changes  []correlate.Change `json:"changes,omitempty"`
	Alerts   []correlate.Alert  `json:"alerts,omitempty"`
	Rejected []string           `json:"rejected,omitempty"`
}

func goldenOf(batch event.Batch, rejected []event.Rejection) decoded {
	var d decoded
	for i := range batch.Changes {
		d.Changes = append(d.Changes, batch.Changes[i].Change)
	}
	for i := range batch.Alerts {
		d.Alerts = append(d.Alerts, batch.Alerts[i].Alert)
	}
	for _, r := range rejected {
		d.Rejected = append(d.Rejected, fmt.Sprintf("%d: %v", r.Line, r.Err))
	}
	return d
}

// Every payload under testdata is decoded and compared with the golden file
// beside it, which people read to see what a payload becomes.
func TestPayloadsBecomeWhatTheGoldenFilesSay(t *testing.T) {
	for _, path := range payloads(t, "testdata") {
		name := filepath.Base(filepath.Dir(path))
		t.Run(name+"/"+filepath.Base(path), func(t *testing.T) {
			header := headers()
			if filepath.Base(path) == "star.json" {
				header = headers("X-GitHub-Event", "star")
			}
			batch, rejected := decodeAs(t, name, header, read(t, path))
			demandMeta(t, name, batch)
			got, err := json.MarshalIndent(goldenOf(batch, rejected), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(path, ".json")+".golden", append(got, '\n'))
		})
	}
}

// payloads lists the payloads below a directory.
func payloads(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no payloads below %s: %v", dir, err)
	}
	return paths
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, path); !bytes.Equal(want, got) {
		t.Errorf("%s; go test ./ingest/format -update writes it anew (-want +got):\n%s", path, cmp.Diff(string(want), string(got)))
	}
}

// demandMeta checks what accompanies every event, whatever its format.
func demandMeta(t *testing.T, name string, batch event.Batch) {
	t.Helper()
	metas := []event.Meta{}
	for i := range batch.Changes {
		metas = append(metas, batch.Changes[i].Meta)
	}
	for i := range batch.Alerts {
		metas = append(metas, batch.Alerts[i].Meta)
	}
	seen := map[uint64]bool{}
	for _, m := range metas {
		if m.Format != name || !m.ArrivedAt.Equal(arrived) || !json.Valid(m.Raw) || m.UID == 0 || seen[m.UID] {
			t.Errorf("meta = %+v", m)
		}
		seen[m.UID] = true
	}
}
