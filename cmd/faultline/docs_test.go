package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the texts that show commands.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"../../README.md", "../../CONTRIBUTING.md", "../../docs/*.md", "../../docs/adr/*.md", "../../docker-compose.yml", "../../Dockerfile", "../../Makefile", "../../SECURITY.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 20 {
		t.Fatalf("only %d documents found", len(all))
	}
	return all
}

// shown finds what a document shows of the program: a line of a code block that
// runs it, behind a prompt, settings or a pipe perhaps, or words between
// backticks that begin with it.
var (
	runLine = regexp.MustCompile(`(?:^|[|&;$(] ?|"|--entrypoint )(?:[A-Z_]+=\S+ +)*(?:\./)?(?:bin/)?faultline +((?:-|[a-z])(?:"[^"]*"|'[^']*'|[^|&;#<>\x60\n"'])+)`)
	quoted  = regexp.MustCompile("`(?:[A-Z_]+=\\S+ )?faultline ([^`\n]+)`")
	fence   = regexp.MustCompile("(?ms)^```(?:sh|bash|console|shell|text)?\n(.*?)^```")
	argList = regexp.MustCompile(`(?:command|entrypoint|ENTRYPOINT|CMD):? *\[(.*)\]`)
)

// commandLines are the command lines that a document shows.
func commandLines(text string) []string {
	text = strings.NewReplacer("\\\n", " ", `\|`, "|").Replace(text)
	var all []string
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			for _, found := range runLine.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				all = append(all, found[1])
			}
		}
	}
	for _, found := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// words splits a shown command line as a shell does, as far as documents need.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t':
			if word.Len() > 0 || open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
		}
	}
	return words
}

// TestEveryCommandThatIsShownExists takes each `faultline ...` out of all
// documents and holds its command and flags against the program.
func TestEveryCommandThatIsShownExists(t *testing.T) {
	shown := 0
	for _, path := range documents(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandLines(string(raw)) {
			if problem := checkShown(shellWords(line)); problem != "" {
				t.Errorf("%s shows `faultline %s`: %s", filepath.Base(path), strings.TrimSpace(line), problem)
			}
			shown++
		}
		for _, list := range argList.FindAllStringSubmatch(string(raw), -1) {
			args := shellWords(strings.NewReplacer(",", " ").Replace(list[1]))
			if len(args) > 0 && strings.HasSuffix(args[0], "faultline") {
				args = args[1:]
			}
			if len(args) == 0 || strings.Contains(args[0], "/") || slices.Contains([]string{"", "CMD", "clickhouse"}, args[0]) {
				continue
			}
			if problem := checkShown(args); problem != "" {
				t.Errorf("%s runs %q: %s", filepath.Base(path), args, problem)
			}
			shown++
		}
	}
	if shown < 40 {
		t.Errorf("only %d command lines found; does the search still work?", shown)
	}
}

// alternatives are words that documents put in place of one: list|show|watch.
func alternatives(args []string) [][]string {
	for i, word := range args {
		if i > 2 || !strings.Contains(word, "|") || strings.HasPrefix(word, "-") {
			continue
		}
		var all [][]string
		for choice := range strings.SplitSeq(word, "|") {
			all = append(all, append(append(append([]string{}, args[:i]...), choice), args[i+1:]...))
		}
		return all
	}
	return [][]string{args}
}

// checkShown says what is wrong with a shown command line, empty for nothing.
func checkShown(args []string) string {
	for _, one := range alternatives(args) {
		if problem := checkOne(one); problem != "" {
			return problem
		}
	}
	return ""
}

func checkOne(args []string) string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return ""
	}
	root := rootCommand(nil)
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err.Error()
	}
	if !cmd.HasParent() {
		return "there is no such command"
	}
	cmd.InitDefaultHelpFlag()
	for i, word := range rest {
		name, _, _ := strings.Cut(strings.TrimRight(word, ",.):"), "=")
		switch {
		case name == "--" || name == "-":
			return ""
		case strings.HasPrefix(name, "--") && cmd.Flags().Lookup(name[2:]) == nil && cmd.InheritedFlags().Lookup(name[2:]) == nil:
			return "there is no flag " + name
		case len(name) == 2 && name[0] == '-' && cmd.Flags().ShorthandLookup(name[1:]) == nil:
			return "there is no flag " + name
		case i == 0 && cmd.HasAvailableSubCommands() && !strings.HasPrefix(name, "-"):
			return "there is no command " + name
		}
	}
	return ""
}

func TestTheSearchForCommandsFindsThem(t *testing.T) {
	const text = "Run `faultline serve --check` or\n```sh\nFAULTLINE_TOKEN=x faultline mcp --server http://a \\\n  -o json # why\nprintf x | bin/faultline import -\n$ faultline migrate up\n" +
		"```\nand `faultline-changes` is no command, nor is faultline in a sentence.\n"
	got := strings.Join(commandLines(text), "\n")
	for _, want := range []string{"mcp --server http://a    -o json", "import -", "migrate up", "serve --check"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not found in %q", want, got)
		}
	}
	if n := len(commandLines(text)); n != 4 {
		t.Errorf("%d found: %q", n, got)
	}
	for line, bad := range map[string]bool{
		"incidents list|show|watch": false, "incidents list|frob": true, "serve --chek": true, "frob": true, "migrate sideways": true, "verdict inc-7 confirm --change a --reason \"x y\"": false,
		"eval -o json --cases a": false, "eval -x": true, "--help": false, "attribute --case=a": false,
	} {
		if problem := checkShown(shellWords(line)); (problem != "") != bad {
			t.Errorf("%s: %q", line, problem)
		}
	}
}
