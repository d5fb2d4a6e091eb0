package provenance

import "strings"

// machines knows ordinary automation.
type machines struct {
	names      map[string]struct{}
	words      []string
	subjects   gated
	aiSubjects gated
	aiNames    gated
}

func newMachines(a *automation) (machines, error) {
	m := machines{names: map[string]struct{}{}, words: a.Words}
	for _, name := range a.Names {
		m.names[name] = struct{}{}
	}
	var err error
	if m.subjects, err = newGated("(?i)", a.Subjects); err != nil {
		return machines{}, err
	}
	if m.aiSubjects, err = newGated("", a.AISubjects); err != nil {
		return machines{}, err
	}
	m.aiNames, err = newGated("", a.AINames)
	return m, err
}

// is reports whether the author is ordinary automation. Name and address are in
// lower case.
func (m *machines) is(name, address string) bool {
	if strings.HasSuffix(name, "[bot]") || strings.Contains(address, "[bot]@") {
		return true
	}
	if _, ok := m.names[name]; ok {
		return true
	}
	for _, word := range m.words {
		if hasWord(name, word) {
			return true
		}
	}
	return strings.HasSuffix(name, "bot") && !strings.Contains(name, " ")
}

// agent reports whether a company's own name for the author says that it is an
// AI agent.
func (m *machines) agent(name, address string) bool {
	if !strings.Contains(name, "agent") && !strings.Contains(name, "ai") && !strings.Contains(address, "openclaw") {
		return false
	}
	return m.aiNames.match(name + " <" + address + ">")
}

// wrote reports whether only a machine writes such a subject. The number of its
// pull request, which a squash appends, is no part of it.
func (m *machines) wrote(subject string) bool {
	if strings.HasSuffix(subject, ")") {
		if i := strings.LastIndex(subject, " (#"); i > 0 {
			subject = subject[:i]
		}
	}
	return m.subjects.match(subject)
}

// credits reports whether the subject says that an AI did the work of the
// automation.
func (m *machines) credits(subject string) bool { return m.aiSubjects.match(subject) }

// hasWord reports whether the lower-case text holds the word with no letter or
// digit next to it.
func hasWord(text, word string) bool { return wordAt(text, word) >= 0 }

// wordAt returns the position of the first whole occurrence of the word, -1 if
// there is none.
func wordAt(text, word string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(word)
		if (i == 0 || !alphanumeric(text[i-1])) && (end == len(text) || !letter(text[end])) {
			return i
		}
		from = end
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func alphanumeric(b byte) bool { return letter(b) || b >= '0' && b <= '9' }
