package clickhouse

import (
	"strconv"

	"github.com/faultline/faultline/correlate"
)

// jsonRoom makes the JSON of many small values, one behind the other in pieces of
// memory. Every change at ingest has its provenance written, which costs a
// fifth of what encoding/json takes.
type jsonRoom struct{ room []byte }

// jsonPiece is how much memory is taken at a time.
const jsonPiece = 64 << 10

// provenance is toJSON of a provenance. Values whose texts need escapes, which
// are rare, go the way of all others.
func (t *jsonRoom) provenance(p *correlate.Provenance) (string, error) {
	const spare = 1 << 10
	if cap(t.room)-len(t.room) < spare {
		t.room = make([]byte, 0, jsonPiece)
	}
	from := len(t.room)
	b := append(t.room, `{"class":"`...)
	plain := isPlain(string(p.Class)) && p.Tools != nil && p.Evidence != nil
	b = append(append(b, p.Class...), `","confidence":`...)
	b, plain = appendShare(b, p.Confidence, plain)
	b = append(b, `,"tools":[`...)
	for i := range p.Tools {
		b, plain = appendTool(b, i, &p.Tools[i], plain)
	}
	b = append(b, `],"evidence":[`...)
	for i := range p.Evidence {
		b, plain = appendMark(b, i, &p.Evidence[i], plain)
	}
	b, plain = appendOrigin(append(b, ']'), p, plain)
	if !plain || p.Override != nil || p.Machine != nil {
		return toJSON(p)
	}
	t.room = append(b, '}')
	return textOf(t.room[from:]), nil
}

// appendOrigin writes the fields behind the evidence, which are left out when
// they are empty.
func appendOrigin(b []byte, p *correlate.Provenance, plain bool) ([]byte, bool) {
	b, plain = appendWord(b, "rules", p.Rules, plain)
	for i := range p.Commits {
		c := &p.Commits[i]
		if i == 0 {
			b = append(b, `,"commits":[`...)
		}
		b = append(append(appendComma(b, i), `{"sha":"`...), c.SHA...)
		b = append(append(append(b, `","class":"`...), c.Class...), `","confidence":`...)
		b, plain = appendShare(b, c.Confidence, plain && isPlain(c.SHA) && isPlain(string(c.Class)))
		b = append(b, '}')
	}
	if len(p.Commits) > 0 {
		b = append(b, ']')
	}
	if p.CommitShare != 0 {
		b, plain = appendShare(append(b, `,"commit_share":`...), p.CommitShare, plain)
	}
	return appendWord(b, "source", string(p.Source), plain)
}

// appendWord writes a field with a text, nothing for an empty one.
func appendWord(b []byte, name, text string, plain bool) ([]byte, bool) {
	if text == "" {
		return b, plain
	}
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(append(b, text...), '"'), plain && isPlain(text)
}

func appendTool(b []byte, place int, tool *correlate.AITool, plain bool) ([]byte, bool) {
	b = append(appendComma(b, place), `{"name":"`...)
	b = append(append(b, tool.Name...), '"')
	if tool.Model != "" {
		b = append(append(append(b, `,"model":"`...), tool.Model...), '"')
	}
	return append(b, '}'), plain && isPlain(tool.Name) && isPlain(tool.Model)
}

func appendMark(b []byte, place int, m *correlate.ProvenanceMark, plain bool) ([]byte, bool) {
	b = append(appendComma(b, place), `{"marker":"`...)
	b = append(append(b, m.Marker...), `","where":"`...)
	b = append(append(b, m.Where...), `","excerpt":"`...)
	b = append(append(b, m.Excerpt...), `","weight":`...)
	b, plain = appendShare(b, m.Weight, plain)
	return append(b, '}'), plain && isPlain(m.Marker) && isPlain(m.Where) && isPlain(m.Excerpt)
}

func appendComma(b []byte, place int) []byte {
	if place > 0 {
		return append(b, ',')
	}
	return b
}

// appendShare writes a number from 0 to 1 as encoding/json does. Others, and
// those that it would write with an exponent, are not plain.
func appendShare(b []byte, v float64, plain bool) ([]byte, bool) {
	return strconv.AppendFloat(b, v, 'f', -1, 64), plain && (v == 0 || v >= 1e-6 && v <= 1)
}

// isPlain reports whether a text stands in JSON as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
