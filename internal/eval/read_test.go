package eval

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
)

const goodLine = `{"name":"n","at":"2026-03-04T16:00:00+01:00","kind":"outage","later_field":{"a":1},` +
	`"topology":{"observed_at":"2026-03-03T00:00:00Z","source":"catalog","services":[{"name":"a"}],"edges":[{"caller":"a","callee":"b"}]},` +
	`"changes":[{"id":"c1","source":"ci","kind":"deploy","started_at":"2026-03-04T14:00:00Z","new_thing":[1]}],` +
	`"alerts":[{"source":"m","service":"a","name":"E","status":"firing","started_at":"2026-03-04T14:59:00Z"}],` +
	`"metrics":[{"service":"a","signal":"errors","points":[["2026-03-04T14:00:00Z",1.5]]}],"causes":["c1"]}`

func fileOf(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCasesComeFromPlainZippedAndStandardInput(t *testing.T) {
	text := goodLine + "\n\n" + strings.Replace(goodLine, `"n"`, `"second"`, 1)
	plain := fileOf(t, "cases.jsonl", []byte(text))
	packed := fileOf(t, "cases.jsonl.gz", zipped(t, text))
	for name, stdin := range map[string][]byte{plain: nil, packed: nil, StdinName: []byte(text)} {
		cases, err := ReadCases(t.Context(), []string{name}, bytes.NewReader(stdin))
		if err != nil || len(cases) != 2 || cases[1].Name != "second" {
			t.Errorf("%s: %d cases, %v", name, len(cases), err)
		}
	}
	cases, err := ReadCases(t.Context(), []string{StdinName}, bytes.NewReader(zipped(t, text)))
	if err != nil || len(cases) != 2 {
		t.Errorf("zipped standard input: %d cases, %v", len(cases), err)
	}
}

func TestTimesAreUTCAndAlertsHaveFingerprints(t *testing.T) {
	c, bad := decodeCase([]byte(goodLine))
	if bad != nil {
		t.Fatal(bad)
	}
	if !c.At.Equal(judgedAt) || c.At.Location() != judgedAt.Location() {
		t.Errorf("judged at %v", c.At)
	}
	if c.Alerts[0].Environment != correlate.DefaultEnvironment || c.Changes[0].Environment != correlate.DefaultEnvironment {
		t.Errorf("environments %q and %q, want the default", c.Alerts[0].Environment, c.Changes[0].Environment)
	}
	if c.Alerts[0].Fingerprint != c.Alerts[0].DefaultFingerprint() {
		t.Errorf("fingerprint %q", c.Alerts[0].Fingerprint)
	}
	if len(c.Changes) != 1 || len(c.Topology.Edges) != 1 || len(c.Metrics[0].Points) != 1 || c.Causes[0] != "c1" {
		t.Errorf("case %+v", c)
	}
}

func TestBadLineIsNamedWithFileLineAndField(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(goodLine, old, with, 1) }
	tests := map[string]struct{ line, want string }{
		"truncated":       {goodLine[:200], ":2: is not valid JSON"},
		"not an object":   {`[1,2]`, ":2: is a JSON array"},
		"no name":         {replace(`"name":"n",`, ``), ":2: name: is missing"},
		"no at":           {replace(`"at":"2026-03-04T16:00:00+01:00",`, ``), ":2: at: is missing"},
		"no zone":         {replace(`16:00:00+01:00`, `16:00:00`), `:2: at: "2026-03-04T16:00:00" has no zone`},
		"name a number":   {replace(`"name":"n"`, `"name":7`), ":2: name: is a JSON number"},
		"causes a string": {replace(`["c1"]`, `"c1"`), ":2: causes: is a JSON string"},
		"edge wrong":      {replace(`"callee":"b"`, `"callee":["b"]`), ":2: topology.edges[0].callee: is an array"},
		"change no id":    {replace(`"id":"c1",`, ``), ":2: changes[0].id: is missing"},
		"change no src":   {replace(`"source":"ci",`, ``), ":2: changes[0].source: is missing"},
		"change no kind":  {replace(`"kind":"deploy",`, ``), ":2: changes[0].kind: is missing"},
		"change kind":     {replace(`"kind":"deploy"`, `"kind":"magic"`), `:2: changes[0].kind: "magic" is not a known`},
		"change start":    {replace(`"started_at":"2026-03-04T14:00:00Z",`, ``), ":2: changes[0].started_at: is missing"},
		"change type":     {replace(`"id":"c1"`, `"id":{}`), ":2: changes[0].id: is an object"},
		"change time":     {replace(`"started_at":"2026-03-04T14:00:00Z"`, `"started_at":"noon"`), `:2: changes[0].started_at: "noon" is not an RFC 3339 time`},
		"end first":       {replace(`"new_thing":[1]`, `"finished_at":"2026-03-04T13:00:00Z"`), ":2: changes[0].finished_at: 2026-03-04T13:00:00Z is before started_at"},
		"change status":   {replace(`"new_thing":[1]`, `"status":"fine"`), `:2: changes[0].status: "fine" is not a known`},
		"alert no source": {replace(`"source":"m",`, ``), ":2: alerts[0].source: is missing"},
		"alert service":   {replace(`"service":"a","name":"E"`, `"name":"E"`), ":2: alerts[0].service: is missing"},
		"alert no name":   {replace(`"name":"E",`, ``), ":2: alerts[0].name: is missing"},
		"alert start":     {replace(`,"started_at":"2026-03-04T14:59:00Z"`, ``), ":2: alerts[0].started_at: is missing"},
		"alert status":    {replace(`"firing"`, `"ringing"`), `:2: alerts[0].status: "ringing" is not a known`},
		"alert severity":  {replace(`"status":"firing"`, `"status":"firing","severity":"page"`), `:2: alerts[0].severity: "page" is not a known value; use one of critical, high, warning, info`},
		"alert signal":    {replace(`"status":"firing"`, `"status":"firing","signal":"noise"`), `:2: alerts[0].signal: "noise" is not a known value; use one of availability,`},
		"alert state":     {replace(`"firing"`, `"ringing"`), `use one of firing, resolved`},
		"actor type":      {replace(`"new_thing":[1]`, `"actor":{"type":"robot"}`), `:2: changes[0].actor.type: "robot" is not a known value; use one of human, automation, ai_agent`},
		"assistance":      {replace(`"new_thing":[1]`, `"ai":{"assistance":"much"}`), `:2: changes[0].ai.assistance: "much" is not a known value; use one of none,`},
		"edge kind":       {replace(`"callee":"b"`, `"callee":"b","kind":"rope"`), `:2: topology.edges[0].kind: "rope" is not a known value; use one of sync,`},
		"series service":  {replace(`{"service":"a","signal"`, `{"signal"`), ":2: metrics[0].service: is missing"},
		"point":           {replace(`["2026-03-04T14:00:00Z",1.5]`, `["2026-03-04T14:00:00Z"]`), ":2: metrics[0].points[0]: [\"2026-03-04T14:00:00Z\"] is no sample; write [time, number]"},
		"text as sample":  {replace(`["2026-03-04T14:00:00Z",1.5]`, `["2026-03-04T14:00:00Z","NaN"]`), `:2: metrics[0].points[0]: ["2026-03-04T14:00:00Z","NaN"] is no sample`},
		"epoch as time":   {replace(`["2026-03-04T14:00:00Z",1.5]`, `[1772632800,1.5]`), ":2: metrics[0].points[0]: [1772632800,1.5] is no sample"},
		"deep in change":  {replace(`"new_thing":[1]`, `"commits":[{},{"author":{"email":3}}]`), ":2: changes[0].commits[1].author.email: is a number"},
		"step no time":    {replace(`"new_thing":[1]`, `"rollout":[{"percent":5}]`), ":2: changes[0].rollout[0].at: is missing"},
		"edge no callee":  {replace(`"callee":"b"`, `"was":"b"`), ":2: topology.edges[0].callee: is missing"},
		"changes object":  {replace(`"changes":[`, `"changes":{},"x":[`), ":2: changes: is a JSON object"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := fileOf(t, "cases.jsonl", []byte(goodLine+"\n"+tt.line+"\n"))
			_, err := ReadCases(t.Context(), []string{file}, nil)
			var at *LineError
			if !errors.As(err, &at) || at.Line != 2 || at.File != file {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not contain %q", err, tt.want)
			}
		})
	}
}

func TestAByteOrderMarkAtTheStartIsSkipped(t *testing.T) {
	const marked = "\ufeff" + goodLine + "\n" + goodLine + "\n"
	for name, file := range map[string]string{
		"plain": fileOf(t, "marked.jsonl", []byte(marked)),
		"gzip":  fileOf(t, "marked.jsonl.gz", zipped(t, marked)),
	} {
		if cases, err := ReadCases(t.Context(), []string{file}, nil); err != nil || len(cases) != 2 {
			t.Errorf("%s: %d cases, %v", name, len(cases), err)
		}
	}
	inside := fileOf(t, "inside.jsonl", []byte(goodLine+"\n\ufeff"+goodLine+"\n"))
	if _, err := ReadCases(t.Context(), []string{inside}, nil); err == nil {
		t.Error("a byte order mark in the middle of a file was taken for nothing")
	}
}

func TestCutOffArchiveIsAnError(t *testing.T) {
	packed := zipped(t, strings.Repeat(goodLine+"\n", 50))
	file := fileOf(t, "cut.jsonl.gz", packed[:len(packed)/2])
	if _, err := ReadCases(t.Context(), []string{file}, nil); err == nil {
		t.Error("half an archive was read without complaint")
	}
}

func TestMissingFileAndMissingInputSayWhatToDo(t *testing.T) {
	if _, err := ReadCases(t.Context(), []string{"/nowhere/cases.jsonl"}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := ReadCases(t.Context(), []string{StdinName}, nil); err == nil || !strings.Contains(err.Error(), "name a file") {
		t.Errorf("error %v", err)
	}
}

func TestLineLongerThanTheBufferIsWhole(t *testing.T) {
	long := strings.Replace(goodLine, `"later_field":{"a":1}`, `"later_field":"`+strings.Repeat("x", 3<<20)+`"`, 1)
	cases, err := ReadCases(t.Context(), []string{StdinName}, strings.NewReader(long+"\n"+goodLine+"\n"+long))
	if err != nil || len(cases) != 3 {
		t.Errorf("%d cases, %v", len(cases), err)
	}
}

func TestReadingStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := EachCase(ctx, []string{StdinName}, strings.NewReader(strings.Repeat(goodLine+"\n", 5)), func(Case) error {
		seen++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("after %d cases: %v", seen, err)
	}
	refusal := errors.New("enough")
	err = EachCase(t.Context(), []string{StdinName}, strings.NewReader(goodLine), func(Case) error { return refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("error %v", err)
	}
}

func FuzzDecodeCase(f *testing.F) {
	f.Add([]byte(goodLine))
	f.Add([]byte(`{"name":"x","at":"2026-01-01T00:00:00Z","changes":[null],"alerts":null}`))
	f.Add([]byte("{\"name\":\"\x00\",\"metrics\":[{\"points\":[[]]}]}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		c, bad := decodeCase(line)
		if bad != nil {
			if bad.Problem == "" || bad.Mend == "" {
				t.Errorf("error without problem or mend: %+v", bad)
			}
			return
		}
		for _, outcome := range Score(&c, testRankers(), Parts{}) {
			if outcome.Case != c.Name {
				t.Errorf("outcome %+v", outcome)
			}
		}
	})
}

// A statement that names no environment says nothing of it: filled with the
// default before the fold, a later one would move the change to production.
func TestSilenceOnTheEnvironmentDoesNotBecomeProduction(t *testing.T) {
	c, bad := decodeCase([]byte(`{"name":"n","at":"2026-11-19T12:00:00Z","topology":{"services":[{"name":"a"}]},"causes":[],"alerts":[],"changes":[
		{"id":"1","source":"ci","kind":"deploy","started_at":"2026-11-19T11:00:00Z","environment":"staging"},
		{"id":"1","source":"ci","kind":"deploy","started_at":"2026-11-19T11:00:00Z","status":"succeeded"},
		{"id":"2","source":"ci","kind":"deploy","started_at":"2026-11-19T11:00:00Z","environment":"staging"},
		{"id":"2","source":"ci","kind":"deploy","started_at":"2026-11-19T11:00:00Z","environment":"production"},
		{"id":"3","source":"ci","kind":"deploy","started_at":"2026-11-19T11:00:00Z"}]}`))
	if bad != nil {
		t.Fatal(bad)
	}
	want := map[string]string{"1": "staging", "2": "production", "3": "production"}
	for _, change := range foldStatements(c.Changes, c.At) {
		if change.Environment != want[change.ID] {
			t.Errorf("change %s is of %q, want %q", change.ID, change.Environment, want[change.ID])
		}
	}
}
