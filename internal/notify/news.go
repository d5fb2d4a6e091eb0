package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// News is what there is to tell about an incident at one moment. Finding is nil
// while there is none.
type News struct {
	Incident  correlate.Incident `json:"incident"`
	Finding   *correlate.Finding `json:"finding,omitempty"`
	Judgement correlate.Standing `json:"judgement"`
	// Commander is who commands the incident, empty for nobody.
	Commander string   `json:"commander,omitempty"`
	Link      string   `json:"link,omitempty"`
	Changes   []string `json:"changes"`
}

// Told is what a target has been told of an incident.
type Told = query.Told

// toldOf is what a target knows once it has been told the news.
func toldOf(n *News, target, thread string, at time.Time) Told {
	t := Told{Incident: n.Incident.ID, Target: target, At: at, Thread: thread, Status: statusOf(&n.Incident), Severity: n.Incident.Severity, State: string(n.Judgement.State), Commander: n.Commander}
	if n.Finding != nil {
		t.Verdict = n.Finding.Verdict
		t.Suspect = firstSuspect(n.Finding)
	}
	return t
}

// statusOf takes a quiet incident for an open one: it may fire again any minute,
// and nobody wants to hear of each pause.
func statusOf(i *correlate.Incident) correlate.IncidentStatus {
	if i.Status == correlate.IncidentQuiet {
		return correlate.IncidentOpen
	}
	return i.Status
}

func firstSuspect(f *correlate.Finding) string {
	if len(f.Suspects) == 0 {
		return ""
	}
	return f.Suspects[0].Change.Key().String()
}

// changes says in words what is new since a target was last told; nothing when
// it is not worth a message. Probabilities wander with every alert, so only
// another first suspect or another verdict counts.
func changes(before *Told, n *News) []string {
	now := toldOf(n, "", "", time.Time{})
	if before == nil {
		return []string{"new incident"}
	}
	var all []string
	note := func(changed bool, format string, args ...any) {
		if changed {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	note(now.Status != before.Status, "%s, was %s", statusWords(&n.Incident), before.Status)
	note(now.Severity != before.Severity && before.Severity != "", "severity %s, was %s", now.Severity, before.Severity)
	switch {
	case before.Verdict == "" && now.Verdict != "":
		all = append(all, "first finding")
	case now.Suspect != before.Suspect && now.Suspect != "":
		all = append(all, "another first suspect: "+now.Suspect)
	case now.Verdict != before.Verdict:
		all = append(all, fmt.Sprintf("the finding is now %s, was %s", wordOf(now.Verdict), wordOf(before.Verdict)))
	}
	note(now.Commander != before.Commander, "commander: %s, was %s", commanderWords(now.Commander), commanderWords(before.Commander))
	note(now.State != before.State && before.State != "", "people say: %s", standingWords(&n.Judgement))
	return all
}

// commanderWords is who commands, in words that fit one line.
func commanderWords(name string) string { return cmp.Or(clip(name, maxTitle), "nobody") }

// wordOf is a verdict in words.
func wordOf(v correlate.Verdict) string {
	switch v {
	case correlate.VerdictNoChange:
		return "that no recorded change did it"
	case correlate.VerdictWeak:
		return "weak evidence only"
	default:
		return fmt.Sprintf("a %s cause", v)
	}
}

// statusWords is the status, of a merged incident with the one it went into.
func statusWords(i *correlate.Incident) string {
	if i.Status == correlate.IncidentMerged && i.MergedInto != "" {
		return "merged into " + i.MergedInto
	}
	return string(statusOf(i))
}

// standingWords is what people say, with the changes that they confirmed.
func standingWords(s *correlate.Standing) string {
	words := strings.ReplaceAll(string(s.State), "_", " ")
	for i, key := range s.Confirmed {
		words += map[bool]string{true: " ", false: ", "}[i == 0] + key.String()
	}
	return words
}

// headline says how bad it is, whether it goes on, and what it is about.
func headline(i *correlate.Incident) string {
	state := string(i.Status)
	if i.Severity != "" {
		state = strings.ToUpper(string(i.Severity)) + ", " + state
	} else {
		state = capital(state)
	}
	return state + ": " + i.Title
}

// capital begins a sentence.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// sentence is the answer in one sentence.
func sentence(n *News) string {
	f := n.Finding
	if f == nil {
		return "There is no finding yet."
	}
	none := fmt.Sprintf("Probably no recorded change did it (%s).", percent(f.NoChangeProbability))
	if len(f.Suspects) == 0 {
		return none
	}
	s := &f.Suspects[0]
	first := fmt.Sprintf("%s (%s).", nameOf(&s.Change), percent(s.Probability))
	switch f.Verdict {
	case correlate.VerdictNoChange:
		return none + " Nearest suspect: " + first
	case correlate.VerdictWeak:
		return "Weak evidence only. First suspect: " + first
	default:
		return capital(string(f.Verdict)) + " cause: " + first
	}
}

// nameOf says which change is meant. The AI class is left out: people judge
// from here, and must not know it before they have.
func nameOf(c *correlate.Change) string {
	title := c.Title
	if title == "" {
		title = strings.Join(c.Services, ", ")
	}
	return fmt.Sprintf("%s %q [%s]", strings.ReplaceAll(string(c.Kind), "_", " "), clip(title, maxTitle), c.Key())
}

// maxTitle bounds how much of a title is quoted.
const maxTitle = 150

// clip keeps the beginning of a text on one line.
func clip(text string, runes int) string {
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) <= runes {
		return string(line)
	}
	return string(line[:runes-1]) + "…"
}

// percent keeps small shares from being called nothing and great ones certain.
func percent(p float64) string {
	switch {
	case p > 0 && p < 0.01:
		return "<1%"
	case p > 0.99 && p < 1:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", p*100)
	}
}
