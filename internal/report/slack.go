package report

import (
	"fmt"
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
	m.tiles(r.Tiles)
	m.Blocks = append(m.Blocks, SlackBlock{Type: "divider"})
	m.section("*AI-assisted and other changes*\n" + slackWords(r.Impact.Headline.Words))
	m.tiles(r.Groups)
	m.policy(r)
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

// tiles are fields, two in a row.
func (m *SlackMessage) tiles(all []Tile) {
	var fields []SlackText
	for _, t := range all {
		fields = append(fields, mrkdwn("*"+slackWords(t.Name)+":* "+slackWords(t.Value)+"\n"+slackWords(t.Basis)+"; "+slackWords(t.Before)))
	}
	if len(fields) > 0 {
		m.Blocks = append(m.Blocks, SlackBlock{Type: "section", Fields: fields})
	}
}

// slackCases is how many changes of a kind the short form names.
const slackCases = 3

// policy is the sentence about the policy, the reasons of broken glass, and how
// right our own findings were.
func (m *SlackMessage) policy(r *Report) {
	text := "*Policy kept and broken*\n" + slackWords(r.policyWords())
	for i := range r.Policy.GlassBroken[:min(slackCases, len(r.Policy.GlassBroken))] {
		c := &r.Policy.GlassBroken[i]
		text += "\n• break-glass: " + slackWords(c.Change) + ": " + slackWords(c.Reason)
	}
	for i := range r.Policy.Violations[:min(slackCases, len(r.Policy.Violations))] {
		c := &r.Policy.Violations[i]
		text += "\n• " + slackWords(c.Rule) + ": " + slackWords(c.Change) + ": " + slackWords(c.Reason)
	}
	m.section(text)
	m.section("*How right our findings were*\nThe cause stood first in " + slackWords(percentOf(r.Accuracy.PrecisionAt1)) + ", among the first three in " + slackWords(percentOf(r.Accuracy.PrecisionAt3)) + ".")
	var movers []string
	for _, s := range r.Movers {
		movers = append(movers, fmt.Sprintf("%s %d (mean %.1f)", slackWords(s.Service), s.Incidents, s.Mean))
	}
	if len(movers) > 0 {
		m.section("*Services that moved*\n" + strings.Join(movers, ", "))
	}
	var quality []string
	for _, q := range r.Quality {
		quality = append(quality, "• "+slackWords(q.Name)+": "+slackWords(q.Value))
	}
	m.section("*How good the data are*\n" + strings.Join(quality, "\n"))
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
