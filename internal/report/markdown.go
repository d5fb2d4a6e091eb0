package report

import (
	"fmt"
	"slices"
	"strings"
)

// plainRunes are the characters that mean something to Markdown or to the HTML
// that it may hold.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
	"#", `\#`, "|", `\|`, "~", `\~`, "&", "&amp;", "!", `\!`, "\n", " ", "\r", " ",
)

// markdownText writes text so that it reads as it stands.
func markdownText(text string) string { return markdownEscapes.Replace(text) }

// Markdown writes the report as Markdown, which also serves as the plain text of
// the mail. Charts are left out; their numbers stand in the tables.
func (r *Report) Markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n\n%s\n\n**%s**\n\n", markdownText(r.title()), markdownText(r.span()), markdownText(r.Sentence))
	out.WriteString("| | | | |\n| --- | --- | --- | --- |\n")
	for _, t := range slices.Concat(r.Tiles, r.Groups) {
		fmt.Fprintf(&out, "| %s | **%s** | %s | %s |\n", markdownText(t.Name), markdownText(t.Value), markdownText(t.Basis), markdownText(t.Before))
	}
	for _, s := range r.sections() {
		fmt.Fprintf(&out, "\n## %s\n", markdownText(s.Title))
		for _, words := range s.Words {
			fmt.Fprintf(&out, "\n%s\n", markdownText(words))
		}
		for _, t := range s.Tables {
			writeMarkdownTable(&out, &t)
		}
	}
	fmt.Fprintf(&out, "\n---\n\n%s\n", markdownText(r.footer()))
	return out.String()
}

func writeMarkdownTable(out *strings.Builder, t *table) {
	out.WriteString("\n")
	if t.Title != "" {
		fmt.Fprintf(out, "%s\n\n", markdownText(t.Title))
	}
	if len(t.Rows) == 0 {
		out.WriteString("None.\n")
	} else {
		writeMarkdownRow(out, t.Head, "")
		out.WriteString("|" + strings.Repeat(" --- |", len(t.Head)) + "\n")
	}
	for i, row := range t.Rows {
		link := ""
		if i < len(t.Link) {
			link = t.Link[i]
		}
		writeMarkdownRow(out, row, link)
	}
	if t.Note != "" {
		fmt.Fprintf(out, "\n%s\n", markdownText(t.Note))
	}
}

// writeMarkdownRow writes one row; the first cell leads to the link, if any.
func writeMarkdownRow(out *strings.Builder, cells []string, link string) {
	for i, cell := range cells {
		text := markdownText(cell)
		if i == 0 && link != "" {
			text = "[" + text + "](" + strings.NewReplacer("(", "%28", ")", "%29", " ", "%20").Replace(link) + ")"
		}
		out.WriteString("| " + text + " ")
	}
	out.WriteString("|\n")
}
