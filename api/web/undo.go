package web

import (
	"fmt"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// undoView is what is known about undoing a suspect. Faultline undoes nothing, and
// knows no vendor's commands: it shows the sender's own link and what to say.
type undoView struct {
	// Known says in a sentence what is known, and what is not.
	Known string
	// Anchor is where it stands on the page.
	Anchor string
	// Path is the sender's rollback link, empty for none.
	Path string
	// Say is a message to whoever can undo it, empty when there is nothing to go by.
	Say string
	// Keep is the command that keeps a verdict once undoing it has helped.
	Keep string
}

// undoOf prepares the undoing of a suspect that the engine blames: a band above
// weak that nobody has ruled out.
func undoOf(in *correlate.Incident, x *correlate.Suspect, word string) *undoView {
	c := &x.Change
	if band(x.Probability) == bandWeak || word == wordRuledOut {
		return nil
	}
	v := &undoView{Anchor: suspectAnchor(x) + "-undo"}
	if c.Status == correlate.StatusRolledBack {
		v.Known = "Its sender says that it has been rolled back."
		return v
	}
	links := x.Links
	if links == nil {
		links = c.Links
	}
	if links != nil {
		v.Path = outward(links.Rollback)
	}
	previous := line(c.PreviousVersion)
	v.Known = undoKnown(c, v.Path != "", previous)
	if v.Path == "" && previous == "" {
		return v
	}
	v.Say = undoSay(in, x, previous, v.Path)
	v.Keep = verdictCommand(in.ID, c.Key())
	return v
}

// undoKnown says what is known about undoing a change.
func undoKnown(c *correlate.Change, link bool, previous string) string {
	var known string
	switch {
	case link && previous != "":
		known = "The sender gave a rollback link; the version before was " + previous + "."
	case link:
		known = "The sender gave a rollback link, and not the version before."
	case previous != "":
		known = "The version before was " + previous + ". The sender gave no rollback link."
	default:
		return "How to undo it is not known: the sender gave neither a rollback link nor the version before."
	}
	if c.Kind == correlate.KindSchemaMigration || c.Kind == correlate.KindData {
		known += " What it did to data may not be undone by going back."
	}
	return known
}

// undoSay is the message to whoever can undo a change.
func undoSay(in *correlate.Incident, x *correlate.Suspect, previous, link string) string {
	c := &x.Change
	shown := few(c.Services)
	what := strings.Join(shown.Names, ", ")
	if shown.More > 0 {
		what += fmt.Sprintf(" and %d more", shown.More)
	}
	where := ""
	if c.Environment != "" {
		where = " in " + c.Environment
	}
	if len(c.Regions) > 0 {
		where += " (" + strings.Join(c.Regions[:min(len(c.Regions), maxRowServices)], ", ") + ")"
	}
	title := fmt.Sprintf("“%s” (%s)", changeTitle(c), c.Key())
	var ask string
	switch {
	case previous != "" && what != "" && c.Version != "":
		ask = fmt.Sprintf("Please take %s%s back from %s to %s. That undoes %s,", what, where, c.Version, previous, title)
	case previous != "" && what != "":
		ask = fmt.Sprintf("Please take %s%s back to %s. That undoes %s,", what, where, previous, title)
	case what != "":
		ask = fmt.Sprintf("Please undo %s on %s%s,", title, what, where)
	default:
		ask = fmt.Sprintf("Please undo %s%s,", title, where)
	}
	say := fmt.Sprintf("%s suspect %d of %s at %s, %s.", ask, x.Rank, in.ID, percent(x.Probability), gapTo(c.StartedAt, in.StartedAt, "the first alert"))
	if link != "" {
		say += " Rollback: " + link
	}
	return plain(say, blockLetters)
}

// verdictCommand keeps at a terminal that a change was the cause. It is left out
// where a name cannot be shown as it is: what is copied must be what is meant.
func verdictCommand(incident string, key correlate.Key) string {
	for _, name := range []string{incident, key.ID, key.Source} {
		if name == "" || line(name) != name {
			return ""
		}
	}
	return fmt.Sprintf("faultline verdict %s confirm --change=%s --source=%s --reason='undoing it ended the outage'", quoted(incident), quoted(key.ID), quoted(key.Source))
}

// quoted makes a text one word of a POSIX shell, whatever it holds.
func quoted(text string) string {
	plainWord := !strings.HasPrefix(text, "-") && strings.IndexFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:@", r)
	}) < 0
	if plainWord {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
