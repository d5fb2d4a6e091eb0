package provenance

import (
	"regexp"
	"strconv"
	"strings"
)

// trailer is a marker of the form "Key: value".
type trailer struct {
	mark   mark
	value  *regexp.Regexp
	named  bool
	denies bool
}

// line is a marker anywhere in a line. Hints lead to it.
type line struct {
	mark    mark
	pattern *regexp.Regexp
	// answer, where set, must match the next line that is not empty.
	answer  *regexp.Regexp
	named   bool
	subject bool
}

// hint is a text without which none of its lines can match, in lower case.
type hint struct {
	text  string
	lines []*line
}

// branch is a marker by the prefix of a branch's name.
type branch struct {
	prefix string
	mark   mark
	// signs: other commits on the branch than the agent's own are a person's.
	signs bool
}

// reading is one pass over a message.
type reading struct {
	c     *Classifier
	where string
	marks []mark
	// hints are those that the message holds at all.
	hints []*hint
	// trailersOnly is set for the messages of ordinary automation, which quote
	// what others wrote.
	trailersOnly bool
	quotes       quotes
	// asked are the questions whose answer the next line gives.
	asked []*line
}

// read returns the markers of a message. Where names it in the evidence.
func (c *Classifier) read(message, where string, trailersOnly bool) []mark {
	return c.readFrom(message, where, trailersOnly, 1)
}

// readFrom is read for a message whose first line has this number.
func (c *Classifier) readFrom(message, where string, trailersOnly bool, number int) []mark {
	r := reading{c: c, where: where, trailersOnly: trailersOnly}
	body := message
	subject, rest, _ := strings.Cut(message, "\n")
	if cut := revertedAt(rest); cut > 0 && !quotedAt(rest[:cut], trailersOnly) {
		number += strings.Count(rest[:cut], "\n") + 1
		body, subject = rest[cut:], ""
	}
	if !trailersOnly {
		r.hint(body)
	}
	for i := 0; body != ""; i++ {
		var text string
		text, body, _ = strings.Cut(body, "\n")
		r.line(strings.TrimRight(text, " \t\r"), number+i, i == 0 && subject != "")
	}
	return r.marks
}

// revertedAt returns where the words of the reverting commit itself begin, 0 if
// the message reverts nothing: what stands above "This reverts commit" may be
// the message of the reverted one.
func revertedAt(rest string) int {
	for _, words := range [...]string{"\nThis reverts commit ", "\nReverts commit "} {
		if i := strings.LastIndex(rest, words); i >= 0 {
			return i + 1
		}
	}
	return 0
}

// hint selects the rules of lines that can match anywhere in the message.
func (r *reading) hint(message string) {
	for _, i := range r.c.finder.find(message) {
		r.hints = append(r.hints, &r.c.hints[i])
	}
}

// line reads one line, unless it quotes someone else.
func (r *reading) line(text string, number int, subject bool) {
	trimmed := strings.TrimLeft(text, " \t")
	if r.quotes.hold(text, trimmed, r.trailersOnly) {
		return
	}
	if key, value, ok := trailerOf(trimmed); ok && !subject {
		r.trailer(key, value, trimmed, number)
	}
	if len(r.hints) == 0 || trimmed == "" {
		return
	}
	r.answer(trimmed, number)
	lower := strings.ToLower(trimmed)
	for _, h := range r.hints {
		if strings.Contains(lower, h.text) {
			r.match(h, trimmed, lower, number, subject)
		}
	}
}

func (r *reading) match(h *hint, text, lower string, number int, subject bool) {
	for _, l := range h.lines {
		if (l.subject && !subject) || !l.pattern.MatchString(text) || r.has(l.mark.rule) {
			continue
		}
		if l.answer != nil {
			r.asked = append(r.asked, l)
			continue
		}
		r.found(l, text, lower, number)
	}
}

func (r *reading) found(l *line, text, lower string, number int) {
	m := l.mark
	if l.named {
		m.tool, m.model, _ = r.c.named(lower, text)
	}
	r.add(m, text, number)
}

// answer looks for the answer to the questions of the line before.
func (r *reading) answer(text string, number int) {
	for _, l := range r.asked {
		if l.answer.MatchString(text) {
			r.found(l, text, strings.ToLower(text), number)
		}
	}
	r.asked = r.asked[:0]
}

// maxMarks bounds the evidence of one message.
const maxMarks = 64

func (r *reading) add(m mark, text string, number int) {
	if len(r.marks) < maxMarks {
		r.marks = append(r.marks, m.at(r.where+" line "+strconv.Itoa(number), text))
	}
}

func (r *reading) has(rule string) bool {
	for i := range r.marks {
		if r.marks[i].rule == rule {
			return true
		}
	}
	return false
}

// maxKey bounds the length of a trailer's key, in bytes.
const maxKey = 32

// trailerOf splits "Key: value". The key is returned in lower case.
func trailerOf(text string) (key, value string, ok bool) {
	colon := strings.IndexByte(text[:min(len(text), maxKey+1)], ':')
	if colon <= 0 || colon+1 >= len(text) {
		return "", "", false
	}
	for i := range colon {
		if b := text[i]; !alphanumeric(b) && b != '-' {
			return "", "", false
		}
	}
	return strings.ToLower(text[:colon]), strings.TrimSpace(text[colon+1:]), true
}

func (r *reading) trailer(key, value, text string, number int) {
	switch key {
	case "co-authored-by", "co-developed-by", "assisted-by", "coauthored-by":
		if m, ok := r.c.coauthor(value, key); ok {
			r.add(m, text, number)
			return
		}
	}
	for _, t := range r.c.trailers[key] {
		if t.value != nil && !t.value.MatchString(value) {
			continue
		}
		m := t.mark
		if m.tool == "" {
			var known bool
			m.tool, m.model, known = r.c.named(strings.ToLower(value), value)
			if t.named && (!known || r.c.isPerson(value)) {
				continue
			}
		}
		if t.denies && negative(value) {
			m = mark{rule: m.rule + "-none", class: human, weight: 0.7}
		}
		r.add(m, text, number)
		return
	}
}

// coauthor finds a product among the people that a trailer names.
func (c *Classifier) coauthor(value, key string) (mark, bool) {
	name, address := parseIdentity(value)
	w, ok := c.identity.find(strings.ToLower(name), strings.ToLower(address))
	if ok {
		m := w.coauthor
		m.model = modelOf(m.tool, name)
		return m, true
	}
	tool, named := c.toolName(name)
	if !named || (key == "assisted-by" && address == "") || (address != "" && firstName(name)) {
		return mark{}, false
	}
	return mark{rule: tool + ".coauthor-name", tool: tool, model: modelOf(tool, name), class: assisted, weight: 0.8}, true
}

// toolName reports whether a name is that of a tool or model, such as "Claude
// Opus 4.5" or "GPT-5".
func (c *Classifier) toolName(name string) (tool string, ok bool) {
	lower := strings.ToLower(name)
	for _, w := range c.words {
		if w.Tool != "" && strings.HasPrefix(lower, w.Word) && !surname(lower[len(w.Word):]) {
			return w.Tool, true
		}
	}
	return "", false
}

// firstName reports whether a name is a single word, which with an address of
// its own may be anybody's: "Claude <claude@example.org>".
func firstName(name string) bool { return !strings.ContainsAny(name, " -0123456789") }

// isPerson reports whether a value is a name with an address, and the name no
// tool's.
func (c *Classifier) isPerson(value string) bool {
	name, address := parseIdentity(value)
	if address == "" {
		return false
	}
	_, tool := c.toolName(name)
	return !tool || firstName(name)
}

// surname reports whether what follows a first name that is also a tool's, in
// lower case, makes it a person: "Devin Trejo" is one, "Claude Opus 4.5" and
// "GPT-5" are not.
func surname(rest string) bool {
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return false
	}
	for _, word := range [...]string{"code", "opus", "sonnet", "haiku", "fable", "agent", "ai", "cli", "pro", "flash"} {
		if hasWord(rest, word) {
			return false
		}
	}
	return letter(rest[0])
}

func negative(value string) bool {
	switch strings.ToLower(strings.Trim(value, " .")) {
	case "no", "none", "false", "n/a", "0", "never":
		return true
	}
	return false
}

// named finds the tool and model that a value names: the earliest tool, and as
// model what follows it after a colon, slash or as the rest of its name.
func (c *Classifier) named(lower, text string) (tool, model string, ok bool) {
	first, length := -1, 0
	for _, w := range c.words {
		i := wordAt(lower, w.Word)
		if i < 0 || (first >= 0 && (i > first || i == first && len(w.Word) <= length)) {
			continue
		}
		first, length, tool = i, len(w.Word), w.Tool
	}
	if first < 0 {
		return "", "", false
	}
	if len(lower) != len(text) {
		return tool, "", true
	}
	rest := text[first+length:]
	if len(rest) > 1 && (rest[0] == ':' || rest[0] == '/') {
		model, _, _ = strings.Cut(strings.TrimSpace(rest[1:]), " ")
	}
	return tool, model, true
}
