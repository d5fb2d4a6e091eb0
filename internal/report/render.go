package report

import (
	"encoding/json"
	"fmt"
	"time"
)

// Format is a rendering of the report.
type Format string

// The renderings that stand alone.
const (
	HTML     Format = "html"
	Markdown Format = "markdown"
	JSON     Format = "json"
	PDF      Format = "pdf"
)

// Formats lists the renderings that stand alone.
func Formats() []Format { return []Format{HTML, Markdown, JSON, PDF} }

// MediaType is the media type of a rendering.
func (f Format) MediaType() string {
	switch f {
	case HTML:
		return "text/html; charset=utf-8"
	case Markdown:
		return "text/markdown; charset=utf-8"
	case PDF:
		return "application/pdf"
	default:
		return "application/json"
	}
}

// Ending is what a file of the rendering ends in, without the dot.
func (f Format) Ending() string {
	if f == Markdown {
		return "md"
	}
	return string(f)
}

// Render writes the report in a format.
func (r *Report) Render(f Format) ([]byte, error) {
	switch f {
	case HTML:
		return r.html(inline)
	case Markdown:
		return []byte(r.Markdown()), nil
	case JSON:
		text, err := json.MarshalIndent(r, "", "  ")
		return append(text, '\n'), err
	case PDF:
		return r.pdf()
	default:
		return nil, fmt.Errorf("report format %q is unknown; want html, markdown, json or pdf", f)
	}
}

// day writes a date.
func day(at time.Time) string { return at.Format("2 January 2006") }

// title is the name of the report.
func (r *Report) title() string { return "Changes and outages, week " + r.Week }

// span says which days the week has.
func (r *Report) span() string {
	return fmt.Sprintf("%s to %s (%s)", day(r.From), day(r.To.Add(-time.Second)), r.Timezone)
}

// footer says how the report came about.
func (r *Report) footer() string {
	return fmt.Sprintf("Made by Faultline on %s. It counts changes and incidents, never people. Figures compare changes since %s; the method is described in docs/figures.md.",
		r.MadeAt.UTC().Format("2 January 2006, 15:04 UTC"), day(r.Impact.From))
}
