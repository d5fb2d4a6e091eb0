package provenance

import "strings"

// quotes follows, line by line, what a message only quotes: blocks of code,
// comments, quotations, and in the messages of automation what it folds away.
type quotes struct {
	fenced, comment, folded bool
	// indented is set within a block of code that indentation makes, loose after an
	// empty line, where one may begin.
	indented, loose bool
	// log is set in the log of squashed commits, which indents their messages.
	log bool
}

// hold reports whether a line is quoted. Trimmed is the text without its
// indentation.
func (q *quotes) hold(text, trimmed string, robot bool) bool {
	quoted := q.block(trimmed) || robot && q.fold(trimmed)
	if q.indent(text, trimmed) {
		quoted = true
	}
	return quoted
}

// quotedAt reports whether what follows the text would be quoted.
func quotedAt(text string, robot bool) bool {
	if !strings.Contains(text, "```") && !strings.Contains(text, "<") {
		return false
	}
	var q quotes
	for line := range strings.SplitSeq(text, "\n") {
		q.hold(line, strings.TrimLeft(line, " \t"), robot)
	}
	return q.fenced || q.comment || q.folded
}

// block follows fences, comments and quotations.
func (q *quotes) block(trimmed string) bool {
	switch {
	case strings.HasPrefix(trimmed, "```"):
		q.fenced = !q.fenced
		return true
	case q.fenced, strings.HasPrefix(trimmed, ">"):
		return true
	case q.comment:
		q.comment = !strings.Contains(trimmed, "-->")
		return true
	case strings.HasPrefix(trimmed, "<!--") && !strings.Contains(trimmed, "-->"):
		q.comment = true
	}
	return false
}

// fold follows what a bot folds away: release notes and commits of others.
func (q *quotes) fold(trimmed string) bool {
	if strings.HasPrefix(trimmed, "<details") {
		q.folded = true
	}
	held := q.folded
	if strings.HasSuffix(trimmed, "</details>") {
		q.folded = false
	}
	return held
}

// indent follows blocks of code as Markdown makes them: four columns, after an
// empty line.
func (q *quotes) indent(text, trimmed string) bool {
	if trimmed == "" {
		q.loose = true
		return false
	}
	deep := strings.HasPrefix(text, "    ") || strings.HasPrefix(text, "\t")
	q.indented = deep && !q.log && (q.indented || q.loose)
	q.loose = false
	if !deep && isLogEntry(text) {
		q.log = true
	}
	return q.indented
}

// isLogEntry reports whether a line begins a commit in a log: "commit" and a hash.
func isLogEntry(text string) bool {
	hash, ok := strings.CutPrefix(text, "commit ")
	return ok && len(hash) >= 7 && len(hash) <= 64 && strings.Trim(hash, "0123456789abcdef") == ""
}
