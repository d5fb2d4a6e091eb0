package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

// lettersFunc is a command about messages that did not arrive.
type lettersFunc func(context.Context, app.LettersOptions, io.Writer) error

// lettersLimit is how many are listed unless told otherwise.
const lettersLimit = 50

// letters is a command about messages that did not arrive; take reads its
// arguments.
func letters(environ []string, cmd *cobra.Command, do lettersFunc, take func(opts *app.LettersOptions, args []string)) (*cobra.Command, *app.LettersOptions) {
	opts := &app.LettersOptions{}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if take != nil {
			take(opts, args)
		}
		opts.Token, opts.Show = environment(environ, "FAULTLINE_TOKEN", ""), app.Show{Out: cmd.ErrOrStderr()}
		return do(cmd.Context(), *opts, cmd.OutOrStdout())
	}
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	opts.Limit = lettersLimit
	if take == nil {
		cmd.Flags().IntVar(&opts.Limit, "limit", lettersLimit, "how many at most, 1 to 200")
	}
	return cmd, opts
}

func deadLettersCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dead-letters", Short: "List messages that could not be used, send them in again", Args: cobra.NoArgs, RunE: chooseOne,
	}
	list, _ := letters(environ, &cobra.Command{
		Use: "list", Short: "List messages that could not be used, newest first", Args: cobra.NoArgs,
		Example: "  faultline dead-letters list\n  faultline dead-letters list --limit 200 -o json",
	}, app.ListDeadLetters, nil)
	replay, opts := letters(environ, &cobra.Command{
		Use: "replay [ID]", Short: "Send dead letters in again, after the cause was mended", Args: cobra.MaximumNArgs(1),
		Long: "Sends one dead letter, or with --all those that the list shows, in again as if its sender\n" +
			"had. What is known already changes nothing. Exit 1 when some are refused again. Needs a\n" +
			"token with the role admin.",
		Example: "  faultline dead-letters replay faultline.changes/2/41/1844674407370955161\n  faultline dead-letters replay --all --limit 200",
	}, app.ReplayDeadLetters, func(opts *app.LettersOptions, args []string) {
		if len(args) > 0 {
			opts.ID = args[0]
		}
	})
	replay.Flags().IntVar(&opts.Limit, "limit", lettersLimit, "how many --all takes at most, 1 to 200")
	replay.Flags().BoolVar(&opts.All, "all", false, "all that the list shows, at most --limit")
	cmd.AddCommand(list, replay)
	return cmd
}

func notificationsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "notifications", Short: "List what could not be told to a room or address, try again", Args: cobra.NoArgs, RunE: chooseOne,
	}
	names := func(opts *app.LettersOptions, args []string) { opts.Target, opts.Incident = args[0], args[1] }
	list, _ := letters(environ, &cobra.Command{
		Use: "undelivered", Short: "List what was given up after all attempts, the last first", Args: cobra.NoArgs, Example: "  faultline notifications undelivered",
	}, app.ListUndelivered, nil)
	replay, _ := letters(environ, &cobra.Command{
		Use: "replay TARGET INCIDENT", Short: "Ask for another attempt, to tell the state as it is then", Args: cobra.ExactArgs(2),
		Example: "  faultline notifications replay \"slack C0123\" inc-7f3a",
	}, app.ReplayUndelivered, names)
	dismiss, _ := letters(environ, &cobra.Command{
		Use: "dismiss TARGET INCIDENT", Short: "Take a notification from the list", Args: cobra.ExactArgs(2),
		Example: "  faultline notifications dismiss \"slack C0123\" inc-7f3a",
	}, app.DismissUndelivered, names)
	cmd.AddCommand(list, replay, dismiss)
	return cmd
}
