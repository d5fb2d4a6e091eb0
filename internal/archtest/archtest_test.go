package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/faultline/faultline/"

type listed struct {
	ImportPath string
	Doc        string
	GoFiles    []string
	Imports    []string
}

// load lists the module's packages with what their non-test files import.
func load(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			packages = append(packages, p)
		}
	}
}

func realArrows(packages []listed) Arrows {
	arrows := Arrows{}
	for _, p := range packages {
		var to []string
		for _, imported := range p.Imports {
			if name, ours := strings.CutPrefix(imported, module); ours {
				to = append(to, name)
			}
		}
		slices.Sort(to)
		arrows[strings.TrimPrefix(p.ImportPath, module)] = to
	}
	return arrows
}

func TestThePictureIsTheCode(t *testing.T) {
	doc, err := os.Open("../../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = doc.Close() }()
	drawn, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range Compare(drawn, realArrows(load(t))) {
		t.Error(problem)
	}
}

func TestTheCentreKnowsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range load(t) {
		if p.ImportPath != module+"correlate" {
			continue
		}
		for _, imported := range p.Imports {
			if strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				t.Errorf("correlate imports %s", imported)
			}
			if slices.Contains([]string{"net", "net/http", "os", "log", "log/slog", "math/rand", "math/rand/v2"}, imported) {
				t.Errorf("correlate imports %s: no I/O, no logger, no chance", imported)
			}
		}
	}
}

func TestEveryPackageSaysWhatItHolds(t *testing.T) {
	for _, p := range load(t) {
		if p.Doc == "" {
			t.Errorf("package %s has no package comment", p.ImportPath)
		}
	}
}

func TestParseAndCompare(t *testing.T) {
	drawn, err := Parse(strings.NewReader("text\n```arrows\na -> c, b\nb\nold -> a\n```\nx -> y\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Arrows{"a": {"b", "c"}, "b": nil, "old": {"a"}}, drawn); diff != "" {
		t.Fatal(diff)
	}
	got := Compare(drawn, Arrows{"a": {"b"}, "b": {"a"}, "new": nil})
	want := []string{
		"the picture has a -> c, which the code no longer has",
		"b imports a, which the picture does not allow",
		"package new is not in the picture",
		"the picture has package old, which does not exist",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, doc := range []string{"no block", "```arrows\na -> b\n", "```arrows\na\na\n```\n"} {
		if _, err := Parse(strings.NewReader(doc)); err == nil {
			t.Errorf("%q was accepted", doc)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
