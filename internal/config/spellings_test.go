package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// samples are values of every type that settings have; the first that changes
// a setting is its sample.
var samples = []string{
	"1h3m0s", "7", "0.4", "true", "false", "sample", "[sample]", "{sample: another}",
	"[{source: s, attribute: a, value: v, service: w}]", "[{url: 'https://x.example', secret: s}]", "[{id: a, name: n, role: admin, hash: h}]", "[{name: n, expr: e, signal: s, unit: u}]",
}

// sampleOf is a value that a setting takes, with the settings that follow. That
// they may not be valid together does not matter here.
func sampleOf(t *testing.T, key string) (string, Config) {
	t.Helper()
	for _, value := range samples {
		cfg, _ := Load("", nil, map[string]string{key: value})
		if !reflect.DeepEqual(cfg, Default()) {
			return value, cfg
		}
	}
	t.Fatalf("%s takes none of the samples; add one of its type", key)
	return "", Config{}
}

// nested writes a dotted key as sections of YAML.
func nested(key, value string) string {
	var b strings.Builder
	parts := strings.Split(key, ".")
	for depth, part := range parts {
		b.WriteString(strings.Repeat("  ", depth) + part + ":")
		if depth < len(parts)-1 {
			b.WriteString("\n")
		}
	}
	return b.String() + " " + value + "\n"
}

func TestEverySettingMeansTheSameInAllItsSpellings(t *testing.T) {
	for _, leaf := range Leaves() {
		value, byFlag := sampleOf(t, leaf.Key)
		byVariable, _ := Load("", []string{EnvName(leaf.Key) + "=" + value}, nil)
		if diff := cmp.Diff(byFlag, byVariable); diff != "" {
			t.Errorf("%s=%s by flag and by variable:\n%s", leaf.Key, value, diff)
		}
		if isList(leaf.Key) {
			value = "[" + value + "]" // Words with commas are a list everywhere but in a file.
		}
		byFile, _ := Load(writeFile(t, nested(leaf.Key, value)), nil, nil)
		if diff := cmp.Diff(byFlag, byFile); diff != "" {
			t.Errorf("%s=%s by flag and by file:\n%s", leaf.Key, value, diff)
		}
	}
}

// isList tells settings that are lists of words.
func isList(key string) (is bool) {
	cfg := Default()
	walk(reflect.ValueOf(&cfg).Elem(), "", func(k string, v reflect.Value) {
		is = is || k == key && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String
	})
	return is
}

// TestAFileThatBreaksTheReaderIsRefused: the reader of YAML must not take the
// process down with it.
func TestAFileThatBreaksTheReaderIsRefused(t *testing.T) {
	if _, err := Load(writeFile(t, "metrics: {queries: !!binary x}\n"), nil, nil); err == nil || !strings.Contains(err.Error(), "faultline.yaml") {
		t.Errorf("%v", err)
	}
	if _, err := Load("", nil, map[string]string{"metrics.queries": "!!binary x"}); err == nil || !strings.Contains(err.Error(), "--metrics-queries") {
		t.Errorf("%v", err)
	}
}

// TestNoValueBringsTheProcessDown reads what a person may type: each is taken or
// refused by the name under which it came.
func TestNoValueBringsTheProcessDown(t *testing.T) {
	leaves := Leaves()
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.SampledFrom(leaves).Draw(t, "leaf")
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "[", "{a", "- x", "9999999999999999999999", "-1", "1e400", "NaN", "\x00", "!!binary x", "*a", "&a [*a]"})).Draw(t, "value")
		_, err := Load("", nil, map[string]string{leaf.Key: value})
		if err == nil {
			return
		}
		section, _, _ := strings.Cut(leaf.Key, ".")
		if !strings.Contains(err.Error(), FlagName(leaf.Key)) && !strings.Contains(err.Error(), section) {
			t.Fatalf("%s=%q: %v", leaf.Key, value, err)
		}
	})
}

// fillSecrets puts a text into every secret below v, and counts them.
func fillSecrets(v reflect.Value, text string) int {
	switch {
	case v.Type() == reflect.TypeFor[Secret]():
		v.SetString(text)
		return 1
	case v.Kind() == reflect.Struct:
		n := 0
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				n += fillSecrets(v.Field(i), text)
			}
		}
		return n
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		one := reflect.New(v.Type().Elem()).Elem()
		n := fillSecrets(one, text)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), one))
		return n
	case v.Kind() == reflect.Map && v.Type().Elem() == reflect.TypeFor[Secret]():
		v.Set(reflect.ValueOf(map[string]Secret{"one": Secret(text)}))
		return 1
	}
	return 0
}

// TestNoSecretOfAnySettingPrints finds the secrets by their type, so that one
// that is added later is held to it as well.
func TestNoSecretOfAnySettingPrints(t *testing.T) {
	cfg := Default()
	if n := fillSecrets(reflect.ValueOf(&cfg).Elem(), "hunter2"); n < 10 {
		t.Fatalf("only %d secrets found", n)
	}
	var out strings.Builder
	if err := cfg.Dump(&out); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%s %v %+v %#v", asJSON, cfg, &cfg, cfg)
	if at := strings.Index(out.String(), "hunter2"); at >= 0 {
		t.Errorf("a secret is printed: ...%s", out.String()[max(0, at-80):at+7])
	}
}

// TestSecretsAreSecrets finds settings whose name says that they are secret and
// whose type would print them.
func TestSecretsAreSecrets(t *testing.T) {
	cfg := Default()
	walk(reflect.ValueOf(&cfg).Elem(), "", func(key string, v reflect.Value) {
		name := key[strings.LastIndex(key, ".")+1:]
		secret := strings.Contains(name, "secret") || strings.Contains(name, "password") || name == "token" || name == "bearer_token" || name == "dsn" || name == "slack_webhook"
		if secret && v.Type() != reflect.TypeFor[Secret]() {
			t.Errorf("%s is %s, which prints", key, v.Type())
		}
	})
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := Load("", []string{"FAULTLINE_NO_SUCH=1", "FAULTLINE_INGEST_BATCH_ROWS=many"}, map[string]string{"api.timeout": "soon"})
	for _, want := range []string{"FAULTLINE_NO_SUCH", "FAULTLINE_INGEST_BATCH_ROWS", "--api-timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
	_, err = Load(writeFile(t, "log: {level: loud, format: xml}\napi: {listen: here}\n"), nil, nil)
	for _, want := range []string{"log.level", "log.format", "api.listen"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
}

func TestVariablesOfOthersAreLeftAlone(t *testing.T) {
	environ := []string{"HOME=/root", "FAULTLINE_TEST_CLICKHOUSE_DSN=x", "FAULTLINE_LABELLED=/data", "NOEQUALS", "FAULTLINE_TOKEN=flt_a_b"}
	cfg, err := Load("", environ, nil)
	if err != nil || !reflect.DeepEqual(cfg, Default()) {
		t.Errorf("%v", err)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, nil, nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "none"), nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	path := filepath.Join(dir, "nul.yaml")
	if err := os.WriteFile(path, []byte("roles: [api]\nroles: [ingest]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("one key twice: %v", err)
	}
}

// TestTheExamplesOfTheDocumentationLoad takes every block of settings out of the
// documents.
func TestTheExamplesOfTheDocumentationLoad(t *testing.T) {
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(raw), "```yaml\n")[1:] {
			text, _, _ := strings.Cut(block, "```")
			var sections map[string]any
			if yaml.Unmarshal([]byte(text), &sections) != nil || !ours(sections) {
				continue
			}
			cfg := Default()
			if err := decode(strings.NewReader(text), &cfg); err != nil {
				t.Errorf("%s: %v\n%s", path, err, text)
			}
			loaded++
		}
	}
	if loaded < 3 {
		t.Errorf("only %d examples found", loaded)
	}
}

// ours tells settings from policies, manifests and others' files.
func ours(sections map[string]any) bool {
	known := map[string]bool{}
	for _, leaf := range Leaves() {
		section, _, _ := strings.Cut(leaf.Key, ".")
		known[section] = true
	}
	for name := range sections {
		if !known[name] {
			return false
		}
	}
	return len(sections) > 0
}
