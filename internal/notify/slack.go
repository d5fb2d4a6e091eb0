package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/faultline/faultline/correlate"
)

// Slack keeps one message for each incident in a channel up to date and answers
// in its thread to each material change.
type Slack struct {
	channel string
	buttons bool
	client  *slack.Client
}

// SlackConfig says where and as whom to write. API is the address of Slack's
// API, empty for its own. Buttons adds buttons that judge, which need the
// interactions of the app to reach Faultline.
type SlackConfig struct {
	Token, Channel string
	API            string
	Buttons        bool
	HTTP           *http.Client
}

// NewSlack makes a target of a channel.
func NewSlack(cfg SlackConfig) (*Slack, error) {
	if cfg.Token == "" || cfg.Channel == "" {
		return nil, errors.New("slack: give both the bot's token and the channel's id")
	}
	options := []slack.Option{slack.OptionHTTPClient(cfg.HTTP)}
	if cfg.API != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(cfg.API, "/")+"/"))
	}
	return &Slack{channel: cfg.Channel, buttons: cfg.Buttons, client: slack.New(cfg.Token, options...)}, nil
}

// Name names the target in logs and in the ledger.
func (s *Slack) Name() string { return "slack " + s.channel }

// Tell posts the incident's message, or brings it up to date and says in its
// thread what has changed. Thread is the time stamp of the message.
func (s *Slack) Tell(ctx context.Context, n *News, thread string) (string, error) {
	options := []slack.MsgOption{
		slack.MsgOptionText(plain(n), false), slack.MsgOptionBlocks(blocks(n, s.buttons)...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if thread == "" {
		_, stamp, err := s.client.PostMessageContext(ctx, s.channel, options...)
		return stamp, slackError(err)
	}
	if _, _, _, err := s.client.UpdateMessageContext(ctx, s.channel, thread, options...); err != nil {
		return "", slackError(err)
	}
	update := escape(capital(strings.Join(n.Changes, "; ")) + ". " + sentence(n))
	_, _, err := s.client.PostMessageContext(ctx, s.channel, slack.MsgOptionTS(thread), slack.MsgOptionText(update, false), slack.MsgOptionDisableLinkUnfurl())
	return thread, slackError(err)
}

// slackError tells refusals for good, such as a channel that is gone, from
// those that pass.
func slackError(err error) error {
	var refused slack.SlackErrorResponse
	if err == nil || !errors.As(err, &refused) {
		return err
	}
	switch refused.Err {
	case "ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return err
	default:
		return finalError{fmt.Errorf("slack refuses: %w", err)}
	}
}

// Limits of Slack's blocks.
const (
	headerRunes  = 150
	sectionRunes = 2900
	maxEvidence  = 3
	maxSuspects  = 3
)

// escape makes foreign text safe in Slack's markup: &, < and > are its only
// control characters, and without them nobody is mentioned and no link is made.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// plain is the message without blocks, for notifications on a phone.
func plain(n *News) string {
	return escape(clip(headline(&n.Incident), maxTitle) + ". " + sentence(n))
}

func section(text string) *slack.SectionBlock {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, clipRunes(text, sectionRunes), false, true), nil, nil)
}

// clipRunes cuts a text, keeping its lines.
func clipRunes(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// blocks is the incident's message.
func blocks(n *News, buttons bool) []slack.Block {
	head := clip(headline(&n.Incident), headerRunes)
	all := []slack.Block{
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, head, false, false)),
		section("*" + escape(sentence(n)) + "*"),
	}
	if f := n.Finding; f != nil {
		for i := range f.Suspects[:min(len(f.Suspects), maxSuspects)] {
			all = append(all, section(suspectText(&f.Suspects[i])))
		}
		if reach := reachText(f.BlastRadius); reach != "" {
			all = append(all, section(reach))
		}
		if len(f.Missing) > 0 {
			all = append(all, section("_Could not be looked at:_ "+escape(strings.Join(f.Missing, "; "))))
		}
	}
	if buttons && n.Finding != nil && n.Judgement.State == correlate.JudgedNot {
		all = append(all, judging(n))
	}
	return append(all, footer(n))
}

// suspectText is one suspect with the strongest evidence for and against it.
func suspectText(s *correlate.Suspect) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "*%d.* %s, *%s*", s.Rank, escape(nameOf(&s.Change)), percent(s.Probability))
	for _, e := range telling(s.Evidence) {
		_, _ = fmt.Fprintf(&b, "\n%s %s", sign1(e.LogOdds), escape(clip(e.Text, 300)))
	}
	if l := linksText(s); l != "" {
		b.WriteString("\n" + l)
	}
	return b.String()
}

// telling are the strongest pieces of evidence, with the strongest against the
// suspect among them if there is any: whoever reads only for is misled.
func telling(all []correlate.Evidence) []correlate.Evidence {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b correlate.Evidence) int {
		return cmp.Compare(math.Abs(b.LogOdds), math.Abs(a.LogOdds))
	})
	against := slices.IndexFunc(sorted, func(e correlate.Evidence) bool { return e.LogOdds < 0 })
	if against >= maxEvidence {
		sorted[maxEvidence-1] = sorted[against]
	}
	return sorted[:min(len(sorted), maxEvidence)]
}

// linksText leads to where the change can be read and undone.
func linksText(s *correlate.Suspect) string {
	l := s.Links
	if l == nil {
		l = s.Change.Links
	}
	if l == nil {
		return ""
	}
	var all []string
	for _, one := range [][2]string{{"diff", l.Diff}, {"run", l.Run}, {"roll back", l.Rollback}} {
		at, err := url.Parse(one[1])
		if err == nil && at.Host != "" && (at.Scheme == "https" || at.Scheme == "http") {
			all = append(all, fmt.Sprintf("<%s|%s>", escape(strings.ReplaceAll(at.String(), "|", "%7C")), one[0]))
		}
	}
	return strings.Join(all, " · ")
}

// maxReachNames is how many services a message names.
const maxReachNames = 8

// reachText says who alerts and how many services depend on what changed.
func reachText(b *correlate.BlastRadius) string {
	if b == nil || len(b.Alerting) == 0 {
		return ""
	}
	names := strings.Join(b.Alerting[:min(len(b.Alerting), maxReachNames)], ", ")
	if more := len(b.Alerting) - maxReachNames; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	text := fmt.Sprintf("_Alerting:_ %s", escape(clip(names, 600)))
	if b.Potential > 0 {
		text += fmt.Sprintf("; %d services depend on what changed", b.Potential)
	}
	return text
}

// sign1 shows a log odds with its sign.
func sign1(odds float64) string { return fmt.Sprintf("`%+.1f`", odds) }

// footer says which incident it is, since when or how long, and where to look.
func footer(n *News) *slack.ContextBlock {
	in := &n.Incident
	began := "since " + in.StartedAt.UTC().Format(time.DateTime+" UTC")
	if in.ResolvedAt != nil {
		began = fmt.Sprintf("from %s for %s", in.StartedAt.UTC().Format(time.DateTime+" UTC"), in.ResolvedAt.Sub(in.StartedAt).Round(time.Second))
	}
	text := fmt.Sprintf("%s, %s, %s", escape(in.ID), began, escape(clip(strings.Join(in.Services, ", "), 200)))
	if n.Commander != "" {
		text += ", commander: " + escape(commanderWords(n.Commander))
	}
	if n.Judgement.State != correlate.JudgedNot {
		text += ", people say: " + escape(clip(standingWords(&n.Judgement), 300))
	}
	if n.Link != "" {
		text += fmt.Sprintf(" | <%s|open in Faultline>", escape(n.Link))
	}
	return slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, text, false, true))
}
