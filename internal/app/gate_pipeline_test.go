package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/internal/testenv"
)

// The answers of a forge, cut to what the documented job reads.
const (
	forgePull = `{"number":7,"title":"Retry payments","body":null,"head":{"ref":"retry"},"user":{"login":"ada","type":"User"},"labels":[{"name":"payments"}]}`
	forgeList = `[{"sha":"c0ffee","commit":{"message":"Retry payments\n\nCo-authored-by: Claude <noreply@anthropic.com>",
"author":{"name":"Ada","email":"ada@example.org","date":"2026-05-04T08:00:00Z"}},"author":{"login":"ada"}}]`
	forgeReviews = `[{"user":{"login":"grace"},"state":"APPROVED","submitted_at":"2026-05-04T09:30:00Z"}]`
)

// pipelineScript is the shell of the documented GitHub job.
func pipelineScript(t *testing.T) string {
	t.Helper()
	var job struct {
		Jobs map[string]struct {
			Steps []struct {
				Run string `yaml:"run"`
			} `yaml:"steps"`
		} `yaml:"jobs"`
	}
	for _, block := range documented(t, "policy.md", "yaml") {
		if strings.Contains(block, "ubuntu-latest") {
			if err := yaml.Unmarshal([]byte(block), &job); err != nil {
				t.Fatalf("the documented job is no YAML: %v", err)
			}
		}
	}
	steps := job.Jobs["gate"].Steps
	if len(steps) != 1 || steps[0].Run == "" {
		t.Fatalf("the documented job has no script: %+v", job)
	}
	return steps[0].Run
}

// TestTheDocumentedPipelineBuildsAChangeThatTheGateJudges runs the script of the
// GitHub job as it is written, with answers of the forge in place of its client.
func TestTheDocumentedPipelineBuildsAChangeThatTheGateJudges(t *testing.T) {
	_, missing := exec.LookPath("jq")
	testenv.Need(t, missing == nil, "jq", "run `apt-get install jq`")
	dir := t.TempDir()
	tool := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700); err != nil { //nolint:gosec // A tool of this test must be runnable.
			t.Fatal(err)
		}
	}
	tool("gh", `case "$*" in
*/commits/*/pulls*) echo 7;;
*/commits) cat <<'END'
`+forgeList+`
END
;;
*/reviews) cat <<'END'
`+forgeReviews+`
END
;;
*) cat <<'END'
`+forgePull+`
END
;;
esac
`)
	tool("faultline", "test \"$1 $2 $3\" = 'gate --change change.json'\n")
	for seniors, denied := range map[string]bool{`["grace","barbara"]`: false, `["barbara"]`: true} {
		script := exec.CommandContext(t.Context(), "bash", "-e", "-c", pipelineScript(t))
		script.Dir = dir
		script.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=shop/checkout", "GITHUB_SHA=c0ffee", "GITHUB_RUN_ID=4711", "SENIORS="+seniors)
		if said, err := script.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		change, err := os.ReadFile(filepath.Join(dir, "change.json"))
		if err != nil || !json.Valid(change) {
			t.Fatalf("%v\n%s", err, change)
		}
		topology := filepath.Join(dir, "topology.json")
		if err := os.WriteFile(topology, []byte(`{"source":"mesh","services":[{"name":"checkout","tier":1}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = Gate(t.Context(), GateOptions{Change: "-", Topology: topology, Output: "table"}, bytes.NewReader(change), &out)
		if errors.Is(err, ErrNo) != denied || err != nil && !denied {
			t.Errorf("with the seniors %s: %v\n%s", seniors, err, out.String())
		}
	}
}

// TestTheDocumentedManifestsAreWellFormed reads what GitLab and Argo CD are to
// be given, and looks for the flags that the gate has.
func TestTheDocumentedManifestsAreWellFormed(t *testing.T) {
	found := 0
	for _, block := range documented(t, "policy.md", "yaml") {
		var manifest any
		if err := yaml.Unmarshal([]byte(block), &manifest); err != nil {
			t.Errorf("%v\n%s", err, block)
		}
		if strings.Contains(block, "faultline gate --change change.json") || strings.Contains(block, "args: [gate, --change, /change/change.json, --server,") {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d of the three pipelines ask the gate", found)
	}
}
