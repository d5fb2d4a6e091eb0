package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// macros expands what the plugin and Grafana's front end put into a statement
// before it reaches ClickHouse, as version 4.12 of the plugin does.
type macros struct {
	from, to time.Time
	interval time.Duration
	// values are what the reader chose; a missing or empty list means "all".
	values map[string][]string
}

var (
	valueOf  = regexp.MustCompile(`\$\{(\w+):singlequote\}`)
	macroUse = regexp.MustCompile(`\$__\w+`)
)

// expand is the statement as ClickHouse sees it.
func (m macros) expand(sql string) (string, error) {
	sql, err := replaceCalls(sql, "$__conditionalAll", m.conditionalAll)
	if err != nil {
		return "", err
	}
	for name, with := range map[string]func([]string) (string, error){
		"$__timeFilter_ms": func(a []string) (string, error) {
			return fmt.Sprintf("%[1]s >= %[2]s AND %[1]s <= %[3]s", a[0], milli(m.from), milli(m.to)), nil
		},
		"$__timeInterval_ms": func(a []string) (string, error) {
			return fmt.Sprintf("toStartOfInterval(toDateTime64(%s, 3), INTERVAL %d millisecond)", a[0], m.interval.Milliseconds()), nil
		},
	} {
		if sql, err = replaceCalls(sql, name, with); err != nil {
			return "", err
		}
	}
	sql = strings.NewReplacer("$__fromTime_ms", milli(m.from), "$__toTime_ms", milli(m.to),
		"$__interval_s", fmt.Sprint(int(m.interval.Seconds()))).Replace(sql)
	sql = valueOf.ReplaceAllStringFunc(sql, func(use string) string {
		return quoted(m.values[valueOf.FindStringSubmatch(use)[1]])
	})
	if left := macroUse.FindString(sql); left != "" {
		return "", fmt.Errorf("unknown macro %s", left)
	}
	if strings.Contains(sql, "${") {
		return "", fmt.Errorf("a variable is left in %q", sql)
	}
	return sql, nil
}

func milli(t time.Time) string { return fmt.Sprintf("fromUnixTimestamp64Milli(%d)", t.UnixMilli()) }

// quoted is Grafana's singlequote format.
func quoted(values []string) string {
	var list []string
	for _, v := range values {
		list = append(list, "'"+strings.ReplaceAll(v, "'", `\'`)+"'")
	}
	return strings.Join(list, ",")
}

// conditionalAll keeps its condition when the reader chose values and drops it
// for "all".
func (m macros) conditionalAll(args []string) (string, error) {
	if len(args) != 2 || !regexp.MustCompile(`^\$\w+$`).MatchString(args[1]) {
		return "", fmt.Errorf("$__conditionalAll wants a condition and a plain $variable, got %q", args)
	}
	if len(m.values[args[1][1:]]) == 0 {
		return "1=1", nil
	}
	return args[0], nil
}

// replaceCalls replaces each call NAME(args) in sql; parentheses nest.
func replaceCalls(sql, name string, with func([]string) (string, error)) (string, error) {
	for {
		at := strings.Index(sql, name+"(")
		if at < 0 {
			return sql, nil
		}
		args, length, err := arguments(sql[at+len(name):])
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		text, err := with(args)
		if err != nil {
			return "", err
		}
		sql = sql[:at] + text + sql[at+len(name)+length:]
	}
}

// arguments splits "(a, b(c, d)) rest" into its arguments and tells how long
// the parenthesis is.
func arguments(text string) (args []string, length int, err error) {
	depth, begin := 0, 1
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ',' && depth == 1:
			args, begin = append(args, strings.TrimSpace(text[begin:i])), i+1
		case r == ')':
			if depth--; depth == 0 {
				return append(args, strings.TrimSpace(text[begin:i])), i + 1, nil
			}
		}
	}
	return nil, 0, fmt.Errorf("no closing parenthesis in %q", text)
}

func TestMacrosExpandAsThePluginDoes(t *testing.T) {
	m := macros{from: time.UnixMilli(1000), to: time.UnixMilli(2000), interval: time.Minute, values: map[string][]string{"service": {"a", "b'c"}}}
	for sql, want := range map[string]string{
		"$__timeFilter_ms(x.at)": "x.at >= fromUnixTimestamp64Milli(1000) AND x.at <= fromUnixTimestamp64Milli(2000)",
		"$__conditionalAll(hasAny(s, [${service:singlequote}]), $service)": `hasAny(s, ['a','b\'c'])`,
		"$__conditionalAll(s IN (${other:singlequote}), $other)":           "1=1",
		"f(since = $__fromTime_ms, until = $__toTime_ms)":                  "f(since = fromUnixTimestamp64Milli(1000), until = fromUnixTimestamp64Milli(2000))",
		"count() / $__interval_s":                                          "count() / 60",
	} {
		if got, err := m.expand(sql); err != nil || got != want {
			t.Errorf("%s: %q %v", sql, got, err)
		}
	}
	for _, sql := range []string{"$__columns(a)", "$__timeFilter_ms(x", "${other}", "$__conditionalAll(a, ${service})"} {
		if got, err := m.expand(sql); err == nil {
			t.Errorf("%s was taken: %q", sql, got)
		}
	}
}
