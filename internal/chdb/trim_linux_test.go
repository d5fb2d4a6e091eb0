package chdb

import (
	"slices"
	"strings"
	"testing"
)

// mapping is what /proc/self/smaps says of one mapping.
func mapping(addresses, rights, path, anonymous string) string {
	return addresses + " " + rights + " 00000000 fe:00 4711                       " + path + "\n" +
		"Size:               1024 kB\nRss:                 512 kB\nAnonymous:             " + anonymous + " kB\n" +
		"THPeligible:           0\nVmFlags: rd ex mr mw me\n"
}

func TestOnlyPagesThatTheFileHoldsAreGivenBack(t *testing.T) {
	const library = "/a dir/libchdb.so"
	smaps := mapping("7f0000000000-7f0000100000", "r--p", library, "0") +
		mapping("7f0000100000-7f0000200000", "r-xp", library, "0") +
		mapping("7f0000200000-7f0000300000", "r--p", library, "12") + // The loader wrote addresses here.
		mapping("7f0000300000-7f0000400000", "rw-p", library, "0") +
		mapping("7f0000400000-7f0000500000", "r-xp", "/lib/other.so", "0") +
		mapping("7f0000500000-7f0000600000", "rw-p", "", "0")
	got, err := cleanSpans(strings.NewReader(smaps), library)
	if err != nil {
		t.Fatal(err)
	}
	want := []span{{0x7f0000000000, 0x7f0000100000}, {0x7f0000100000, 0x7f0000200000}}
	if !slices.Equal(got, want) {
		t.Fatalf("got %x, want %x", got, want)
	}
}

func TestAListThatIsNotUnderstoodIsAnError(t *testing.T) {
	if spans, err := cleanSpans(strings.NewReader("here-there r-xp 0 fe:00 1 /lib.so\n"), "/lib.so"); err == nil {
		t.Fatalf("got %x", spans)
	}
}

func TestNothingIsGivenBackOfALibraryThatIsNotThere(t *testing.T) {
	if err := trim("/nowhere/libchdb.so"); err == nil {
		t.Fatal("no error")
	}
}
