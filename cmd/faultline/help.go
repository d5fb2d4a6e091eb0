package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/faultline/faultline/internal/app"
)

// settingMark is the annotation of a flag that is one of the many settings of
// docs/configuration.md, which help names as a whole.
const settingMark = "faultline_setting"

// helpful gives a command and all below it help that fits the terminal.
func helpful(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		about := cmd.Long
		if about == "" {
			about = cmd.Short + "."
		}
		if strings.Contains(about, "\n\n") { // Cobra's own texts hold lines to copy.
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(about))
		} else {
			_ = app.Paragraph(cmd.OutOrStdout(), about)
		}
		_, _ = fmt.Fprintln(cmd.OutOrStdout())
		_ = usage(cmd.OutOrStdout(), cmd)
	})
	root.SetUsageFunc(func(cmd *cobra.Command) error { return usage(cmd.OutOrStderr(), cmd) })
}

// usage says how a command is called, with examples, commands and flags.
func usage(out io.Writer, cmd *cobra.Command) error {
	// Cobra adds this flag when a command runs, which it has not for completion.
	cmd.InitDefaultHelpFlag()
	var b strings.Builder
	line := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		line = cmd.CommandPath() + " COMMAND"
	}
	_, _ = fmt.Fprintf(&b, "Usage:\n  %s\n", line)
	if cmd.HasExample() {
		_, _ = fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				_, _ = fmt.Fprintf(&b, "  %-14s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	shown, settings := flagsOf(cmd)
	_, _ = fmt.Fprintf(&b, "\nFlags:\n%s\n", strings.TrimRight(shown.FlagUsagesWrapped(app.Columns(out)), "\n"))
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	switch {
	case settings > 0:
		_, _ = fmt.Fprintln(out)
		return app.Paragraph(out, "Every setting of docs/configuration.md is a flag too, api.rate_burst as --api-rate-burst, and a variable, "+
			"FAULTLINE_API_RATE_BURST; `faultline serve --dump` prints all of them with their values.")
	case cmd.HasAvailableSubCommands():
		_, err := fmt.Fprintf(out, "\n`%s COMMAND --help` tells more.\n", cmd.CommandPath())
		return err
	}
	return nil
}

// flagsOf are the flags that help lists one by one, and how many settings it
// names as a whole.
func flagsOf(cmd *cobra.Command) (shown *pflag.FlagSet, settings int) {
	shown = pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, is := f.Annotations[settingMark]; is {
			settings++
			return
		}
		shown.AddFlag(f)
	})
	return shown, settings
}
