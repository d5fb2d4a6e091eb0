package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/provenance"
)

// wantLabelsPerSecond is how many commits a second one core must label, at least.
const wantLabelsPerSecond = 20_000

// labelFlags are the settings of the measurement.
type labelFlags struct {
	commits int
	seed    uint64
}

func parseLabelFlags(args []string) (labelFlags, error) {
	var f labelFlags
	flags := flag.NewFlagSet("label", flag.ContinueOnError)
	flags.IntVar(&f.commits, "commits", 200_000, "commits to label")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the commits")
	return f, flags.Parse(args)
}

// trailers end every few messages, as tools do; the others are of people.
var trailers = []string{
	"", "", "", "", "\n\nCo-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>",
	"\n\nGenerated with an assistant\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
	"\n\nSigned-off-by: A Developer <dev@example.com>\nReviewed-by: B Developer <other@example.com>",
}

// drawCommits makes varied commits of usual length.
func drawCommits(n int, seed uint64) []correlate.Commit {
	g := newGenerator(seed)
	commits := make([]correlate.Commit, n)
	for i := range commits {
		person := &correlate.Person{Name: fmt.Sprintf("Dev %d", g.random.IntN(300)), Email: fmt.Sprintf("dev%d@example.com", g.random.IntN(300))}
		commits[i] = correlate.Commit{
			SHA: fmt.Sprintf("%040x", i), Author: person, Committer: person,
			Message: g.words(5) + "\n\n" + g.words(40) + ".\n" + g.words(30) + "." + pick(g.random, trailers),
		}
	}
	return commits
}

// runLabel measures how many commits one core labels in a second.
func runLabel(ctx context.Context, out io.Writer, args []string) error {
	f, err := parseLabelFlags(args)
	if err != nil {
		return err
	}
	classifier, err := provenance.New(provenance.Builtin())
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	commits, labelled := drawCommits(f.commits, f.seed), 0
	var took spread
	began := time.Now()
	for from := 0; from < len(commits) && ctx.Err() == nil; from += labelPortion {
		portion := commits[from:min(from+labelPortion, len(commits))]
		took.timed(func() {
			for i := range portion {
				classifier.Commit(&portion[i])
			}
		})
		labelled += len(portion)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped: %w", err)
	}
	wall, spent := time.Since(began), time.Duration(0)
	for _, portion := range took {
		spent += portion
	}
	n := float64(labelled)
	return printReport(out, fmt.Sprintf("provenance, %d commits on one core", labelled), []figure{
		{name: "commits labelled per second of processor time", measured: n / max(spent.Seconds(), 1e-9), unit: "/s", target: wantLabelsPerSecond, least: true},
		{name: "commits labelled per second by the clock", measured: n / max(wall.Seconds(), 1e-9), unit: "/s"},
	})
}

// labelPortion is how many commits are timed at once.
const labelPortion = 1000
