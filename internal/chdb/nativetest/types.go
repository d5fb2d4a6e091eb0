package nativetest

import (
	"fmt"
	"strconv"
	"strings"
)

// dataType is a parsed ClickHouse type: Map(String, UInt8) has the name Map and
// two arguments.
type dataType struct {
	name string
	args []string
}

// parseType splits a type at its outermost brackets.
func parseType(text string) (dataType, error) {
	t, err := splitType(strings.TrimSpace(text))
	if err == nil && len(t.args) < leastArgs[t.name] {
		err = fmt.Errorf("type %q lacks arguments", text)
	}
	return t, err
}

func splitType(text string) (dataType, error) {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return dataType{name: text}, nil
	}
	if !strings.HasSuffix(text, ")") {
		return dataType{}, fmt.Errorf("type %q has no closing bracket", text)
	}
	return dataType{name: text[:open], args: splitTop(text[open+1:len(text)-1], ',')}, nil
}

// leastArgs are the arguments that some types cannot do without.
var leastArgs = map[string]int{
	"Array": 1, "Decimal": 1, "FixedString": 1, "LowCardinality": 1, "Map": 2, "Nullable": 1,
	"SimpleAggregateFunction": 2, "Tuple": 1,
}

// splitTop splits at the separators that are outside of brackets and quotes.
func splitTop(text string, separator byte) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == separator && depth == 0:
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

// widths are the bytes that a value of a type of fixed width takes.
var widths = map[string]int{
	"UInt8": 1, "Int8": 1, "Bool": 1, "Enum8": 1, "Nothing": 1,
	"UInt16": 2, "Int16": 2, "Date": 2, "Enum16": 2, "BFloat16": 2,
	"UInt32": 4, "Int32": 4, "Float32": 4, "DateTime": 4, "Date32": 4, "IPv4": 4, "Decimal32": 4,
	"UInt64": 8, "Int64": 8, "Float64": 8, "DateTime64": 8, "Decimal64": 8,
	"UInt128": 16, "Int128": 16, "UUID": 16, "IPv6": 16, "Decimal128": 16,
	"UInt256": 32, "Int256": 32, "Decimal256": 32,
}

// width is the bytes per value, 0 for types of varying width.
func (t dataType) width() (int, error) {
	switch t.name {
	case "FixedString":
		width, err := strconv.ParseUint(t.args[0], 10, 16)
		if err != nil || width == 0 {
			return 0, fmt.Errorf("type FixedString(%s) has no width: %w", t.args[0], err)
		}
		return int(width), nil
	case "Decimal":
		precision, err := strconv.Atoi(t.args[0])
		if err != nil {
			return 0, fmt.Errorf("type Decimal: %w", err)
		}
		return decimalWidth(precision), nil
	}
	if strings.HasPrefix(t.name, "Interval") {
		return 8, nil
	}
	return widths[t.name], nil
}

// decimalWidth is the bytes that hold so many decimal digits.
func decimalWidth(precision int) int {
	switch {
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	case precision <= 38:
		return 16
	default:
		return 32
	}
}

// elements are the types whose values a composite type stores, in the order in
// which it stores them. Tuple elements may carry names.
func (t dataType) elements() []string {
	if t.name != "Tuple" {
		return t.args
	}
	types := make([]string, len(t.args))
	for i, arg := range t.args {
		parts := splitTop(arg, ' ')
		types[i] = parts[len(parts)-1]
		if len(parts) > 2 {
			types[i] = strings.Join(parts[1:], " ")
		}
	}
	return types
}

// dictionaryType is what the dictionary of LowCardinality(arg) holds: null has
// an entry of its own there, so Nullable is taken off.
func dictionaryType(arg string) string {
	if inner, ok := strings.CutPrefix(arg, "Nullable("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	return arg
}
