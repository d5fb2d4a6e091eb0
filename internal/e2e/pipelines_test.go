package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/internal/testenv"
)

// pipelines runs what docs/policy.md gives to pipelines, against a service.
type pipelines struct {
	*server
	door  *frontDoor
	token string
}

// TestTheDocumentedPipelinesAskTheGateAndObeyIt runs the jobs of docs/policy.md as
// they stand there: the shell that each platform would start, its environment, the
// built binary, a running service behind the address of the documentation, and
// forges that answer as GitHub and GitLab do.
func TestTheDocumentedPipelinesAskTheGateAndObeyIt(t *testing.T) {
	needEngine(t)
	for _, tool := range []string{"bash", "curl", "jq"} {
		_, missing := exec.LookPath(tool)
		testenv.Need(t, missing == nil, tool, "run `apt-get install "+tool+"`")
	}
	dir := t.TempDir()
	admin, adminEntry := newToken(t, "admin")
	ingest, ingestEntry := newToken(t, "ingest")
	t.Setenv("FAULTLINE_API_TOKENS", "["+adminEntry+","+ingestEntry+"]")
	if err := os.WriteFile(filepath.Join(dir, "admin.token"), []byte(admin), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir)
	s.post("/v1/topology", `{"source":"mesh","observed_at":"2026-05-04T00:00:00Z","services":[{"name":"checkout","tier":1}]}`)
	p := &pipelines{server: s, door: openDoor(t, strings.TrimPrefix(s.url, "http://")), token: ingest}
	t.Run("GitHub Actions", p.github)
	t.Run("GitLab CI", p.gitlab)
	t.Run("Argo CD", p.argo)
	t.Run("the way past a gate that cannot answer", p.optOut)
	s.stop()
}

// newToken makes a token as a user would, and its entry in the settings.
func newToken(t *testing.T, role string) (token, entry string) {
	t.Helper()
	code, out, errs := run(t, nil, "", "token", "create", "--role", role, "--name", "test-"+role, "-o", "json")
	var made struct{ Token, ID, Hash string }
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil || made.Token == "" {
		t.Fatalf("exit %d %v %s %s", code, err, out, errs)
	}
	return made.Token, fmt.Sprintf(`{id: %s, name: test-%s, role: %s, hash: "%s"}`, made.ID, role, role, made.Hash)
}

// outcome is how a job ended.
type outcome struct {
	code int
	said string
	took time.Duration
}

// job runs a command as a platform would: with nothing of this process's own
// environment.
func (p *pipelines) job(t *testing.T, dir string, environ []string, command ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(append([]string{"HOME=" + dir, "FAULTLINE_TOKEN=" + p.token}, p.door.environ()...), environ...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	started := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", command, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), said.String(), time.Since(started)}
}

// kept is how many decisions the service has kept, and the newest.
func (p *pipelines) kept(t *testing.T) (n int, newest string) {
	t.Helper()
	var page struct {
		Items []struct {
			Decision string
			Change   struct{ Source, ID string }
			AskedBy  string `json:"asked_by"`
		}
	}
	if status := p.get("/v1/policy/decisions?limit=200", &page); status != http.StatusOK {
		t.Fatalf("decisions: %d", status)
	}
	if len(page.Items) > 0 {
		i := page.Items[0]
		newest = fmt.Sprintf("%s %s/%s for %s", i.Decision, i.Change.Source, i.Change.ID, i.AskedBy)
	}
	return len(page.Items), newest
}

// trial is one run of a pipeline and what must come of it. Away leads the door to
// a closed port, and silent to one that takes the request and says nothing.
type trial struct {
	seniors      string
	forge        forge
	away, silent bool
	code         int
	// decision is what the service keeps of it; empty: the gate was not reached.
	decision string
	says     string
}

// hold runs a pipeline and compares.
func (p *pipelines) hold(t *testing.T, want *trial, pipeline func(seniors string, f forge) outcome) {
	t.Helper()
	backend := strings.TrimPrefix(p.url, "http://")
	switch {
	case want.away:
		p.door.lead("127.0.0.1:1")
	case want.silent:
		p.door.lead(blackHole(t))
	}
	defer p.door.lead(backend)
	before, _ := p.kept(t)
	got := pipeline(want.seniors, want.forge)
	if got.code != want.code || !strings.Contains(got.said, want.says) {
		t.Errorf("exit %d, want %d and %q in\n%s", got.code, want.code, want.says, got.said)
	}
	if got.took > 40*time.Second {
		t.Errorf("it took %v to give up", got.took)
	}
	after, newest := p.kept(t)
	if want.decision == "" && after != before {
		t.Errorf("the gate was asked though it could not be: %s", newest)
	}
	if want.decision != "" && (after != before+1 || newest != want.decision) {
		t.Errorf("%d decisions more, the newest %q, want %q", after-before, newest, want.decision)
	}
}

// forge are the answers of a forge by path; a path that is missing is not found.
// What follows a line of "BREAKS" is a page that never comes.
type forge map[string]string

// serve runs a forge.
func (f forge) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := f[strings.TrimPrefix(r.URL.RequestURI(), "/")]
		switch {
		case !known:
			http.NotFound(w, r)
		case r.Header.Get("Private-Token") != "forge-secret" && r.Header.Get("Authorization") != "Bearer forge-secret":
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasPrefix(answer, "BREAKS"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// with is the forge with other answers.
func (f forge) with(other forge) forge {
	out := maps.Clone(f)
	maps.Copy(out, other)
	return out
}

// assistedCommit is the message of every commit that these forges tell of.
const assistedCommit = `Retry payments\n\nCo-authored-by: Claude <noreply@anthropic.com>`

// githubForge are answers of GitHub, cut to what a job reads.
var githubForge = forge{
	"repos/shop/checkout/commits/c0ffee/pulls": `[{"number":7,"title":"Retry payments","body":null,"head":{"ref":"retry"},"user":{"login":"ada","type":"User"},"labels":[{"name":"payments"}]},
		{"number":8,"title":"Backport","body":"","head":{"ref":"b"},"user":{"login":"ada","type":"User"},"labels":[]}]`,
	"repos/shop/checkout/pulls/7/commits": `[{"sha":"c0ffee","commit":{"message":"` + assistedCommit + `","author":{"name":"Ada","email":"ada@example.org","date":"2026-05-04T08:00:00Z"}},"author":null}]`,
	"repos/shop/checkout/pulls/7/reviews": `[{"user":{"login":"grace"},"state":"APPROVED","submitted_at":"2026-05-04T09:30:00Z"},{"user":null,"state":"COMMENTED","submitted_at":"2026-05-04T09:00:00Z"}]`,
	"repos/shop/checkout/commits/c0ffee":  `{"sha":"c0ffee","commit":{"message":"` + assistedCommit + `","author":{"name":"Ada","email":"ada@example.org","date":"2026-05-04T08:00:00Z"}},"author":{"login":"ada"}}`,
}

// The client of GitHub, as far as the job uses it: what it prints of a list is
// its pages one after the other, and it fails where a page does.
const fakeGH = `#!/bin/sh
test "$GH_TOKEN" = forge-secret && test "$1" = api || exit 4
shift; filter=.; all=
while [ $# -gt 0 ]; do case $1 in --jq) filter=$2; shift 2;; --paginate) all=2; shift;; *) path=$1; shift;; esac; done
one=$(curl -fsS -H "Authorization: Bearer $GH_TOKEN" "$FORGE/$path") || exit 1
printf '%s' "$one" | jq "$filter"
if [ -n "$all" ] && [ "${path##*/}" = "$BREAKS" ]; then echo "page 2: 502" >&2; exit 1; fi
`

// The runner's Docker: it knows the image of the documentation, which holds the
// binary where the Dockerfile puts it.
const fakeDocker = `#!/bin/sh
case "$1 $2" in
"create registry.example/faultline") echo 4f2a;;
"cp 4f2a:` + "%s" + `") cp "$FAULTLINE_BINARY" "$3";;
*) echo "docker $*" >&2; exit 125;;
esac
`

// tools makes a directory of programs.
func tools(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // The tools of this test must be runnable.
			t.Fatal(err)
		}
	}
	return dir
}

// entrypoint is the program of the image, by the Dockerfile.
func entrypoint(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ENTRYPOINT \["([^"]+)"\]$`).FindStringSubmatch(string(text))
	if found == nil || !strings.Contains(string(text), "COPY --from=build /faultline "+found[1]+"\n") {
		t.Fatal("the Dockerfile does not say where the binary is")
	}
	return found[1]
}

// githubStep is a step of the documented job.
type githubStep struct {
	Run, Shell string
	Env        map[string]string
}

func (p *pipelines) github(t *testing.T) {
	var file struct {
		Jobs map[string]struct {
			Steps []githubStep
			Needs string
		}
	}
	if err := yaml.Unmarshal([]byte(documented(t, "policy.md", "yaml", "ubuntu-latest")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Jobs["gate"].Steps) == 0 || file.Jobs["deploy"].Needs != "gate" {
		t.Fatalf("no gate before the deploy: %+v", file)
	}
	direct := githubForge.with(forge{"repos/shop/checkout/commits/c0ffee/pulls": "[]"})
	for name, want := range map[string]trial{
		"approved by a senior": {seniors: `["grace"]`, forge: githubForge, code: 0, decision: "allow github-actions/4711 for test-ingest", says: "ALLOW"},
		"approved by a junior": {seniors: `["barbara"]`, forge: githubForge, code: 1, decision: "deny github-actions/4711 for test-ingest", says: "nobody senior approved it"},
		"pushed directly":      {seniors: `["grace"]`, forge: direct, code: 1, decision: "deny github-actions/4711 for test-ingest", says: "nobody approved it"},
		"the gate is away":     {seniors: `["grace"]`, forge: githubForge, away: true, code: 3, says: "does not answer"},
		"a page is missing":    {seniors: `["grace"]`, forge: githubForge.with(forge{"BREAKS": "commits"}), code: 1, says: "page 2"},
		"the forge is away":    {seniors: `["grace"]`, forge: forge{}, code: 1, says: "404"},
		"SENIORS is not set":   {forge: githubForge, code: 2, says: "jq"},
	} {
		t.Run(name, func(t *testing.T) {
			p.hold(t, &want, func(seniors string, f forge) outcome { return p.runner(t, file.Jobs["gate"].Steps, seniors, f) })
		})
	}
}

// runner runs steps as GitHub's runner does.
func (p *pipelines) runner(t *testing.T, steps []githubStep, seniors string, f forge) outcome {
	bin := tools(t, map[string]string{"gh": fakeGH, "docker": fmt.Sprintf(fakeDocker, entrypoint(t))})
	work, temp := t.TempDir(), t.TempDir()
	added := filepath.Join(temp, "path")
	values := map[string]string{"${{ github.token }}": "forge-secret", "${{ secrets.FAULTLINE_TOKEN }}": p.token, "${{ vars.SENIORS }}": seniors}
	var last outcome
	for i, step := range steps {
		path, _ := os.ReadFile(added)
		environ := []string{
			"GITHUB_REPOSITORY=shop/checkout", "GITHUB_SHA=c0ffee", "GITHUB_RUN_ID=4711", "GITHUB_PATH=" + added, "RUNNER_TEMP=" + temp,
			"FAULTLINE_BINARY=" + binary, "FORGE=" + f.serve(t), "BREAKS=" + f["BREAKS"],
			"PATH=" + strings.Join(append(strings.Fields(string(path)), bin, os.Getenv("PATH")), ":"),
		}
		for name, value := range step.Env {
			if given, known := values[value]; known {
				value = given
			}
			if strings.Contains(value, "${{") {
				t.Fatalf("step %d: nothing gives %s", i, value)
			}
			environ = append(environ, name+"="+value)
		}
		if step.Shell != "bash" {
			t.Fatalf("step %d does not stop at a broken pipe: its shell is %q", i, step.Shell)
		}
		script := filepath.Join(temp, fmt.Sprintf("step%d.sh", i))
		if err := os.WriteFile(script, []byte(step.Run), 0o600); err != nil {
			t.Fatal(err)
		}
		if last = p.job(t, work, environ, "bash", "--noprofile", "--norc", "-eo", "pipefail", script); last.code != 0 {
			break
		}
	}
	return last
}

// manyCommits is a page of GitLab's commits, none of them by AI.
func manyCommits(n int) string {
	return "[" + strings.Join(slices.Repeat([]string{`{"id":"beef","message":"Tidy","author_name":"Ada","author_email":"ada@example.org","authored_date":"2026-05-04T07:00:00.000+00:00"}`}, n), ",") + "]"
}

// gitlabForge are answers of GitLab, cut to what the script reads.
var gitlabForge = forge{
	"projects/12/repository/commits/c0ffee/merge_requests":     `[{"iid":6,"state":"closed"},{"iid":7,"state":"merged","title":"Retry payments","description":null,"source_branch":"retry","author":{"username":"ada"},"labels":["payments"]}]`,
	"projects/12/merge_requests/7/commits?per_page=100&page=1": `[{"id":"c0ffee","message":"` + assistedCommit + `","author_name":"Ada","author_email":"ada@example.org","authored_date":"2026-05-04T10:00:00.000+02:00"}]`,
	"projects/12/merge_requests/7/approvals":                   `{"approved_by":[{"user":{"username":"grace"},"approved_at":"2026-05-04T09:30:00.000Z"}]}`,
	"projects/12/repository/commits/c0ffee":                    `{"id":"c0ffee","message":"` + assistedCommit + `","author_name":"Ada","author_email":"ada@example.org","authored_date":"2026-05-04T08:00:00.000Z"}`,
}

func (p *pipelines) gitlab(t *testing.T) {
	pages := gitlabForge.with(forge{
		"projects/12/merge_requests/7/commits?per_page=100&page=1": manyCommits(100),
		"projects/12/merge_requests/7/commits?per_page=100&page=2": gitlabForge["projects/12/merge_requests/7/commits?per_page=100&page=1"],
		"projects/12/merge_requests/7/approvals":                   `{"approved_by":[]}`,
	})
	for name, want := range map[string]trial{
		"approved by a senior":   {seniors: `["grace"]`, forge: gitlabForge, code: 0, decision: "allow gitlab/4711 for test-ingest", says: "ALLOW"},
		"an approval undated":    {seniors: `["grace"]`, forge: gitlabForge.with(forge{"projects/12/merge_requests/7/approvals": `{"approved_by":[{"user":{"username":"grace"}}]}`}), code: 0, decision: "allow gitlab/4711 for test-ingest", says: "ALLOW"},
		"approved by a junior":   {seniors: `["barbara"]`, forge: gitlabForge, code: 1, decision: "deny gitlab/4711 for test-ingest", says: "nobody senior approved it"},
		"AI in the last of many": {seniors: `["grace"]`, forge: pages, code: 1, decision: "deny gitlab/4711 for test-ingest", says: "ai_assisted"},
		"a page is missing":      {seniors: `["grace"]`, forge: pages.with(forge{"projects/12/merge_requests/7/commits?per_page=100&page=2": "BREAKS"}), code: 22, says: "500"},
		"pushed directly":        {seniors: `["grace"]`, forge: gitlabForge.with(forge{"projects/12/repository/commits/c0ffee/merge_requests": "[]"}), code: 1, decision: "deny gitlab/4711 for test-ingest", says: "nobody approved it"},
		"the gate is away":       {seniors: `["grace"]`, forge: gitlabForge, away: true, code: 3, says: "does not answer"},
		"the forge is away":      {seniors: `["grace"]`, forge: forge{}, code: 22, says: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			p.hold(t, &want, func(seniors string, f forge) outcome { return p.gitlabJob(t, seniors, f) })
		})
	}
}

// gitlabJob runs the documented job with the documented script in its place.
func (p *pipelines) gitlabJob(t *testing.T, seniors string, f forge) outcome {
	var file struct {
		Gate struct {
			Image     string
			Variables map[string]string
			Script    []string
		}
	}
	if err := yaml.Unmarshal([]byte(documented(t, "policy.md", "yaml", "stage: .pre")), &file); err != nil {
		t.Fatal(err)
	}
	image := documented(t, "policy.md", "dockerfile", "COPY --from=registry.example/faultline "+entrypoint(t)+" /usr/local/bin/faultline")
	for _, tool := range []string{"curl", "jq", "ca-certificates"} {
		if !strings.Contains(image, " "+tool+" ") {
			t.Errorf("the image of the job lacks %s", tool)
		}
	}
	work := t.TempDir()
	if err := os.Mkdir(filepath.Join(work, "ci"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "ci", "change.sh"), []byte(documented(t, "policy.md", "sh", "PRIVATE-TOKEN")), 0o600); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "faultline")); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "GITLAB_TOKEN=forge-secret", "CI_API_V4_URL=" + f.serve(t), "CI_PROJECT_ID=12",
		"CI_PROJECT_NAME=checkout", "CI_COMMIT_SHA=c0ffee", "CI_PIPELINE_ID=4711",
	}
	for name, value := range file.Gate.Variables {
		if name == "SENIORS" {
			value = seniors
		}
		environ = append(environ, name+"="+value)
	}
	return p.job(t, work, environ, "sh", "-e", "-c", strings.Join(file.Gate.Script, "\n"))
}
