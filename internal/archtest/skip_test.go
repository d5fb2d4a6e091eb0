package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// skips returns where a file that imports "testing" skips a test.
func skips(t *testing.T, path string, source any) []token.Position {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []token.Position
	if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing"` }) {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		chosen, is := n.(*ast.SelectorExpr)
		if is && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, chosen.Sel.Name) {
			found = append(found, files.Position(chosen.Pos()))
		}
		return true
	})
	return found
}

// TestOnlyOnePackageSkipsTests keeps tests from leaving silently: what may end
// one, and that it may not in CI, is said once, in internal/testenv.
func TestOnlyOnePackageSkipsTests(t *testing.T) {
	for _, path := range goFiles(t) {
		if strings.HasPrefix(path, filepath.Join("..", "..", "internal", "testenv")) {
			continue
		}
		for _, at := range skips(t, path, nil) {
			t.Errorf("%s skips a test; call testenv.Need or testenv.Slow, or return", at)
		}
	}
}

func TestEverySkipIsFound(t *testing.T) {
	const source = `package p
import "testing"
func f(t *testing.T) { t.Skip(); t.Skipf("x"); defer t.SkipNow(); g := t.Skip; g() }
func (s S) skip() { s.skip(); s.Skipped() }`
	if found := skips(t, "p.go", source); len(found) != 4 {
		t.Errorf("found %v", found)
	}
	if found := skips(t, "p.go", "package p\nfunc f(s S) { s.Skip() }"); found != nil {
		t.Errorf("no test, but %v", found)
	}
}
