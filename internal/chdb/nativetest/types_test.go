package nativetest

import (
	"bytes"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/go-cmp/cmp"
)

func TestTypesAreSplitAtTheirOutermostBrackets(t *testing.T) {
	for text, want := range map[string]dataType{
		"UInt64":                             {name: "UInt64"},
		"Map(LowCardinality(String), UInt8)": {name: "Map", args: []string{"LowCardinality(String)", "UInt8"}},
		`Enum8('a, (b)' = 1, 'it\'s' = 2)`:   {name: "Enum8", args: []string{"'a, (b)' = 1", `'it\'s' = 2`}},
		"DateTime64(3, 'UTC')":               {name: "DateTime64", args: []string{"3", "'UTC'"}},
	} {
		got, err := parseType(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(dataType{})); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	if _, err := parseType("Array(String"); err == nil {
		t.Error("a type without its closing bracket passes")
	}
}

func TestTupleElementsMayHaveNames(t *testing.T) {
	got := dataType{name: "Tuple", args: []string{"name String", "DateTime64(3, 'UTC')", "at DateTime64(3, 'UTC')", "UInt8"}}.elements()
	if diff := cmp.Diff([]string{"String", "DateTime64(3, 'UTC')", "DateTime64(3, 'UTC')", "UInt8"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWidths(t *testing.T) {
	for text, want := range map[string]int{
		"UInt8": 1, "Enum16('a' = 1)": 2, "DateTime('UTC')": 4, "DateTime64(3)": 8, "UUID": 16, "FixedString(5)": 5,
		"Decimal(9, 2)": 4, "Decimal(18, 2)": 8, "Decimal(38, 2)": 16, "Decimal(76, 2)": 32, "IntervalDay": 8, "String": 0,
	} {
		parsed, err := parseType(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.width(); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParametersLoseExactlyTheirQuotes(t *testing.T) {
	for quoted, want := range map[string]string{
		`''`: "", `'plain'`: "plain", `'o\'clock'`: "o'clock", `'\\n'`: `\n`, `'\n'`: "\n", `'\\\''`: `\'`, `'a\tb\0'`: "a\tb\x00",
	} {
		if got := unquote(quoted); got != want {
			t.Errorf("%s: %q, want %q", quoted, got, want)
		}
	}
}

func TestInsertsThatBringBlocksAreRecognized(t *testing.T) {
	for sql, want := range map[string]bool{
		"INSERT INTO t (a) FORMAT Native":    true,
		"insert into t values":               true,
		"INSERT INTO t VALUES (1)":           false,
		"INSERT INTO t SELECT 1":             false,
		"SELECT 'INSERT INTO FORMAT Native'": false,
	} {
		if got := batchInsert.MatchString(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

// FuzzCopyBlock looks for blocks that make the copier panic, allocate without
// bound, or lose something on the way to the client and back. That most are
// refused is fine. Lengths have several spellings, so the first copy is compared
// with the second, not with what came.
func FuzzCopyBlock(f *testing.F) {
	f.Add([]byte("\x01\x02\x01s\x06String\x01a\x01b"))
	f.Add([]byte("\x01\x01\x01l\x16LowCardinality(String)\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x01\x01a\x0cArray(UInt8)\x01\x00\x00\x00\x00\x00\x00\x00\x07"))
	f.Add([]byte("\x01\x01\x01d\x0eFixedString(3)abc"))
	f.Add([]byte("\x01\x01\x01d\x0dFixedString()abc"))
	f.Add([]byte("\x01\x01\x01d\x07Decimal123"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var there, back, again bytes.Buffer
		b, err := copyBlock(&there, serverRevision, proto.NewReader(bytes.NewReader(data)), noRevision)
		if err != nil {
			return
		}
		copied, err := copyBlock(&back, noRevision, proto.NewReader(bytes.NewReader(there.Bytes())), serverRevision)
		if err != nil || copied != b {
			t.Fatalf("copied there as %+v, back as %+v: %v", b, copied, err)
		}
		if _, err := copyBlock(&again, serverRevision, proto.NewReader(&back), noRevision); err != nil || !bytes.Equal(there.Bytes(), again.Bytes()) {
			t.Errorf("%x became %x: %v", there.Bytes(), again.Bytes(), err)
		}
	})
}
