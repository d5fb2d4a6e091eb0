package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// reserved are variables with our prefix that are no settings: they say where
// fetched components live, or serve tests.
var reserved = []string{"FAULTLINE_CACHE", "FAULTLINE_LIBCHDB", "FAULTLINE_KAFKA_LIBS", "FAULTLINE_TOKEN", "FAULTLINE_SERVER", "FAULTLINE_CONFIG", "FAULTLINE_CHROMIUM", "FAULTLINE_ARTIFACTS", "FAULTLINE_IMAGES", "FAULTLINE_LABELLED"}

// Load reads the settings: defaults, then the YAML file at path (none when
// empty), then environ ("NAME=value" pairs), then overrides by key (the flags
// that were given). It returns all that is wrong at once.
func Load(path string, environ []string, overrides map[string]string) (Config, error) {
	cfg := Default()
	if path != "" {
		file, err := os.Open(path)
		if err != nil {
			return cfg, fmt.Errorf("configuration file: %w", err)
		}
		defer func() { _ = file.Close() }()
		if err := decode(file, &cfg); err != nil {
			return cfg, fmt.Errorf("configuration file %s: %w", path, err)
		}
	}
	errs := []error{applyEnv(&cfg, environ)}
	for _, key := range sortedKeys(overrides) {
		errs = append(errs, set(&cfg, key, overrides[key], "flag --"+FlagName(key)))
	}
	if err := errors.Join(errs...); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// decode reads one YAML document over cfg and refuses unknown keys.
func decode(r io.Reader, cfg *Config) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	err = decodeYAML(data, cfg)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	if wrong := misfit(data, err); wrong != nil {
		return wrong
	}
	return placed(err)
}

// misfit says which setting, the first in the order of Config, has a value in
// the document that is not of its type; nil when the fault is another. The
// library's own words name no key, and quote what may be a secret.
func misfit(document []byte, fault error) (found error) {
	if _, unknown := errors.AsType[*yaml.UnknownFieldError](fault); unknown {
		return nil
	}
	cfg := Default()
	walk(reflect.ValueOf(&cfg).Elem(), "", func(key string, v reflect.Value) {
		node := nodeAt(document, key)
		if found != nil || node == nil || fits(node, v.Type()) {
			return
		}
		if want := wanted(key); want != anyShape {
			at := node.GetToken().Position
			found = fmt.Errorf("line %d, column %d: %s: want %s; see docs/configuration.md", at.Line, at.Column, key, want)
			return
		}
		found = fmt.Errorf("%s: %w", key, placed(fault))
	})
	return found
}

// nodeAt is the value of a key in a document, nil where there is none.
func nodeAt(document []byte, key string) ast.Node {
	path, err := yaml.PathString("$." + key)
	if err != nil {
		return nil
	}
	node, err := path.ReadNode(bytes.NewReader(document))
	if err != nil {
		return nil
	}
	return node
}

// fits reports whether a value can be read into the type of its setting. What
// an alias stands for is written elsewhere and counts as fitting.
func fits(node ast.Node, of reflect.Type) (fit bool) {
	defer func() {
		if recover() != nil {
			fit = false
		}
	}()
	return node.Type() == ast.AliasType || yaml.NodeToValue(node, reflect.New(of).Interface(), yaml.Strict()) == nil
}

// placed says where a document is wrong, without the lines of the document: there
// may be secrets in them.
func placed(err error) error {
	fault, known := errors.AsType[yaml.Error](err)
	if !known {
		return err
	}
	text := fault.GetMessage()
	if wrong, is := errors.AsType[*yaml.TypeError](err); is {
		text = fmt.Sprintf("is a %s; want %s", wrong.SrcType.Kind(), kindWords(wrong.DstType.Kind()))
	}
	if at := fault.GetToken(); at != nil && at.Position != nil {
		text = fmt.Sprintf("line %d, column %d: %s", at.Position.Line, at.Position.Column, text)
	}
	return errors.New(text + "; see docs/configuration.md")
}

// kindWords name a kind of value as YAML has it.
func kindWords(kind reflect.Kind) string {
	switch kind {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "settings below it"
	default:
		return "a number"
	}
}

func applyEnv(cfg *Config, environ []string) error {
	keys := make(map[string]string)
	for _, leaf := range Leaves() {
		keys[EnvName(leaf.Key)] = leaf.Key
	}
	var errs []error
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "FAULTLINE_") || strings.HasPrefix(name, "FAULTLINE_TEST_") || slices.Contains(reserved, name) {
			continue
		}
		key, known := keys[name]
		if !known {
			errs = append(errs, fmt.Errorf("environment variable %s: no such setting; see docs/configuration.md for the names", name))
			continue
		}
		errs = append(errs, set(cfg, key, value, "environment variable "+name))
	}
	return errors.Join(errs...)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Dump writes the settings as YAML with secrets hidden.
func (c *Config) Dump(w io.Writer) error {
	out, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("dump configuration: %w", err)
	}
	_, err = w.Write(out)
	return err
}
