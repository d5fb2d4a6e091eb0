package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Leaf is one setting by its dotted key.
type Leaf struct {
	Key     string
	Default string
}

// Leaves lists every setting in the order of the file.
func Leaves() []Leaf {
	cfg := Default()
	var leaves []Leaf
	walk(reflect.ValueOf(&cfg).Elem(), "", func(key string, v reflect.Value) {
		leaves = append(leaves, Leaf{Key: key, Default: show(v)})
	})
	return leaves
}

// EnvName is the environment variable of a key.
func EnvName(key string) string {
	return "FAULTLINE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// FlagName is the command-line flag of a key, without dashes in front.
func FlagName(key string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(key)
}

// walk calls visit for every setting below v; sections are structs.
func walk(v reflect.Value, prefix string, visit func(key string, v reflect.Value)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := prefix + field.Tag.Get("yaml")
		if v.Field(i).Kind() == reflect.Struct {
			walk(v.Field(i), key+".", visit)
			continue
		}
		visit(key, v.Field(i))
	}
}

// set gives one setting the value written in text; origin names the flag or
// variable it came from in errors.
func set(cfg *Config, key, text, origin string) error {
	var err error
	found := false
	walk(reflect.ValueOf(cfg).Elem(), "", func(k string, v reflect.Value) {
		if k == key {
			found = true
			err = parse(v, text)
		}
	})
	if !found {
		return fmt.Errorf("%s: no such setting %q", origin, key)
	}
	if err != nil {
		// The text itself is left out of the error: it may be a secret.
		return fmt.Errorf("%s: want %s", origin, wanted(key))
	}
	return nil
}

// parse reads text into v: strings as they stand, lists of words by commas,
// anything else as YAML.
func parse(v reflect.Value, text string) error {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		setWords(v, text)
		return nil
	default:
		fresh := reflect.New(v.Type())
		if err := decodeYAML([]byte(text), fresh.Interface()); err != nil {
			return errors.New("not of the setting's type")
		}
		v.Set(fresh.Elem())
		return nil
	}
}

// decodeYAML reads one document and refuses unknown keys. The library breaks on
// some values that fit no type, such as !!binary for a list; that is an error like
// any other here.
func decodeYAML(text []byte, into any) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("no YAML of the setting's type: %v", broken)
		}
	}()
	return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
}

func setWords(v reflect.Value, text string) {
	out := reflect.MakeSlice(v.Type(), 0, 4)
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = reflect.Append(out, reflect.ValueOf(word).Convert(v.Type().Elem()))
		}
	}
	v.Set(out)
}

// anyShape describes the types that no few words do.
const anyShape = "YAML of the shape shown in docs/configuration.md"

// wanted describes the type of a setting for a person.
func wanted(key string) string {
	cfg := Default()
	text := "a value"
	walk(reflect.ValueOf(&cfg).Elem(), "", func(k string, v reflect.Value) {
		if k != key {
			return
		}
		switch v.Interface().(type) {
		case bool:
			text = "true or false"
		case int, int64, float64:
			text = "a number"
		case time.Duration:
			text = "a duration such as 250ms, 15s or 720h"
		case string, Secret:
			text = "a text"
		case []string, []Role:
			text = "a list of words"
		default:
			text = anyShape
		}
	})
	return text
}

// show writes a default for the documentation.
func show(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case fmt.Stringer:
		return value.String()
	default:
		if v.Kind() == reflect.Slice && v.Len() > 0 {
			words := make([]string, v.Len())
			for i := range words {
				words[i] = fmt.Sprint(v.Index(i).Interface())
			}
			return strings.Join(words, ",")
		}
		if v.IsZero() && v.Kind() != reflect.Bool {
			return ""
		}
		return fmt.Sprint(value)
	}
}
