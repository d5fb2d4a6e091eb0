package nativetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/go-cmp/cmp"
)

// words writes 64-bit numbers as columns hold them.
func words(numbers ...uint64) string {
	var out []byte
	for _, n := range numbers {
		out = binary.LittleEndian.AppendUint64(out, n)
	}
	return string(out)
}

// blockOf is a block of one column as the engine writes it.
func blockOf(rows byte, typeName, values string) string {
	return "\x01" + string(rows) + "\x01c" + string(binary.AppendUvarint(nil, uint64(len(typeName)))) + typeName + values
}

// samples are two rows of each sort of column, by type.
func samples() map[string]string {
	return map[string]string{
		"UInt8": "\x01\x02", "Bool": "\x00\x01", "Enum8('a' = 1, 'b' = 2)": "\x01\x02", "Int16": "aabb", "Date": "aabb",
		"DateTime('UTC')": "aaaabbbb", "Float32": "aaaabbbb", "IPv4": "aaaabbbb", "Decimal(9, 2)": "aaaabbbb", "Decimal32(2)": "aaaabbbb",
		"DateTime64(3, 'UTC')": words(1, 2), "UInt64": words(1, 2), "Decimal(18, 2)": words(1, 2), "IntervalHour": words(1, 2),
		"UUID": words(1, 2, 3, 4), "IPv6": words(1, 2, 3, 4), "Decimal(38, 2)": words(1, 2, 3, 4),
		"UInt256": words(1, 2, 3, 4, 5, 6, 7, 8), "Decimal(39, 2)": words(1, 2, 3, 4, 5, 6, 7, 8),
		"FixedString(3)": "abcdef", "String": "\x00\x03abc", "Nullable(String)": "\x01\x00\x00\x01a", "Nullable(UInt16)": "\x00\x01aabb",
		"Array(UInt8)": words(1, 3) + "abc", "Array(String)": words(0, 0), "Array(Array(UInt8))": words(1, 2) + words(0, 2) + "ab",
		"Map(String, UInt8)": words(0, 1) + "\x01k" + "v", "Tuple(UInt8, String)": "ab" + "\x01x\x01y", "Tuple(a UInt8, b Array(UInt8))": "ab" + words(1, 1) + "c",
		"SimpleAggregateFunction(max, UInt16)":                "aabb",
		"LowCardinality(String)":                              words(1) + words(0x600, 2) + "\x00\x01a" + words(2) + "\x00\x01",
		"LowCardinality(Nullable(String))":                    words(1) + words(0x601, 2) + "\x00\x01a" + words(2) + "\x00\x00\x01\x00",
		"LowCardinality(FixedString(2))":                      words(1) + words(0x602, 1) + "ab" + words(2) + strings.Repeat("\x00", 8),
		"Array(LowCardinality(String))":                       words(1) + words(0, 1) + words(0x603, 1) + "\x01a" + words(1) + words(0),
		"Map(LowCardinality(String), LowCardinality(UInt16))": words(1, 1) + words(0, 0),
	}
}

// TestABlockEndsWhereItsTypesSay copies a block of each type with more behind
// it: a column that is taken as longer or shorter than it is makes garbage of
// all that follows.
func TestABlockEndsWhereItsTypesSay(t *testing.T) {
	for typeName, values := range samples() {
		raw := blockOf(2, typeName, values)
		from := proto.NewReader(strings.NewReader(raw + "REST"))
		var to bytes.Buffer
		b, err := copyBlock(&to, noRevision, from, noRevision)
		rest, _ := io.ReadAll(from)
		if err != nil || b != (block{columns: 1, rows: 2}) || to.String() != raw || string(rest) != "REST" {
			t.Errorf("%s: %+v, %q of %q, left %q: %v", typeName, b, to.String(), raw, rest, err)
		}
	}
}

// TestABlockThatBreaksOffIsRefused cuts each of them everywhere: what is half a
// block must not be inserted as a whole one.
func TestABlockThatBreaksOffIsRefused(t *testing.T) {
	for typeName, values := range samples() {
		raw := blockOf(2, typeName, values)
		for cut := range len(raw) {
			var to bytes.Buffer
			if _, err := copyBlock(&to, noRevision, proto.NewReader(strings.NewReader(raw[:cut])), noRevision); err == nil {
				t.Errorf("%s: the first %d of %d bytes pass", typeName, cut, len(raw))
			} else if cut == 0 && !errors.Is(err, io.EOF) {
				t.Errorf("nothing at all: %v", err)
			}
		}
	}
}

func TestABlockThatCannotBeReadSaysWhy(t *testing.T) {
	for want, raw := range map[string]string{
		"type AggregateFunction(sum, UInt8) is not supported here": blockOf(1, "AggregateFunction(sum, UInt8)", "a"),
		`type "Nullable(Dynamic" has no closing bracket`:           blockOf(1, "Nullable(Dynamic", "a"),
		"lacks arguments":                              blockOf(1, "SimpleAggregateFunction(max)", "a"),
		"FixedString(0) has no width":                  blockOf(1, "FixedString(0)", "a"),
		"FixedString(65536) has no width":              blockOf(1, "FixedString(65536)", "a"),
		"type Decimal: ":                               blockOf(1, "Decimal(many)", "a"),
		"indexes of unknown width 4":                   blockOf(1, "LowCardinality(String)", words(1)+words(0x604, 0)+words(1)+"\x00"),
		"has 3 indexes for 1 rows":                     blockOf(1, "LowCardinality(String)", words(1)+words(0x600, 0)+words(3)+"\x00\x00\x00"),
		"268435457 values of type UInt8 are more than": blockOf(1, "Array(UInt8)", words(1<<28+1)),
		"a name of 1048577 bytes":                      "\x01\x01\x81\x80\x40",
		"column c: ":                                   blockOf(1, "String", "\x05ab"),
		"bytes are no size":                            blockOf(1, "String", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		"read a string's length":                       blockOf(2, "String", "\x01a"),
		"read the type of column c":                    "\x01\x01\x01c",
		"read the block's size":                        "\x01",
	} {
		var to bytes.Buffer
		if _, err := copyBlock(&to, noRevision, proto.NewReader(strings.NewReader(raw)), noRevision); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestBlocksWithoutRowsHaveNoValues: the head of an insert names columns only,
// even those that would begin with a state.
func TestBlocksWithoutRowsHaveNoValues(t *testing.T) {
	for _, typeName := range []string{"String", "LowCardinality(String)", "AggregateFunction(sum, UInt8)"} {
		var to bytes.Buffer
		raw := blockOf(0, typeName, "")
		b, err := copyBlock(&to, noRevision, proto.NewReader(strings.NewReader(raw)), noRevision)
		if err != nil || b.empty() || to.String() != raw {
			t.Errorf("%s: %+v, %q: %v", typeName, b, to.String(), err)
		}
	}
	if !(block{}).empty() || (block{columns: 1}).empty() || (block{rows: 1}).empty() {
		t.Error("a block ends a sequence when it has neither columns nor rows")
	}
}

// TestClientsGetTheirHeadAndTheEngineItsOwn: a client's blocks carry information
// and a flag for each column, which the engine's have not. A column in a form of
// its own is refused rather than misread.
func TestClientsGetTheirHeadAndTheEngineItsOwn(t *testing.T) {
	raw := blockOf(1, "UInt8", "x")
	var there, back bytes.Buffer
	if _, err := copyBlock(&there, serverRevision, proto.NewReader(strings.NewReader(raw)), noRevision); err != nil {
		t.Fatal(err)
	}
	if got := there.String(); !strings.HasSuffix(got, "\x01\x01\x01c\x05UInt8\x00x") || len(got) <= len(raw)+1 {
		t.Errorf("for a client: %q", got)
	}
	if _, err := copyBlock(&back, noRevision, proto.NewReader(bytes.NewReader(there.Bytes())), serverRevision); err != nil || back.String() != raw {
		t.Errorf("for the engine: %q: %v", back.String(), err)
	}
	custom := strings.Replace(there.String(), "UInt8\x00x", "UInt8\x01x", 1)
	if _, err := copyBlock(&back, noRevision, proto.NewReader(strings.NewReader(custom)), serverRevision); err == nil || !strings.Contains(err.Error(), "serialization flag true") {
		t.Errorf("a column in a form of its own: %v", err)
	}
}

// TestTheTableOfAnInsertIsFound by the statements that drivers and people write.
func TestTheTableOfAnInsertIsFound(t *testing.T) {
	for sql, want := range map[string][2]string{
		"INSERT INTO t (a, b) VALUES":                         {"t", "a, b"},
		"insert into table db.t(a)\nFORMAT Native":            {"db.t", "a"},
		" \n INSERT INTO `odd name` VALUES":                   {"`odd name`", ""},
		"INSERT INTO db.`odd (name` (`a b`, c) FORMAT Native": {"db.`odd (name`", "`a b`, c"},
	} {
		match := insertTarget.FindStringSubmatch(sql)
		if match == nil || match[1] != want[0] || match[2] != want[1] {
			t.Errorf("%s: %q, want %q", sql, match, want)
		}
	}
	if match := insertTarget.FindStringSubmatch("SELECT 1"); match != nil {
		t.Errorf("a question inserts into %q", match)
	}
}

// TestColumnsOfABatchAreThoseThatCanBeWritten: what the table works out itself
// takes no values, and the order is that of the statement.
func TestColumnsOfABatchAreThoseThatCanBeWritten(t *testing.T) {
	all := parseColumns("a\tUInt8\t\t\nb\tString\tDEFAULT\tx\nc\tUInt8\tMATERIALIZED\ta\nd\tUInt8\tALIAS\ta\nshort\tline\n")
	a, b := column{"a", "UInt8"}, column{"b", "String"}
	for list, want := range map[string][]column{"": {a, b}, " ": {a, b}, "b, a": {b, a}, "`b`": {b}, "\"a\" ,b": {a, b}} {
		got, err := choose(all, list)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(column{})); err != nil || diff != "" {
			t.Errorf("%q: %v %s", list, err, diff)
		}
	}
	for _, list := range []string{"c", "a, nosuch", "a,"} {
		if got, err := choose(all, list); err == nil || !strings.Contains(err.Error(), "no column") {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
}

// TestAStatementKeepsItsSettingsAndParameters on the way to the engine, which
// takes them from the address.
func TestAStatementKeepsItsSettingsAndParameters(t *testing.T) {
	got := parameters(proto.Query{
		Settings:   []proto.Setting{{Key: "max_threads", Value: "2"}},
		Parameters: []proto.Parameter{{Key: "name", Value: `'o\'clock'`}},
	})
	if want := "default_format=Native&max_threads=2&param_name=o%27clock"; got.Encode() != want {
		t.Errorf("%s, want %s", got.Encode(), want)
	}
}

// TestAnExceptionIsTakenApart with the frame that may surround it and without.
func TestAnExceptionIsTakenApart(t *testing.T) {
	for text, want := range map[string][]string{
		"Code: 60. DB::Exception: Unknown table t. (UNKNOWN_TABLE)":               {"60", "DB::Exception", "Unknown table t. (UNKNOWN_TABLE)"},
		"Code: 241. DB::Exception: Memory\nlimit\n31 abcdef\r\n__exception__\r\n": {"241", "DB::Exception", "Memory\nlimit"},
		"abcdef\r\nCode: 395. DB::Exception: x":                                   {"395", "DB::Exception", "x"},
	} {
		match := exceptionText.FindStringSubmatch(text)
		if match == nil {
			t.Errorf("%q is not taken apart", text)
			continue
		}
		if diff := cmp.Diff(want, match[1:]); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if exceptionText.MatchString("no code at all") {
		t.Error("a text without a code is an exception")
	}
}
