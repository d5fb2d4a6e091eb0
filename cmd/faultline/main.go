// Command faultline links outages to recent changes. Each command is a file of
// this package and holds flags only; what it does lives in internal/app.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

// Exit codes of the contract.
const (
	exitOK         = 0
	exitNo         = 1
	exitUsage      = 2
	exitDependency = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(environ) //nolint:contextcheck // commands take the context that ExecuteContext hands them
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !errors.Is(err, app.ErrNo) {
		err = missingFlag(cmd, err)
		_, _ = fmt.Fprintf(stderr, "faultline: %s\n", oneLine(err))
	}
	return exitCode(err)
}

// exitCode maps an error to the contract's exit codes. What is neither a "no"
// nor a missing dependency is bad usage or input.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, app.ErrNo):
		return exitNo
	case errors.Is(err, app.ErrDependency):
		return exitDependency
	default:
		return exitUsage
	}
}

// oneLine keeps an error on the one line that the contract promises.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func rootCommand(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "faultline",
		Short: "Links outages to the changes that most likely caused them",
		Long: "Faultline ingests change events and alerts, attributes incidents to recent changes by time and topology, " +
			"and serves the findings. Begin with `faultline demo`, which shows an outage explained. Exit codes: 0 done or yes, " +
			"1 no, 2 wrong usage or input, 3 something that is needed does not answer.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(
		demoCommand(environ), serveCommand(environ), migrateCommand(environ), importCommand(environ),
		attributeCommand(), evalCommand(), fitCommand(), reportCommand(environ), simulateCommand(), classifyCommand(), tokenCommand(), healthCommand(environ),
		dashboardsCommand(), incidentsCommand(environ), mcpCommand(environ), deadLettersCommand(environ), notificationsCommand(environ),
		verdictCommand(environ), proposalsCommand(environ), provenanceCommand(environ), gateCommand(environ), policyCommand(),
	)
	guide(root)
	helpful(root)
	return root
}

// chooseOne refuses a command that only groups others: a script that forgot
// the second word must not take the silence for success.
func chooseOne(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("say which: %s %s; see `%[1]s --help`", cmd.CommandPath(), strings.Join(names, " or "))
}

// outputFlag adds -o with the formats of the contract.
func outputFlag(cmd *cobra.Command, output *string) { outputFlagOf(cmd, output, "table") }

// outputFlagOf is outputFlag for a command whose own default is another.
func outputFlagOf(cmd *cobra.Command, output *string, fallback string) {
	cmd.Flags().StringVarP(output, "output", "o", fallback, "output format: table, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", words("table", "json", "yaml"))
}

// environment returns the value of a variable in environ, or a default.
func environment(environ []string, name, fallback string) string {
	for _, pair := range environ {
		if value, found := strings.CutPrefix(pair, name+"="); found && value != "" {
			return value
		}
	}
	return fallback
}
