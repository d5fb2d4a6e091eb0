package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/testenv"
)

var update = flag.Bool("update", false, "write the golden files anew")

// manyArguments is more than any command counts.
const manyArguments = 5

// taken writes which numbers of arguments a command takes, as "1-2" or "1 or more".
func taken(cmd *cobra.Command) string {
	least, most := -1, -1
	for n := range manyArguments {
		if cmd.ValidateArgs(make([]string, n)) == nil {
			if least < 0 {
				least = n
			}
			most = n
		}
	}
	switch {
	case most == manyArguments-1:
		return fmt.Sprintf("%d or more", least)
	case least == most:
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d-%d", least, most)
}

// surface writes what scripts may rely on: each command with its arguments and
// flags, their types and defaults, and where the shell is offered words. The
// settings that are flags too are compared with their documentation elsewhere.
func surface(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "%s: %s arguments", cmd.CommandPath(), taken(cmd))
	if cmd.ValidArgsFunction != nil || len(cmd.ValidArgs) > 0 {
		b.WriteString(", completed")
	}
	if cmd.Hidden {
		b.WriteString(", hidden")
	}
	b.WriteByte('\n')
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if slices.ContainsFunc(config.Leaves(), func(l config.Leaf) bool { return config.FlagName(l.Key) == f.Name }) {
			return
		}
		fmt.Fprintf(b, "  --%s", f.Name)
		if f.Shorthand != "" {
			fmt.Fprintf(b, " -%s", f.Shorthand)
		}
		fmt.Fprintf(b, " %s", f.Value.Type())
		if f.DefValue != "" && f.DefValue != "[]" {
			fmt.Fprintf(b, " = %s", f.DefValue)
		}
		if _, offered := cmd.GetFlagCompletionFunc(f.Name); offered {
			b.WriteString(", completed")
		}
		fmt.Fprintf(b, ": %s\n", f.Usage)
	})
	for _, sub := range cmd.Commands() {
		surface(b, sub)
	}
}

// TestTheCommandLineIsWhatScriptsRelyOn compares all commands, arguments and
// flags with a text that people have read. A flag that is gone or means
// something else breaks scripts that nobody here knows of.
func TestTheCommandLineIsWhatScriptsRelyOn(t *testing.T) {
	var b strings.Builder
	surface(&b, rootCommand(nil))
	testenv.Golden(t, "testdata/surface.golden", b.String(), *update)
}

// TestEveryFlagTakesAValueOfItsTypeOnly: a value of another type is refused by
// the name of the flag, in one line, before anything is done.
func TestEveryFlagTakesAValueOfItsTypeOnly(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			switch f.Value.Type() {
			case "string", "stringSlice", "stringArray", "stringToString":
				return
			}
			code, out, errs := execute(t, "", append(path[:len(path):len(path)], "--"+f.Name+"=neither")...)
			if code != exitUsage || out != "" || !strings.Contains(errs, "--"+f.Name) || strings.Count(errs, "\n") != 1 {
				t.Errorf("%v --%s: exit %d, %q, %q", path, f.Name, code, out, errs)
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(rootCommand(nil))
}
