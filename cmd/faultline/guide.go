package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/faultline/faultline/internal/app"
)

// guide makes every command say what to do about wrong usage: the words that it
// wants, and what may have been meant.
func guide(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && cmd.HasAvailableSubCommands() {
			return unknownCommand(cmd, args[0])
		}
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w; usage: %s", err, cmd.UseLine())
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		guide(sub)
	}
}

// unknownCommand names the commands that there are, the nearest first.
func unknownCommand(cmd *cobra.Command, given string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	text := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), given)
	if near := app.Nearest(given, names); near != "" {
		return fmt.Errorf("%s; did you mean `%s %s`?", text, cmd.CommandPath(), near)
	}
	return fmt.Errorf("%s; it has %s", text, strings.Join(names, ", "))
}

// wrongFlag says which flag may have been meant.
func wrongFlag(cmd *cobra.Command, err error) error {
	const unknown = "unknown flag: --"
	if given, is := strings.CutPrefix(err.Error(), unknown); is {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := app.Nearest(given, names); near != "" {
			return fmt.Errorf("%w; did you mean --%s? See `%s --help`", err, near, cmd.CommandPath())
		}
	}
	if wrong, is := errors.AsType[*pflag.InvalidValueError](err); is {
		return fmt.Errorf("--%s %q is %s; see `%s --help`", wrong.GetFlag().Name, wrong.GetValue(), notA(wrong.GetFlag().Value.Type()), cmd.CommandPath())
	}
	return fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())
}

// notA says what a value of a flag is not, by the flag's type.
func notA(kind string) string {
	switch kind {
	case "bool":
		return "neither true nor false"
	case "duration":
		return "no duration; want one such as 90s, 15m or 24h"
	case "uint", "uint64":
		return "no whole number from 0 on"
	case "int", "int64":
		return "no whole number"
	case "float64":
		return "no number"
	default:
		return "not understood"
	}
}

// missingFlag adds the usage to what cobra says of flags that are required.
func missingFlag(cmd *cobra.Command, err error) error {
	said := err.Error()
	if cmd != nil && (strings.HasPrefix(said, "required flag(s)") || strings.Contains(said, "of the flags in the group")) {
		return fmt.Errorf("%w; usage: %s", err, cmd.UseLine())
	}
	return err
}

// words completes a flag or an argument by a fixed list.
func words(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

// incidentWords completes the first argument by the incidents of the service, as
// far as it answers at once, and the second by a fixed list.
func incidentWords(environ []string, server *string, second ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return app.IncidentIDs(cmd.Context(), *server, environment(environ, "FAULTLINE_TOKEN", "")), cobra.ShellCompDirectiveNoFileComp
		}
		if len(args) == 1 {
			return second, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
