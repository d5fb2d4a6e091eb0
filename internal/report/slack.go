package report

import (
	"strings"
)

// Slack's limits on a message: blocks, characters of one text.
const (
	slackBlocks = 45
	slackText   = 2900
)

// SlackMessage is a message for an incoming webhook. Text is what notifications
// show.
type SlackMessage struct {
	Text   string       `json:"text"`
	Blocks []SlackBlock `json:"blocks"`
}

// SlackBlock is a header, a section, a divider or a context.
type SlackBlock struct {
	Type     string      `json:"type"`
	Text     *SlackText  `json:"text,omitempty"`
	Fields   []SlackText `json:"fields,omitempty"`
	Elements []SlackText `json:"elements,omitempty"`
}

// SlackText is a text; mrkdwn is Slack's own notation.
type SlackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// slackEscapes keeps text from becoming a mention, a link or an entity; Slack
// asks for exactly these three. The marks of bold, italic and code are replaced
// by letters that look like them.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "_", "＿", "~", "∼", "`", "ˋ", "\n", " ")

func slackWords(text string) string { return slackEscapes.Replace(text) }

func mrkdwn(text string) SlackText {
	if runes := []rune(text); len(runes) > slackText {
		text = string(runes[:slackText]) + "…"
	}
	return SlackText{Type: "mrkdwn", Text: text}
}

// Slack writes the short form of the report: the sentence, the tiles, the
// verdict, the largest incidents and what needs a decision.
func (r *Report) Slack() SlackMessage {
	m := SlackMessage{Text: slackWords(r.title() + ": " + r.Sentence)}
	m.Blocks = append(m.Blocks, SlackBlock{Type: "header", Text: &SlackText{Type: "plain_text", Text: r.title()}})
	m.section("*" + slackWords(r.Sentence) + "*\n" + slackWords(r.span()))
	var fields []SlackText
	for _, t := range r.Tiles {
		fields = append(fields, mrkdwn("*"+slackWords(t.Name)+":* "+slackWords(t.Value)+"\n"+slackWords(t.Basis)+"; "+slackWords(t.Before)))
	}
	m.Blocks = append(m.Blocks, SlackBlock{Type: "section", Fields: fields}, SlackBlock{Type: "divider"})
	m.section("*AI-assisted and other changes*\n" + slackWords(r.Impact.Headline.Words))
	for i := range r.Incidents {
		m.section(slackIncident(&r.Incidents[i]))
	}
	if len(r.Decisions) > 0 {
		lines := make([]string, len(r.Decisions))
		for i, d := range r.Decisions {
			lines[i] = "• " + slackWords(d)
		}
		m.section("*What needs a decision*\n" + strings.Join(lines, "\n"))
	}
	m.Blocks = append(m.Blocks, SlackBlock{Type: "context", Elements: []SlackText{mrkdwn(slackWords(r.footer()))}})
	m.Blocks = m.Blocks[:min(len(m.Blocks), slackBlocks)]
	return m
}

func (m *SlackMessage) section(text string) {
	words := mrkdwn(text)
	m.Blocks = append(m.Blocks, SlackBlock{Type: "section", Text: &words})
}

func slackIncident(in *LargeIncident) string {
	title := slackWords(in.Title)
	if in.URL != "" {
		title = "<" + in.URL + "|" + strings.ReplaceAll(title, "|", "∣") + ">"
	}
	text := "*" + slackWords(in.Severity) + "* " + title + "\n" + slackWords(in.Standing)
	if in.Cause != "" {
		text += ": " + slackWords(in.Cause)
	}
	return text
}
